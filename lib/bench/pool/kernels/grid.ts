/**
 * Grids of two dimensions over arrays in rows: work-groups, samples, sizes.
 *
 * @module
 */

import type { Triple } from "../../../pool/analysis/verdict.ts";
import type { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import type { ScalarType, Value } from "../../../spirv/module.ts";
import type { KernelSize } from "../kernel.ts";

/** Invocations of a work-group: as many as every Vulkan device takes, in few rows, so that cuts can be fine. */
export const TILE = [16, 8] as const;

/** Work-groups that cover `width` x `height` invocations. */
export function groupsOver(
  { workgroup }: Pick<KernelCode, "workgroup">,
  { width, height }: Pick<KernelSize, "width" | "height">,
): Triple {
  return [Math.ceil(width / workgroup[0]), Math.ceil(height / workgroup[1]), 1];
}

/** Calls `body` with x, y and the place in rows of `width`, for invocations within `width` x `height`. */
export function eachElement(
  k: ComputeKernel,
  width: Value<ScalarType>,
  height: Value<ScalarType>,
  body: (x: Value<ScalarType>, y: Value<ScalarType>, at: Value<ScalarType>) => void,
): void {
  const x = k.globalId(0), y = k.globalId(1);
  k.when(k.both(k.less(x, width), k.less(y, height)), () => {
    body(x, y, k.add(k.mul(y, width), x));
  });
}

/** At most `samples` places of `count`, rising, the first and the last among them. */
export function sampled(count: number, samples: number): Uint32Array {
  if (samples >= count) return Uint32Array.from({ length: count }, (_, i) => i);
  if (samples < 2) return Uint32Array.of(count - 1).subarray(0, samples);
  return Uint32Array.from(
    { length: samples },
    (_, i) => Math.floor((i * (count - 1)) / (samples - 1)),
  );
}

/**
 * A size of `factor` times the work: `depth` takes of it what its bounds allow, the rows take the rest.
 *
 * @param bounds least and most depth.
 * @param cost work of an element at a depth, rising.
 */
export function deeper(
  size: KernelSize,
  factor: number,
  bounds: readonly [least: number, most: number],
  cost: (depth: number) => number = (depth) => depth,
): KernelSize {
  const wanted = cost(size.depth) * factor;
  let [low, high] = bounds;
  // The last depth that costs no more than is wanted.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (cost(middle) <= wanted) low = middle;
    else high = middle - 1;
  }
  // What whole steps of the depth leave over is made up in rows, where it is more than a tenth.
  const rest = wanted / cost(low);
  const rows = rest > 0.9 && rest < 1.1 ? size.height : Math.round(size.height * rest);
  return { ...size, height: Math.max(1, rows), depth: low };
}
