/**
 * The Mandelbrot set: how long each point stays near 0.
 *
 * @module
 */

import { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import { encodePush } from "../../../spirv/push_constants.ts";
import type { KernelSize, PoolKernel } from "../kernel.ts";
import { deeper, eachElement, groupsOver, sampled, TILE } from "./grid.ts";

/**
 * A part of the plane in which nearly nine points of ten belong to the set, in each row: rows cost much the
 * same, and depth is work. Stretched to the image, whatever its shape.
 */
const LEFT = Math.fround(-1.3), TOP = Math.fround(-0.16), ACROSS = 1.8, DOWN = 0.3;

function steps({ width, height }: KernelSize) {
  return { stepX: Math.fround(ACROSS / width), stepY: Math.fround(DOWN / height) };
}

/** Buffers: counts. Every operation rounds once, so that counts are the same on every device. */
function code(): KernelCode {
  const kernel = new ComputeKernel({ localSize: TILE, addressing: "descriptor" });
  const counts = kernel.buffer(kernel.u32);
  const width = kernel.push("width", kernel.u32), height = kernel.push("height", kernel.u32);
  const iterations = kernel.push("iterations", kernel.u32);
  const left = kernel.push("left", kernel.f32), top = kernel.push("top", kernel.f32);
  const stepX = kernel.push("stepX", kernel.f32), stepY = kernel.push("stepY", kernel.f32);
  return kernel.body((k) => {
    const zero = k.constant(k.f32, 0), four = k.constant(k.f32, 4);
    eachElement(k, width(), height(), (x, y, at) => {
      const cr = k.exact(k.add(left(), k.exact(k.mul(k.toFloat(k.f32, x), stepX()))));
      const ci = k.exact(k.add(top(), k.exact(k.mul(k.toFloat(k.f32, y), stepY()))));
      const re = k.variable(zero), im = k.variable(zero);
      // The squares of the next test are the factors of the next step.
      const re2 = k.variable(zero), im2 = k.variable(zero);
      const count = k.variable(k.constant(k.u32, 0));
      const goesOn = () => {
        const size = k.exact(k.add(re2.load(), im2.load()));
        return k.both(k.less(count.load(), iterations()), k.less(size, four));
      };
      k.loopWhile(goesOn, () => {
        const product = k.exact(k.mul(re.load(), im.load()));
        const nextIm = k.exact(k.add(k.exact(k.add(product, product)), ci));
        const nextRe = k.exact(k.add(k.exact(k.sub(re2.load(), im2.load())), cr));
        re.store(nextRe);
        im.store(nextIm);
        re2.store(k.exact(k.mul(nextRe, nextRe)));
        im2.store(k.exact(k.mul(nextIm, nextIm)));
        count.store(k.add(count.load(), k.constant(k.u32, 1)));
      });
      counts.store(at, count.load());
    });
  });
}

/** The count of a point, in binary32. */
function countOf(cr: number, ci: number, iterations: number): number {
  const { fround } = Math;
  let re = 0, im = 0, re2 = 0, im2 = 0, count = 0;
  while (count < iterations && fround(re2 + im2) < 4) {
    const product = fround(re * im);
    im = fround(fround(product + product) + ci);
    re = fround(fround(re2 - im2) + cr);
    re2 = fround(re * re);
    im2 = fround(im * im);
    count++;
  }
  return count;
}

/** The Mandelbrot kernel. */
export function mandelbrot(): PoolKernel {
  const kernel = code();
  return {
    id: "mandelbrot",
    title: "Mandelbrot set",
    depth: "iterations",
    code: kernel,
    small: { width: 70, height: 43, depth: 60 },
    first: { width: 1024, height: 1024, depth: 256 },
    scale: (size, factor) => deeper(size, factor, [16, 2 ** 20]),
    groups: (size) => groupsOver(kernel, size),
    push: (size) =>
      encodePush(kernel, {
        width: size.width,
        height: size.height,
        iterations: size.depth,
        left: LEFT,
        top: TOP,
        ...steps(size),
      }),
    buffers: ({ width, height }) => [{ bytes: 4 * width * height, role: "out" }],
    fill: () => [null],
    reference(size, _inputs, samples) {
      const { fround } = Math;
      const words = sampled(size.width * size.height, samples);
      const { stepX, stepY } = steps(size);
      const values = words.map((at) => {
        const x = at % size.width, y = Math.floor(at / size.width);
        return countOf(
          fround(LEFT + fround(x * stepX)),
          fround(TOP + fround(y * stepY)),
          size.depth,
        );
      });
      return [{ buffer: 0, words, values }];
    },
    tolerance: 0,
    work: ({ width, height, depth }) => width * height * depth,
    unit: "iterations at most",
    expectation: {
      kind: "split",
      dimension: 1,
      reason: "each row of work-groups writes its own rows of the image and reads nothing",
    },
  };
}
