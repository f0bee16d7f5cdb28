/**
 * The schemas of benchmark runs, and of their report, `mvgal.bench/1`.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { SUITES } from "../../../bench/benchmark.ts";
import { BENCH_SCHEMA } from "../../../bench/report.ts";
import { comparison, expectation, matrix } from "./bench_verdict.ts";
import {
  count,
  flag,
  flagOrNull,
  form,
  notes,
  number,
  numberOrNull,
  orNull,
  text,
  textOrNull,
  texts,
  time,
  timeOrNull,
} from "./value.ts";

/** A run. */
export const benchRun = z.object({
  id: text("By which its report is asked for"),
  state: z.enum(["running", "done", "failed", "cancelled"]).openapi({
    description: "Whether it goes on, or how it ended",
  }),
  started_at: time("When it began"),
  ended_at: timeOrNull("When it ended; null while it runs"),
  what: textOrNull("What is measured now; null where nothing is"),
  done: count("Benchmarks that are done"),
  total: count("Benchmarks of the run"),
  error: textOrNull("Why it failed; null where it did not"),
}).openapi("BenchRun", { description: "A benchmark run" });

const peakFigure = z.object({
  value: number("In unit"),
  unit: text("As of the benchmark: GB/s, TFLOP/s, TOP/s"),
  formula: text("132 SMs x 128 lanes x 2 operations x 1.980 GHz"),
  source: text("Where the factors, or the value itself, are from"),
}).openapi("PeakFigure", { description: "What a device can do at most" });

const peaks = z.object({
  rated: orNull(peakFigure, "At the clock that the maker promises at most"),
  observed: orNull(peakFigure, "At the clock that was seen while the figure was measured"),
  datasheet: peakFigure.optional().openapi({
    description: "What the datasheet says, where that is another figure than rated",
  }),
});

const spread = z.object({
  min: number("The least"),
  median: number("Of all looks"),
  max: number("The greatest"),
})
  .openapi("Spread", { description: "Of what was read of one quantity, in its unit" });

const throttleReasons = z.array(z.string()).nullable().openapi({
  description: "Why the clock is lower than it could be; empty for no reason",
});

const conditions = z.object({
  source: text("Where they were read: nvml, hwmon and amdgpu"),
  samples: z.array(z.object({
    at_ms: number("Since the measurement began, ms"),
    core_mhz: numberOrNull("Clock of the shader cores, MHz"),
    memory_mhz: numberOrNull("Clock of the memory, MHz: half of a double data rate"),
    power_w: numberOrNull("W"),
    temperature_c: numberOrNull("°C"),
    throttle_reasons: throttleReasons,
  })).openapi({ description: "Looks while it was measured" }),
  summary: z.object({
    core_mhz: orNull(spread, "Clock of the shader cores, MHz"),
    memory_mhz: orNull(spread, "Clock of the memory, MHz"),
    power_w: orNull(spread, "W"),
    temperature_c: orNull(spread, "°C"),
    throttle_reasons: throttleReasons,
  }).openapi({ description: "Of all looks" }),
  absent: notes("By quantity, why it could not be read"),
}).openapi("BenchConditions", { description: "Clocks, power and temperature of a measurement" });

const statistics = z.object({
  n: count("Number of samples"),
  median: number("In the benchmark's unit, as all that follow unless they say otherwise"),
  mad: number("Median absolute deviation from the median"),
  min: number("The least sample"),
  max: number("The greatest sample"),
  p5: number("5th percentile"),
  p95: number("95th percentile"),
  p99: number("99th percentile"),
  mean: number("Mean"),
  cv: number("Standard deviation over mean, a ratio; 0 for a single sample"),
  ci95_low: number("Lower end of the median's interval of 95 % confidence"),
  ci95_high: number("Upper end of it"),
  outliers: count("Samples that are far off; they count"),
}).openapi("BenchStatistics", { description: "Of the samples of one figure" });

const suite = z.enum(SUITES).openapi({ description: "The group of benchmarks" });

const benchmark = z.object({
  name: text("memory.copy"),
  suite,
  title: text("For people"),
  device: text("A GPU's id, or host"),
  peer: textOrNull("The other device of a transfer between two; null for none"),
  parameters: z.record(z.string(), z.union([z.string(), z.number()])).readonly().openapi({
    description: "What sets it apart from its like; units at the end of the names",
  }),
  peak: textOrNull("Which peak the figure is held against; null for none"),
  unit: text("GB/s (10^9), TFLOP/s, TOP/s, µs"),
  better: z.enum(["higher", "lower"]).openapi({ description: "Which figures are the better ones" }),
  convention: text("What is counted: bytes read plus bytes written"),
  state: z.enum(["ok", "unsupported", "skipped", "failed", "implausible"]).openapi({
    description: "How it ended",
  }),
  reason: textOrNull("Why it is not ok; null where it is"),
  shape: textOrNull("The way of doing it that is reported; null without a figure"),
  clock: z.enum(["device", "host"]).nullable().openapi({
    description: "By which clock; null without a figure",
  }),
  median: numberOrNull("The figure, in unit; null without one"),
  statistics: orNull(statistics, "Of the samples; null without a figure"),
  peaks: peaks.nullable().openapi({ description: "What the figure is held against" }),
  peak_reason: textOrNull("Why a peak is not known; null where nothing is missing"),
  peak_ratio: numberOrNull("The median over the observed peak, else over the rated one"),
  datasheet_ratio: z.number().optional().openapi({
    description: "The median over what the datasheet says, where that is another figure",
  }),
  took_ms: z.number().optional().openapi({ description: "With all that it needed, ms" }),
  conditions: orNull(conditions, "Null where there is nothing to read them from"),
  notes: texts("What a reader should know"),
  shader_sha256: textOrNull("Of the SPIR-V that was measured"),
  samples: z.array(z.number()).openapi({ description: "In unit, in order" }),
  warm_up: z.array(z.number()).openapi({ description: "Samples that do not count, in unit" }),
  candidates: z.record(z.string(), z.number().nullable()).openapi({
    description: "By shape that was tried, its median; null for one that failed",
  }),
  failures: notes("By shape, why it does not count"),
}).openapi("Benchmark", { description: "One benchmark on one device" });

