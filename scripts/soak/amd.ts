/**
 * An AMD GPU as a tree of files that are spoilt, removed and put back.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { Gpu, GpuId } from "../../lib/gpu/gpu.ts";
import { amdgpu } from "../../lib/telemetry/amdgpu.ts";
import type { GpuMetrics } from "../../lib/telemetry/metrics.ts";
import { blob } from "../../tests/telemetry/amdgpu/metrics_blob.ts";
import { describedGpu } from "../../tests/telemetry/described_gpu.ts";
import { pciFunction, type Tree, type TreeFiles } from "../../tests/sysfs/tree.ts";
import { count, type SoakPart, type Tally } from "./part.ts";
import type { Random } from "./random.ts";

const SLOT = "0000:0a:00.0";
const AT = `pci0000:00/0000:00:01.0/${SLOT}`;
const DEVICE = `sys/devices/${AT}`;
const HWMON = "hwmon/hwmon3";

/** All its files, as a card of the generation RDNA 2 has them. */
const FILES: TreeFiles = pciFunction({
  at: AT,
  class: "0x030000",
  vendor: "0x1002",
  device: "0x73bf",
  driver: "amdgpu",
  more: {
    "power/runtime_status": "active",
    "power/control": "on",
    current_link_speed: "16.0 GT/s PCIe",
    current_link_width: "16",
    max_link_speed: "16.0 GT/s PCIe",
    max_link_width: "16",
    gpu_busy_percent: "42",
    mem_busy_percent: "17",
    mem_info_vram_used: "1073741824",
    mem_info_vram_total: "17163091968",
    mem_info_vis_vram_used: "536870912",
    mem_info_vis_vram_total: "17163091968",
    mem_info_gtt_used: "33554432",
    mem_info_gtt_total: "16777216000",
    pp_dpm_sclk: "0: 500Mhz\n1: 1800Mhz *\n2: 2475Mhz",
    pp_dpm_mclk: "0: 96Mhz\n1: 456Mhz\n2: 1000Mhz *",
    power_dpm_force_performance_level: "auto",
    pcie_bw: "1000 2000 256",
    "ras/umc_err_count": "ue: 0\nce: 4",
    "ras/gpu_vram_bad_pages": new Uint8Array(),
    gpu_metrics: blob("1.3", 120, [[16, 2, 42]]),
    [`${HWMON}/name`]: "amdgpu",
    [`${HWMON}/temp1_input`]: "51000",
    [`${HWMON}/temp1_label`]: "edge",
    [`${HWMON}/temp1_crit`]: "100000",
    [`${HWMON}/temp2_input`]: "58000",
    [`${HWMON}/temp2_label`]: "junction",
    [`${HWMON}/temp3_input`]: "60000",
    [`${HWMON}/temp3_label`]: "mem",
    [`${HWMON}/power1_average`]: "123000000",
    [`${HWMON}/power1_cap`]: "255000000",
    [`${HWMON}/power1_cap_min`]: "10000000",
    [`${HWMON}/power1_cap_max`]: "293000000",
    [`${HWMON}/power1_cap_default`]: "255000000",
    [`${HWMON}/freq1_input`]: "1795000000",
    [`${HWMON}/freq1_label`]: "sclk",
    [`${HWMON}/freq2_input`]: "996000000",
    [`${HWMON}/freq2_label`]: "mclk",
    [`${HWMON}/in0_input`]: "906",
    [`${HWMON}/in0_label`]: "vddgfx",
    [`${HWMON}/fan1_input`]: "1200",
    [`${HWMON}/pwm1`]: "102",
  },
});

const TRUTH: Partial<GpuMetrics> = {
  utilization_pct: 42,
  gfx_utilization_pct: 42,
  memory_utilization_pct: 17,
  vram_used_bytes: 1073741824,
  vram_total_bytes: 17163091968,
  visible_vram_used_bytes: 536870912,
  visible_vram_total_bytes: 17163091968,
  gtt_used_bytes: 33554432,
  gtt_total_bytes: 16777216000,
  temperature_c: 51,
  temperature_hotspot_c: 58,
  temperature_memory_c: 60,
  temperature_slowdown_c: 100,
  power_w: 123,
  power_cap_w: 255,
  power_cap_min_w: 10,
  power_cap_max_w: 293,
  power_cap_default_w: 255,
  core_clock_mhz: 1795,
  core_clock_min_mhz: 500,
  core_clock_max_mhz: 2475,
  memory_clock_mhz: 996,
  memory_clock_max_mhz: 1000,
  fan_pct: 40,
  fan_rpm: 1200,
  voltage_v: 0.906,
  pcie_link_gen: 4,
  pcie_link_width: 16,
  pcie_link_gen_max: 4,
  pcie_link_width_max: 16,
  pcie_rx_bytes_per_s: 256000,
  pcie_tx_bytes_per_s: 512000,
  ecc_corrected_count: 4,
  ecc_uncorrected_count: 0,
  retired_pages_count: 0,
  performance_state: "auto",
};

