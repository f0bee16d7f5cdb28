/**
 * What is asked of a process of its own before a path between devices is used: drivers hang and crash
 * over memory that is not theirs.
 *
 * The child, `mvgal __probe-transfer`, reads a {@linkcode ProbeOrder} on standard input and writes a line of
 * JSON, a {@linkcode ProbeAnswer}, for each request in order.
 *
 * @module
 */

/** The hidden command's name. */
export const PROBE_COMMAND = "__probe-transfer";

/** Who asks, and so knows what its requests mean: benchmarks, or a pool. */
export type Asker = "bench" | "pool";

/** What the child is to do. */
export interface ProbeOrder {
  asker: Asker;
  requests: unknown[];
}

/** What the child measured of a path. */
export interface ProbeFigures {
  /** 10^9 bytes a second. */
  bandwidth_gb_s: number;
  /** Of a copy of 4 KiB, in µs. */
  latency_us: number;
}

/** What became of the request of this index. */
export interface ProbeAnswer {
  index: number;
  /** Why the path does not work; null where it does. */
  obstacle: string | null;
  /** Where it works, and was measured. */
  figures?: ProbeFigures;
}

/** Reads an order. @throws {TypeError} for anything else than JSON of that form. */
export function parseOrder(text: string): ProbeOrder {
  const { requests, asker = "bench" } = (JSON.parse(text) ?? {}) as Partial<ProbeOrder>;
  if (!Array.isArray(requests)) throw new TypeError("no list of requests");
  if (asker !== "bench" && asker !== "pool") throw new TypeError(`nobody asks as '${asker}'`);
  return { asker, requests };
}

function isFigures(value: unknown): value is ProbeFigures {
  const { bandwidth_gb_s, latency_us } = (value ?? {}) as Partial<ProbeFigures>;
  return Number.isFinite(bandwidth_gb_s) && Number.isFinite(latency_us);
}

/** Reads a line of the child's output; undefined for what a driver printed. */
export function parseAnswer(line: string): ProbeAnswer | undefined {
  try {
    const { index, obstacle, figures } = JSON.parse(line) as ProbeAnswer;
    const isAnswer = Number.isInteger(index) && (obstacle === null || typeof obstacle === "string");
    if (!isAnswer) return undefined;
    return { index, obstacle, ...(isFigures(figures) ? { figures } : {}) };
  } catch {
    return undefined;
  }
}
