/**
 * Made-up reports for tests of what renders them: the form is that of a real run, the figures are not
 * measured by anyone.
 *
 * @module
 */

import type { BenchContext, BenchDevice, BenchReport } from "../../lib/bench/report.ts";
import { benchReport } from "../../lib/bench/report.ts";
import type { Measured, Outcome, Result, Suite } from "../../lib/bench/benchmark.ts";
import { summarizeConditions } from "../../lib/bench/conditions/conditions.ts";
import type { KnownPeaks } from "../../lib/bench/peaks/peak.ts";
import { summarize } from "../../lib/bench/statistics.ts";
import { H200, h200, HOST, type Rates, SOFTWARE, software } from "./sample_devices.ts";

const MiB = 1 << 20;

/** Numbers in [0, 1), the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Description {
  name: string;
  title: string;
  unit: string;
  better?: "higher" | "lower";
  convention?: string;
  shape?: string;
  parameters?: Record<string, number>;
  peak?: KnownPeaks;
  peer?: string;
  /** Samples; many for latencies. */
  n?: number;
  /** Relative width of the samples' distribution. */
  width?: number;
  failures?: Record<string, string>;
}

function peakOf(value: number, unit: string, formula: string, seen?: number): KnownPeaks {
  const source = "sample data sheet, table 1";
  return {
    rated: { value, unit, formula, source },
    observed: seen === undefined ? null : {
      value: seen,
      unit,
      formula: formula.replace(/[\d.]+ GHz/, "1.755 GHz"),
      source: "the same at the clock that was seen",
    },
    reason: seen === undefined ? "the clock was not seen" : null,
  };
}

/** Writes the results of one device. */
class Writer {
  readonly results: Result[] = [];
  readonly #device: string;
  readonly #random: () => number;
  readonly #hot: boolean;

  constructor(device: string, seed: number, hot: boolean) {
    this.#device = device;
    this.#random = randomNumbers(seed);
    this.#hot = hot;
  }

  #samples(median: number, n: number, width: number, isLatency: boolean): number[] {
    return Array.from({ length: n }, () => {
      const deviation = (this.#random() + this.#random() + this.#random() - 1.5) * width;
      const tail = isLatency && this.#random() > 0.98 ? 1 + 8 * this.#random() : 1;
      return median * (1 + deviation) * tail;
    });
  }

