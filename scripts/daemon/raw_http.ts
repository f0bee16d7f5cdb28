/**
 * HTTP/1.1 over a connection that stays, with as little work as it can be: what measures a server is not to
 * need more of the host than the server.
 *
 * Source: RFC 9112 sections 6 and 7. It reads what mvgal's server sends: bodies with a length, or in chunks.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Place } from "./load_report.ts";

/** An answer. */
export interface RawAnswer {
  status: number;
  body: Buffer;
}

const encoder = new TextEncoder();

/** The head of an answer, and how its body is bounded. */
interface Head {
  status: number;
  /** Bytes of the body; null for one in chunks. */
  length: number | null;
}

/** A connection on which requests follow each other. Dispose it to close it. */
export class RawConnection implements Disposable {
  readonly #connection: Deno.Conn;
  readonly #into = new Uint8Array(64 << 10);
  /** Bytes that were read and not used. */
  #rest: Buffer = Buffer.alloc(0);

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Connects. */
  static async open(place: Place): Promise<RawConnection> {
    return new RawConnection(
      "path" in place
        ? await Deno.connect({ transport: "unix", path: place.path })
        : await Deno.connect(place),
    );
  }

  async #more(): Promise<void> {
    const read = await this.#connection.read(this.#into);
    if (read === null) throw new Error("the connection was closed");
    this.#rest = Buffer.concat([this.#rest, this.#into.subarray(0, read)]);
  }

  #take(count: number): Buffer {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  async #until(mark: string): Promise<Buffer> {
    for (;;) {
      const at = this.#rest.indexOf(mark);
      if (at >= 0) return this.#take(at + mark.length);
      await this.#more();
    }
  }

  async #exactly(count: number): Promise<Buffer> {
    while (this.#rest.length < count) await this.#more();
    return this.#take(count);
  }

  async #head(): Promise<Head> {
    const text = (await this.#until("\r\n\r\n")).toString("latin1");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
    if (!Number.isFinite(status)) throw new Error("the answer is no HTTP/1.1");
    const length = /^content-length: *(\d+)/im.exec(text)?.[1];
    const isChunked = /^transfer-encoding: *chunked/im.test(text);
    return { status, length: isChunked ? null : Number(length ?? 0) };
  }

  /** The next chunk; empty for the last. */
  async #chunk(): Promise<Buffer> {
    const size = parseInt((await this.#until("\r\n")).toString("latin1"), 16);
    if (!Number.isFinite(size)) throw new Error("the answer's chunks are broken");
    return (await this.#exactly(size + 2)).subarray(0, size);
  }

  async #send(method: string, path: string, headers: string, body: string): Promise<void> {
    const length = body === "" ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
    const bytes = encoder.encode(
      `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}${length}\r\n${body}`,
    );
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** Asks, and waits for the whole answer. @param headers lines that each end in CR LF. */
  async ask(method: string, path: string, headers = "", body = ""): Promise<RawAnswer> {
    await this.#send(method, path, headers, body);
    const { status, length } = await this.#head();
    if (length !== null) return { status, body: await this.#exactly(length) };
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = await this.#chunk();
      if (chunk.length === 0) return { status, body: Buffer.concat(chunks) };
      chunks.push(chunk);
    }
  }

  /** Asks for server-sent events, and gives each as its lines, until the other side ends. */
  async *events(path: string): AsyncGenerator<Buffer> {
    await this.#send("GET", path, "accept: text/event-stream\r\n", "");
    const { status } = await this.#head();
    if (status !== 200) throw new Error(`events: status ${status}`);
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = await this.#chunk();
      if (chunk.length === 0) return;
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end; (end = rest.indexOf("\n\n")) >= 0; rest = rest.subarray(end + 2)) {
        yield rest.subarray(0, end);
      }
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed.
    }
  }
}
