/**
 * What a check of `mvgal doctor` is.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import type { Distribution } from "./distribution.ts";

/** What came of a check: `problem` where something does not work, `warning` where less works than could. */
export type CheckState = "ok" | "warning" | "problem" | "skipped";

/** One thing that a check has to say. */
export interface Outcome {
  state: CheckState;
  /** What it is about: the id of a GPU, a path; null for the host. */
  subject: string | null;
  /** One line. */
  text: string;
  /** The exact command, or the file and what to change in it; null where there is nothing to do. */
  fix: string | null;
}

/** Who runs mvgal. */
export interface Identity {
  /** Effective user id. */
  uid: number;
  /** The name of that user; null where it has none. */
  user: string | null;
  /** All groups. */
  groups: readonly number[];
  /** Effective capabilities, a bit each (capabilities(7)). */
  capabilities: bigint;
}

/** Owner and rights of a device file. */
export interface NodeOwner {
  gid: number;
  /** The nine bits of the mode. */
  mode: number;
}

/** What can be asked of the running host alone, not of a dump. */
export interface LiveHost {
  readonly identity: Identity;
  /** Why a path cannot be written by this process, with access lists regarded; undefined where it can. */
  whyNotWritable(path: string): string | undefined;
  /** Owner and rights of a device file, which is not opened; undefined where there is none. */
  owner(path: string): NodeOwner | undefined;
  /**
   * Libraries that a library needs and that are not found, as ldd(1) says; null where that is not known.
   * The library's own code does not run.
   */
  missingDependencies(path: string): readonly string[] | null;
  /** An environment variable; undefined where it is unset or empty. */
  env(name: string): string | undefined;
}

/** What checks look at. */
export interface DoctorContext {
  readonly sysroot: Sysroot;
  /** GPUs, without bare display controllers, programs and virtual functions. */
  readonly gpus: readonly Gpu[];
  readonly distribution: Distribution;
  /** `6.1.0-18-amd64`; null where it is not known. */
  readonly kernel: string | null;
  /** Null in a dump. */
  readonly live: LiveHost | null;
}

/** One thing that can be missing: one row of the table of checks. */
export interface DoctorCheck {
  /** `vulkan_driver`. */
  readonly id: string;
  /** What is checked, in a few words; no full stop. */
  readonly title: string;
  /** Whether it asks the running host, and so has nothing to say of a dump. */
  readonly needsHost?: boolean;
  /** Why it is not for this host; null where it is. */
  applies(context: DoctorContext): string | null;
  /**
   * Looks. It opens no device file, reads no attribute that wakes a GPU, and changes nothing.
   *
   * @returns at least one outcome, the first being the most telling.
   */
  run(context: DoctorContext): readonly Outcome[];
}

/** Nothing is wrong. */
export function fine(text: string, subject: string | null = null): Outcome {
  return { state: "ok", subject, text, fix: null };
}

/** Less works than could. */
export function warn(text: string, fix: string | null, subject: string | null = null): Outcome {
  return { state: "warning", subject, text, fix };
}

/** Something does not work. */
export function bad(text: string, fix: string | null, subject: string | null = null): Outcome {
  return { state: "problem", subject, text, fix };
}

/** It cannot be told. */
export function untold(text: string, subject: string | null = null): Outcome {
  return { state: "skipped", subject, text, fix: null };
}

/** Drivers of Intel's GPUs. */
export const INTEL_DRIVERS: readonly string[] = ["i915", "xe"];

/** Why a check that is for GPUs with one of these drivers is not for this host; null where it is. */
export function needsDriver(context: DoctorContext, ...drivers: string[]): string | null {
  return context.gpus.some(({ driver }) => driver !== null && drivers.includes(driver))
    ? null
    : `no GPU with the driver ${drivers.join(" or ")}`;
}

/** Why a check that is for GPUs is not for this host; null where it is. */
export function needsGpu(context: DoctorContext): string | null {
  return context.gpus.length > 0 ? null : "no GPU was found";
}
