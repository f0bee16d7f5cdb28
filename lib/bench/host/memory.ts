/**
 * Bandwidth of the host's memory, all CPUs at once.
 *
 * Vectors are as wide as the processor has them, and no others are tried: all CPUs together wait for
 * memory at any width. Whether stores past the caches are faster is tried.
 *
 * @module
 */

import type { Operation, Store } from "../../../ffi/host.ts";
import { type Benchmark, type Effort, type Prepared, type Shape } from "../benchmark.ts";
import { WrongResultError } from "../benchmark.ts";
import type { HostTarget } from "./target.ts";

/** The ways to store that each operation has, best guesses first. */
const STORES: Readonly<Record<Operation, readonly Store[]>> = {
  read: ["cached"],
  write: ["streaming", "cached"],
  copy: ["streaming", "libc", "cached"],
  triad: ["streaming", "cached"],
};

const CONVENTIONS: Readonly<Record<Operation, string>> = {
  read: "bytes read",
  write: "bytes written; what caches read before they write is not counted",
  copy: "bytes read plus bytes written; what caches read before they write is not counted",
  triad: "a[i] = b[i] + s * c[i], fp64: bytes of the three arrays; what caches read before they " +
    "write is not counted",
};

const STORE_NAMES: Readonly<Record<Store, string>> = {
  cached: "ordinary stores",
  streaming: "streaming stores",
  libc: "memcpy of the C library",
};

function shapeName(target: HostTarget, operation: Operation, store: Store, isa: string): string {
  const { arraySize, cpus } = target.facts;
  const mib = arraySize.state === "ok" ? arraySize.bytes / 2 ** 20 : 0;
  const how = operation === "read"
    ? isa
    : store === "libc"
    ? STORE_NAMES.libc
    : `${STORE_NAMES[store]}, ${isa}`;
  return `${how}, ${cpus.length} threads, ${Math.round(mib)} MiB arrays`;
}

/** One way of one operation. Every word of every sample is checked. */
function prepare(
  target: HostTarget,
  operation: Operation,
  store: Store,
  effort: Effort,
): Prepared {
  const arena = target.arena();
  const [isa] = target.instructionSets;
  if (isa === undefined) throw new Error(target.obstacle);
  let checked = 0, wrong = 0;
  const measure = (passes: number) => {
    const sample = arena.measure(isa, operation, store, passes);
    checked += sample.checked;
    wrong += sample.wrong;
    return sample;
  };
  const once = measure(1).nanoseconds / 1e6;
  const passes = Math.max(1, Math.ceil(effort.sampleMs / once));
  return {
    clock: "host",
    sample() {
      const { work, nanoseconds } = measure(passes);
      return [work / nanoseconds]; // bytes in a nanosecond are 10^9 bytes in a second
    },
    verify() {
      if (wrong > 0) {
        throw new WrongResultError(`${operation}: ${wrong} of ${checked} words are wrong`);
      }
    },
    [Symbol.dispose]() {},
  };
}

function memoryBenchmark(operation: Operation): Benchmark<HostTarget> {
  return {
    name: `host.${operation}`,
    suite: "host",
    title: `memory ${operation}`,
    unit: "GB/s",
    better: "higher",
    convention: CONVENTIONS[operation],
    unsupported({ obstacle, facts: { arraySize } }) {
      return obstacle ?? (arraySize.state === "ok" ? undefined : arraySize.reason);
    },
    shapes(target, effort): Shape[] {
      const stores = effort.allShapes ? STORES[operation] : STORES[operation].slice(0, 2);
      return stores.map((store) => ({
        name: shapeName(target, operation, store, target.instructionSets[0] ?? ""),
        prepare: (effort) => prepare(target, operation, store, effort),
      }));
    },
  };
}

/** Read, write, copy and triad. */
export const HOST_MEMORY_BENCHMARKS: readonly Benchmark<HostTarget>[] = [
  memoryBenchmark("read"),
  memoryBenchmark("write"),
  memoryBenchmark("copy"),
  memoryBenchmark("triad"),
];
