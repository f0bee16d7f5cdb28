/**
 * Server-sent events as a browser reads them.
 *
 * @module
 */

/** One message of a stream, as a browser reads it. */
export interface Message {
  id?: string;
  event?: string;
  data?: string;
}

/** Reads messages until the stream ends, or nobody wants more. Comments and `retry` are none. */
export async function* messagesOf(response: Response): AsyncGenerator<Message> {
  let text = "";
  const body = response.body ?? new Blob().stream();
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = block.split("\n").filter((line) => !line.startsWith(":"))
        .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]);
      const message: Message = Object.fromEntries(fields);
      if (message.data !== undefined) yield message;
    }
  }
}

/** Reads messages until there are so many, or the stream ends. */
export async function messages(response: Response, most: number): Promise<Message[]> {
  const found: Message[] = [];
  for await (const message of messagesOf(response)) {
    found.push(message);
    if (found.length >= most) break;
  }
  return found;
}
