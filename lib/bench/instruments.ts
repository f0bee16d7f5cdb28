/**
 * What is read of the GPUs of a run, and known of them, beside the benchmarks' own figures.
 *
 * @module
 */

import type { Nvml, NvmlDevice } from "../../ffi/nvml.ts";
import type { PhysicalDevice } from "../../ffi/vulkan/physical_device.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Sysroot } from "../sysfs/sysroot.ts";
import { attempt, nvmlConditions, NvmlGpus } from "./conditions/nvml.ts";
import { sysfsConditions } from "./conditions/sysfs.ts";
import { type VendorEnvironment, virtualMachine } from "./environment.ts";
import { amdModel, readAmdFacts } from "./peaks/amd.ts";
import { intelModel, readIntelMaxMhz } from "./peaks/intel.ts";
import { type LinkFacts, pcieLinkOf, withLinkPeaks } from "./peaks/link.ts";
import { type DeviceModel, modelPeaks } from "./peaks/model.ts";
import { nvidiaModel } from "./peaks/nvidia.ts";
import { readXgmiBandwidths } from "./peaks/xgmi.ts";
import type { Instruments } from "./run.ts";

/** The instruments of one GPU. */
export interface GpuInstruments extends Instruments {
  /** Of its environment, what NVML and Vulkan tell. */
  environment: VendorEnvironment;
}

/** Opens the instruments of GPUs. Dispose it (`using`) after the run. */
export class InstrumentPanel implements Disposable {
  readonly #sysroot: Sysroot;
  readonly #sonames: readonly string[] | undefined;
  readonly #owned = new DisposableStack();
  /** Of the GPUs that were asked for so far, by their ids. */
  readonly #links = new Map<string, LinkFacts>();
  #nvml: NvmlGpus | string | undefined;

  /** `sonames` are those of NVML, where they are not the usual ones. */
  constructor(options: { sysroot?: Sysroot; sonames?: readonly string[] } = {}) {
    this.#sysroot = options.sysroot ?? new Sysroot();
    this.#sonames = options.sonames;
  }

  /** NVML is opened for a GPU that it showed before: elsewhere it would load the driver. */
  #nvmlOf(gpu: Gpu): { nvml: Nvml; device: NvmlDevice } | undefined {
    if (!gpu.seen_by.includes("nvml")) return undefined;
    if (this.#nvml === undefined) {
      this.#nvml = NvmlGpus.open(this.#sonames && { sonames: this.#sonames });
      if (typeof this.#nvml !== "string") this.#owned.use(this.#nvml);
    }
    if (typeof this.#nvml === "string") return undefined;
    const device = this.#nvml.find(gpu.pci_slot);
    return device && { nvml: this.#nvml.nvml, device };
  }

  /** The instruments of a GPU, and of its Vulkan device where it has one. */
  of(gpu: Gpu, physical: PhysicalDevice | undefined): GpuInstruments {
    if (gpu.kind === "software") return { environment: vulkanEnvironment(physical) };
    const found = this.#nvmlOf(gpu);
    const model = this.#modelOf(gpu, physical, found);
    const links = this.#linksOf(gpu, found);
    this.#links.set(gpu.id, links);
    return {
      conditions: found
        ? nvmlConditions(found.nvml, found.device)
        : sysfsConditions(gpu, this.#sysroot),
      peaks: withLinkPeaks(links, (id) => this.#links.get(id), model && modelPeaks(model)),
      environment: {
        ...vulkanEnvironment(physical),
        ...(found && nvmlEnvironment(found.nvml, found.device)),
      },
    };
  }

  #linksOf(gpu: Gpu, found: { nvml: Nvml; device: NvmlDevice } | undefined): LinkFacts {
    const told = found && attempt(() => found.nvml.pcieLink(found.device, "max"));
    const link = gpu.peer_links.find(({ active }) => active)?.link;
    const wire = link === undefined
      ? undefined
      : found && attempt(() => found.nvml.nvlinkSpeed(found.device, link));
    return {
      gpu,
      pcie: pcieLinkOf(gpu, told ?? null, virtualMachine(this.#sysroot)),
      nvlinkWire: wire === undefined ? null : wire / 1000,
      xgmi: gpu.vendor === "amd" ? readXgmiBandwidths(this.#sysroot, gpu.pci_slot) : null,
    };
  }

  #modelOf(
    gpu: Gpu,
    physical: PhysicalDevice | undefined,
    found: { nvml: Nvml; device: NvmlDevice } | undefined,
  ): DeviceModel | undefined {
    const units = physical?.shaderCores ?? null;
    switch (gpu.vendor) {
      case "nvidia":
        return nvidiaModel({
          ...nvmlFacts(found),
          name: gpu.name ?? physical?.name ?? "",
          multiprocessors: units,
          migEnabled: gpu.mig_enabled === true,
        });
      case "amd":
        return amdModel(readAmdFacts(this.#sysroot, gpu.pci_slot), units);
      case "intel":
        return intelModel(gpu.device_id, readIntelMaxMhz(this.#sysroot, gpu.pci_slot));
      default:
        return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}

function vulkanEnvironment(physical: PhysicalDevice | undefined): VendorEnvironment {
  return { driver_uuid: physical?.driverUuid ?? null };
}

function nvmlEnvironment(nvml: Nvml, device: NvmlDevice): VendorEnvironment {
  const watts = (ask: () => number) => {
    const milliwatts = attempt(ask);
    return milliwatts === undefined ? null : milliwatts / 1000;
  };
  return {
    ecc_enabled: attempt(() => nvml.eccMode(device).current) ?? null,
    power_limit_w: watts(() => nvml.powerLimit(device)),
    power_limit_default_w: watts(() => nvml.defaultPowerLimit(device)),
  };
}

function nvmlFacts(found: { nvml: Nvml; device: NvmlDevice } | undefined) {
  const ask = <T>(call: (nvml: Nvml, device: NvmlDevice) => T): T | null =>
    found === undefined ? null : attempt(() => call(found.nvml, found.device)) ?? null;
  return {
    computeCapability: ask((nvml, device) => nvml.computeCapability(device)),
    cores: ask((nvml, device) => nvml.cores(device)),
    coreMaxMhz: ask((nvml, device) => nvml.clock(device, "sm", "max")),
    memoryMaxMhz: ask((nvml, device) => nvml.clock(device, "memory", "max")),
    busBits: ask((nvml, device) => nvml.memoryBusWidth(device)),
  };
}
