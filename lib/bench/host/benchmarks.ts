/**
 * The host suite.
 *
 * @module
 */

import type { Benchmark } from "../benchmark.ts";
import { HOST_FMA_BENCHMARKS } from "./fma.ts";
import { HOST_MEMORY_BENCHMARKS } from "./memory.ts";
import { SCRIPT_COPY_BENCHMARK } from "./script_copy.ts";
import type { HostTarget } from "./target.ts";

/** All benchmarks of the host, in the order in which they run. */
export const HOST_BENCHMARKS: readonly Benchmark<HostTarget>[] = [
  ...HOST_MEMORY_BENCHMARKS,
  SCRIPT_COPY_BENCHMARK,
  ...HOST_FMA_BENCHMARKS,
];
