/**
 * Joins what several sources tell of the same program on the same GPU. Pure.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import { ENGINE_KINDS, type EngineKind } from "../process.ts";

/** Shares of 100 by engine. */
export type EngineShares = Partial<Record<EngineKind, number>>;

/** One program's use of one GPU, as a single source tells it. */
export interface ProcessUse {
  gpu: GpuId;
  /** By the numbering of the source: see {@linkcode ExternalList.pids}. */
  pid: number;
  /** Empty where the source does not tell. */
  kinds: readonly ("graphics" | "compute")[];
  /**
   * Share of 100 of the time since the sample before, by engine; null where the source does not tell, or
   * there was no sample before.
   */
  engine_utilization_pct: EngineShares | null;
  /**
   * The busiest engine's share where the source has that alone, or has an engine that has no kind of its
   * own; null where it does not tell. The shares by engine count as well.
   */
  utilization_pct: number | null;
  /** Resident bytes by the driver's names of the regions; empty where the source does not tell. */
  memory_bytes: Readonly<Record<string, number>>;
  /** Of the GPU's own memory; null where the source does not tell. */
  vram_bytes: number | null;
}

/** A program as a vendor's library or another file than fdinfo tells of it. */
export type ExternalProcess =
  & Pick<ProcessUse, "gpu" | "pid" | "kinds" | "vram_bytes">
  & Partial<ProcessUse>;

/** All programs that one such source knows of. */
export interface ExternalList {
  /** `nvml`, `kfd`: what {@linkcode GpuProcess.sources} says. */
  source: string;
  /**
   * GPUs whose list is whole. Of these, a program that merely holds a device file open without any figure
   * of its own (a daemon that watches the GPU) is not listed unless the source lists it.
   */
  complete: readonly GpuId[];
  processes: readonly ExternalProcess[];
  /**
   * Whose numbers the pids are: the `host`'s, as drivers give them, or those of `here`, this process's own
   * pid namespace. In a container the two differ, and the host's lead to wrong names, or none.
   */
  pids: "host" | "here";
  /** Why the list is not whole, and which right would make it so; null where it is. */
  partial: string | null;
}

/** A source of such lists. It is asked once a sweep, and never throws for what a driver may answer. */
export interface ExternalSource {
  read(): ExternalList;
}

/** A program's use of a GPU over all sources. */
export interface MergedUse extends ProcessUse {
  /** In the order in which they were asked. */
  sources: readonly string[];
}

/** A use, and the source that told of it. */
export interface SourcedUse {
  source: string;
  use: ExternalProcess;
}

/**
 * Joins uses by GPU and pid. No source sees more than there is (KFD knows compute's memory alone, fdinfo no
 * time of compute queues), so that of two values the larger is nearer to the truth; they are parts of one
 * another, and never added up. Shares end within 0 and 100.
 */
export function mergeUses(uses: Iterable<SourcedUse>): MergedUse[] {
  const merged = new Map<string, MergedUse>();
  for (const { source, use } of uses) {
    const key = `${use.pid} ${use.gpu}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? start(source, use) : join(known, source, use));
  }
  return [...merged.values()];
}

function start(source: string, use: ExternalProcess): MergedUse {
  const engines = use.engine_utilization_pct ?? null;
  return {
    gpu: use.gpu,
    pid: use.pid,
    kinds: use.kinds,
    engine_utilization_pct: engines && largest(engines, {}),
    utilization_pct: busiest(use.utilization_pct ?? null, engines),
    memory_bytes: { ...use.memory_bytes },
    vram_bytes: use.vram_bytes,
    sources: [source],
  };
}

function join(known: MergedUse, source: string, use: ExternalProcess): MergedUse {
  const other = start(source, use);
  const engines = known.engine_utilization_pct && other.engine_utilization_pct
    ? largest(known.engine_utilization_pct, other.engine_utilization_pct)
    : known.engine_utilization_pct ?? other.engine_utilization_pct;
  return {
    ...known,
    kinds: [...new Set([...known.kinds, ...other.kinds])].sort().reverse(),
    engine_utilization_pct: engines,
    utilization_pct: larger(known.utilization_pct, other.utilization_pct),
    memory_bytes: largestOf(known.memory_bytes, other.memory_bytes),
    vram_bytes: larger(known.vram_bytes, other.vram_bytes),
    sources: known.sources.includes(source) ? known.sources : [...known.sources, source],
  };
}

/** The larger of two values of which either may be unknown. */
export function larger(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}

function clamp(share: number): number | null {
  return Number.isFinite(share) ? Math.min(100, Math.max(0, share)) : null;
}

function largest(one: EngineShares, other: EngineShares): EngineShares {
  const shares: EngineShares = {};
  for (const kind of ENGINE_KINDS) {
    const share = larger(clamp(one[kind] ?? NaN), clamp(other[kind] ?? NaN));
    if (share !== null) shares[kind] = share;
  }
  return shares;
}

function largestOf(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  const all: Record<string, number> = { ...one };
  for (const [region, bytes] of Object.entries(other)) {
    all[region] = Math.max(all[region] ?? 0, bytes);
  }
  return all;
}

/** The larger of a share of the whole and the busiest engine's: engines overlap, and are not added up. */
function busiest(whole: number | null, engines: EngineShares | null): number | null {
  return Object.values(engines ?? {}).reduce<number | null>(
    (most, share) => larger(most, clamp(share)),
    whole === null ? null : clamp(whole),
  );
}
