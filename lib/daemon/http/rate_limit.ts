/**
 * How many requests a client may make.
 *
 * @module
 */

/** Clients that are remembered. */
const CLIENTS = 4096;

interface Bucket {
  tokens: number;
  at: number;
}

/** A token bucket for each client: so many requests a second, twice as many at once. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param perSecond 0 for no limit. */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Takes a request of a client; gives after how many seconds it may come again, 0 for one that may come now. */
  take(client: string): number {
    if (this.#perSecond === 0) return 0;
    const now = this.#now(), most = 2 * this.#perSecond;
    const { tokens = most, at = now } = this.#buckets.get(client) ?? {};
    const filled = Math.min(most, tokens + ((now - at) / 1000) * this.#perSecond);
    this.#buckets.delete(client);
    this.#buckets.set(client, { tokens: filled >= 1 ? filled - 1 : filled, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > CLIENTS && oldest !== undefined) this.#buckets.delete(oldest);
    return filled >= 1 ? 0 : Math.ceil((1 - filled) / this.#perSecond);
  }
}
