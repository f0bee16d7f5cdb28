/**
 * The kernels of the memory benchmarks.
 *
 * Two ways to walk a buffer: `grid`, where as many invocations as fit step through it together, and
 * `tile`, where each workgroup does one stretch and ends. All accesses are 16 bytes wide and coalesced;
 * loads come before stores, so that `unroll` of them are in flight.
 *
 * @module
 */

import { type Addressing, Kernel, type KernelCode } from "../../spirv/kernel.ts";
import type { Value } from "../../spirv/module.ts";
import { emitPattern, emitPatternBase, PERIOD } from "../pattern.ts";

/** How a kernel walks a buffer. */
export interface Walk {
  kind: "grid" | "tile";
  /** Elements of one invocation before it steps on (grid) or ends (tile). */
  unroll: number;
  /** Workgroups of a grid; a tile walk has as many as it takes. */
  workgroups?: number;
  /** Invocations of a workgroup, where it is not the device's usual number. */
  localSize?: number;
}

/** A device's constraints on kernels. */
export interface KernelTarget {
  addressing: Addressing;
  localSize: number;
}

/** A walk for people: `grid of 4096 workgroups, 8 in flight`. */
export function walkName({ kind, unroll, workgroups, localSize }: Walk): string {
  const size = localSize === undefined ? "" : ` of ${localSize} invocations`;
  return kind === "grid"
    ? `grid of ${workgroups} workgroups${size}, ${unroll} in flight`
    : `tiles${size}, ${unroll} in flight`;
}

/** Workgroups that a walk over `elements` takes. */
export function workgroupsOf(walk: Walk, elements: number, localSize: number): number {
  return walk.kind === "grid"
    ? walk.workgroups ?? 1
    : elements / ((walk.localSize ?? localSize) * walk.unroll);
}

/** The target with the walk's invocations. */
function sized({ addressing, localSize }: KernelTarget, walk: Walk): KernelTarget {
  return { addressing, localSize: walk.localSize ?? localSize };
}

/** Calls `visit` with the indices of `unroll` elements at a time, until the walk has seen all. */
function emitWalk(
  k: Kernel,
  walk: Walk,
  localSize: number,
  elements: Value,
  visit: (indices: Value[]) => void,
): void {
  const c = (value: number) => k.constant(k.u32, value);
  if (walk.kind === "tile") {
    const tile = k.mul(k.workgroupId(), c(localSize * walk.unroll));
    const first = k.add(tile, k.localId());
    visit(Array.from({ length: walk.unroll }, (_, u) => k.add(first, c(u * localSize))));
    return;
  }
  const size = c((walk.workgroups ?? 1) * localSize);
  const step = c((walk.workgroups ?? 1) * localSize * walk.unroll);
  k.loop(k.globalId(), elements, step, (i) => {
    const indices = [i];
    while (indices.length < walk.unroll) indices.push(k.add(indices.at(-1) ?? i, size));
    visit(indices);
  });
}

/** `sums[invocation]` = sum of all words that the invocation read. Buffers: source, sums. */
export function readKernel(target: KernelTarget, walk: Walk): KernelCode {
  const kernel = new Kernel(sized(target, walk));
  const vector = kernel.vector(kernel.u32, 4);
  const source = kernel.buffer(vector), sums = kernel.buffer(kernel.u32);
  const elements = kernel.push("elements", kernel.u32);
  return kernel.body((k) => {
    const sum = k.variable(k.constant(vector, 0));
    emitWalk(k, walk, sized(target, walk).localSize, elements(), (indices) => {
      const loaded = indices.map((i) => source.load(i));
      sum.store(loaded.reduce((total, value) => k.add(total, value), sum.load()));
    });
    const [x, y, z, w] = [0, 1, 2, 3].map((i) => k.extract(sum.load(), i));
    if (!x || !y || !z || !w) return;
    sums.store(k.globalId(), k.add(k.add(x, y), k.add(z, w)));
  });
}

/** Writes the pattern of `lib/bench/pattern.ts`. Buffers: destination. */
export function writeKernel(target: KernelTarget, walk: Walk): KernelCode {
  const kernel = new Kernel(sized(target, walk));
  const vector = kernel.vector(kernel.u32, 4);
  const destination = kernel.buffer(vector);
  const elements = kernel.push("elements", kernel.u32), salt = kernel.push("salt", kernel.u32);
  const inGrid = (walk.workgroups ?? 0) * sized(target, walk).localSize;
  // In a grid as large as the period an invocation always meets the same random part: computed once.
  const once = walk.kind === "grid" && inGrid > 0 && inGrid % PERIOD === 0;
  return kernel.body((k) => {
    const base = once ? emitPatternBase(k, k.globalId(), salt()) : undefined;
    emitWalk(k, walk, sized(target, walk).localSize, elements(), (indices) => {
      for (const i of indices) {
        const stretch = k.splat(vector, k.shiftRight(i, k.constant(k.u32, 20)));
        destination.store(i, base ? k.add(base, stretch) : emitPattern(k, i, salt()));
      }
    });
  });
}

/** `to[i] = from[i]`. Buffers: from, to. */
export function copyKernel(target: KernelTarget, walk: Walk): KernelCode {
  const kernel = new Kernel(sized(target, walk));
  const vector = kernel.vector(kernel.u32, 4);
  const from = kernel.buffer(vector), to = kernel.buffer(vector);
  const elements = kernel.push("elements", kernel.u32);
  return kernel.body((k) => {
    emitWalk(k, walk, sized(target, walk).localSize, elements(), (indices) => {
      const loaded = indices.map((i) => from.load(i));
      indices.forEach((i, at) => to.store(i, loaded[at] ?? from.load(i)));
    });
  });
}

/** `a[i] = b[i] + scale * c[i]` in binary32 (STREAM's triad). Buffers: a, b, c. */
export function triadKernel(target: KernelTarget, walk: Walk): KernelCode {
  const kernel = new Kernel(sized(target, walk));
  const vector = kernel.vector(kernel.f32, 4);
  const a = kernel.buffer(vector), b = kernel.buffer(vector), c = kernel.buffer(vector);
  const elements = kernel.push("elements", kernel.u32), scale = kernel.push("scale", kernel.f32);
  return kernel.body((k) => {
    const factor = k.splat(vector, scale());
    emitWalk(k, walk, sized(target, walk).localSize, elements(), (indices) => {
      const addends = indices.map((i) => b.load(i));
      const scaled = indices.map((i) => c.load(i));
      indices.forEach((i, at) => {
        const x = scaled[at], y = addends[at];
        if (x && y) a.store(i, k.fma(x, factor, y));
      });
    });
  });
}
