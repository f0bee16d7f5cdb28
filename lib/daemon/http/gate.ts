/**
 * What stands before the HTTP server on TCP: it lets in so many connections, and those that speak in time.
 *
 * Deno's server (2.9) has no limit for connections, no time limit for headers, and does not bound them. The
 * gate takes connections itself, waits until the first request's headers are there, and hands the bytes on
 * over a Unix socket that nobody else can open.
 *
 * @module
 */

import { oneLine } from "../one_line.ts";
import { peerOf } from "./peer.ts";

/** What is let through. */
export interface GateLimits {
  connections: number;
  /** Of one peer (see {@linkcode peerOf}): the others find room yet. */
  connectionsOfOne: number;
  /** For the handshake of TLS and the headers of the first request, in ms. */
  headerMs: number;
  /** Without a byte of an answer, in ms: what a client says slowly keeps no connection open. */
  idleMs: number;
  headerBytes: number;
  /** How often it is told that connections are turned away, in ms: an attack is not to fill the log. */
  tellMs: number;
}

/** Limits where nothing else is said. */
export const GATE_LIMITS: GateLimits = {
  connections: 256,
  connectionsOfOne: 224,
  headerMs: 10_000,
  idleMs: 75_000,
  headerBytes: 16 << 10,
  tellMs: 10_000,
};

/** What the gate needs of a connection. */
export type GateConnection = Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close">;

/** A connection to the server behind the gate. */
export interface Passage {
  connection: GateConnection;
  /** To be called when it is closed. */
  leave(): void;
}

/** What a gate is made of. */
export interface GateOptions {
  listener: Deno.Listener<Deno.TcpConn>;
  /** Opens a connection to the server for a peer. */
  connect(peer: string): Promise<Passage>;
  /** Speaks TLS on a connection. */
  secure?: ((connection: Deno.TcpConn) => GateConnection) | undefined;
  limits?: Partial<GateLimits> | undefined;
  /** Told how many connections were turned away, and why the last was, at most every `tellMs`. */
  turnedAway?: (count: number, why: string) => void;
}

/** How long a client may go on sending that has its last answer, in ms: a reset would take that from it. */
const LINGER_MS = 1000;

/** How long to wait where a connection cannot be accepted, in ms: there may be a descriptor then. */
const ACCEPT_AGAIN_MS = 10;

const encoder = new TextEncoder();

const TOO_LARGE = encoder.encode(
  "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
);

/** How HTTP/2 begins: behind it the limits of the gate would hold no more. Source: RFC 9113, section 3.4. */
const HTTP2_PREFACE = encoder.encode("PRI * HTTP/2.0\r\n");

/** How an answer begins behind which Deno's server (2.9) would read the body to its end, whatever is in it. */
const REFUSED_BODY = encoder.encode("HTTP/1.1 413 ");

/** Buffers of each connection: requests are short, answers are not. There are as many as connections. */
const REQUEST_BYTES = 4 << 10, ANSWER_BYTES = 16 << 10;

/** Where headers are read into at first: those that say nothing are to take as little. */
const FIRST_HEADER_BYTES = 1 << 10;

/** Where the headers end; below 0 where they do not yet. What is before `from` was looked at. */
function endOfHeaders(bytes: Uint8Array, from: number): number {
  for (let at = Math.max(0, from - 3); at + 3 < bytes.length; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) {
      return at + 4;
    }
  }
  return -1;
}

function beginsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  return beginning.every((byte, at) => bytes[at] === byte);
}

function close(connection: GateConnection): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}

