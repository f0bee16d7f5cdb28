/**
 * Facts under construction.
 *
 * @module
 */

import type { FactName, GpuFacts } from "../gpu/gpu.ts";

/** Facts of one device, with where each was read or why it is missing. */
export class FactNotes {
  readonly facts: Partial<GpuFacts> = {};
  readonly sources: Partial<Record<FactName, string>> = {};
  readonly absent: Partial<Record<FactName, string>> = {};

  /** Notes a value with its source, or the reason where there is none. */
  note<K extends FactName>(
    name: K,
    value: GpuFacts[K] | undefined,
    source: string,
    reason: string,
  ): void {
    if (value === undefined || value === null) {
      this.absent[name] = reason;
    } else {
      this.facts[name] = value;
      this.sources[name] = source;
    }
  }
}

/** More memory than any device has: what a file says beyond this is no size. 1 PiB. */
const MAX_MEMORY_BYTES = 2 ** 50;

/** A size of memory in bytes; undefined for 0 and for what no device has. */
export function memorySize(bytes: number | undefined): number | undefined {
  return bytes !== undefined && bytes > 0 && bytes <= MAX_MEMORY_BYTES ? bytes : undefined;
}
