/**
 * NVIDIA GPUs by the management library of their driver.
 *
 * @module
 */

import { NVLINK_MAX_LINKS, type Nvml, type NvmlDevice, openNvml } from "../../ffi/nvml.ts";
import { parsePciAddress } from "../gpu/pci_address.ts";
import type { PeerLink } from "../gpu/gpu.ts";
import { parseUuid } from "../gpu/uuid.ts";
import { memorySize } from "./fact_notes.ts";
import {
  attempt,
  FactGatherer,
  joinNotes,
  pciId,
  refusal,
  reportLibrary,
} from "./library_report.ts";
import type { Sighting, Source } from "./source.ts";

/**
 * Signs of a loaded NVIDIA kernel driver: of desktops and servers, of WSL, of Tegra. Without one the
 * library is not asked, since it would run `nvidia-modprobe` to load the driver.
 */
export const NVIDIA_DRIVER_SIGNS: readonly string[] = [
  "/dev/nvidiactl",
  "/proc/driver/nvidia",
  "/sys/module/nvidia",
  "/dev/dxg",
  "/dev/nvmap",
];

/** Options of {@linkcode nvmlSource}. */
export interface NvmlSourceOptions {
  /** Names or paths of the library, best first. */
  sonames?: readonly string[];
  /** Paths of which one must be there; empty to ask in any case. */
  signs?: readonly string[];
}

/** The source `nvml`. On a host without persistence mode the first call initialises every GPU. */
export function nvmlSource(options: NvmlSourceOptions = {}): Source {
  const { signs = NVIDIA_DRIVER_SIGNS, ...library } = options;
  return {
    name: "nvml",
    reads: "library",
    vendors: ["nvidia"],
    discover({ sysroot, capture }) {
      if (signs.length > 0 && !signs.some((path) => sysroot.kind(path) !== undefined)) {
        return { state: "absent", reason: `no NVIDIA kernel driver is loaded (no ${signs[0]})` };
      }
      return reportLibrary(() => {
        const opened = openNvml(library);
        if (opened.state === "absent") {
          const advice = opened.present
            ? ""
            : "; it comes with NVIDIA's driver: Debian libnvidia-ml1, " +
              "Fedora nvidia-driver-cuda-libs, Arch nvidia-utils";
          return { state: "absent", reason: opened.reason + advice };
        }
        using nvml = opened.nvml;
        const notes: string[] = [];
        const sightings: Sighting[] = [];
        const system = { driverVersion: attempt(() => nvml.driverVersion()) };
        const count = nvml.deviceCount();
        for (let index = 0; index < count; index++) {
          try {
            sightings.push(sight(nvml, nvml.device(index), index, system));
          } catch (error) {
            // One GPU that fell off the bus does not hide the others.
            notes.push(`GPU ${index}: ${refusal(error)}`);
          }
        }
        const note = joinNotes(...notes);
        return { state: "ok", sightings, ...(note === undefined ? {} : { note }) };
      }, capture);
    },
  };
}

/** The source `nvml` as it is on a host. */
export const nvml: Source = nvmlSource();

function sight(
  nvml: Nvml,
  device: NvmlDevice,
  index: number,
  system: { driverVersion: string | undefined },
): Sighting {
  const gather = new FactGatherer("nvml");
  const { facts } = gather;
  gather.ask("name", "nvmlDeviceGetName", () => nvml.name(device));
  gather.ask("uuid", "nvmlDeviceGetUUID", () => nvml.uuid(device));
  if (system.driverVersion !== undefined) {
    gather.set("driver_version", system.driverVersion, "nvmlSystemGetDriverVersion");
  }
  const pci = gather.askFor(["pci_slot"], () => nvml.pciInfo(device), (info) => {
    const call = "nvmlDeviceGetPciInfo";
    const slot = parsePciAddress(info.busId);
    if (slot !== undefined) gather.set("pci_slot", slot, call);
    gather.set("vendor_id", pciId(info.vendorId), call);
    gather.set("device_id", pciId(info.deviceId), call);
    gather.set("subsystem_vendor_id", pciId(info.subsystemVendorId), call);
    gather.set("subsystem_device_id", pciId(info.subsystemDeviceId), call);
  });
  gather.ask("device_nodes", "nvmlDeviceGetMinorNumber", () => [
    `/dev/nvidia${nvml.minorNumber(device)}`,
  ]);
  gatherLink(nvml, device, gather);
  gatherMemory(nvml, device, gather);
  gather.ask("temperature_c", "nvmlDeviceGetTemperature", () => nvml.temperature(device));
  gather.ask(
    "utilization_pct",
    "nvmlDeviceGetUtilizationRates",
    () => nvml.utilization(device).gpu,
  );
  gather.ask("mig_enabled", "nvmlDeviceGetMigMode", () => nvml.migMode(device).current);
  gatherPeers(nvml, device, gather);

  const uuid = facts.uuid && parseUuid(facts.uuid);
  return {
    match: {
      ...(facts.pci_slot ? { pci: facts.pci_slot } : {}),
      ...(uuid ? { uuid } : {}),
      ...(facts.name ? { name: facts.name } : {}),
    },
    fallback_id: `nvml:${index}`,
    vendor_id: pci?.vendorId ?? 0x10de,
    facts,
    sources: gather.sources,
    absent: gather.absent,
  };
}

