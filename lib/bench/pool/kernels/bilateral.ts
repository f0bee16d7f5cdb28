/**
 * A bilateral filter: a mean over the pixels around, of which those weigh more that are near and alike.
 *
 * Source: Tomasi, Manduchi: "Bilateral Filtering for Gray and Color Images", ICCV 1998.
 *
 * @module
 */

import { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import { encodePush } from "../../../spirv/push_constants.ts";
import type { KernelSize, PoolKernel } from "../kernel.ts";
import { asFloats, randomFloats } from "./contents.ts";
import { deeper, eachElement, groupsOver, sampled, TILE } from "./grid.ts";
import { clampedPlace, eachNeighbour, neighbours } from "./neighbours.ts";

/** Operations of a neighbour, the exponential counted as one. */
const FLOPS_OF_NEIGHBOUR = 12;

/** -1 / (2 sigma²) of distances in pixels and of differences in brightness. */
function falloffs({ depth }: KernelSize) {
  const sigma = depth / 2;
  return { near: Math.fround(-1 / (2 * sigma * sigma)), alike: Math.fround(-1 / (2 * 0.25 ** 2)) };
}

/** Buffers: image; the result. */
function code(): KernelCode {
  const kernel = new ComputeKernel({ localSize: TILE, addressing: "descriptor" });
  const image = kernel.buffer(kernel.f32), result = kernel.buffer(kernel.f32);
  const width = kernel.push("width", kernel.u32), height = kernel.push("height", kernel.u32);
  const radius = kernel.push("radius", kernel.u32);
  const near = kernel.push("near", kernel.f32), alike = kernel.push("alike", kernel.f32);
  return kernel.body((k) => {
    const zero = k.constant(k.f32, 0);
    eachElement(k, width(), height(), (x, y, at) => {
      const centre = image.load(at), middle = k.toFloat(k.f32, radius());
      const sum = k.variable(zero), weights = k.variable(zero);
      const shape = { width: width(), height: height(), radius: radius() };
      eachNeighbour(k, shape, x, y, ({ place, row, column }) => {
        const value = image.load(place), difference = k.sub(value, centre);
        const dx = k.sub(k.toFloat(k.f32, column), middle);
        const dy = k.sub(k.toFloat(k.f32, row), middle);
        const distance2 = k.fma(dx, dx, k.mul(dy, dy));
        const exponent = k.fma(k.mul(difference, difference), alike(), k.mul(distance2, near()));
        const weight = k.exp(exponent);
        sum.store(k.fma(value, weight, sum.load()));
        weights.store(k.add(weights.load(), weight));
      });
      result.store(at, k.quotient(sum.load(), weights.load()));
    });
  });
}

/** The value at `at`, in binary64. */
function filtered(image: Float32Array, size: KernelSize, at: number): number {
  const { near, alike } = falloffs(size), side = 2 * size.depth + 1;
  const centre = image[at] ?? NaN;
  let sum = 0, weights = 0;
  for (let number = 0; number < side * side; number++) {
    const value = image[clampedPlace(size, at, number)] ?? NaN;
    const dx = number % side - size.depth, dy = Math.floor(number / side) - size.depth;
    const weight = Math.exp((value - centre) ** 2 * alike + (dx * dx + dy * dy) * near);
    sum += value * weight;
    weights += weight;
  }
  return sum / weights;
}

/** The bilateral filter; `depth` is its radius. */
export function bilateral(): PoolKernel {
  const kernel = code();
  return {
    id: "bilateral",
    title: "bilateral image filter",
    depth: "pixels of radius",
    code: kernel,
    small: { width: 45, height: 35, depth: 3 },
    first: { width: 1024, height: 1024, depth: 3 },
    scale: (size, factor) => deeper(size, factor, [2, 24], neighbours),
    groups: (size) => groupsOver(kernel, size),
    push: (size) =>
      encodePush(kernel, {
        width: size.width,
        height: size.height,
        radius: size.depth,
        ...falloffs(size),
      }),
    buffers: ({ width, height }) => [
      { bytes: 4 * width * height, role: "in" },
      { bytes: 4 * width * height, role: "out" },
    ],
    fill: ({ width, height }) => [randomFloats(5, width * height, 0, 1), null],
    reference(size, [bytes], samples) {
      const image = asFloats(bytes);
      const words = sampled(size.width * size.height, samples);
      const values = Float32Array.from(words, (at) => filtered(image, size, at));
      return [{ buffer: 1, words, values }];
    },
    tolerance: 1e-4,
    work: ({ width, height, depth }) => FLOPS_OF_NEIGHBOUR * width * height * neighbours(depth),
    unit: "FLOP",
    expectation: {
      kind: "split",
      dimension: 1,
      reason:
        "each row of work-groups writes its own rows, and the image that it reads is not written",
    },
  };
}
