/**
 * Measuring a logical device: kernels and frames on one member, and on more of them together, side by side.
 *
 * @module
 */

import type { LogicalDevice } from "../../pool/logical_device.ts";
import { measureFrames } from "./measure_frames.ts";
import { measureKernel } from "./measure_kernel.ts";
import type { PoolBenchOptions } from "./options.ts";
import {
  POOL_SCHEMA,
  type PoolFrameReport,
  type PoolKernelReport,
  type PoolReport,
} from "./report.ts";
import { type PoolSelection, selectPoolKernels } from "./select.ts";

/**
 * Measures kernels, and frames, on a logical device.
 *
 * @param selection what is measured; all where it is left out.
 */
export async function benchPool(
  device: LogicalDevice,
  options: PoolBenchOptions,
  selection: PoolSelection = selectPoolKernels([]),
): Promise<PoolReport> {
  const kernels: PoolKernelReport[] = [];
  for (const kernel of selection.kernels) {
    try {
      kernels.push(await measureKernel(device, kernel, options));
    } catch (error) {
      // One that fails takes no other with it.
      const { id, title, first: size, unit } = kernel;
      const message = error instanceof Error ? error.message : String(error);
      kernels.push({
        ...{ id, title, size, unit, work: kernel.work(size), verdict: { kind: "whole" } },
        ...{ alone_ms: {}, pooled: [], error: message },
      });
    }
  }
  const frames: PoolFrameReport[] = [];
  for (const kernel of selection.frames) {
    frames.push(...await measureFrames(device, kernel, options));
  }
  return {
    schema: POOL_SCHEMA,
    date: new Date().toISOString(),
    device: device.properties,
    kernels,
    frames,
  };
}
