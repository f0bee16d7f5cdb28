/**
 * Which capabilities of capabilities(7) a process has.
 *
 * @module
 */

import type { Sysroot } from "./sysroot.ts";

/** Bits of the sets in `/proc/PID/status` (`linux/capability.h`). */
export const CAP = { DAC_OVERRIDE: 1n, SYS_PTRACE: 19n, SYS_ADMIN: 21n, PERFMON: 38n } as const;

/** Whether a set holds one of some capabilities. */
export function hasCapability(set: bigint, ...oneOf: readonly bigint[]): boolean {
  return oneOf.some((bit) => ((set >> bit) & 1n) === 1n);
}

/** Whether a set's holder may see what others use of a GPU: `perfmon_capable()` of the kernel. */
export function isPerfmonCapable(set: bigint): boolean {
  return hasCapability(set, CAP.PERFMON, CAP.SYS_ADMIN);
}

/** The effective set in the text of a `/proc/PID/status`; undefined where it is in none. */
export function parseEffectiveCapabilities(status: string): bigint | undefined {
  const set = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return set === undefined ? undefined : BigInt(`0x${set}`);
}

/** The effective set of this process; none where `/proc` does not tell. */
export function effectiveCapabilities(sysroot: Sysroot): bigint {
  return parseEffectiveCapabilities(sysroot.text("/proc/self/status") ?? "") ?? 0n;
}
