/**
 * When splitting pays. Pure.
 *
 * @module
 */

/** What was measured of a kernel, of copies and of submissions. */
export interface SplitCost {
  /** Time of the whole on the fastest alone, in ms. */
  wholeMs: number;
  /** Share of the fastest in the split, 0 to 1. */
  primaryShare: number;
  /** Bytes that the split moves and the whole does not. */
  bytesMoved: number;
  /** Bandwidth of these copies, in bytes a ms. */
  bytesPerMs: number;
  /** What submitting to several and waiting for all takes longer than one submission, in ms. */
  syncMs: number;
}

/** Times, in ms. */
export interface SplitTimes {
  whole_ms: number;
  /** With the copies, which take `copy_ms`. */
  split_ms: number;
  copy_ms: number;
}

/**
 * How long the whole and the split take. With the time `T` of the whole, the share `p` of the fastest, `b`
 * bytes, a bandwidth `B` and the time `s` to wait, splitting takes `p T + b / B + s`: it pays where
 * `T (1 - p) > b / B + s`.
 */
export function splitTimes(cost: SplitCost): SplitTimes {
  const { wholeMs, primaryShare, bytesMoved, bytesPerMs, syncMs } = cost;
  const copy_ms = bytesMoved === 0 ? 0 : bytesMoved / bytesPerMs;
  return { whole_ms: wholeMs, split_ms: wholeMs * primaryShare + copy_ms + syncMs, copy_ms };
}

/** Whether splitting pays, by how much, and why. */
export interface SplitVerdict extends SplitTimes {
  pays: boolean;
  /** What splitting saves of the whole, in ms; below 0 where it costs more than it saves. */
  gain_ms: number;
  /** The rule with its numbers, in one line. */
  explanation: string;
}

/** Whether splitting pays: `T (1 - p) > b / B + s`, with what was measured. */
export function splitPays(cost: SplitCost): SplitVerdict {
  const times = splitTimes(cost);
  const saved = cost.wholeMs * (1 - cost.primaryShare);
  const spent = times.copy_ms + cost.syncMs;
  const pays = saved > spent;
  const figure = (ms: number) => `${ms.toPrecision(3)} ms`;
  const explanation = `splitting ${pays ? "pays" : "does not pay"}: it saves ${figure(saved)} of ` +
    `${figure(cost.wholeMs)}, and costs ${
      figure(times.copy_ms)
    } to copy ${cost.bytesMoved} bytes ` +
    `and ${figure(cost.syncMs)} to wait`;
  return { ...times, pays, gain_ms: saved - spent, explanation };
}