  #result(what: Description, outcome: Outcome): void {
    this.results.push({
      name: what.name,
      suite: what.name.split(".")[0] as Suite,
      title: what.title,
      unit: what.unit,
      better: what.better ?? "higher",
      convention: what.convention ?? "bytes read plus bytes written",
      parameters: what.parameters ?? {},
      peak: what.peak ? what.name : null,
      device: this.#device,
      peer: what.peer ?? null,
      outcome,
    });
  }

  ok(figure: number, what: Description): void {
    const isLatency = what.better === "lower";
    const around = figure * (1 + (this.#random() - 0.5) * 0.006);
    const samples = this.#samples(around, what.n ?? 24, what.width ?? 0.004, isLatency);
    const shape = what.shape ?? "grid of 1024 workgroups, 8 in flight";
    const conditions = !this.#hot ? null : summarizeConditions(
      "nvml",
      Array.from({ length: 6 }, (_, i) => ({
        at_ms: 100 * i,
        core_mhz: 1755 + 15 * Math.round(4 * this.#random()),
        memory_mhz: 3201,
        power_w: 480 + 120 * this.#random(),
        temperature_c: 44 + Math.round(6 * this.#random()),
        throttle_reasons: what.title === "fp32" ? ["sw_power_cap"] : [],
      })),
      {},
    );
    const measured: Measured = {
      shape,
      clock: isLatency ? "host" : "device",
      summary: summarize(samples),
      samples,
      warm_up: this.#samples(around * 0.98, 4, 0.01, false),
      candidates: { [shape]: around, "grid of 4096 workgroups, 4 in flight": around * 0.97 },
      failures: what.failures ?? {},
      notes: what.title === "fp32" ? ["the spread stayed wide: the power limit was reached"] : [],
      conditions,
      peaks: what.peak ?? null,
      shader_sha256: "5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592",
    };
    this.#result(what, { state: "ok", measured });
  }

  not(
    state: "unsupported" | "skipped" | "failed" | "implausible",
    reason: string,
    what: Description,
  ) {
    this.#result(what, { state, reason });
  }
}

function writeMemory(to: Writer, { memory, memoryPeak, cache, lastLevelBytes }: Rates): void {
  for (const [title, rate] of Object.entries(memory)) {
    to.ok(rate, {
      name: `memory.${title.replace(" ", "_")}`,
      title,
      unit: "GB/s",
      ...memoryPeak === null ? {} : {
        peak: peakOf(memoryPeak, "GB/s", "6144 bit x 6.27 Gbit/s / 8", memoryPeak),
      },
    });
  }
  for (const [title, factor] of [["read", 1], ["copy", 0.8]] as const) {
    const dram = memory[title] ?? 1;
    for (let bytes = 2 * MiB; bytes <= 2048 * MiB; bytes *= 2) {
      const share = 1 / (1 + (bytes / lastLevelBytes) ** 3);
      to.ok(dram + Math.max(0, cache * factor - dram) * share, {
        name: `memory.${title}_${bytes / MiB}mib`,
        title: `${title}, ${bytes / MiB} MiB`,
        unit: "GB/s",
        parameters: { working_set_bytes: bytes },
        n: 12,
      });
    }
  }
}

function writeCompute(to: Writer, { compute }: Rates): void {
  for (const [title, [rate, peak]] of Object.entries(compute)) {
    const unit = title.startsWith("int") ? "TOP/s" : "TFLOP/s";
    to.ok(rate, {
      name: `compute.${title.replaceAll(/[ ,]+/g, "_")}`,
      title,
      unit,
      convention: "a fused multiply-add is 2 operations",
      shape: title.includes("matrix") ? "16x16x16, 4 chains" : "vec4 x 2 chains, affine",
      ...peak === null ? {} : {
        peak: peakOf(peak, unit, "132 SMs x 128 lanes x 2 operations x 1.980 GHz", peak * 0.97),
      },
    });
  }
  if (!("bf16" in compute)) {
    to.not("unsupported", "the device lacks VK_KHR_shader_bfloat16", {
      name: "compute.bf16",
      title: "bf16",
      unit: "TFLOP/s",
    });
  }
}

function writeLatencies(to: Writer): void {
  const latencies = {
    "sync.empty": ["empty submit to fence", 7.4],
    "sync.dispatch": ["one dispatch to fence", 16.1],
    "sync.timeline": ["timeline semaphore", 11.8],
    "sync.back_to_back": ["dispatch, back to back", 1.9],
    "sync.barrier": ["dispatch with barrier", 2.7],
    "scheduling.busy_devices": ["beside busy devices", 21.1],
  } as const;
  for (const [name, [title, figure]] of Object.entries(latencies)) {
    to.ok(figure, {
      name,
      title,
      unit: "µs",
      better: "lower",
      convention: "host clock, submission until the wait returns",
      shape: "fence",
      n: 400,
      width: 0.2,
    });
  }
  to.not("unsupported", "the device has one compute queue only", {
    name: "scheduling.busy_queue",
    title: "beside a busy queue",
    unit: "µs",
    better: "lower",
  });
}

function writeTransfers(to: Writer, host: number): void {
  for (
    const [name, title, factor] of [
      ["h2d", "host to device", 1],
      ["d2h", "device to host", 0.99],
      ["duplex", "both at once", 1.7],
    ] as const
  ) {
    to.ok(host * factor, {
      name: `transfer.${name}`,
      title,
      unit: "GB/s",
      convention: "bytes that arrive, counted once",
      shape: "pinned: imported host memory, copy queue",
    });
  }
}

const REFUSED = {
  "dma-buf: read by the destination": "the source does not export dma-buf memory",
  "opaque fd: read by the destination":
    "the devices have different device UUIDs: an opaque fd is for one device only",
};

function writePairs(to: Writer, from: number, ids: readonly string[], isHardware: boolean): void {
  ids.forEach((peer, at) => {
    if (at === from) return;
    const isFar = isHardware && ids.length > 2 && (from + at) % 7 === 3;
    const path = !isHardware
      ? "staging: shared host memory, 3 x 4 MiB"
      : isFar
      ? "CUDA copy through the host, by the driver"
      : "CUDA peer copy, by the source";
    const rate = !isHardware ? 3.1 : isFar ? 38.2 : 392;
    const failures = {
      ...REFUSED,
      ...isFar ? { "CUDA peer copy": "P2P is off for the pair" } : {},
    };
    const what = { unit: "GB/s", peer, shape: path, failures, n: 15 };
    const title = "device to device";
    if (isHardware && from === 5 && at === 6) {
      to.not("failed", "byte 4096 arrived as 0x5a instead of 0x31", {
        name: "transfer.peer",
        title,
        ...what,
      });
    } else to.ok(rate, { name: "transfer.peer", title, ...what });
    if (from < at) {
      to.ok(rate * 1.9, { name: "transfer.peer_duplex", title: `${title}, both ways`, ...what });
    }
    to.ok(24, {
      name: "sync.relay",
      title: "relay through the host",
      unit: "µs",
      better: "lower",
      peer,
      shape: "fences",
      n: 40,
      width: 0.1,
    });
  });
}

function hostResults(): Result[] {
  const to = new Writer("host", 7, false);
  for (const [title, rate] of Object.entries({ read: 97, write: 88.4, copy: 120.7, triad: 114 })) {
    to.ok(rate, { name: `host.${title}`, title: `memory ${title}`, unit: "GB/s", width: 0.05 });
  }
  for (const [title, rate] of Object.entries({ fp32: 0.535, fp64: 0.267 })) {
    to.ok(rate, {
      name: `host.${title}`,
      title: `${title} multiply-add`,
      unit: "TFLOP/s",
      shape: "avx512, 2 threads",
    });
  }
  return to.results;
}

function contextOf(devices: BenchDevice[]): BenchContext {
  return {
    date: "2026-01-02T03:04:05.678Z",
    mvgal_version: "0.0.0-sample",
    effort: "full",
    suites: ["host", "memory", "compute", "transfer", "sync", "scheduling"],
    selection: ["all"],
    gpu_selector: null,
    data: "random",
    bootstrap: { resamplings: 1000, seed: 1 },
    parallel: false,
    os: "linux",
    kernel: "6.1.0-sample",
    cpu_count: 112,
    environment: {
      vulkan_loader: "1.4.313",
      vulkan_layers: ["VK_LAYER_MESA_device_select"],
      vulkan_variables: {},
      vulkan_drivers: ["/usr/share/vulkan/icd.d/nvidia_icd.json"],
      virtual_machine: null,
      iommus: [],
      kernel_options: ["iommu=pt"],
    },
    devices,
    sources: { hip: "libamdhip64.so is not installed" },
  };
}

/** A report of the given GPUs: `h200` has everything, `software` has no peaks and no conditions. */
export function sampleReport(kind: "h200" | "software", gpus: number): BenchReport {
  const devices = Array.from({ length: gpus }, (_, i) => kind === "h200" ? h200(i) : software(i));
  const ids = devices.map(({ id }) => id);
  const rates = kind === "h200" ? H200 : SOFTWARE;
  const results = devices.flatMap(({ id }, i) => {
    const to = new Writer(id, 1000 + i, kind === "h200");
    writeMemory(to, rates);
    writeCompute(to, rates);
    writeTransfers(to, rates.host);
    writePairs(to, i, ids, kind === "h200");
    writeLatencies(to);
    return to.results;
  });
  return benchReport(contextOf([HOST, ...devices]), [...hostResults(), ...results]);
}
