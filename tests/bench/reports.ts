/** Small reports for tests. */

import type { Result } from "../../lib/bench/benchmark.ts";
import { hostEnvironment } from "../../lib/bench/environment.ts";
import { type BenchDevice, type BenchReport, benchReport } from "../../lib/bench/report.ts";
import { summarize } from "../../lib/bench/statistics.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";

/** A figure of a made-up run. */
export interface Made {
  name?: string;
  device?: string;
  peer?: string | null;
  unit?: string;
  better?: "higher" | "lower";
  parameters?: Record<string, string | number>;
  peak?: string | null;
  /** Peak at the clock that was seen. */
  observed?: number;
  /** Samples are this, a little more and a little less. */
  figure?: number;
  /** How it ended where there is no figure. */
  state?: "unsupported" | "skipped" | "failed";
}

/** The result of a made-up figure. */
export function madeResult(made: Made): Result {
  const { name = "memory.copy", unit = "GB/s", figure = 100, state, observed } = made;
  const samples = Array.from({ length: 15 }, (_, i) => figure * (1 + (i - 7) / 1000));
  const peak = observed === undefined
    ? null
    : { value: observed, unit, formula: "made up", source: "a test" };
  return {
    name,
    suite: "memory",
    title: name,
    unit,
    better: made.better ?? "higher",
    convention: "made up",
    parameters: made.parameters ?? {},
    peak: made.peak ?? (peak === null ? null : "memory_bandwidth"),
    device: made.device ?? "pci:0000:01:00.0",
    peer: made.peer ?? null,
    outcome: state !== undefined ? { state, reason: `it is ${state}` } : {
      state: "ok",
      measured: {
        shape: "a shape",
        clock: "device",
        summary: summarize(samples),
        samples,
        warm_up: [figure],
        candidates: { "a shape": figure },
        failures: {},
        notes: ["a note"],
        conditions: null,
        peaks: peak && { rated: null, observed: peak, reason: "made up" },
        shader_sha256: null,
      },
    },
  };
}

/** A device of a made-up run. */
export function madeDevice(id: string, name = "Card", uuid: string | null = null): BenchDevice {
  return {
    id,
    name,
    kind: "discrete",
    pci_slot: null,
    uuid,
    driver: null,
    api_version: null,
    environment: null,
  };
}

/** A report of made-up figures. */
export function madeReport(
  made: readonly Made[],
  devices: BenchDevice[] = [madeDevice("pci:0000:01:00.0")],
): BenchReport {
  return benchReport({
    date: "2026-01-01T00:00:00.000Z",
    mvgal_version: "0",
    effort: "quick",
    suites: ["memory"],
    selection: ["memory"],
    gpu_selector: null,
    data: "random",
    bootstrap: { resamplings: 1000, seed: 1 },
    parallel: false,
    os: "linux",
    kernel: "6",
    cpu_count: 1,
    environment: hostEnvironment(new Sysroot("/nonexistent"), () => undefined, null),
    devices,
    sources: {},
  }, made.map(madeResult));
}
