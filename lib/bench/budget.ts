/**
 * Sharing the time of a device among its benchmarks.
 *
 * A benchmark takes longer than it measures: memory is allocated, filled and page-locked, shaders are
 * compiled, results are checked. That time is set aside for each before the rest is shared, so that the last
 * ones of many have some left.
 *
 * @module
 */

import type { Suite } from "./benchmark.ts";

/** A benchmark gets at least this long, in milliseconds: a figure that is less sure beats none. */
export const LEAST_MS = 25;

/** Early benchmarks may take this many equal shares: most end before their time and leave some. */
const GENEROSITY = 1.5;

/**
 * What a benchmark takes beyond its time, in milliseconds: buffers of up to 2 GiB with their contents and
 * check, and the pipelines of the first shape. What waits for queues alone has little to prepare.
 */
const OVERHEADS_MS: Readonly<Record<Suite, number>> = {
  host: 100,
  memory: 100,
  compute: 100,
  transfer: 300,
  sync: 20,
  scheduling: 50,
};

/** Of the time that is shared, a benchmark gets so much of an equal share: latencies take no 20 ms a sample. */
const WEIGHTS: Readonly<Record<Suite, number>> = {
  host: 1,
  memory: 1,
  compute: 1,
  transfer: 1,
  sync: 0.3,
  scheduling: 0.5,
};

/** What a run plans for one benchmark. */
export interface Planned {
  /** Whose time it takes: of a transfer between two, the source. */
  readonly device: string;
  readonly suite: Suite;
  /** What it takes beyond its time, in milliseconds; what is usual in its suite where it is left out. */
  readonly overheadMs?: number | undefined;
}

/** What a benchmark takes beyond its time by plan, in milliseconds. */
export function overheadOf({ suite, overheadMs }: Omit<Planned, "device">): number {
  return overheadMs ?? OVERHEADS_MS[suite];
}

/** What several devices need together, once. */
export interface SharedWork {
  /** Ids of the devices: each pays its part. */
  readonly devices: readonly string[];
  /** In milliseconds, all together. */
  readonly plannedMs: number;
}

interface Account {
  leftMs: number;
  /** Parts of the work that is shared and still to come. */
  parts: Map<SharedWork, number>;
  /** The benchmarks to come, in order: what is set aside for each, and its weight. */
  coming: { overheadMs: number; weight: number }[];
}

/** Sum of what is set aside. */
function reserved({ coming, parts }: Account): number {
  const overheads = coming.map(({ overheadMs }) => overheadMs);
  return [...overheads, ...parts.values()].reduce((sum, each) => sum + each, 0);
}

/** The time of each device, and how many benchmarks still want some. */
export class TimeBudget {
  readonly #accounts = new Map<string, Account>();
  readonly #mostMs: number;

  /**
   * Takes the benchmarks to come in their order, the time that each device has for its own, and the most for
   * one, in milliseconds; and what devices need together.
   */
  constructor(
    planned: readonly Planned[],
    limitMs: number,
    mostMs = Infinity,
    shared: readonly SharedWork[] = [],
  ) {
    this.#mostMs = mostMs;
    for (const { device, ...what } of planned) {
      const account: Account = this.#accounts.get(device) ??
        { leftMs: limitMs, coming: [], parts: new Map() };
      account.coming.push({ overheadMs: overheadOf(what), weight: WEIGHTS[what.suite] });
      this.#accounts.set(device, account);
    }
    for (const work of shared) {
      const sharing = this.#sharing(work);
      for (const { parts } of sharing) parts.set(work, work.plannedMs / sharing.length);
    }
  }

  /** The accounts that pay for it. */
  #sharing({ devices }: SharedWork): Account[] {
    return [...new Set(devices)].flatMap((device) => this.#accounts.get(device) ?? []);
  }

  /** The time for the device's next benchmark, without its overhead, in milliseconds. */
  next(device: string): number {
    const account = this.#accounts.get(device);
    const [first] = account?.coming ?? [];
    if (account === undefined || first === undefined) return LEAST_MS;
    const weights = account.coming.reduce((sum, { weight }) => sum + weight, 0);
    const part = Math.min(1, GENEROSITY * first.weight / weights);
    const share = part * Math.max(0, account.leftMs - reserved(account));
    return Math.min(this.#mostMs, Math.max(LEAST_MS, share));
  }

  /**
   * How far past its time the device's next benchmark may go to take as many samples as it should, in
   * milliseconds: not at the cost of those that follow.
   */
  grace(device: string): number {
    const account = this.#accounts.get(device);
    if (account === undefined) return 0;
    const others = LEAST_MS * Math.max(0, account.coming.length - 1);
    return Math.max(0, account.leftMs - reserved(account) - this.next(device) - others);
  }

  /** Books the time that the next benchmark of the device took, its overhead with it. */
  spend(device: string, tookMs: number): void {
    const account = this.#accounts.get(device);
    if (account === undefined) return;
    account.leftMs -= tookMs;
    account.coming.shift();
  }

  /** Books the time that work for several devices took: a part for each. Nothing more is set aside for it. */
  share(work: SharedWork, tookMs: number): void {
    const sharing = this.#sharing(work);
    for (const account of sharing) {
      account.leftMs -= tookMs / sharing.length;
      account.parts.delete(work);
    }
  }
}
