/**
 * What the drivers' names of engines and regions of memory mean. Pure.
 *
 * @module
 */

import type { EngineKind } from "../process.ts";
import type { EngineShares } from "./merge.ts";
import { ENGINE_KINDS } from "../process.ts";
import type { RegionBytes } from "./fdinfo.ts";

/**
 * Kinds of engines, by driver and the driver's own name.
 *
 * Sources: `amdgpu_ip_name` of `amdgpu_fdinfo.c`; `uabi_class_names` of `i915_drm_client.c`;
 * Documentation/gpu/xe/xe-drm-usage-stats.rst; Documentation/gpu/{panfrost,panthor}.rst;
 * `v3d_queue_to_string()`; `msm_gpu_show_fdinfo()`; `etnaviv_gpu.c`; `lima_sched.c`.
 *
 * From VCN 4 on, AMD's one video engine is reported as `enc` whatever it does: it stays `encode`, as the
 * driver calls it. Intel's `video` and `vcs` decode and encode; decoding is what they are mostly used for.
 */
const KINDS: Readonly<Record<string, Readonly<Record<string, EngineKind>>>> = {
  amdgpu: {
    gfx: "gfx",
    compute: "compute",
    dma: "copy",
    dec: "decode",
    enc: "encode",
    enc_1: "encode",
    jpeg: "decode",
    vpe: "other",
  },
  i915: {
    render: "gfx",
    copy: "copy",
    video: "decode",
    "video-enhance": "other",
    compute: "compute",
  },
  xe: { rcs: "gfx", bcs: "copy", vcs: "decode", vecs: "other", ccs: "compute" },
  msm: { gpu: "gfx" },
  panfrost: { fragment: "gfx", "vertex-tiler": "gfx", "compute-only": "compute" },
  panthor: { panthor: "gfx" },
  v3d: { bin: "gfx", render: "gfx", csd: "compute" },
  etnaviv: { "2D": "gfx", "3D": "gfx", VG: "gfx" },
  lima: { gp: "gfx", pp: "gfx" },
};

/** The kind of an engine; `other` for those that are not known. */
export function engineKind(driver: string | null, name: string): EngineKind {
  const kinds = driver !== null && Object.hasOwn(KINDS, driver) ? KINDS[driver] : undefined;
  return (kinds && Object.hasOwn(kinds, name) ? kinds[name] : undefined) ?? "other";
}

/**
 * Shares by kind. Engines of one kind work side by side, so that their shares are not added up: the largest
 * stands for the kind.
 */
export function sharesByKind(
  driver: string | null,
  shares: ReadonlyMap<string, number>,
): EngineShares {
  const known: EngineShares = {};
  for (const [name, share] of shares) {
    const kind = engineKind(driver, name);
    known[kind] = Math.max(known[kind] ?? 0, share);
  }
  // One order for all, whichever the driver printed first.
  return Object.fromEntries(
    ENGINE_KINDS.flatMap((kind) => known[kind] === undefined ? [] : [[kind, known[kind]]]),
  );
}

/** Drivers that print no counter of an engine while it is 0. */
const SILENT_AT_ZERO = new Set(["amdgpu"]);

/** Whether a client without a single counter has used no engine, as far as its driver goes. */
export function isIdleWithoutCounters(driver: string | null): boolean {
  return driver !== null && SILENT_AT_ZERO.has(driver);
}

/** Regions that are a GPU's own memory: `vram` of amdgpu, `vram0` of xe, `local0` of i915. */
const OWN_MEMORY = /^(vram|local)\d*$/;

/** Resident bytes by region, without regions of which the driver does not tell them. */
export function residentBytes(memory: ReadonlyMap<string, RegionBytes>): Map<string, number> {
  const resident = new Map<string, number>();
  for (const [name, region] of memory) {
    if (region.resident !== undefined) resident.set(name, region.resident);
  }
  return resident;
}

/** The bytes of regions that are the GPU's own memory; null where there is no such region. */
export function ownMemoryBytes(resident: ReadonlyMap<string, number>): number | null {
  let sum: number | null = null;
  for (const [name, bytes] of resident) {
    if (OWN_MEMORY.test(name)) sum = (sum ?? 0) + bytes;
  }
  return sum;
}
