/**
 * The devices that HIP, of AMD's ROCm, shows.
 *
 * @module
 */

import { type Hip, type HipDevice, openHip } from "../../ffi/hip.ts";
import { parsePciAddress } from "../gpu/pci_address.ts";
import { formatUuid } from "../gpu/uuid.ts";
import { attempt, FactGatherer, hidingNote, reportLibrary } from "./library_report.ts";
import type { Sighting, Source } from "./source.ts";

/** Attributes that a device has or has not, and that decide what mvgal can do with it. */
const CAPABILITIES = ["CooperativeLaunch", "ManagedMemory", "MemoryPoolsSupported"] as const;

/** Options of {@linkcode hipSource}. */
export interface HipSourceOptions {
  /** Names or paths of the library, best first. */
  sonames?: readonly string[];
  /** Paths of which one must be there; empty to ask in any case. */
  signs?: readonly string[];
  environment?: (name: string) => string | undefined;
}

/** The source `hip`. Slow: the library is large, and opens every GPU. */
export function hipSource(options: HipSourceOptions = {}): Source {
  const { signs = ["/dev/kfd", "/dev/dxg"], environment, ...library } = options;
  return {
    name: "hip",
    reads: "library",
    vendors: ["amd"],
    discover({ sysroot, capture }) {
      if (signs.length > 0 && !signs.some((path) => sysroot.kind(path) !== undefined)) {
        return {
          state: "absent",
          reason: `no ${
            signs[0]
          }: the amdgpu kernel driver is not loaded, or built without HSA_AMD`,
        };
      }
      const hidden = hidingNote(
        ["HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"],
        environment,
      );
      return reportLibrary(() => {
        const opened = openHip(library);
        if (opened.state === "absent") {
          const advice = opened.present ? "" : "; it comes with ROCm: Debian libamdhip64-5, " +
            "Fedora rocm-hip, Arch hip-runtime-amd";
          return { state: "absent", reason: opened.reason + advice };
        }
        using hip = opened.hip;
        const version = attempt(() => formatVersion(hip.driverVersion())) ?? null;
        const sightings = hip.devices().map((device) => sight(hip, device, version));
        return { state: "ok", sightings, ...(hidden === undefined ? {} : { note: hidden }) };
      }, capture);
    },
  };
}

/** The source `hip` as it is on a host. */
export const hip: Source = hipSource();

function formatVersion(version: number): string {
  const major = Math.floor(version / 10_000_000);
  return `${major}.${Math.floor(version / 100_000) % 100}.${version % 100_000}`;
}

function sight(hip: Hip, device: HipDevice, version: string | null): Sighting {
  const gather = new FactGatherer("hip");
  const { facts } = gather;
  gather.ask("name", "hipDeviceGetName", () => hip.name(device));
  gather.askFor(["pci_slot"], () => parsePciAddress(hip.pciBusId(device)), (slot) => {
    if (slot !== undefined) gather.set("pci_slot", slot, "hipDeviceGetPCIBusId");
  });
  gather.ask(
    "kind",
    "hipDeviceGetAttribute",
    () => hip.attribute(device, "Integrated") === 1 ? "integrated" : "discrete",
  );
  const memory = attempt(() => hip.totalMemory(device)) ?? null;
  return {
    // Not by UUID: ROCm's is the chip's unique id in text, and no other API's.
    match: {
      ...(facts.pci_slot ? { pci: facts.pci_slot } : {}),
      ...(facts.name ? { name: facts.name } : {}),
    },
    fallback_id: `hip:${device}`,
    vendor_id: 0x1002,
    facts,
    sources: gather.sources,
    absent: gather.absent,
    api: {
      name: "hip",
      device: {
        index: String(device),
        name: facts.name ?? "",
        api_version: version,
        driver: null,
        uuid: attempt(() => formatHipUuid(hip.uuid(device))) ?? null,
        capabilities: CAPABILITIES.filter((name) =>
          attempt(() => hip.attribute(device, name)) === 1
        ),
        memory_total_bytes: facts.kind === "integrated" ? null : memory,
      },
    },
  };
}

/** `GPU-` and the chip's unique id, as `rocminfo` and `ROCR_VISIBLE_DEVICES` write it. */
function formatHipUuid(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes);
  return /^[0-9a-f]{16}$/i.test(text) ? `GPU-${text}` : formatUuid(bytes) ?? null;
}
