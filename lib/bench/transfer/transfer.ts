/**
 * A transfer that can be repeated, timed and checked: what every path is to its benchmark.
 *
 * @module
 */

import { type Effort, type Prepared, type Shape } from "../benchmark.ts";

/** A transfer along one path, ready to run. */
export interface Transfer extends Disposable {
  readonly clock: "device" | "host";
  /** Bytes that arrive when it runs once, both directions together. */
  readonly bytes: number;
  /** Runs it `times` times, one after the other, and gives the nanoseconds that it took. */
  run(times: number): number;
  /**
   * Spoils where the bytes go, runs once, and compares every byte that arrived.
   *
   * @throws {WrongResultError} where one is another.
   */
  verify(): void;
}

/** A path by name. */
export interface Path {
  readonly name: string;
  /**
   * Makes it ready to run.
   *
   * @throws {UnsupportedError} where the host does not offer it.
   */
  open(): Transfer;
}

/** Repetitions of one sample at most. */
const MOST_TIMES = 256;

/** A transfer with as many repetitions as make a sample long enough. */
export function prepareTransfer(transfer: Transfer, effort: Effort): Prepared {
  using undo = new DisposableStack();
  undo.use(transfer);
  // The first run touches memory that nobody touched before.
  transfer.run(1);
  const once = Math.max(transfer.run(1), 1);
  // The host's clock sees the submission too: the longer the sample, the less it weighs.
  const aim = effort.sampleMs * 1e6 * (transfer.clock === "host" ? 2 : 1);
  const times = Math.min(MOST_TIMES, Math.max(1, Math.round(aim / once)));
  const owned = undo.move();
  return {
    clock: transfer.clock,
    sample: () => [(transfer.bytes * times) / transfer.run(times)],
    verify: () => transfer.verify(),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** A path as the shape of a benchmark. */
export function shapeOf({ name, open }: Path): Shape {
  return { name, prepare: (effort) => prepareTransfer(open(), effort) };
}
