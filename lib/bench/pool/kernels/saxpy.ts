/**
 * z = a * x + y over long vectors: hardly any work for the bytes that it moves.
 *
 * Vectors lie in rows of `width` pieces of four numbers, so that their length is not bounded by the number
 * of work-groups of one dimension.
 *
 * @module
 */

import { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import { encodePush } from "../../../spirv/push_constants.ts";
import type { KernelSize, PoolKernel } from "../kernel.ts";
import { asFloats, randomFloats } from "./contents.ts";
import { eachElement, groupsOver, sampled, TILE } from "./grid.ts";

/** The factor. */
const A = Math.fround(1.7);

/** Buffers: x, y; z where it is not y itself. Rounds twice, so that z is the same on every device. */
function code(isInPlace: boolean): KernelCode {
  const kernel = new ComputeKernel({ localSize: TILE, addressing: "descriptor" });
  const vector = kernel.vector(kernel.f32, 4);
  const x = kernel.buffer(vector), y = kernel.buffer(vector);
  const z = isInPlace ? y : kernel.buffer(vector);
  const width = kernel.push("width", kernel.u32), height = kernel.push("height", kernel.u32);
  const a = kernel.push("a", kernel.f32);
  return kernel.body((k) => {
    eachElement(k, width(), height(), (_x, _y, at) => {
      const product = k.exact(k.mul(x.load(at), k.splat(vector, a())));
      z.store(at, k.exact(k.add(product, y.load(at))));
    });
  });
}

function describe(isInPlace: boolean): Omit<PoolKernel, "id" | "title"> {
  const kernel = code(isInPlace);
  const bytes = ({ width, height }: KernelSize) => 16 * width * height;
  return {
    depth: null,
    code: kernel,
    small: { width: 53, height: 29, depth: 1 },
    first: { width: 1024, height: 256, depth: 1 },
    scale: (size, factor) => ({ ...size, height: Math.max(1, Math.round(size.height * factor)) }),
    groups: (size) => groupsOver(kernel, size),
    push: ({ width, height }) => encodePush(kernel, { width, height, a: A }),
    buffers: (size) => [
      { bytes: bytes(size), role: "in" },
      ...isInPlace ? [{ bytes: bytes(size), role: "inout" as const }] : [
        { bytes: bytes(size), role: "in" as const },
        { bytes: bytes(size), role: "out" as const },
      ],
    ],
    fill(size) {
      const [x, y] = [8, 9].map((seed) => randomFloats(seed, bytes(size) / 4, -1, 1));
      return [x ?? null, y ?? null, ...isInPlace ? [] : [null]];
    },
    reference(size, [bytesX, bytesY], samples) {
      const x = asFloats(bytesX), y = asFloats(bytesY);
      const words = sampled(bytes(size) / 4, samples);
      const values = Float32Array.from(
        words,
        (at) => Math.fround(A * (x[at] ?? NaN)) + (y[at] ?? NaN),
      );
      return [{ buffer: isInPlace ? 1 : 2, words, values }];
    },
    tolerance: 0,
    work: (size) => 3 * bytes(size),
    unit: "bytes",
    expectation: {
      kind: "unprofitable",
      dimension: 1,
      reason:
        "each row of work-groups writes its own rows, but two operations are done for 12 bytes moved",
    },
  };
}

/** z = a * x + y. */
export function saxpy(): PoolKernel {
  return { id: "saxpy", title: "SAXPY", ...describe(false) };
}

/** y = a * x + y. */
export function saxpyInPlace(): PoolKernel {
  return { id: "saxpy_in_place", title: "SAXPY in place", ...describe(true) };
}
