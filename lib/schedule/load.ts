/**
 * What devices are busy with, by what was handed to them and what such work took before. It has no clock: the
 * time is given with each call, in ms on any clock that does not go back.
 *
 * @module
 */

import { sharesByWeight } from "./shares.ts";
import type { Worker } from "./strategy.ts";
import { ThroughputBook } from "./throughput.ts";

/** Work that was handed to a worker. */
interface Begun {
  worker: string;
  workClass: string;
  units: number;
}

/** A device as it is, without what is measured. */
export type Device = Omit<Worker, "speed" | "queued_ms" | "queued_frames">;

/** Work under way by worker, and the throughputs that it shows. */
export class LoadModel {
  readonly book: ThroughputBook;
  readonly #begun = new Map<number, Begun>();
  /** When each worker began with the first of its queue. */
  readonly #since = new Map<string, number>();
  #next = 0;

  constructor(book: ThroughputBook = new ThroughputBook()) {
    this.book = book;
  }

  /**
   * Work of a class is handed to a worker.
   *
   * @returns a number, for {@linkcode end}.
   */
  begin(worker: string, workClass: string, units: number, nowMs: number): number {
    if (this.queued(worker) === 0) this.#since.set(worker, nowMs);
    this.#begun.set(this.#next, { worker, workClass, units });
    return this.#next++;
  }

  /**
   * Work has ended, or was given up.
   *
   * @param tookMs how long the device took for it; null where it was not done: nothing is learned of it.
   * @throws {RangeError} for work that is not under way; one line.
   */
  end(ticket: number, tookMs: number | null, nowMs: number): void {
    const begun = this.#begun.get(ticket);
    if (begun === undefined) throw new RangeError(`work ${ticket} is not under way: end it once`);
    const { worker, workClass, units } = begun;
    this.#begun.delete(ticket);
    this.#since.set(worker, nowMs);
    if (tookMs !== null) this.book.record(workClass, worker, units, tookMs);
  }

  /** Pieces of work that a worker was handed and has not ended. */
  queued(worker: string): number {
    return [...this.#begun.values()].filter((begun) => begun.worker === worker).length;
  }

  /**
   * How long a worker still has to do with what it was handed, in ms; null where a part of that was never
   * measured on it.
   */
  queuedMs(worker: string, nowMs: number): number | null {
    const own = [...this.#begun.values()].filter((begun) => begun.worker === worker);
    const times = own.map(({ workClass, units }) =>
      units / (this.book.speeds(workClass).get(worker) ?? NaN)
    );
    const [first = 0, ...others] = times;
    const rest = Math.max(0, first - (nowMs - (this.#since.get(worker) ?? nowMs)));
    const sum = others.reduce((all, ms) => all + ms, rest);
    return Number.isNaN(first + sum) ? null : sum;
  }

  /**
   * Devices with their speeds at a class of work, in units a ms, and their queues. A queue of which the length
   * in ms is unknown counts as long as the longest that is known.
   */
  workers(devices: readonly Device[], workClass: string, nowMs: number): Worker[] {
    const speeds = this.book.speeds(workClass);
    const queues = devices.map(({ id }) => this.queuedMs(id, nowMs));
    const longest = Math.max(0, ...queues.filter((ms) => ms !== null));
    return devices.map((device, i): Worker => ({
      ...device,
      speed: speeds.get(device.id) ?? null,
      queued_ms: queues[i] ?? longest,
      queued_frames: this.queued(device.id),
    }));
  }

  /**
   * Shares of units by measured throughput.
   *
   * @param minimum a share below is none, and goes to the others.
   * @returns null where one of the workers was not measured, or its times drift: hand out chunks, and measure.
   */
  shares(
    workClass: string,
    units: number,
    workers: readonly string[],
    minimum = 1,
  ): number[] | null {
    const speeds = this.book.speeds(workClass);
    const weights = workers.map((worker) => speeds.get(worker) ?? 0);
    const isKnown = weights.length > 0 && weights.every((weight) => weight > 0);
    return isKnown && this.book.isSteady(workClass)
      ? sharesByWeight(units, weights, minimum)
      : null;
  }
}
