/**
 * Finds the GPUs of a host.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { Vendor } from "../gpu/vendor.ts";
import { isAsleep } from "../sysfs/device_files.ts";
import { Sysroot } from "../sysfs/sysroot.ts";
import { amdgpuSource } from "./amdgpu.ts";
import { cuda } from "./cuda.ts";
import { drmSource } from "./drm.ts";
import { hip } from "./hip.ts";
import { hwmonSource } from "./hwmon.ts";
import { intelSource } from "./intel.ts";
import { levelZero } from "./level_zero.ts";
import { mergeSightings, type SourceSightings } from "./merge.ts";
import { nvidiaSource } from "./nvidia.ts";
import { nvml } from "./nvml.ts";
import { openCl } from "./opencl.ts";
import { pciSource } from "./pci.ts";
import type { DiscoveryContext, Source, SourceReport } from "./source.ts";
import { vulkan } from "./vulkan.ts";

/** All sources, in the order in which they are asked: files first, they say which GPUs sleep. */
export const SOURCES: readonly Source[] = [
  pciSource,
  drmSource,
  hwmonSource,
  amdgpuSource,
  intelSource,
  nvidiaSource,
  nvml,
  vulkan,
  openCl,
  cuda,
  levelZero,
  hip,
];

/** What came of asking one source. */
export interface SourceOutcome {
  /** The source's name, as in `seen_by` of a GPU. */
  name: string;
  /** Whether it reads files, or loads a library. */
  reads: Source["reads"];
  /** Whether it looked, and if not, of what kind the reason is. */
  state: SourceReport["state"];
  /** Why it saw nothing, for the states other than `ok`. */
  reason: string | null;
  /** How many devices it saw. */
  devices: number;
  /** What else it has to say. */
  note: string | null;
}

/** What {@linkcode discover} gives. */
export interface Discovery {
  /** All devices: GPUs first, then what is none of its own (see `standing`), each in PCI order. */
  gpus: Gpu[];
  /** All sources that were asked or skipped, in the order of the table. */
  sources: SourceOutcome[];
  /** What could not be decided, one sentence each. */
  notes: string[];
}

/** Options of {@linkcode discover}. */
export interface DiscoverOptions {
  /** Whose files to read: this host's, or those of a dump, in which case no library is loaded. */
  sysroot?: Sysroot;
  /** Ask sources that wake sleeping GPUs too. */
  wake?: boolean;
  /** Names of the only sources to ask. */
  only?: readonly string[];
  /** Other sources than {@linkcode SOURCES}. */
  sources?: readonly Source[];
}

/**
 * Why a library must not be loaded now; undefined where it may.
 *
 * @param sleeping the GPUs that sleep.
 */
function whySkip(source: Source, sysroot: Sysroot, sleeping: readonly Gpu[]): string | undefined {
  if (source.reads === "files") return undefined;
  if (!sysroot.isHost) return "a library tells of this host, and --sysroot names another's files";
  const vendors: "any" | readonly Vendor[] = source.vendors;
  const woken = sleeping.filter((gpu) => vendors === "any" || vendors.includes(gpu.vendor));
  if (woken.length === 0) return undefined;
  return `it would wake ${woken.map((gpu) => gpu.id).join(", ")} (--wake allows it)`;
}

function ask(source: Source, context: DiscoveryContext): SourceReport {
  try {
    return source.discover(context);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { state: "failed", reason: `unexpected: ${what}` };
  }
}

/**
 * Finds the GPUs of a host: asks the sources, those that read files first, and merges what they saw.
 *
 * Never throws for what a host may hold, never changes the host, and never wakes a GPU unless `wake` is
 * set.
 *
 * @example
 * ```ts
 * import { discover } from "./mod.ts";
 *
 * for (const gpu of discover({ only: ["pci", "drm"] }).gpus) {
 *   gpu.id; // "pci:0000:06:00.0"
 * }
 * ```
 */
export function discover(options: DiscoverOptions = {}): Discovery {
  const { sysroot = new Sysroot(), wake = false, only, sources = SOURCES } = options;
  const context: DiscoveryContext = { sysroot, wake };
  const asked = sources.filter((source) => only === undefined || only.includes(source.name));
  const reports = new Map<Source, SourceReport>();
  const seen: SourceSightings[] = [];
  const askAll = (reads: Source["reads"], sleeping: readonly Gpu[]) => {
    for (const source of asked.filter((one) => one.reads === reads)) {
      const reason = whySkip(source, sysroot, sleeping);
      const report: SourceReport = reason === undefined
        ? ask(source, context)
        : { state: "skipped", reason };
      reports.set(source, report);
      if (report.state === "ok") {
        seen.push({ source: source.name, sightings: report.sightings });
      }
    }
  };
  askAll("files", []);
  const asleep = wake ? [] : mergeSightings(seen).gpus.filter((gpu) => isAsleep(gpu.power_state));
  askAll("library", asleep);
  return {
    ...mergeSightings(seen),
    sources: asked.map((source) => outcome(source, reports.get(source))),
  };
}

function outcome(source: Source, report: SourceReport | undefined): SourceOutcome {
  const { name, reads } = source;
  if (report?.state === "ok") {
    const devices = report.sightings.length;
    return { name, reads, state: "ok", reason: null, devices, note: report.note ?? null };
  }
  const { state, reason } = report ?? { state: "skipped" as const, reason: "it was not asked" };
  return { name, reads, state, reason, devices: 0, note: null };
}
