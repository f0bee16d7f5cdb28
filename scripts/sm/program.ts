/**
 * A program with the CUDA shim in it, whose share of a GPU's time is changed while it runs.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { setSessionLimits } from "../../lib/cli/limit_change.ts";
import { SessionRegistry } from "../../lib/session/registry.ts";
import { parseProgress, type Progress, type Rate, rateBetween } from "./progress.ts";

/** How to start a {@linkcode MeasuredProgram}. */
export interface MeasuredOptions {
  command: readonly string[];
  shim: string;
  /** Where it and the other programs of its GPU have their sessions. */
  runtime: string;
  /** The only one that it sees, by its index. */
  gpu: string;
  env?: Readonly<Record<string, string>>;
}

/** Time of day in seconds, as the programs take it. */
export function now(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}

/** Waits. */
export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, seconds) * 1000));
}

/** A program that runs until it is disposed. */
export class MeasuredProgram implements AsyncDisposable {
  /** What it has said. */
  readonly said: Progress[] = [];
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #registry: SessionRegistry;
  readonly #errors: Promise<string>;
  readonly #lines: Promise<void>;
  #hasEnded = false;

  /** Starts it. */
  constructor({ command, shim, runtime, gpu, env = {} }: MeasuredOptions) {
    const [program = "", ...args] = command;
    this.#name = command.join(" ");
    this.#child = new Deno.Command(program, {
      args,
      env: { LD_PRELOAD: shim, MVGAL_RUNTIME_DIR: runtime, CUDA_VISIBLE_DEVICES: gpu, ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#registry = new SessionRegistry({ directories: { own: [runtime], foreign: [] } });
    this.#errors = new Response(this.#child.stderr).text();
    this.#lines = this.#listen();
  }

  async #listen(): Promise<void> {
    // deno-lint-ignore no-explicit-any -- the two kinds of streams are declared apart
    const lines = createInterface({ input: Readable.fromWeb(this.#child.stdout as any) });
    for await (const line of lines) {
      const progress = parseProgress(line);
      if (progress !== undefined) this.said.push(progress);
    }
    this.#hasEnded = true;
  }

  /** Waits until it says how far it is. */
  async begun(): Promise<this> {
    while (this.said.length === 0) await this.#wait(0.01);
    return this;
  }

  async #wait(seconds: number): Promise<void> {
    await sleep(seconds);
    if (!this.#hasEnded) return;
    const reason = (await this.#errors).trim().split("\n").at(-1) || "it said nothing";
    throw new Error(`${this.#name} has ended: ${reason}`);
  }

  /** Changes its share of the time, as `mvgal limit set` does; gives the time of day before. */
  limit(pct: number): number {
    const session = this.#registry.look().sessions.find(({ pid }) => pid === this.#child.pid);
    if (session === undefined) throw new Error(`${this.#name} has no session: is the shim in it?`);
    const before = now();
    const asked = { vram: undefined, sm: [{ key: null, value: pct }] };
    setSessionLimits(this.#registry, session.id, asked, () => []);
    return before;
  }

  /**
   * Its rate from now on: for so many seconds, and on until there are so many whole turns, if it has any.
   *
   * @param most seconds, after which turns are no longer waited for.
   */
  async measure(seconds: number, turns: number, most: number): Promise<Rate> {
    const from = now();
    await this.#wait(seconds);
    const own = () => this.said.filter(({ at, turn }) => turn && at >= from).length;
    while (turns > 0 && own() <= turns && now() - from < most) await this.#wait(0.02);
    return rateBetween(this.said, from, now());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await this.#lines;
    await this.#errors;
    this.#registry[Symbol.dispose]();
  }
}