const deviceEnvironment = z.object({
  driver_version: textOrNull("Of the vendor's kernel driver"),
  driver_uuid: textOrNull("Of the Vulkan driver's build"),
  memory_total_bytes: numberOrNull("bytes"),
  pcie_link_gen: numberOrNull("Generation of the PCIe link when the run began"),
  pcie_link_width: numberOrNull("PCIe lanes when the run began"),
  pcie_link_gen_max: numberOrNull("The best generation that both ends can do"),
  pcie_link_width_max: numberOrNull("The most lanes that both ends have"),
  numa_node: numberOrNull("The NUMA node next to the GPU"),
  local_cpus: textOrNull("CPUs next to the GPU: 0-15,32-47"),
  iommu_group: numberOrNull("Number of the IOMMU group"),
  ecc_enabled: flagOrNull("Whether memory errors are corrected"),
  mig_enabled: flagOrNull("Whether it is in NVIDIA's multi-instance mode"),
  power_limit_w: numberOrNull("The power cap, W"),
  power_limit_default_w: numberOrNull("The power cap where nobody set one, W"),
  absent: notes("By fact, why it is null"),
}).openapi("BenchDeviceEnvironment", { description: "What bears on a GPU's figures" });

const hostEnvironment = z.object({
  vulkan_loader: textOrNull("Version of the Vulkan API that the loader offers"),
  vulkan_layers: z.array(z.string()).nullable().openapi({
    description: "Layers that the loader could load",
  }),
  vulkan_variables: notes("Variables that change what Vulkan loads, as they are set"),
  vulkan_drivers: texts("Manifests of Vulkan drivers that the loader finds"),
  virtual_machine: textOrNull("What shows that this is a virtual machine; null where nothing does"),
  iommus: texts("Names of the IOMMUs that the kernel uses"),
  kernel_options: texts("Options of the kernel that bear on direct memory access"),
}).openapi("BenchHostEnvironment", { description: "What bears on all figures of a host" });

const context = z.object({
  date: text("When the run began"),
  mvgal_version: text("Of mvgal"),
  effort: z.enum(["quick", "full"]).openapi({ description: "How thoroughly" }),
  suites: z.array(suite).openapi({ description: "The suites of the run" }),
  selection: texts("What was asked for: suites, names, patterns of names"),
  gpu_selector: textOrNull("Which GPUs were asked for; null for all"),
  data: z.enum(["random", "zeros"]).openapi({ description: "What buffers and registers held" }),
  bootstrap: z.object({
    resamplings: count("How often"),
    seed: z.int().openapi({ description: "Of the random numbers" }),
  }).openapi({ description: "How intervals of medians were resampled" }),
  parallel: flag("Whether GPUs of one kind were measured at once: they share links and power"),
  os: text("The distribution"),
  kernel: text("Its release"),
  cpu_count: count("Logical processors"),
  environment: hostEnvironment,
  devices: z.array(
    z.object({
      id: text("A GPU's id, or host"),
      name: text("The model"),
      kind: text("discrete, integrated, …"),
      pci_slot: textOrNull("PCI address"),
      uuid: textOrNull("UUID by the vendor's own driver"),
      driver: textOrNull("The kernel driver"),
      api_version: textOrNull("The version of Vulkan that it supports"),
      environment: orNull(
        deviceEnvironment,
        "Of a GPU, what bears on its figures; null for others",
      ),
    }).openapi("BenchDevice", { description: "A device of a run" }),
  ).openapi({ description: "What was measured on" }),
  sources: notes("By source of devices that gave none, why"),
}).openapi("BenchContext", { description: "Under which circumstances was measured" });

/** The report of a run. */
export const benchReport = z.object({
  schema: form(BENCH_SCHEMA),
  context,
  benchmarks: z.array(benchmark).openapi({ description: "In the order in which they ran" }),
  matrices: z.array(matrix).optional().openapi({ description: "Benchmarks of pairs of devices" }),
  comparison: comparison.optional().openapi({ description: "Beside another report" }),
  expectations: z.array(expectation).optional().openapi({
    description: "What came of expectations",
  }),
}).openapi("BenchReport", { description: "A report, as mvgal bench --json writes it" });
