/**
 * All benchmarks that there are, whatever the host.
 *
 * @module
 */

import { type Benchmark, SUITES } from "./benchmark.ts";
import { HOST_BENCHMARKS } from "./host/benchmarks.ts";
import { VULKAN_BENCHMARKS } from "./plan.ts";
import {
  HOST_TRANSFER_BENCHMARKS,
  PEER_BENCHMARK,
  PEER_DUPLEX_BENCHMARK,
} from "./transfer/benchmarks.ts";
import { RELAY_BENCHMARK } from "./transfer/relay.ts";
import { SCHEDULING_BENCHMARKS } from "./vulkan/scheduling.ts";

/** A benchmark without what it runs on. */
export type Described = Pick<
  Benchmark<never>,
  "name" | "suite" | "title" | "unit" | "convention" | "parameters" | "peak"
>;

/** The benchmarks, suite by suite in the order in which they run. */
export const REGISTRY: readonly Described[] = ([
  ...HOST_BENCHMARKS,
  ...VULKAN_BENCHMARKS,
  RELAY_BENCHMARK,
  ...SCHEDULING_BENCHMARKS,
  ...HOST_TRANSFER_BENCHMARKS,
  PEER_BENCHMARK,
  PEER_DUPLEX_BENCHMARK,
] as readonly Described[]).toSorted((a, b) => SUITES.indexOf(a.suite) - SUITES.indexOf(b.suite));
