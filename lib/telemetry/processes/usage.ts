/**
 * How busy clients kept the engines between two looks. Pure, but for what it remembers of the look before.
 *
 * Formulas and the rule for counters that fall: the kernel's Documentation/gpu/drm-usage-stats.rst.
 *
 * @module
 */

import type { EngineCounters, Fdinfo } from "./fdinfo.ts";

/** Largest values of an engine's counters so far. */
type Seen = Pick<EngineCounters, "ns" | "cycles" | "total_cycles">;

interface Client {
  /** Time of the last look, in ms. */
  at: number;
  engines: Map<string, Seen>;
}

/** The larger of two values, either of which may be missing. */
function keep(before: number | undefined, now: number | undefined): number | undefined {
  if (before === undefined || now === undefined) return before ?? now;
  return Math.max(before, now);
}

/**
 * The share of an engine's time between two looks, of 100; undefined where it cannot be told. Counters are
 * the largest seen by then, so that one that fell counts again only once it is past where it was.
 *
 * @param elapsed ms between the looks.
 */
export function busyShare(
  before: Seen,
  now: Seen,
  { capacity, max_hz }: Pick<EngineCounters, "capacity" | "max_hz">,
  elapsed: number,
): number | undefined {
  if (now.ns !== undefined) {
    // Drivers may print no counter while it is 0 (amdgpu).
    return share(now.ns - (before.ns ?? 0), elapsed * 1e6 * capacity);
  }
  if (now.cycles === undefined) return undefined;
  const cycles = now.cycles - (before.cycles ?? 0);
  if (now.total_cycles !== undefined) {
    if (before.total_cycles === undefined) return undefined;
    return share(cycles, (now.total_cycles - before.total_cycles) * capacity);
  }
  return max_hz === undefined ? undefined : share(cycles, elapsed / 1e3 * max_hz * capacity);
}

function share(busy: number, whole: number): number | undefined {
  return whole > 0 ? Math.min(100, Math.max(0, 100 * busy / whole)) : undefined;
}

/** Remembers counters of clients between looks. */
export class ClientUsage {
  #clients = new Map<string, Client>();
  #seen = new Set<string>();

  /**
   * Notes a look at a client.
   *
   * @param key of the client: the same whichever descriptor was read.
   * @param at time of the look, in ms.
   * @returns shares of 100 by the driver's names of engines; null where there was no look before.
   */
  look(key: string, info: Fdinfo, at: number): Map<string, number> | null {
    this.#seen.add(key);
    // The old percentages are the driver's own: they need no look before.
    if (info.engines.size === 0 && info.shares.size > 0) return clamped(info.shares);
    const before = this.#clients.get(key);
    const engines = new Map(before?.engines);
    const shares = new Map<string, number>();
    for (const [name, counters] of info.engines) {
      const old = engines.get(name) ?? {};
      const now = largest(old, counters);
      engines.set(name, now);
      if (before === undefined) continue;
      const busy = busyShare(old, now, counters, at - before.at);
      if (busy !== undefined) shares.set(name, busy);
    }
    this.#clients.set(key, { at, engines });
    return before === undefined ? null : shares;
  }

  /** Forgets clients that were not looked at since the last call. */
  forgetUnseen(): void {
    for (const key of this.#clients.keys()) {
      if (!this.#seen.has(key)) this.#clients.delete(key);
    }
    this.#seen.clear();
  }
}

function largest(old: Seen, { ns, cycles, total_cycles }: EngineCounters): Seen {
  const now = {
    ns: keep(old.ns, ns),
    cycles: keep(old.cycles, cycles),
    total_cycles: keep(old.total_cycles, total_cycles),
  };
  return Object.fromEntries(Object.entries(now).filter(([, value]) => value !== undefined));
}

function clamped(shares: ReadonlyMap<string, number>): Map<string, number> {
  return new Map(Array.from(shares, ([name, share]) => [name, Math.min(100, share)]));
}
