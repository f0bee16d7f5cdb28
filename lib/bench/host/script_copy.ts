/**
 * Copying memory from one core, in the script engine: what is left where there is no C compiler.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Benchmark, type Prepared, WrongResultError } from "../benchmark.ts";
import { hash32 } from "../pattern.ts";
import type { HostTarget } from "./target.ts";

/** No more than this, since the arrays are filled by one core in the script engine too. */
const MOST_BYTES = 256 * 2 ** 20;

function arrayBytes(target: HostTarget): number {
  const { arraySize } = target.facts;
  return arraySize.state === "ok" ? Math.min(arraySize.bytes, MOST_BYTES) : 0;
}

/** Two arrays of some bytes, the first of random words. Every byte of the copy is checked. */
function prepare(bytes: number): Prepared {
  const from = new Uint8Array(bytes), to = new Uint8Array(bytes);
  const words = new Uint32Array(from.buffer);
  for (let i = 0; i < words.length; i++) words[i] = hash32(i);
  return {
    clock: "host",
    sample() {
      const start = performance.now();
      to.set(from);
      const milliseconds = performance.now() - start;
      return [2 * bytes / milliseconds / 1e6];
    },
    verify() {
      const same = Buffer.from(from.buffer).equals(Buffer.from(to.buffer));
      to.fill(0); // for the next copy to show
      if (!same) throw new WrongResultError("TypedArray.set: the copy differs from its source");
    },
    [Symbol.dispose]() {},
  };
}

/** `TypedArray.set` of one big array into another. */
export const SCRIPT_COPY_BENCHMARK: Benchmark<HostTarget> = {
  name: "host.copy_one_core",
  suite: "host",
  title: "memory copy, one core",
  unit: "GB/s",
  better: "higher",
  convention: "bytes read plus bytes written, by the script engine's TypedArray.set",
  unsupported: ({ facts: { arraySize } }) =>
    arraySize.state === "ok" ? undefined : arraySize.reason,
  shapes(target) {
    const bytes = arrayBytes(target);
    return [{
      name: `TypedArray.set, 1 thread, ${bytes / 2 ** 20} MiB arrays`,
      prepare: () => prepare(bytes),
    }];
  },
};
