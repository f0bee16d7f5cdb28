/**
 * What `mvgal bench pool` found: a document of figures.
 *
 * @module
 */

import type { Explanation } from "../../pool/explain.ts";
import type { PoolProperties } from "../../pool/open.ts";
import type { KernelSize } from "./kernel.ts";

/** The version of the document of a run of `mvgal bench pool`. */
export const POOL_SCHEMA = "mvgal.pool/1";

/** A kernel on some members together, beside the best of them alone. */
export interface PooledFigure {
  /** Ids of the members. */
  gpus: string[];
  /** Medians from the call to the results on the host, in ms. */
  single_ms: number;
  pooled_ms: number;
  /** How many timed runs the medians are of. */
  single_runs: number;
  pooled_runs: number;
  /** The time of one over that of all. */
  speedup: number;
  /**
   * Between which it lies: the ends of the intervals of 95 % confidence of both medians, one over the other.
   * Wider than an interval of the quotient itself.
   */
  speedup_low: number;
  speedup_high: number;
  /** Against the sum of the members' throughputs, each alone. */
  of_sum: number | null;
  /** Of the timed dispatches, how many were split. */
  split_share: number;
  /** Why it was split, or not. */
  reason: string;
  /** Share of the work by member, in the last dispatch. */
  shares: Record<string, number>;
  /** Bytes that were copied between places for one dispatch. */
  copied_bytes: number;
  /** Whether the results are those of one member, byte for byte; else the first difference. */
  same_as_one: boolean;
  difference: string | null;
}

/** A kernel, measured. */
export interface PoolKernelReport {
  id: string;
  title: string;
  size: KernelSize;
  /** Work of one dispatch, and its unit. */
  work: number;
  unit: string;
  /** What the analysis says of it. */
  verdict: Explanation["verdict"];
  /** Medians of each member alone, in ms, by id; of software devices where there is no GPU. */
  alone_ms: Record<string, number>;
  pooled: PooledFigure[];
  /** What of the results is not as the host computes it; null where all is. */
  error: string | null;
}

/** Frames on some members. */
export interface PoolFrameReport {
  id: string;
  strategy: "single" | "afr" | "sfr";
  gpus: string[];
  frames_per_s: number;
  /** Against one member. */
  speedup: number | null;
  interval_ms: number | null;
  jitter_ms: number | null;
}

/** All of a run. */
export interface PoolReport {
  schema: typeof POOL_SCHEMA;
  date: string;
  device: PoolProperties;
  kernels: PoolKernelReport[];
  frames: PoolFrameReport[];
}
