/**
 * The environment with which a program is started. Pure.
 *
 * @module
 */

import { basename } from "node:path";
import type { LimitEntry } from "./limit_text.ts";

/** Set where mvgal chose what the program sees; its children inherit both, and are not placed again. */
export const PLACED = "MVGAL_PLACED";

/** What a program is started with. */
export interface Launch {
  /** Path of the shim; null for none. */
  shim: string | null;
  /** Of each GPU by UUID, or of all; in bytes, null for none. Undefined leaves what is inherited. */
  vram?: readonly LimitEntry<bigint | null>[];
  /** The same for the share of time, from 1 to 100. */
  sm?: readonly LimitEntry<number>[];
  pool?: boolean;
  /** The GPUs of the pool, as `CUDA_VISIBLE_DEVICES` would name them: `visible` is the first alone then. */
  pooled?: string;
  /** Paths of the OpenCL loader that shows the pooled platform alone, under its names. */
  openclLoaders?: readonly string[];
  /** The directory of OpenCL vendors with the pooled platform alone. */
  openclVendors?: string;
  workConserving?: boolean;
  group?: string;
  /** Where the group's file is. */
  runtimeDirectory?: string;
  strategy?: string;
  /** As it was asked for. */
  gpus?: string;
  /** The new `CUDA_VISIBLE_DEVICES`; null where it stays. */
  visible: string | null;
}

/** Variables to set, in order. */
export type Variables = readonly (readonly [name: string, value: string])[];

/**
 * A path before others in `LD_PRELOAD`, where it stands once, whatever stood there: other copies of the same
 * shim are taken away, which would hook each other.
 */
export function preloaded(shim: string, before: string | undefined): string {
  const others = (before ?? "").split(/[ :]/).filter((path) =>
    path !== "" && basename(path) !== basename(shim)
  );
  return [shim, ...others].join(":");
}

/** The same for several; undefined for none. */
function allPreloaded(shims: readonly string[], before: string | undefined): string | undefined {
  return shims.length === 0
    ? undefined
    : shims.toReversed().reduce((rest, shim) => preloaded(shim, rest), before);
}

function list<T>(entries: readonly LimitEntry<T>[], text: (value: T) => string): string {
  return entries.map(({ key, value }) => `${key === null ? "" : `${key}=`}${text(value)}`).join(
    ",",
  );
}

/** The program sees the pool alone, and the pool sees what the program would have seen. */
function openclOf(
  vendors: string | undefined,
  env: (name: string) => string | undefined,
): [string, string | undefined][] {
  if (vendors === undefined) return [];
  const before = env("OCL_ICD_VENDORS") ?? "";
  // A program of a pooled one inherits the pool for its vendors.
  const isPooled = before === vendors;
  return [
    ["OCL_ICD_VENDORS", vendors],
    ["MVGAL_OPENCL_VENDORS", isPooled ? undefined : before],
    // Khronos' loader opens these libraries too.
    ["OCL_ICD_FILENAMES", env("OCL_ICD_FILENAMES") ? "" : undefined],
  ];
}

/**
 * The variables that are set for a program.
 *
 * @param env what it would inherit.
 */
export function variablesOf(launch: Launch, env: (name: string) => string | undefined): Variables {
  const { shim, openclLoaders = [], vram, sm, visible } = launch;
  const variables: [string, string | undefined][] = [
    [
      "LD_PRELOAD",
      allPreloaded([...(shim === null ? [] : [shim]), ...openclLoaders], env("LD_PRELOAD")),
    ],
    ["MVGAL_VRAM_LIMIT", vram && list(vram, (bytes) => bytes === null ? "none" : `${bytes}`)],
    ["MVGAL_SM_LIMIT", sm && list(sm, (percent) => `${percent}%`)],
    ["MVGAL_POOL", launch.pool ? "1" : undefined],
    ["MVGAL_POOL_GPUS", launch.pooled],
    ...openclOf(launch.openclVendors, env),
    ["MVGAL_WORK_CONSERVING", launch.workConserving ? "1" : undefined],
    ["MVGAL_GROUP", launch.group],
    ["MVGAL_RUNTIME_DIR", launch.runtimeDirectory],
    ["MVGAL_STRATEGY", launch.strategy],
    ["MVGAL_GPUS", launch.gpus],
    ["CUDA_VISIBLE_DEVICES", visible ?? undefined],
    [PLACED, visible ?? undefined],
  ];
  return variables.flatMap(([name, value]) => value === undefined ? [] : [[name, value] as const]);
}

/** Whether mvgal chose what a program with this environment sees. */
export function isPlaced(env: (name: string) => string | undefined): boolean {
  const placed = env(PLACED);
  return placed !== undefined && placed === env("CUDA_VISIBLE_DEVICES");
}
