/**
 * Reading a stream of server-sent events (HTML Living Standard, section 9.2.6). Pure.
 *
 * The browser's own `EventSource` is not used: it can send no token, and gives up for good at the first
 * answer that is an error.
 *
 * @module
 */

/** One event of the stream. */
export interface StreamEvent {
  /** The id that was given last, of this event or one before; null where there was none. */
  id: string | null;
  kind: string;
  data: string;
}

/** Takes the text of a stream piece by piece. */
export class EventParser {
  #rest = "";
  #id: string | null = null;
  #kind = "";
  #data: string[] = [];

  /** The events that are whole with this piece. */
  push(text: string): StreamEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): StreamEvent[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#kind = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    // A line that starts with a colon is a comment, and shows that the other side is there.
    return [];
  }

  #dispatch(): StreamEvent[] {
    const [kind, data] = [this.#kind || "message", this.#data];
    this.#kind = "";
    this.#data = [];
    return data.length === 0 ? [] : [{ id: this.#id, kind, data: data.join("\n") }];
  }
}
