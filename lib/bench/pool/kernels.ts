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

/** All kernels that are dispatched once, made anew. */
export function poolKernels(): PoolKernel[] {
  return [
    mandelbrot(),
    nbody(),
    convolution(),
    sgemm(),
    bilateral(),
    saxpy(),
    saxpyInPlace(),
    histogram(),
  ];
}

/** All kernels that render frames, made anew. */
export function frameKernels(): FrameKernel[] {
  return [plasma()];
}
