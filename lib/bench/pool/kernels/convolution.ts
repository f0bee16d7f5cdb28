/**
 * A two-dimensional convolution; beyond the edges the image goes on as it is at the edge.
 *
 * @module
 */

import { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import { encodePush } from "../../../spirv/push_constants.ts";
import type { PoolKernel } from "../kernel.ts";
import { asFloats, randomFloats } from "./contents.ts";
import { deeper, eachElement, groupsOver, sampled, TILE } from "./grid.ts";
import { clampedPlace, eachNeighbour, neighbours } from "./neighbours.ts";

/** Buffers: image, weights in rows; the result. */
function code(): KernelCode {
  const kernel = new ComputeKernel({ localSize: TILE, addressing: "descriptor" });
  const image = kernel.buffer(kernel.f32), weights = kernel.buffer(kernel.f32);
  const result = kernel.buffer(kernel.f32);
  const width = kernel.push("width", kernel.u32), height = kernel.push("height", kernel.u32);
  const radius = kernel.push("radius", kernel.u32);
  return kernel.body((k) => {
    eachElement(k, width(), height(), (x, y, at) => {
      const sum = k.variable(k.constant(k.f32, 0));
      const shape = { width: width(), height: height(), radius: radius() };
      eachNeighbour(k, shape, x, y, ({ place, number }) => {
        sum.store(k.fma(image.load(place), weights.load(number), sum.load()));
      });
      result.store(at, sum.load());
    });
  });
}

/** The convolution kernel; `depth` is the radius of the weights: 2 makes them 5 x 5. */
export function convolution(): PoolKernel {
  const kernel = code();
  return {
    id: "convolution",
    title: "2-D convolution",
    depth: "pixels of radius",
    code: kernel,
    small: { width: 61, height: 37, depth: 2 },
    first: { width: 1024, height: 1024, depth: 3 },
    scale: (size, factor) => deeper(size, factor, [2, 24], neighbours),
    groups: (size) => groupsOver(kernel, size),
    push: ({ width, height, depth }) => encodePush(kernel, { width, height, radius: depth }),
    buffers: ({ width, height, depth }) => [
      { bytes: 4 * width * height, role: "in" },
      { bytes: 4 * neighbours(depth), role: "in" },
      { bytes: 4 * width * height, role: "out" },
    ],
    fill({ width, height, depth }) {
      const weight = 1 / neighbours(depth);
      return [
        randomFloats(3, width * height, 0, 1),
        randomFloats(4, neighbours(depth), -weight, 3 * weight),
        null,
      ];
    },
    reference(size, [imageBytes, weightBytes], samples) {
      const image = asFloats(imageBytes), weights = asFloats(weightBytes);
      const words = sampled(size.width * size.height, samples);
      const values = Float32Array.from(words, (at) => {
        let sum = 0;
        for (let number = 0; number < weights.length; number++) {
          const place = clampedPlace(size, at, number);
          sum += (image[place] ?? NaN) * (weights[number] ?? NaN);
        }
        return sum;
      });
      return [{ buffer: 2, words, values }];
    },
    tolerance: 1e-5,
    work: ({ width, height, depth }) => 2 * width * height * neighbours(depth),
    unit: "FLOP",
    expectation: {
      kind: "split",
      dimension: 1,
      reason:
        "each row of work-groups writes its own rows, and the image that it reads is not written",
    },
  };
}
