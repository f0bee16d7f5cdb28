/**
 * What stands before the HTTP server on TCP: it lets in so many connections, and those that speak in time.
 *
 * Deno's server (2.9) has no limit for connections, no time limit for headers, and does not bound them. The
 * gate takes connections itself, waits until the first request's headers are there, and hands the bytes on
 * over a Unix socket that nobody else can open.
 *
 * @module
 */

/** What is let through. */
export interface GateLimits {
  connections: number;
  /** For the headers of the first request, in ms. */
  headerMs: number;
  /** Without a byte of an answer, in ms: what a client says slowly keeps no connection open. */
  idleMs: number;
  headerBytes: number;
}

/** Limits where nothing else is said. */
export const GATE_LIMITS: GateLimits = {
  connections: 256,
  headerMs: 10_000,
  idleMs: 75_000,
  headerBytes: 16 << 10,
};

/** How long a client may go on sending that has its last answer, in ms: a reset would take that from it. */
const LINGER_MS = 1000;

const TOO_LARGE = "HTTP/1.1 431 Request Header Fields Too Large\r\n" +
  "connection: close\r\ncontent-length: 0\r\n\r\n";

/** How HTTP/2 begins: behind it the limits of the gate would hold no more. Source: RFC 9113, section 3.4. */
const HTTP2_PREFACE = "PRI * HTTP/2.0\r\n";

/** How an answer begins behind which Deno's server (2.9) would read the body to its end, whatever is in it. */
const REFUSED_BODY = "HTTP/1.1 413 ";

/** Buffers of each connection: requests are short, answers are not. There are as many as connections. */
const REQUEST_BYTES = 4 << 10, ANSWER_BYTES = 16 << 10;

/** What comes from a listener: a connection over TCP or TLS. */
type Incoming = Deno.TcpConn | Deno.TlsConn;

/** Where the headers end; below 0 where they do not yet. */
function endOfHeaders(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) {
      return at + 4;
    }
  }
  return -1;
}

function beginsWith(bytes: Uint8Array, text: string): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(0, text.length)) === text;
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}

/** Writes all of some bytes. */
async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

/** Takes connections of a listener and hands them on, until it is disposed. */
export class Gate implements AsyncDisposable {
  readonly #listener: Deno.Listener<Incoming>;
  readonly #connect: () => Promise<Deno.Conn>;
  readonly #limits: GateLimits;
  readonly #open = new Set<Deno.Conn>();
  readonly #running: Promise<void>;
  #count = 0;
  #refused = 0;

  /** @param connect opens a connection to the server behind the gate. */
  constructor(
    listener: Deno.Listener<Incoming>,
    connect: () => Promise<Deno.Conn>,
    limits: Partial<GateLimits> = {},
  ) {
    this.#listener = listener;
    this.#connect = connect;
    this.#limits = { ...GATE_LIMITS, ...limits };
    this.#running = this.#accept();
  }

  /** How many connections there are, and how many were turned away. */
  get counts(): { open: number; refused: number } {
    return { open: this.#count, refused: this.#refused };
  }

  async #accept(): Promise<void> {
    for (;;) {
      let connection: Incoming;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        // The listener was closed; any other error is of one connection (a broken handshake, no descriptor).
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      if (this.#count >= this.#limits.connections) {
        this.#refused++;
        close(connection);
        continue;
      }
      this.#count++;
      this.#open.add(connection);
      this.#pass(connection).catch(() => {}).finally(() => {
        this.#count--;
        this.#open.delete(connection);
        close(connection);
      });
    }
  }

  /** Waits for the first headers, then passes bytes in both directions. */
  async #pass(connection: Incoming): Promise<void> {
    let head = await this.#firstHeaders(connection);
    if (head === undefined) return;
    // An answer comes in several pieces: the last must not wait until the client has confirmed the others,
    // which takes it 40 ms.
    if ("setNoDelay" in connection) connection.setNoDelay();
    const server = await this.#connect();
    this.#open.add(server);
    let last = performance.now();
    const { idleMs } = this.#limits;
    const watch = setInterval(() => {
      if (performance.now() - last < idleMs) return;
      close(connection);
      close(server);
    }, Math.min(1000, idleMs / 4));
    const touch = (bytes: Uint8Array) => {
      last = performance.now();
      return !beginsWith(bytes, REFUSED_BODY);
    };
    try {
      await writeAll(server, head);
      // Event streams last for days: what it was read into is not kept for so long.
      head = undefined;
      const answered = pump(server, connection, ANSWER_BYTES, touch);
      // Whoever ends ends both; a server that takes no more of a request may answer it yet.
      const asked = pump(connection, server, REQUEST_BYTES)
        .then((end) => end === "unwanted" ? answered : end);
      await Promise.race([asked, answered.then(() => linger(connection))]);
    } finally {
      clearInterval(watch);
      this.#open.delete(server);
      close(server);
    }
  }

  async #firstHeaders(connection: Incoming): Promise<Uint8Array | undefined> {
    const { headerMs, headerBytes } = this.#limits;
    const timer = setTimeout(() => close(connection), headerMs);
    const head = new Uint8Array(headerBytes);
    let length = 0;
    try {
      while (endOfHeaders(head.subarray(0, length)) < 0) {
        if (length === head.length) {
          await writeAll(connection, new TextEncoder().encode(TOO_LARGE));
          await linger(connection);
          return undefined;
        }
        const read = await connection.read(head.subarray(length));
        if (read === null) return undefined;
        length += read;
      }
      return beginsWith(head, HTTP2_PREFACE) ? undefined : head.subarray(0, length);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes no more connections, and ends those that there are. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of [...this.#open]) close(connection);
    await this.#running;
  }
}

/**
 * Passes bytes on until those that come end, or nobody takes them any more. Never rejects.
 *
 * @param goesOn told of each part that was passed; gives whether more is to follow.
 */
async function pump(
  from: Deno.Conn,
  to: Deno.Conn,
  size: number,
  goesOn: (bytes: Uint8Array) => boolean = () => true,
): Promise<"ended" | "unwanted"> {
  const buffer = new Uint8Array(size);
  for (;;) {
    let read;
    try {
      read = await from.read(buffer);
    } catch {
      return "ended";
    }
    if (read === null) return "ended";
    const bytes = buffer.subarray(0, read);
    try {
      await writeAll(to, bytes);
    } catch {
      return "unwanted";
    }
    if (!goesOn(bytes)) return "ended";
  }
}

/** Says that no more comes, and waits a while for the client to have read that. */
async function linger(connection: Incoming): Promise<void> {
  const timer = setTimeout(() => close(connection), LINGER_MS);
  try {
    await connection.closeWrite();
    const buffer = new Uint8Array(32 << 10);
    while (await connection.read(buffer) !== null);
  } catch {
    // It is gone, or was too slow.
  } finally {
    clearTimeout(timer);
  }
}
