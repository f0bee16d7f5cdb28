/**
 * What a load was like: the form that the program which makes it prints.
 *
 * @module
 */

/** Where the service listens. */
export type Place = { hostname: string; port: number } | { path: string };

/** Requests that are to be made. */
export interface RequestPlan {
  kind: "requests";
  place: Place;
  /** What changes need over TCP. */
  token: string | null;
  seconds: number;
  perSecond: number;
}

/** Listeners that are to be there, until the program's standard input ends. */
export interface ListenPlan {
  kind: "listen";
  place: Place;
  streams: number;
}

/** Times in ms. */
export interface Spread {
  count: number;
  p50: number | null;
  p99: number | null;
  max: number | null;
}

/** What came of requests. */
export interface RequestReport {
  seconds: number;
  requests: number;
  /** From when a request was due to its whole answer; and from when it was sent. */
  due_ms: Spread;
  sent_ms: Spread;
  by_path: Record<string, Spread>;
  /** How late the program itself was with requests. */
  late_ms: Spread;
  /** By status; those without an answer under why. */
  errors: Record<string, number>;
}

/** What came of listening. */
export interface ListenReport {
  opened: number;
  /** Streams that ended before they were closed, and why. */
  broken: Record<string, number>;
  events: number;
  bytes: number;
  /** Events whose number was left out, over all streams. */
  lost: number;
  /** Samples that a stream got: the fewest, and the most. */
  samples_least: number;
  samples_most: number;
  /** From when an event was made to when it was read. */
  delay_ms: Spread;
}

/** The spread of some times. */
export function spreadOf(times: readonly number[]): Spread {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
