/**
 * The file through which racers are told what to do, and say what they have: `struct board` of racer.c.
 *
 * @module
 */

import { run, type Started } from "./launcher.ts";

/** Commands, as racer.c numbers them. */
export const COMMAND = { race: 1, hold: 2, free: 3, fill: 4, quit: 5, look: 6 } as const;

const HEAD = 64;
const ROW = 64;
const ROWS = 64;
const ALL = BigInt(ROWS);

/** What a racer says. */
export interface Racer {
  index: number;
  /** 0 until it has a context. */
  pid: number;
  done: number;
  /** Bytes. */
  live: number;
  allocations: number;
  refusals: number;
  failure: number;
  /** Bytes that are free by the driver, after `look`. */
  unused: number;
}

/** The board, and the processes that look at it. */
export class Board implements Disposable {
  readonly path: string = Deno.makeTempFileSync({ prefix: "mvgal-board-" });
  readonly #file = Deno.openSync(this.path, { read: true, write: true });
  readonly #errors: string[] = [];
  #number = 0;
  #running = 0;

  constructor() {
    this.#file.truncateSync(HEAD + ROWS * ROW);
  }

  /** Starts a racer in a row. */
  start(index: number, started: Started): void {
    this.#write(HEAD + index * ROW, new Array(ROW / 8).fill(0n));
    this.#running++;
    void run({ ...started, command: [...started.command, this.path, String(index)] }, 300).then(
      ({ status, errors }) => {
        this.#running--;
        if (status !== 0 && status !== "SIGKILL") {
          this.#errors.push(`a racer ended with ${status}: ${errors.split("\n").at(-1)}`);
        }
      },
    );
  }

  /** Forgets a racer that was killed. */
  forget(index: number): void {
    this.#write(HEAD + index * ROW, [0n]);
  }

  /** The racers that have a context. */
  racers(): Racer[] {
    const view = this.#read(HEAD, ROWS * ROW);
    const all = Array.from({ length: ROWS }, (_, index): Racer => {
      const at = (word: number) => Number(view.getBigUint64(index * ROW + word * 8, true));
      return {
        index,
        pid: at(0),
        done: at(1),
        live: at(2),
        allocations: at(3),
        refusals: at(4),
        failure: at(5),
        unused: at(6),
      };
    });
    return all.filter(({ pid }) => pid !== 0);
  }

  /** The most bytes that all have had at once. */
  get most(): number {
    return Number(this.#read(40, 8).getBigUint64(0, true));
  }

  /** No allocation is larger than so many bytes. */
  set largest(bytes: number) {
    this.#write(24, [BigInt(bytes)]);
  }

  /**
   * Tells racers what to do, and waits until all have begun it (race) or done it.
   *
   * @throws {Error} where one fails or does not answer.
   */
  async tell(command: keyof typeof COMMAND, whom?: number): Promise<void> {
    this.#write(16, [whom === undefined ? ALL : BigInt(whom)]);
    this.#write(8, [BigInt(COMMAND[command])]);
    this.#write(0, [BigInt(++this.#number)]);
    await this.until(() => this.racers().every(({ done }) => done === this.#number), command);
  }

  /**
   * Waits until something is so.
   *
   * @throws {Error} where a racer failed, or it is not so in time.
   */
  async until(isSo: () => boolean, what: string, seconds = 30): Promise<void> {
    const end = performance.now() + 1000 * seconds;
    while (!isSo()) {
      const [error] = this.#errors;
      if (error !== undefined) throw new Error(error);
      if (performance.now() > end) throw new Error(`${what}: not done after ${seconds} s`);
      await sleep(1);
    }
    const failed = this.racers().find(({ failure }) => failure !== 0);
    if (failed !== undefined) throw new Error(`racer ${failed.index}: error ${failed.failure}`);
  }

  /** Ends all racers, and waits for them. */
  async quit(): Promise<void> {
    await this.until(() => this.racers().length === this.#running, "start of the racers", 60);
    this.#write(8, [BigInt(COMMAND.quit)]);
    this.#write(0, [BigInt(++this.#number)]);
    await this.until(() => this.#running === 0, "end of the racers");
  }

  /** How many processes run. */
  get running(): number {
    return this.#running;
  }

  #read(at: number, bytes: number): DataView {
    const buffer = new Uint8Array(bytes);
    this.#file.seekSync(at, Deno.SeekMode.Start);
    this.#file.readSync(buffer);
    return new DataView(buffer.buffer);
  }

  #write(at: number, words: readonly bigint[]): void {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    this.#file.writeSync(new Uint8Array(new BigUint64Array(words).buffer));
  }

  [Symbol.dispose](): void {
    // Those that are still there are told to go; they look each 0.2 ms.
    this.#write(8, [BigInt(COMMAND.quit)]);
    this.#write(0, [BigInt(++this.#number)]);
    this.#file.close();
    Deno.removeSync(this.path);
  }
}

/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
