/**
 * Fakes of vendors' libraries that fail in the middle of use.
 *
 * @module
 */

import type { GpuId } from "../../lib/gpu/gpu.ts";
import type { GpuMetrics } from "../../lib/telemetry/metrics.ts";
import { mooreThreadsDriver } from "../../lib/telemetry/moore_threads.ts";
import { nvidiaDriver } from "../../lib/telemetry/nvidia.ts";
import { NvmlShare } from "../../lib/telemetry/nvml_share.ts";
import { type FakeLibrary, fakeLibrary } from "../../tests/fakes/library.ts";
import { describedGpu } from "../../tests/telemetry/described_gpu.ts";
import { count, type SoakPart } from "./part.ts";
import type { Random } from "./random.ts";

/** What a library may do wrong. */
interface Faults {
  /** Functions of a GPU that may fail, and the codes with which each may. */
  functions: readonly string[];
  codes: readonly number[];
  /** A result of all functions that says that the GPU is gone. */
  gone: number;
  /** Functions that fail for the whole library, and their codes. */
  whole: readonly (readonly [name: string, code: number])[];
  /** Lines that say what no GPU can be at. */
  absurd: readonly string[];
}

/** The lines of a description, the system's first; each of the others is one GPU's. */
interface Described {
  system: string[];
  devices: string[][];
}

/** Changes a description in one way. */
function spoil(of: Described, faults: Faults, random: Random): string {
  const lines = random.pick(of.devices);
  const after = random.below(40), times = 1 + random.below(60);
  switch (random.below(7)) {
    case 0:
    case 1: {
      const name = random.pick(faults.functions);
      lines.push(`fail ${name} ${random.pick(faults.codes)} ${after} ${times}`);
      return "a function fails for a while";
    }
    case 2:
      lines.push(`fail * ${faults.gone} ${after}`);
      return "a GPU is lost";
    case 3:
      lines.push(`flaky * ${random.pick(faults.codes)} ${1 + random.below(400)}`);
      return "functions fail at random";
    case 4: {
      const [name, code] = random.pick(faults.whole);
      of.system.push(`fail ${name} ${code} ${random.below(2)}`);
      return "the library cannot be opened, or finds no GPU";
    }
    case 5: {
      const key = random.pick(faults.absurd);
      const at = lines.findIndex((line) => line.split(" ")[0] === key.split(" ")[0]);
      if (at >= 0) lines[at] = key;
      return "a value that cannot be";
    }
    default: {
      const at = 1 + random.below(lines.length - 1);
      if (!lines[at]?.startsWith("pci ")) lines.splice(at, 1);
      return "a value is not supported";
    }
  }
}

const textOf = ({ system, devices }: Described) =>
  [...system, ...devices.flatMap((lines) => ["device", ...lines])].join("\n") + "\n";

/** What differs from library to library. */
interface LibrarySpec {
  fake: FakeLibrary;
  faults: Faults;
  devices: readonly (readonly string[])[];
  /** Makes an open fake read its description anew, as libraries do when one more user comes. */
  reload(): void;
  isOpen(): boolean;
}

/** The part of a soak that both libraries have in common. */
function libraryPart(
  { fake, faults, devices, reload, isOpen }: LibrarySpec,
  rest: Pick<SoakPart, "gpus" | "driver" | "truth" | "complaint">,
): SoakPart {
  const whole = (): Described => ({ system: [], devices: devices.map((lines) => [...lines]) });
  let now = whole();
  const tell = () => {
    fake.describe(textOf(now));
    if (isOpen()) reload();
  };
  return {
    ...rest,
    disturb(random, tally) {
      if (random.chance(0.4)) now = whole();
      else count(tally, spoil(now, faults, random));
      tell();
    },
    heal() {
      now = whole();
      tell();
    },
    [Symbol.dispose]: () => fake[Symbol.dispose](),
  };
}

const NVML_FAULTS: Faults = {
  functions: [
    "nvmlDeviceGetUtilizationRates",
    "nvmlDeviceGetMemoryInfo_v2",
    "nvmlDeviceGetTemperature",
    "nvmlDeviceGetTemperatureV",
    "nvmlDeviceGetTemperatureThreshold",
    "nvmlDeviceGetPowerUsage",
    "nvmlDeviceGetTotalEnergyConsumption",
    "nvmlDeviceGetPowerManagementLimit",
    "nvmlDeviceGetClockInfo",
    "nvmlDeviceGetMaxClockInfo",
    "nvmlDeviceGetNumFans",
    "nvmlDeviceGetFanSpeed_v2",
    "nvmlDeviceGetFieldValues",
    "nvmlDeviceGetNvLinkState",
    "nvmlDeviceGetPcieThroughput",
    "nvmlDeviceGetHandleByPciBusId_v2",
    "nvmlDeviceGetCurrPcieLinkGeneration",
    "nvmlDeviceGetTotalEccErrors",
    "nvmlDeviceGetRetiredPages",
  ],
  // No permission, timeout, GPU lost, reset required, in use, not supported, unknown.
  codes: [4, 10, 15, 16, 19, 3, 999],
  gone: 15,
  whole: [
    ["nvmlInit_v2", 9],
    ["nvmlInit_v2", 999],
    ["nvmlDeviceGetHandleByPciBusId_v2", 6],
    ["nvmlDeviceGetHandleByPciBusId_v2", 15],
  ],
  absurd: [
    "utilization 4294967295 700",
    "memory 9223372036854775794 0 9223372036854775794",
    "memory 0 0 0",
    "power_mw 4294967295",
    "encoder 65535",
    "nvlink_tx 5 4 3 2 1 0",
    "fans 4294967295",
    "temperature 4294967295",
    "pcie 0 0 0 0",
    "bar1 0",
    "memory_temperature 0",
  ],
};

