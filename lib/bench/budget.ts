/**
 * Sharing the time of a device among its benchmarks.
 *
 * @module
 */

/** A benchmark gets at least this long, in milliseconds: a figure that is less sure beats none. */
const LEAST_MS = 100;

/** Early benchmarks may take this many equal shares: most end before their time and leave some. */
const GENEROSITY = 1.5;

interface Account {
  leftMs: number;
  tasks: number;
}

/** The time of each device, and how many benchmarks still want some. */
export class TimeBudget {
  readonly #accounts = new Map<string, Account>();
  readonly #mostMs: number;

  /**
   * Takes the device of each task to come, the time that each device has, and the most for one benchmark,
   * in milliseconds.
   */
  constructor(devices: readonly string[], limitMs: number, mostMs = Infinity) {
    this.#mostMs = mostMs;
    for (const device of devices) {
      const tasks = (this.#accounts.get(device)?.tasks ?? 0) + 1;
      this.#accounts.set(device, { leftMs: limitMs, tasks });
    }
  }

  /** The time for the device's next benchmark, in milliseconds. */
  next(device: string): number {
    const account = this.#accounts.get(device);
    if (account === undefined || account.tasks === 0) return LEAST_MS;
    const generosity = Math.min(GENEROSITY, account.tasks);
    const share = generosity * Math.max(0, account.leftMs) / account.tasks;
    return Math.min(this.#mostMs, Math.max(LEAST_MS, share));
  }

  /** Books the time that a benchmark of the device took. */
  spend(device: string, tookMs: number): void {
    const account = this.#accounts.get(device);
    if (account === undefined) return;
    account.leftMs -= tookMs;
    account.tasks--;
  }
}
