/**
 * Made-up GPUs and what they do, for tests of the dashboard.
 *
 * @module
 */

import type { InventoryDocument } from "../../lib/discovery/inventory.ts";
import { inventoryDocument } from "../../lib/discovery/inventory.ts";
import { type Gpu, unknownFacts } from "../../lib/gpu/gpu.ts";
import type { StatusDocument } from "../../lib/render/status_document.ts";
import { HealthMonitor } from "../../lib/telemetry/health.ts";
import { type GpuSample, METRIC_NAMES, unknownMetrics } from "../../lib/telemetry/metrics.ts";
import type { GpuProcess } from "../../lib/telemetry/process.ts";

const GiB = 2 ** 30;

/** A name that does harm where it is taken for markup. */
export const HOSTILE = `<img src=x onerror="globalThis.harmed=1"><script>harmed=1</script>`;

/** GPU number 3 sleeps, 5 is lost, 6 tells little, 7 has a hostile name. */
export const ASLEEP = 3, LOST = 5, SILENT = 6, HOSTILE_NAMED = 7;

/** The id of a GPU. */
export function idOf(index: number): string {
  return `pci:0000:${(0x10 + 8 * index).toString(16).padStart(2, "0")}:00.0`;
}

function gpu(index: number): Gpu {
  return {
    ...unknownFacts(),
    id: idOf(index),
    index,
    name: index === HOSTILE_NAMED ? HOSTILE : "NVIDIA H200",
    vendor: "nvidia",
    kind: "discrete",
    driver: "nvidia",
    driver_version: "580.95.05",
    pci_slot: idOf(index).slice(4) as NonNullable<Gpu["pci_slot"]>,
    uuid: `GPU-00000000-0000-0000-0000-00000000000${index}`,
    numa_node: index < 4 ? 0 : 1,
    pcie_path: [`0000:0${index < 4 ? 0 : 8}:01.0`, idOf(index).slice(4)] as Gpu["pcie_path"],
    pcie_link_gen: 5,
    pcie_link_width: 16,
    vram_total_bytes: 141 * GiB,
    seen_by: ["pci", "nvml"],
    enabled: true,
    apis: {},
    sources: {},
    absent: { iommu_group: "the IOMMU is off" },
  };
}

/** An inventory of so many. */
export function fakeInventory(count: number): InventoryDocument {
  return inventoryDocument({
    gpus: Array.from({ length: count }, (_, index) => gpu(index)),
    sources: [],
    notes: [],
  });
}

function absentAll(why: string): GpuSample["absent"] {
  return Object.fromEntries(METRIC_NAMES.map((name) => [name, why]));
}

function withReasons(sample: GpuSample, why: string): GpuSample {
  const missing = METRIC_NAMES.filter((name) => sample[name] === null);
  return { ...sample, absent: Object.fromEntries(missing.map((name) => [name, why])) };
}

function sampleAt(index: number, t: number): GpuSample {
  const { id, name } = gpu(index);
  const nothing: GpuSample = {
    id,
    index,
    name,
    state: "ok",
    reason: null,
    power_state: "active",
    ...unknownMetrics(),
    vram_total_bytes: 141 * GiB,
    sources: { vram_total_bytes: "nvml:nvmlDeviceGetMemoryInfo_v2" },
    absent: {},
  };
  if (index === ASLEEP) {
    const reason = "the GPU is asleep: reading it would wake it";
    return {
      ...nothing,
      state: "asleep",
      reason,
      power_state: "suspended",
      absent: absentAll(reason),
    };
  }
  if (index === LOST) {
    const reason = "nvmlDeviceGetUtilizationRates: GPU is lost";
    return { ...nothing, state: "lost", reason, absent: absentAll(reason) };
  }
  if (index === SILENT) {
    return withReasons({ ...nothing, utilization_pct: 12 }, "the driver fake does not tell it");
  }
  const load = Math.round(50 + 45 * Math.sin(t / 9 + index));
  return withReasons({
    ...nothing,
    utilization_pct: load,
    memory_utilization_pct: Math.round(load / 2),
    vram_used_bytes: Math.round((20 + load) * GiB),
    temperature_c: 35 + load / 3,
    temperature_slowdown_c: 87,
    power_w: 120 + 5 * load,
    power_cap_w: 700,
    power_cap_min_w: 200,
    power_cap_max_w: 700,
    core_clock_mhz: 1980 - load,
    memory_clock_mhz: 3201,
    throttle_reasons: index === 1 ? ["sw_power_cap", "hw_thermal_slowdown"] : [],
    pcie_link_gen: 5,
    pcie_link_width: 16,
    pcie_rx_bytes_per_s: 1e8 * load,
    pcie_tx_bytes_per_s: 4e7 * load,
    ecc_corrected_count: 0,
    ecc_uncorrected_count: index === 2 ? 3 : 0,
    performance_state: "P0",
    sources: {
      ...nothing.sources,
      utilization_pct: "nvml:nvmlDeviceGetUtilizationRates",
      power_w: "nvml:nvmlDeviceGetPowerUsage",
    },
  }, "NVML does not tell it for this GPU");
}

function fakeProcesses(gpus: number, count: number): GpuProcess[] {
  return Array.from({ length: count }, (_, i): GpuProcess => {
    const isForeign = i % 25 === 24;
    return {
      gpu: idOf(i % gpus),
      pid: 1000 + i,
      name: isForeign ? null : i === 7 ? HOSTILE : `worker-${i}`,
      command: isForeign ? null : `/usr/bin/worker-${i} --rank ${i} --config /etc/worker/${i}.toml`,
      uid: 1000 + i % 3,
      user: ["ada", "grace", "edsger"][i % 3] ?? null,
      container: i % 4 === 0 ? "3f9a0c11d2e4" : null,
      kinds: ["compute"],
      engine_utilization_pct: null,
      utilization_pct: i % 10 === 9 ? null : (i * 37) % 101,
      memory_bytes: {},
      vram_bytes: i % 12 === 11 ? null : ((i * 53) % 200) * 2 ** 24,
      sources: ["nvml"],
    };
  });
}

/** Looks at the GPUs. */
export class FakeGpus {
  readonly #monitor = new HealthMonitor({ once: true });
  readonly #count: number;
  readonly #programs: number;
  #looks = 0;

  constructor(count: number, programs: number) {
    this.#count = count;
    this.#programs = programs;
  }

  /** A look at a time in ms since 1970. */
  look(at: number): StatusDocument {
    const gpus = Array.from({ length: this.#count }, (_, i) => sampleAt(i, at / 1000));
    return {
      schema: "mvgal.status/1",
      at: new Date(at).toISOString(),
      interval_ms: this.#looks++ === 0 ? null : 1000,
      gpus,
      processes: fakeProcesses(this.#count, this.#programs),
      partial: "fdinfo of 12 processes of other users: needs CAP_SYS_PTRACE (root)",
      health: this.#monitor.judge(gpus, at),
    };
  }
}
