import assert from "node:assert/strict";
import { frameKernels, POOL_KERNEL_IDS, poolKernels } from "../../../lib/bench/pool/kernels.ts";
import {
  POOL_NAMES,
  PoolSelectionError,
  selectPoolKernels,
} from "../../../lib/bench/pool/select.ts";

function chosen(...words: string[]): string[] {
  const { kernels, frames } = selectPoolKernels(words);
  return [...kernels, ...frames].map(({ id }) => id);
}

Deno.test("poolKernels() makes each kernel under its own id", () => {
  assert.deepEqual(poolKernels().map(({ id }) => id), POOL_KERNEL_IDS);
});

Deno.test("selectPoolKernels() takes all where nothing is named", () => {
  assert.deepEqual(chosen(), [...POOL_KERNEL_IDS, ...frameKernels().map(({ id }) => id)]);
});

Deno.test("selectPoolKernels() takes what is named, once, in the order of the table", () => {
  assert.deepEqual(chosen("saxpy", "nbody, saxpy"), ["nbody", "saxpy"]);
});

Deno.test("selectPoolKernels() takes frames by their common name", () => {
  assert.deepEqual(chosen("frames"), frameKernels().map(({ id }) => id));
  assert.ok(POOL_NAMES.includes("frames"));
});

Deno.test("selectPoolKernels() says what was probably meant, or what there is", () => {
  assert.throws(
    () => selectPoolKernels(["saxpy,histogramm"]),
    new PoolSelectionError(
      "no kernel of bench pool is called 'histogramm': did you mean histogram?",
    ),
  );
  assert.throws(() => selectPoolKernels(["zzz"]), /there are mandelbrot, .*, frames$/);
});
