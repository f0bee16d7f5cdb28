/**
 * How often each of 256 values occurs, counted with atomic additions.
 *
 * @module
 */

import { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { KernelCode } from "../../../spirv/kernel.ts";
import { encodePush } from "../../../spirv/push_constants.ts";
import type { PoolKernel } from "../kernel.ts";
import { randomWords } from "./contents.ts";

const BINS = 256;

/** Invocations of a work-group, and words that each counts. */
const INVOCATIONS = 128, WORDS = 16;

/**
 * Buffers: words in rows; counts. Each work-group counts the lowest bytes of a piece of a row in shared
 * memory, and adds its counts to those of all.
 */
function code(): KernelCode {
  const kernel = new ComputeKernel({ localSize: INVOCATIONS, addressing: "descriptor" });
  const words = kernel.buffer(kernel.u32), counts = kernel.buffer(kernel.u32);
  const width = kernel.push("width", kernel.u32);
  return kernel.body((k) => {
    const c = (value: number) => k.constant(k.u32, value);
    const shared = k.workgroupArray(k.u32, BINS), t = k.localId();
    const bins = Array.from({ length: BINS / INVOCATIONS }, (_, i) => k.add(t, c(i * INVOCATIONS)));
    for (const bin of bins) shared.store(bin, c(0));
    k.barrier();
    const row = k.mul(k.workgroupId(1), width());
    const first = k.add(k.mul(k.workgroupId(0), c(INVOCATIONS * WORDS)), t);
    for (let i = 0; i < WORDS; i++) {
      const x = k.add(first, c(i * INVOCATIONS));
      k.when(k.less(x, width()), () => {
        const bin = k.and(words.load(k.add(row, x)), c(BINS - 1));
        k.atomicAdd(shared.at(bin), c(1));
      });
    }
    k.barrier();
    for (const bin of bins) k.atomicAdd(counts.at(bin), shared.load(bin));
  });
}

/** The histogram of `height` rows of `width` words. */
export function histogram(): PoolKernel {
  const kernel = code();
  return {
    id: "histogram",
    title: "histogram with atomics",
    depth: null,
    code: kernel,
    small: { width: 2500, height: 3, depth: 1 },
    first: { width: 4096, height: 256, depth: 1 },
    scale: (size, factor) => ({ ...size, height: Math.max(1, Math.round(size.height * factor)) }),
    groups: ({ width, height }) => [Math.ceil(width / (INVOCATIONS * WORDS)), height, 1],
    push: ({ width }) => encodePush(kernel, { width }),
    buffers: ({ width, height }) => [
      { bytes: 4 * width * height, role: "in" },
      { bytes: 4 * BINS, role: "inout" },
    ],
    fill: ({ width, height }) => [randomWords(10, width * height), new Uint8Array(4 * BINS)],
    reference(_size, [bytes]) {
      // All bins, however few samples are wanted: each count depends on every word.
      const values = new Uint32Array(BINS);
      for (let at = 0; at < (bytes?.length ?? 0); at += 4) {
        const bin = bytes?.[at] ?? 0;
        values[bin] = (values[bin] ?? 0) + 1;
      }
      return [{ buffer: 1, words: Uint32Array.from({ length: BINS }, (_, i) => i), values }];
    },
    tolerance: 0,
    work: ({ width, height }) => width * height,
    unit: "values",
    expectation: {
      kind: "whole",
      rule: "atomic",
      reason: "every work-group adds to the same counts",
    },
  };
}
