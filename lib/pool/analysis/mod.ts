/**
 * Whether a dispatch may be split over devices, read from its SPIR-V.
 *
 * {@linkcode readKernel} reads a module once; {@linkcode judge} says for one launch whether its work-groups may run on
 * several devices, each with copies of its own of all buffers: every byte that is written is written by work-groups
 * of one place along the split dimension, and nothing that is written is read by others. What cannot be proved runs
 * whole, with the reason.
 *
 * Shaders with undefined behaviour of their own (data races, indices out of bounds of buffers that they only read)
 * may differ between devices as they may between two runs on one.
 *
 * @module
 */

import { Judge } from "./judge.ts";
import { type KernelInfo, readKernelInfo } from "./kernel_info.ts";
import { SpirvError } from "./spirv_error.ts";
import type { LaunchFacts, Verdict } from "./verdict.ts";

export { explain } from "./explain.ts";
export type { BindingKind, KernelBinding, KernelInfo } from "./kernel_info.ts";
export { SpirvError } from "./spirv_error.ts";
export type * from "./verdict.ts";

/**
 * Reads a module.
 *
 * @param entryPoint its name; without one, the module's only compute kernel, or `main`.
 * @throws {SpirvError} for words that are no module, or have no such kernel.
 */
export function readKernel(words: Uint32Array<ArrayBuffer>, entryPoint?: string): KernelInfo {
  try {
    return readKernelInfo(words, entryPoint);
  } catch (error) {
    // Nested deeper than any compiler would.
    if (error instanceof RangeError) throw new SpirvError(`malformed SPIR-V: ${error.message}`);
    throw error;
  }
}

/** Whether a launch of a kernel may be cut, and where. */
export function judge(kernel: KernelInfo, facts: LaunchFacts): Verdict {
  return new Judge(kernel, facts).run();
}
