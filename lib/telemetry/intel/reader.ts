/**
 * Reads one Intel GPU: what i915 and xe have in common.
 *
 * @module
 */

import type { DrmQueryNode, MemoryRegion } from "../../../ffi/drm_query.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { ReadingBuilder, type TelemetryReader } from "../driver.ts";
import { Hwmon } from "../hwmon.ts";
import { METRIC_NAMES, type Reading } from "../metrics.ts";
import { ASLEEP, type PciDevice } from "../pci_device.ts";
import { PcieLink } from "../pcie_link.ts";
import type { IntelCalls } from "./calls.ts";
import { EnergyCounters } from "./energy.ts";
import { EngineCounters, type EngineEvents } from "./engine_counters.ts";
import { areGated, type Gt, putGts } from "./gt_files.ts";
import { putRegions } from "./memory.ts";

/** What the two drivers do each in its own way. */
export interface IntelKernelDriver {
  /** `i915`, `xe`. */
  readonly name: string;
  /** The labels of hwmon's counters of energy, the best first; undefined for one without a label. */
  readonly energyLabels: readonly (string | undefined)[];
  /** The GPU's GTs. */
  gts(device: PciDevice): Gt[];
  /** The events of its engines; a string says why there are none. */
  events(device: PciDevice, node: DrmQueryNode | string): EngineEvents | string;
  /** The regions of its memory now; a string says why they are not known. */
  regions(node: DrmQueryNode, mayKnowUse: boolean): MemoryRegion[] | string;
  /** Notes what the sensors say, but for energy. */
  putSensors(into: ReadingBuilder, hwmon: Hwmon | undefined): void;
}

/** Reads one GPU. */
export class IntelReader implements TelemetryReader {
  readonly #gpu: Gpu;
  readonly #device: PciDevice;
  readonly #driver: IntelKernelDriver;
  readonly #now: () => number;
  readonly #node: DrmQueryNode | string;
  readonly #mayKnowUse: boolean;
  readonly #engines: EngineCounters;
  readonly #hwmon: Hwmon | undefined;
  readonly #energy: EnergyCounters;
  readonly #gts: readonly Gt[];
  readonly #link: PcieLink;
  #isIdle = false;

  constructor(
    gpu: Gpu,
    device: PciDevice,
    driver: IntelKernelDriver,
    calls: IntelCalls,
    now: () => number,
  ) {
    this.#gpu = gpu;
    this.#device = device;
    this.#driver = driver;
    this.#now = now;
    const path = gpu.render_node ?? gpu.drm_node;
    this.#node = path === null ? "the GPU has no DRM node" : calls.openNode(path);
    this.#mayKnowUse = calls.mayKnowUse();
    this.#engines = new EngineCounters(calls, driver.events(device, this.#node));
    const hwmon = device.hwmonDirectory();
    this.#hwmon = hwmon === undefined ? undefined : Hwmon.open(device.sysroot, hwmon);
    this.#energy = new EnergyCounters(this.#hwmon, driver.energyLabels);
    this.#gts = driver.gts(device);
    this.#link = new PcieLink(device);
  }

  read(): Reading {
    const driver = this.#driver;
    const into = new ReadingBuilder();
    if (this.#device.files().asleep) {
      this.#putInventory(into);
      into.lack(METRIC_NAMES, ASLEEP);
      return into.reading;
    }
    this.#engines.put(into);
    const regions = typeof this.#node === "string"
      ? this.#node
      : driver.regions(this.#node, this.#mayKnowUse);
    putRegions(into, regions, `${driver.name}:memory regions`, this.#mayKnowUse);
    this.#putInventory(into);
    driver.putSensors(into, this.#hwmon);
    this.#energy.put(into, this.#now());
    putGts(into, this.#device, this.#gts);
    this.#link.put(into);
    into.lack(METRIC_NAMES, `the driver ${driver.name} does not tell it`);
    const load = into.reading.values.utilization_pct ?? null;
    // Without the right to count, gated clocks show that nothing runs.
    this.#isIdle = load === null ? areGated(this.#device, this.#gts) : load === 0;
    return into.reading;
  }

  #putInventory(into: ReadingBuilder): void {
    const { vram_total_bytes, sources } = this.#gpu;
    const source = sources.vram_total_bytes ?? "inventory";
    into.put("vram_total_bytes", vram_total_bytes, source, "no driver tells it");
  }

  idle(): boolean {
    return this.#isIdle;
  }

  lost(): string | undefined {
    return this.#device.lost();
  }

  [Symbol.dispose](): void {
    this.#engines[Symbol.dispose]();
    if (typeof this.#node !== "string") this.#node[Symbol.dispose]();
  }
}
