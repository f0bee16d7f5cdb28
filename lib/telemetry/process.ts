/**
 * The programs that use GPUs: what is told of each. Plain data, without I/O.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";

/** Kinds of engines, as in the metrics. */
export const ENGINE_KINDS = ["gfx", "compute", "copy", "decode", "encode", "other"] as const;

/** A kind of engine. */
export type EngineKind = typeof ENGINE_KINDS[number];

/** One program's use of one GPU. */
export interface GpuProcess {
  gpu: GpuId;
  pid: number;
  /** The name of the program (`comm`); null where it may not be read. */
  name: string | null;
  /** The command line; null where it may not be read, or for kernel threads. */
  command: string | null;
  /** Numeric user id; null where it may not be read. */
  uid: number | null;
  /** The user's name; null where the id has none. */
  user: string | null;
  /** The id of the container that it runs in (12 digits), from its cgroup; null where it is in none. */
  container: string | null;
  /** `graphics`, `compute`, or both as the driver tells; empty where it does not. */
  kinds: readonly ("graphics" | "compute")[];
  /**
   * Share of 100 of the time since the sample before, by engine; null where the driver does not tell, or
   * there was no sample before. Never above 100.
   */
  engine_utilization_pct: Partial<Record<EngineKind, number>> | null;
  /** The busiest engine's share; null where none is known. */
  utilization_pct: number | null;
  /** Bytes that it holds by region, by the driver's names: `vram`, `gtt`, `system`; resident ones. */
  memory_bytes: Record<string, number>;
  /** Of the GPU's own memory; null where the driver does not tell. */
  vram_bytes: number | null;
  /**
   * Where it was read: `fdinfo`, `nvml`, `kfd`; `fd` where it holds the device open and nothing more is known,
   * because the driver does not tell, or the GPU sleeps.
   */
  sources: readonly string[];
}

/** What a look at all programs gave. */
export interface ProcessList {
  processes: GpuProcess[];
  /**
   * Whether some programs could not be looked at, and which right would show them: `fdinfo of 12 processes
   * of other users: needs CAP_SYS_PTRACE (root)`; null where the list is whole.
   */
  partial: string | null;
}
