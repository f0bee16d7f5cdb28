/**
 * Frames of an animation: waves that cross each other, as colours.
 *
 * @module
 */

import { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import { encodePush } from "../../../spirv/push_constants.ts";
import type { ExpectedWords, FrameKernel, KernelSize } from "../kernel.ts";
import { deeper, eachElement, groupsOver, sampled, TILE } from "./grid.ts";

/** Floating-point operations of a wave in a pixel, and of the colour. */
const FLOPS_OF_WAVE = 10, FLOPS_OF_PIXEL = 9;

/** Frames in which the slowest wave comes back: a power of two. */
const PERIOD = 1024;

/**
 * Buffers: pixels, red in the lowest byte. Each wave is a parabola of the fraction of a phase. Every
 * operation rounds once, so that a frame is the same on every device.
 */
function code(): KernelCode {
  const kernel = new ComputeKernel({ localSize: TILE, addressing: "descriptor" });
  const pixels = kernel.buffer(kernel.u32);
  const width = kernel.push("width", kernel.u32), height = kernel.push("height", kernel.u32);
  const waves = kernel.push("waves", kernel.u32), frame = kernel.push("frame", kernel.u32);
  const perColumn = kernel.push("perColumn", kernel.f32),
    perRow = kernel.push("perRow", kernel.f32);
  const perWave = kernel.push("perWave", kernel.f32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const f = (value: number) => k.constant(k.f32, value);
    eachElement(k, width(), height(), (x, y, at) => {
      const u = k.exact(k.mul(k.toFloat(k.f32, x), perColumn()));
      const v = k.exact(k.mul(k.toFloat(k.f32, y), perRow()));
      const sum = k.variable(f(0));
      k.loop(c(0), waves(), c(1), (i) => {
        const frequency = (step: number, first: number) =>
          k.toFloat(k.f32, k.add(k.and(k.add(k.mul(i, c(step)), c(first)), c(15)), c(1)));
        const speed = k.add(k.mul(i, c(2)), c(3));
        const moved = k.toFloat(k.f32, k.and(k.mul(speed, frame()), c(PERIOD - 1)));
        const time = k.exact(k.mul(moved, f(1 / PERIOD)));
        const across = k.exact(k.mul(u, frequency(7, 3)));
        const down = k.exact(k.mul(v, frequency(5, 1)));
        const phase = k.exact(k.add(k.exact(k.add(across, down)), time));
        const part = k.exact(k.sub(phase, k.floor(phase)));
        const wave = k.exact(k.mul(part, k.exact(k.sub(f(1), part))));
        sum.store(k.exact(k.add(sum.load(), wave)));
      });
      // A parabola reaches 1/4; the mean of the waves is then from 0 to 1.
      const mean = k.exact(k.mul(k.exact(k.mul(sum.load(), f(4))), perWave()));
      const byte = (light: typeof mean) => k.toUnsigned(k.exact(k.mul(light, f(255))));
      const red = byte(mean), green = byte(k.exact(k.mul(mean, mean)));
      const blue = byte(k.max(k.exact(k.sub(f(1), mean)), f(0)));
      const colours = k.or(red, k.or(k.mul(green, c(0x100)), k.mul(blue, c(0x10000))));
      pixels.store(at, k.or(colours, c(0xff000000)));
    });
  });
}

function factors({ width, height, depth }: KernelSize) {
  const { fround } = Math;
  return { perColumn: fround(1 / width), perRow: fround(1 / height), perWave: fround(1 / depth) };
}

/** One pixel, in binary32. */
function pixelOf(size: KernelSize, frame: number, at: number): number {
  const { fround } = Math, { perColumn, perRow, perWave } = factors(size);
  const u = fround(at % size.width * perColumn), v = fround(Math.floor(at / size.width) * perRow);
  let sum = 0;
  for (let i = 0; i < size.depth; i++) {
    const time = (Math.imul(2 * i + 3, frame) & (PERIOD - 1)) / PERIOD;
    const across = fround(u * (((7 * i + 3) & 15) + 1));
    const down = fround(v * (((5 * i + 1) & 15) + 1));
    const phase = fround(fround(across + down) + time);
    const part = fround(phase - Math.floor(phase));
    sum = fround(sum + fround(part * fround(1 - part)));
  }
  const mean = fround(fround(sum * 4) * perWave);
  const byte = (light: number) => Math.trunc(fround(light * 255));
  const blue = Math.max(fround(1 - mean), 0);
  const colours = byte(mean) | byte(fround(mean * mean)) << 8 | byte(blue) << 16;
  return (colours | 0xff000000) >>> 0;
}

/** The animation; `depth` is the number of waves. */
export function plasma(): FrameKernel {
  const kernel = code();
  const framePush = (size: KernelSize, frame: number) =>
    encodePush(kernel, {
      width: size.width,
      height: size.height,
      waves: size.depth,
      frame,
      ...factors(size),
    });
  const frameReference = (size: KernelSize, frame: number, samples: number): ExpectedWords[] => {
    const words = sampled(size.width * size.height, samples);
    return [{ buffer: 0, words, values: words.map((at) => pixelOf(size, frame, at)) }];
  };
  return {
    id: "plasma",
    title: "frames of an animation",
    depth: "waves",
    code: kernel,
    small: { width: 83, height: 45, depth: 7 },
    first: { width: 1280, height: 720, depth: 16 },
    scale: (size, factor) => deeper(size, factor, [4, 2 ** 20]),
    groups: (size) => groupsOver(kernel, size),
    framePush,
    push: (size) => framePush(size, 0),
    buffers: ({ width, height }) => [{ bytes: 4 * width * height, role: "out" }],
    fill: () => [null],
    frameReference,
    reference: (size, _inputs, samples) => frameReference(size, 0, samples),
    tolerance: 0,
    work: ({ width, height, depth }) => width * height * (FLOPS_OF_WAVE * depth + FLOPS_OF_PIXEL),
    unit: "FLOP",
    expectation: {
      kind: "split",
      dimension: 1,
      reason: "each row of work-groups writes its own rows of the frame and reads nothing",
    },
  };
}