/** What a spoilt file may hold. */
const WRONG: readonly (string | Uint8Array)[] = [
  "garbage",
  "-1",
  "655",
  "99999999999999999999",
  "0x",
  "NaN",
  "1e400",
  "\n\n",
  Uint8Array.of(0xff, 0xfe, 0, 7, 0x80),
  new Uint8Array(4096),
  new Uint8Array(70_000).fill(0x39),
];

/** The files that hold what is read, but not the ones by which the GPU is known. */
const SPOILT = Object.keys(FILES).filter((path) =>
  path.startsWith(`${DEVICE}/`) && !/\/(class|vendor|device|driver|power\/\w+)$/.test(path)
);

/** The GPU. */
export class AmdPart implements SoakPart {
  readonly gpus: readonly Gpu[] = [
    describedGpu({ vendor: "amd", driver: "amdgpu", pci_slot: SLOT, device_id: "0x73bf" }),
  ];
  readonly driver = amdgpu;
  readonly truth: ReadonlyMap<GpuId, Partial<GpuMetrics>> = new Map([[`pci:${SLOT}`, TRUTH]]);
  readonly #tree: Tree;
  readonly #spoilt = new Set<string>();
  #isAway = false;
  #isUnbound = false;

  /** Puts its files into a tree. */
  constructor(tree: Tree) {
    this.#tree = tree;
    tree.add(FILES);
  }

  /** Whether the GPU is not as it should be. */
  get isSpoilt(): boolean {
    return this.#spoilt.size > 0 || this.#isAway || this.#isUnbound;
  }

  disturb(random: Random, tally: Tally): void {
    const dice = random.next();
    if (dice < 0.15) this.#toggleDevice(tally);
    else if (dice < 0.2) this.#toggleDriver(tally);
    else if (dice < 0.45) this.#restoreFiles();
    else if (!this.#isAway) this.#spoil(random, tally);
  }

  heal(): void {
    if (this.#isAway) this.#toggleDevice();
    if (this.#isUnbound) this.#toggleDriver();
    this.#restoreFiles();
  }

  /** Sets a sensor to what is not the truth. */
  lie(): void {
    Deno.writeTextFileSync(this.#path(`${DEVICE}/${HWMON}/temp1_input`), "52000\n");
  }

  #path(below: string): string {
    return join(this.#tree.directory, below);
  }

  /** Takes the device off the bus, or puts it back. */
  #toggleDevice(tally?: Tally): void {
    const here = this.#path(DEVICE), away = this.#path("away");
    Deno.renameSync(this.#isAway ? away : here, this.#isAway ? here : away);
    this.#isAway = !this.#isAway;
    if (tally && this.#isAway) count(tally, "a device's directory vanishes");
  }

  /** Unbinds the driver, or binds it. */
  #toggleDriver(tally?: Tally): void {
    if (this.#isAway) return;
    const link = this.#path(`${DEVICE}/driver`);
    if (this.#isUnbound) Deno.symlinkSync("../../../../bus/pci/drivers/amdgpu", link);
    else Deno.removeSync(link);
    this.#isUnbound = !this.#isUnbound;
    if (tally && this.#isUnbound) count(tally, "a driver is unbound");
  }

  #spoil(random: Random, tally: Tally): void {
    const name = random.pick(SPOILT), path = this.#path(name);
    this.#spoilt.add(name);
    const what = random.below(4);
    const there = kindOf(path);
    if (there === "directory") Deno.removeSync(path);
    if (what === 0) {
      if (there === "file") Deno.removeSync(path);
      count(tally, "a file is removed");
    } else if (what === 1) {
      if (there === "file") Deno.truncateSync(path, random.below(3));
      count(tally, "a file is truncated");
    } else if (what === 2) {
      if (there === "file") Deno.removeSync(path);
      Deno.mkdirSync(path);
      count(tally, "a file becomes a directory");
    } else {
      const content = random.pick(WRONG);
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      Deno.writeFileSync(path, bytes);
      count(tally, "a file holds wrong bytes");
    }
  }

  #restoreFiles(): void {
    if (this.#isAway) return;
    for (const name of this.#spoilt) {
      const path = this.#path(name), content = FILES[name];
      if (kindOf(path) === "directory") Deno.removeSync(path);
      Deno.mkdirSync(dirname(path), { recursive: true });
      if (content instanceof Uint8Array) Deno.writeFileSync(path, content);
      else if (typeof content === "string") Deno.writeTextFileSync(path, `${content}\n`);
    }
    this.#spoilt.clear();
  }

  [Symbol.dispose](): void {
    // The tree belongs to the soak.
  }
}

function kindOf(path: string): "file" | "directory" | undefined {
  try {
    return Deno.lstatSync(path).isDirectory ? "directory" : "file";
  } catch {
    return undefined;
  }
}
