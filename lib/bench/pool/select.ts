/**
 * Choosing kernels of `mvgal bench pool` by their names.
 *
 * @module
 */

import { closest } from "../../gpu/closest.ts";
import type { FrameKernel, PoolKernel } from "./kernel.ts";
import { frameKernels, POOL_KERNEL_IDS, poolKernels } from "./kernels.ts";

/** The name that chooses the frames. */
const FRAMES = "frames";

/** What is measured. */
export interface PoolSelection {
  kernels: PoolKernel[];
  frames: FrameKernel[];
}

/** A name that chooses nothing. */
export class PoolSelectionError extends Error {
  override readonly name = "PoolSelectionError";
}

/** What can be chosen, in the order in which it is measured. */
export const POOL_NAMES: readonly string[] = [...POOL_KERNEL_IDS, FRAMES];

/**
 * The kernels of these names in the order of the table, and `frames`; all where none is named.
 *
 * @param words names, or several of them with commas between.
 * @throws {PoolSelectionError} for a name that chooses nothing; one line.
 */
export function selectPoolKernels(words: readonly string[]): PoolSelection {
  const names = words.flatMap((word) => word.split(",")).map((name) => name.trim());
  for (const name of names) {
    if (POOL_NAMES.includes(name)) continue;
    const meant = closest(name, POOL_NAMES);
    throw new PoolSelectionError(
      `no kernel of bench pool is called '${name}': ` +
        (meant === undefined ? `there are ${POOL_NAMES.join(", ")}` : `did you mean ${meant}?`),
    );
  }
  const all = names.length === 0;
  return {
    kernels: poolKernels((id) => all || names.includes(id)),
    frames: all || names.includes(FRAMES) ? frameKernels() : [],
  };
}