/** NVIDIA's GPUs by a fake NVML. */
export function nvidiaPart(gpus: number): SoakPart {
  const slots = Array.from({ length: gpus }, (_, i) => `0000:f${i.toString(16)}:00.0`);
  const devices = slots.map((slot, i) => [
    "name NVIDIA H200",
    `pci ${slot}`,
    "memory 150754820096 600000000 4194304",
    "bar1 274877906944",
    `temperature ${30 + i}`,
    "thresholds 95 87",
    "memory_temperature 41",
    "utilization 12 3",
    "encoder 5",
    "decoder 7",
    `power_mw ${70_000 + i}`,
    "power_limit 690000 700000",
    "power_limits 650000 200000 700000",
    "energy_mj 1234567",
    "clocks 1095 3201 1980 3201",
    "video_clock 1545",
    "fans 40 105",
    "fan_rpm 1500 2900",
    "pstate 0",
    "event_reasons 0x4",
    "pcie 5 16 5 16",
    "pcie_kbs 2000 3500",
    "mig 0 0",
    "ecc_errors 3 0",
    "remapped 0 0",
    "link0 1 6 2 0000:ff:00.0",
    "link1 1 6 2 0000:ff:00.0",
    "nvlink_tx 1000",
    "nvlink_rx 500",
  ]);
  const truth = new Map<GpuId, Partial<GpuMetrics>>(slots.map((slot, i) => [`pci:${slot}`, {
    utilization_pct: 12,
    memory_utilization_pct: 3,
    encode_utilization_pct: 5,
    decode_utilization_pct: 7,
    vram_total_bytes: 150754820096,
    vram_used_bytes: 4194304,
    visible_vram_total_bytes: 150754820096,
    temperature_c: 30 + i,
    temperature_memory_c: 41,
    temperature_slowdown_c: 87,
    power_w: (70_000 + i) / 1000,
    energy_j: 1234.567,
    power_cap_w: 650,
    power_cap_min_w: 200,
    power_cap_max_w: 700,
    power_cap_default_w: 700,
    core_clock_mhz: 1095,
    core_clock_max_mhz: 1980,
    memory_clock_mhz: 3201,
    memory_clock_max_mhz: 3201,
    video_clock_mhz: 1545,
    fan_pct: 105,
    fan_rpm: 2900,
    performance_state: "P0",
    throttle_reasons: ["sw_power_cap"],
    pcie_link_gen: 5,
    pcie_link_width: 16,
    pcie_link_gen_max: 5,
    pcie_link_width_max: 16,
    pcie_rx_bytes_per_s: 3500000,
    pcie_tx_bytes_per_s: 2000000,
    peer_links_active_count: 2,
    peer_rx_bytes_per_s: 0,
    peer_tx_bytes_per_s: 0,
    ecc_corrected_count: 3,
    ecc_uncorrected_count: 0,
    retired_pages_count: 0,
  }]));
  const fake = fakeLibrary(
    "nvml",
    devices.map((lines) => `device\n${lines.join("\n")}\n`).join(""),
  );
  const share = new NvmlShare({ sonames: [fake.path] });
  return libraryPart({
    fake,
    devices,
    faults: NVML_FAULTS,
    isOpen: () => share.users > 0,
    reload() {
      const { symbols, close } = closable(Deno.dlopen(fake.path, {
        nvmlInit_v2: { parameters: [], result: "i32" },
        nvmlShutdown: { parameters: [], result: "i32" },
      }));
      if (symbols.nvmlInit_v2() === 0) symbols.nvmlShutdown();
      close();
    },
  }, {
    gpus: slots.map((pci_slot) => describedGpu({ vendor: "nvidia", driver: "nvidia", pci_slot })),
    driver: nvidiaDriver(share),
    truth,
  });
}

function closable<S extends Deno.ForeignLibraryInterface>(library: Deno.DynamicLibrary<S>) {
  return { symbols: library.symbols, close: () => library.close() };
}

