/**
 * The size at which a kernel is measured.
 *
 * @module
 */

import type { LogicalDevice } from "../../pool/logical_device.ts";
import type { KernelSize, PoolKernel } from "./kernel.ts";
import { Prepared } from "./prepared.ts";

/** How long a device works before its time counts for the choice of a size, in ms. */
const WARMING_MS = 150;

/** The largest buffer, in bytes; also where that is within what every member can bind. */
const MOST_BYTES = 256 << 20;

/** Whether every member takes a size. */
function fits(device: LogicalDevice, kernel: PoolKernel, size: KernelSize): boolean {
  const bound = device.properties.members.map(({ max_binding_bytes }) => max_binding_bytes);
  const most = Math.min(MOST_BYTES, ...bound);
  return kernel.buffers(size).every(({ bytes }) => bytes <= most) &&
    kernel.groups(size).every((count) => count <= 65_535);
}

/** Of a GPU's first size each side is so many times a processor's: it has as many more lanes to fill. */
const GPU_SIDES = 4;

/** Where the choice of a size begins. */
function firstSize(device: LogicalDevice, kernel: PoolKernel, on: string): KernelSize {
  const { first } = kernel;
  const kind = device.properties.members.find(({ id }) => id === on)?.kind;
  const wide = {
    width: GPU_SIDES * first.width,
    height: first.height > 1 ? GPU_SIDES * first.height : first.height,
    // A product's depth is a side of its matrices.
    depth: kernel.depth === "columns of A" ? GPU_SIDES * first.depth : first.depth,
  };
  return kind === "gpu" && fits(device, kernel, wide) ? wide : first;
}

/** A size at which one member takes about so many ms, or the largest that there may be. */
export async function calibrate(
  device: LogicalDevice,
  kernel: PoolKernel,
  on: string,
  targetMs: number,
): Promise<KernelSize> {
  let size = "framePush" in kernel ? kernel.first : firstSize(device, kernel, on);
  for (let i = 0; i < 8; i++) {
    using prepared = await Prepared.make(device, kernel, size);
    // A GPU that was idle takes a while until its clocks are up.
    const begun = performance.now();
    do await prepared.run({ on }); while (performance.now() - begun < WARMING_MS);
    const { ms } = await prepared.run({ on });
    const factor = targetMs / ms;
    if (factor < 1.5) return factor < 0.3 ? kernel.scale(size, factor) : size;
    let next = kernel.scale(size, Math.min(factor, 16));
    for (let less = 8; less > 1 && !fits(device, kernel, next); less /= 2) {
      next = kernel.scale(size, less);
    }
    if (!fits(device, kernel, next) || kernel.work(next) <= kernel.work(size)) return size;
    size = next;
  }
  return size;
}
