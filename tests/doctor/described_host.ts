/** Hosts for tests of the doctor: small trees, and what else a host says. */

import { discover, SOURCES } from "../../lib/discovery/mod.ts";
import type { DoctorContext, LiveHost, NodeOwner, Outcome } from "../../lib/doctor/check.ts";
import { readDistribution } from "../../lib/doctor/distribution.ts";
import { CHECKS, examine } from "../../lib/doctor/examine.ts";
import { standing } from "../../lib/gpu/standing.ts";
import type { Sysroot } from "../../lib/sysfs/sysroot.ts";

/** What a described host says where a test says nothing else: an ordinary user's rights, nothing missing. */
export interface DescribedLive {
  uid?: number;
  groups?: readonly number[];
  capabilities?: bigint;
  /** Paths that cannot be written, and why. */
  refused?: Record<string, string>;
  /** Device files. */
  nodes?: Record<string, NodeOwner>;
  /** Libraries that a library lacks. */
  missing?: Record<string, readonly string[]>;
  env?: Record<string, string>;
}

/** The running host as a test describes it. */
export function describedLive(of: DescribedLive = {}): LiveHost {
  return {
    identity: {
      uid: of.uid ?? 1000,
      user: "ada",
      groups: of.groups ?? [1000],
      capabilities: of.capabilities ?? 0n,
    },
    whyNotWritable: (path) => of.refused?.[path],
    owner: (path) => of.nodes?.[path],
    missingDependencies: (path) => of.missing?.[path] ?? [],
    env: (name) => of.env?.[name],
  };
}

/** What checks look at, of a tree; `live` where it stands for the running host. */
export function contextOf(sysroot: Sysroot, live: DescribedLive | null = null): DoctorContext {
  const { gpus } = discover({ sysroot, sources: SOURCES.filter(({ reads }) => reads === "files") });
  return {
    sysroot,
    gpus: gpus.filter((gpu) => standing(gpu) === "gpu"),
    distribution: readDistribution(sysroot),
    kernel: sysroot.text("/proc/sys/kernel/osrelease") ?? null,
    live: live && describedLive(live),
  };
}

/** What one check says. */
export function outcomesOf(id: string, context: DoctorContext): readonly Outcome[] {
  const checks = CHECKS.filter((check) => check.id === id);
  if (checks.length !== 1) throw new Error(`no check ${id}`);
  return examine(context, checks).checks[0]?.outcomes ?? [];
}