/** Writes all of some bytes. */
async function writeAll(to: GateConnection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

/** A client that is connected. */
interface Visit {
  peer: string;
  connection: GateConnection;
  /** When it was answered last, in ms of `performance.now()`; undefined until its headers are there. */
  answered: number | undefined;
}

/** Takes connections of a listener and hands them on, until it is disposed. */
export class Gate implements AsyncDisposable {
  readonly #options: GateOptions;
  readonly #limits: GateLimits;
  readonly #visits = new Set<Visit>();
  readonly #ofPeers = new Map<string, number>();
  readonly #running: Promise<void>;
  readonly #watch: ReturnType<typeof setInterval>;
  readonly #passing = new Set<Promise<void>>();
  #refused = 0;
  #untold = 0;
  #why = "";
  #telling: ReturnType<typeof setTimeout> | undefined;

  /** Takes connections from now on. */
  constructor(options: GateOptions) {
    this.#options = options;
    this.#limits = { ...GATE_LIMITS, ...options.limits };
    const { idleMs } = this.#limits;
    // One clock for all of them: there may be hundreds.
    this.#watch = setInterval(() => this.#closeIdle(), Math.min(1000, idleMs / 4));
    this.#running = this.#accept();
  }

  /** How many connections there are, and how many were turned away. */
  get counts(): { open: number; refused: number } {
    return { open: this.#visits.size, refused: this.#refused };
  }

  #closeIdle(): void {
    const before = performance.now() - this.#limits.idleMs;
    for (const { answered, connection } of this.#visits) {
      if (answered !== undefined && answered <= before) close(connection);
    }
  }

  async #accept(): Promise<void> {
    for (;;) {
      let connection: Deno.TcpConn;
      try {
        connection = await this.#options.listener.accept();
      } catch (error) {
        // The listener was closed; any other error is of one connection, or there is no descriptor for it.
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
          return;
        }
        this.#turnAway(oneLine(error));
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
        continue;
      }
      this.#admit(connection);
    }
  }

  #admit(plain: Deno.TcpConn): void {
    const peer = peerOf(plain.remoteAddr.hostname), ofOne = this.#ofPeers.get(peer) ?? 0;
    const { connections, connectionsOfOne } = this.#limits;
    const full = this.#visits.size >= connections;
    if (full || ofOne >= connectionsOfOne) {
      close(plain);
      this.#turnAway(full ? `there are ${connections}` : `${peer} has ${connectionsOfOne}`);
      return;
    }
    const connection = this.#options.secure?.(plain) ?? plain;
    const visit: Visit = { peer, connection, answered: undefined };
    this.#visits.add(visit);
    this.#ofPeers.set(peer, ofOne + 1);
    const passing = this.#receive(visit, plain)
      .catch((error) => this.#turnAway(oneLine(error)))
      .finally(() => {
        close(connection);
        this.#visits.delete(visit);
        const left = (this.#ofPeers.get(peer) ?? 1) - 1;
        if (left === 0) this.#ofPeers.delete(peer);
        else this.#ofPeers.set(peer, left);
        this.#passing.delete(passing);
      });
    this.#passing.add(passing);
  }

  /** The first is told at once, those that follow together. */
  #turnAway(why: string): void {
    this.#refused++;
    this.#untold++;
    this.#why = why;
    if (this.#telling === undefined) this.#tell();
  }

  #tell(): void {
    this.#telling = undefined;
    if (this.#untold === 0) return;
    this.#options.turnedAway?.(this.#untold, this.#why);
    this.#untold = 0;
    this.#telling = setTimeout(() => this.#tell(), this.#limits.tellMs);
  }

  /**
   * Waits for the first headers, then passes bytes in both directions.
   *
   * @throws {Error} by rejection, where there is no way to the server.
   */
  async #receive(visit: Visit, plain: Deno.TcpConn): Promise<void> {
    const { connection, peer } = visit;
    let head = await this.#firstHeaders(visit, plain);
    if (head === undefined) return;
    const passage = await this.#options.connect(peer);
    const server = passage.connection;
    visit.answered = performance.now();
    const touch = (bytes: Uint8Array) => {
      visit.answered = performance.now();
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
    } catch {
      // The server has ended.
    } finally {
      close(server);
      passage.leave();
    }
  }

  /** The bytes that begin with the first request's headers; undefined for a client that is not let in. */
  async #firstHeaders(
    { connection }: Visit,
    plain: Deno.TcpConn,
  ): Promise<Uint8Array | undefined> {
    const { headerMs, headerBytes } = this.#limits;
    const timer = setTimeout(() => close(connection), headerMs);
    let head = new Uint8Array(Math.min(FIRST_HEADER_BYTES, headerBytes)), length = 0, looked = 0;
    try {
      // An answer comes in several pieces: the last must not wait until the client has confirmed the others,
      // which takes it 40 ms.
      plain.setNoDelay();
      while (endOfHeaders(head.subarray(0, length), looked) < 0) {
        looked = length;
        if (length === headerBytes) {
          await writeAll(connection, TOO_LARGE);
          await linger(connection);
          return undefined;
        }
        if (length === head.length) {
          const larger = new Uint8Array(Math.min(2 * length, headerBytes));
          larger.set(head);
          head = larger;
        }
        const read = await connection.read(head.subarray(length));
        if (read === null) return undefined;
        length += read;
      }
      return beginsWith(head, HTTP2_PREFACE) ? undefined : head.subarray(0, length);
    } catch {
      // It was too slow, is gone, or speaks no TLS.
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes no more connections, and ends those that there are. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.listener.close();
    for (const { connection } of this.#visits) close(connection);
    await this.#running;
    await Promise.all(this.#passing);
    clearInterval(this.#watch);
    clearTimeout(this.#telling);
  }
}

/**
 * Passes bytes on until those that come end, or nobody takes them any more. Never rejects.
 *
 * @param goesOn told of each part that was passed; gives whether more is to follow.
 */
async function pump(
  from: GateConnection,
  to: GateConnection,
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
async function linger(connection: GateConnection): Promise<void> {
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
