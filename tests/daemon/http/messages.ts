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

/** Reads messages until there are so many, or the stream ends. Comments and `retry` are none. */
export async function messages(response: Response, most: number): Promise<Message[]> {
  const found: Message[] = [];
  let text = "";
  const reader = (response.body ?? new Blob().stream()).pipeThrough(new TextDecoderStream())
    .getReader();
  while (found.length < most) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = block.split("\n").filter((line) => !line.startsWith(":"))
        .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]);
      const message: Message = Object.fromEntries(fields);
      if (message.data !== undefined) found.push(message);
    }
  }
  await reader.cancel();
  return found;
}