function gatherLink(nvml: Nvml, device: NvmlDevice, gather: FactGatherer): void {
  gather.askFor(
    ["pcie_link_gen", "pcie_link_width"],
    () => nvml.pcieLink(device, "now"),
    ({ generation, width }) => {
      gather.set("pcie_link_gen", generation, "nvmlDeviceGetCurrPcieLinkGeneration");
      gather.set("pcie_link_width", width, "nvmlDeviceGetCurrPcieLinkWidth");
      const at = gather.facts.pci_slot;
      if (at) gather.set("pcie_link_at", at, "nvmlDeviceGetPciInfo");
    },
  );
  gather.askFor(
    ["pcie_link_gen_max", "pcie_link_width_max"],
    () => nvml.pcieLink(device, "max"),
    ({ generation, width }) => {
      gather.set("pcie_link_gen_max", generation, "nvmlDeviceGetMaxPcieLinkGeneration");
      gather.set("pcie_link_width_max", width, "nvmlDeviceGetMaxPcieLinkWidth");
    },
  );
}

function gatherMemory(nvml: Nvml, device: NvmlDevice, gather: FactGatherer): void {
  const names = ["vram_total_bytes", "vram_used_bytes", "memory_kind"] as const;
  gather.askFor(names, () => nvml.memory(device), ({ total, used, reserved }) => {
    const call = "nvmlDeviceGetMemoryInfo";
    const size = memorySize(total);
    if (size === undefined) {
      return gather.miss(names, `${call} gives a total of ${total}: memory shared with the host`);
    }
    gather.set("vram_total_bytes", size, call);
    gather.set(
      "vram_used_bytes",
      used,
      reserved === null ? `${call} (with what the driver reserves)` : call,
    );
    gather.set("memory_kind", "dedicated", call);
  });
}

function gatherPeers(nvml: Nvml, device: NvmlDevice, gather: FactGatherer): void {
  const links: PeerLink[] = [];
  let reason: string | undefined;
  for (let link = 0; link < NVLINK_MAX_LINKS; link++) {
    try {
      const active = nvml.nvlinkActive(device, link);
      links.push({ link, active, ...remoteEnd(nvml, device, link, active) });
    } catch (error) {
      // GPUs have fewer links than the most there are, and refuse the rest.
      reason ??= refusal(error);
    }
  }
  if (links.length > 0) gather.set("peer_links", links, "nvmlDeviceGetNvLinkState");
  else if (reason !== undefined) gather.miss(["peer_links"], reason);
}

function remoteEnd(
  nvml: Nvml,
  device: NvmlDevice,
  link: number,
  active: boolean,
): Pick<PeerLink, "remote" | "remote_type" | "version"> {
  const version = attempt(() => nvml.nvlinkVersion(device, link)) ?? null;
  if (!active) return { remote: null, remote_type: "unknown", version };
  const type = attempt(() => nvml.nvlinkRemoteType(device, link)) ?? "unknown";
  const busId = attempt(() => nvml.nvlinkRemoteBusId(device, link));
  return {
    remote: (busId === undefined ? undefined : parsePciAddress(busId)) ?? null,
    remote_type: type === "npu" ? "cpu" : type,
    version,
  };
}
