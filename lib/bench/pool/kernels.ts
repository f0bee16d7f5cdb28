/**
 * The kernels of `mvgal bench pool`.
 *
 * @module
 */

import type { FrameKernel, PoolKernel } from "./kernel.ts";
import { bilateral } from "./kernels/bilateral.ts";
import { convolution } from "./kernels/convolution.ts";
import { histogram } from "./kernels/histogram.ts";
import { mandelbrot } from "./kernels/mandelbrot.ts";
import { nbody } from "./kernels/nbody.ts";
import { plasma } from "./kernels/plasma.ts";
import { saxpy, saxpyInPlace } from "./kernels/saxpy.ts";
import { sgemm } from "./kernels/sgemm.ts";

/** What makes each kernel that is dispatched once, by its id. */
const MAKERS: Readonly<Record<string, () => PoolKernel>> = {
  mandelbrot,
  nbody,
  convolution,
  sgemm,
  bilateral,
  saxpy,
  saxpy_in_place: saxpyInPlace,
  histogram,
};

/** Ids of the kernels that are dispatched once, in the order in which they are measured. */
export const POOL_KERNEL_IDS: readonly string[] = Object.keys(MAKERS);

/**
 * Kernels that are dispatched once, made anew.
 *
 * @param wanted whether one of this id is made; all are where it is left out.
 */
export function poolKernels(wanted: (id: string) => boolean = () => true): PoolKernel[] {
  return Object.entries(MAKERS).flatMap(([id, make]) => wanted(id) ? [make()] : []);
}

/** All kernels that render frames, made anew. */
export function frameKernels(): FrameKernel[] {
  return [plasma()];
}