const MTML_FAULTS: Faults = {
  functions: [
    "mtmlDeviceInitGpu",
    "mtmlDeviceInitMemory",
    "mtmlDeviceInitVpu",
    "mtmlDeviceGetPowerUsage",
    "mtmlDeviceGetFanSpeed",
    "mtmlDeviceCountFan",
    "mtmlGpuGetUtilization",
    "mtmlGpuGetTemperature",
    "mtmlGpuGetEngineUtilization",
    "mtmlMemoryGetUsed",
    "mtmlVpuGetUtilization",
    "mtmlDeviceGetPciInfo",
    "mtmlMemoryGetEccErrorCounter",
  ],
  // Driver not loaded, not supported, not found, driver too old, unknown.
  codes: [1, 4, 7, 9, 999],
  gone: 1,
  whole: [
    ["mtmlLibraryInit", 1],
    ["mtmlLibraryInit", 999],
    ["mtmlLibraryInitDeviceByPciSbdf", 999],
    ["mtmlLibraryInitDeviceByPciSbdf", 7],
  ],
  absurd: [
    "utilization 700",
    "engines 3 -7 555 101",
    "memory 0 0 0",
    "clocks 0 0 0 0 0",
    "pstate -1",
    "codec 1000 -5",
    "fans none",
    "link 0 0 0 0",
  ],
};

/** A GPU of Moore Threads by a fake libmtml. */
export function mooreThreadsPart(): SoakPart {
  const pci_slot = "0000:ea:00.0", id = `pci:${pci_slot}`;
  const devices = [[
    `pci ${pci_slot}`,
    "link 4 8 4 16",
    "power_mw 96660",
    "power_limit 400000 450000",
    "fans 40 60",
    "fan_rpm 1500 2900",
    "mtlinks 1 1 2",
    "utilization 63",
    "engines 3 7 55 81",
    "temperature 47",
    "threshold 105 95",
    "memory_temperature 52",
    "clocks 1700 1750 7000 7001 1200",
    "memory 51539607552 1073741824 4096",
    "memory_utilization 12",
    "ecc_errors 5 0",
    "retired 0 0",
    "codec 11 22",
    "voltage_mv 875",
    "pstate 2",
  ]];
  const fake = fakeLibrary("mtml", `device\n${devices[0]?.join("\n")}\n`);
  const driver = mooreThreadsDriver({ sonames: [fake.path] });
  return libraryPart({
    fake,
    devices,
    faults: MTML_FAULTS,
    isOpen: () => driver.share.users > 0,
    reload() {
      const { symbols, close } = closable(Deno.dlopen(fake.path, {
        mtmlLibraryInit: { parameters: ["buffer"], result: "i32" },
        mtmlLibraryShutDown: { parameters: ["pointer"], result: "i32" },
      }));
      const handle = new BigUint64Array(1);
      if (symbols.mtmlLibraryInit(handle) === 0) {
        symbols.mtmlLibraryShutDown(Deno.UnsafePointer.create(handle[0] ?? 0n));
      }
      close();
    },
  }, {
    gpus: [describedGpu({ vendor: "mthreads", driver: "mtgpu", pci_slot })],
    driver,
    complaint() {
      if (driver.share.users === 0) return undefined;
      const { symbols, close } = closable(Deno.dlopen(fake.path, {
        mvgal_fake_live: { parameters: [], result: "i32" },
        mvgal_fake_mistaken: { parameters: [], result: "i32" },
      }));
      const live = symbols.mvgal_fake_live(), mistaken = symbols.mvgal_fake_mistaken();
      close();
      // The library, the device, and its three parts.
      return live === 5 && mistaken === 0
        ? undefined
        : `libmtml: ${live} objects are held, not 5, and ${mistaken} were mistaken for another`;
    },
    truth: new Map([[id, {
      utilization_pct: 63,
      memory_utilization_pct: 12,
      compute_utilization_pct: 81,
      gfx_utilization_pct: 55,
      encode_utilization_pct: 11,
      decode_utilization_pct: 22,
      vram_total_bytes: 51539607552,
      vram_used_bytes: 1073741824,
      gtt_used_bytes: 4096,
      temperature_c: 47,
      temperature_memory_c: 52,
      temperature_slowdown_c: 95,
      power_w: 96.66,
      power_cap_w: 400,
      power_cap_default_w: 450,
      core_clock_mhz: 1700,
      core_clock_max_mhz: 1750,
      memory_clock_mhz: 7000,
      memory_clock_max_mhz: 7001,
      video_clock_mhz: 1200,
      voltage_v: 0.875,
      performance_state: "P2",
      fan_pct: 60,
      fan_rpm: 2900,
      pcie_link_gen: 4,
      pcie_link_width: 8,
      pcie_link_gen_max: 4,
      pcie_link_width_max: 16,
      peer_links_active_count: 3,
      ecc_corrected_count: 5,
      ecc_uncorrected_count: 0,
      retired_pages_count: 0,
    }]]),
  });
}
