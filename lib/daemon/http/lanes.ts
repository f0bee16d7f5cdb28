/**
 * The ways from the gate to the server: a socket for each peer, so that the server knows whose a request is.
 *
 * Deno's server (2.9) tells nothing about the other end of a Unix socket, and a header that the gate writes
 * into the first request says nothing of those that follow on the same connection. A socket costs 35 KiB and
 * 0.1 ms, and there are as many as peers that are connected.
 *
 * @module
 */

import { join } from "node:path";
import type { Passage } from "./gate.ts";

interface Lane {
  path: string;
  server: AsyncDisposable;
  connections: number;
}

/** Opens connections to the server, those of a peer on a socket of its own. */
export class Lanes implements AsyncDisposable {
  readonly #directory: string;
  readonly #serve: (path: string, peer: string) => AsyncDisposable;
  readonly #lanes = new Map<string, Lane>();
  readonly #ending = new Set<Promise<void>>();
  #made = 0;

  /**
   * @param directory one that nobody else can enter.
   * @param serve serves the requests of a peer at a path.
   */
  constructor(directory: string, serve: (path: string, peer: string) => AsyncDisposable) {
    this.#directory = directory;
    this.#serve = serve;
  }

  /** How many there are. */
  get count(): number {
    return this.#lanes.size;
  }

  /**
   * Opens a connection for a peer.
   *
   * @throws {Error} by rejection, where there is no descriptor for it.
   */
  async connect(peer: string): Promise<Passage> {
    const lane = this.#lanes.get(peer) ?? this.#open(peer);
    lane.connections++;
    try {
      const connection = await Deno.connect({ transport: "unix", path: lane.path });
      return { connection, leave: () => this.#leave(peer, lane) };
    } catch (error) {
      this.#leave(peer, lane);
      throw error;
    }
  }

  #open(peer: string): Lane {
    // No name is used again: requests that a peer has left behind are not another's.
    const path = join(this.#directory, (++this.#made).toString(36));
    const lane = { path, server: this.#serve(path, peer), connections: 0 };
    this.#lanes.set(peer, lane);
    return lane;
  }

  #leave(peer: string, lane: Lane): void {
    if (--lane.connections > 0) return;
    this.#lanes.delete(peer);
    const ended = this.#end(lane).finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  async #end({ server }: Lane): Promise<void> {
    await server[Symbol.asyncDispose]();
  }

  /** Resolves when all are closed: those that are used when their last connection has left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const lane of this.#lanes.values()) this.#ending.add(this.#end(lane));
    this.#lanes.clear();
    await Promise.all(this.#ending);
  }
}
