/**
 * The devices that CUDA shows.
 *
 * @module
 */

import { type Cuda, type CudaDevice, CudaError, openCuda } from "../../ffi/cuda.ts";
import { parsePciAddress } from "../gpu/pci_address.ts";
import { formatUuid } from "../gpu/uuid.ts";
import { attempt, FactGatherer, hidingNote, refusal, reportLibrary } from "./library_report.ts";
import { NVIDIA_DRIVER_SIGNS, type NvmlSourceOptions } from "./nvml.ts";
import type { Sighting, Source } from "./source.ts";

/** Attributes that a device has or has not, and that decide what mvgal can do with it. */
const CAPABILITIES = [
  "UNIFIED_ADDRESSING",
  "MANAGED_MEMORY",
  "CONCURRENT_MANAGED_ACCESS",
  "COOPERATIVE_LAUNCH",
  "VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED",
  "HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED",
  "MEMORY_POOLS_SUPPORTED",
] as const;

/** Options of {@linkcode cudaSource}: those of {@linkcode NvmlSourceOptions}, and the environment. */
export interface CudaSourceOptions extends NvmlSourceOptions {
  environment?: (name: string) => string | undefined;
}

/** The source `cuda`. `cuInit` opens every GPU: slow on a host with many. */
export function cudaSource(options: CudaSourceOptions = {}): Source {
  const { signs = NVIDIA_DRIVER_SIGNS, environment, ...library } = options;
  return {
    name: "cuda",
    reads: "library",
    vendors: ["nvidia"],
    discover({ sysroot, capture }) {
      if (signs.length > 0 && !signs.some((path) => sysroot.kind(path) !== undefined)) {
        return { state: "absent", reason: `no NVIDIA kernel driver is loaded (no ${signs[0]})` };
      }
      const hidden = hidingNote(["CUDA_VISIBLE_DEVICES"], environment);
      const note = hidden === undefined ? {} : { note: hidden };
      return reportLibrary(() => {
        let opened;
        try {
          opened = openCuda(library);
        } catch (error) {
          const allHidden = error instanceof CudaError &&
            error.result === "CUDA_ERROR_NO_DEVICE" && hidden !== undefined;
          if (allHidden) return { state: "ok", sightings: [], ...note };
          throw error;
        }
        if (opened.state === "absent") {
          const advice = opened.present
            ? ""
            : "; it comes with NVIDIA's driver: Debian libcuda1, " +
              "Fedora nvidia-driver-cuda-libs, Arch nvidia-utils";
          return { state: "absent", reason: opened.reason + advice };
        }
        using cuda = opened.cuda;
        const version = attempt(() => cuda.driverVersion()) ?? null;
        const sightings = cuda.devices().map((device, index) =>
          sight(cuda, device, index, version)
        );
        return { state: "ok", sightings, ...note };
      }, capture);
    },
  };
}

/** The source `cuda` as it is on a host. */
export const cuda: Source = cudaSource();

function sight(cuda: Cuda, device: CudaDevice, index: number, version: string | null): Sighting {
  const gather = new FactGatherer("cuda");
  const { facts } = gather;
  gather.ask("name", "cuDeviceGetName", () => cuda.name(device));
  gather.askFor(["pci_slot"], () => parsePciAddress(cuda.pciBusId(device)), (slot) => {
    if (slot !== undefined) gather.set("pci_slot", slot, "cuDeviceGetPCIBusId");
  });
  gather.ask(
    "kind",
    "cuDeviceGetAttribute",
    () => cuda.attribute(device, "INTEGRATED") === 1 ? "integrated" : "discrete",
  );
  const uuid = attempt(() => formatUuid(cuda.uuid(device)));
  const memory = attempt(() => cuda.totalMemory(device)) ?? null;
  return {
    match: {
      ...(facts.pci_slot ? { pci: facts.pci_slot } : {}),
      ...(uuid === undefined ? {} : { uuid }),
      ...(facts.name ? { name: facts.name } : {}),
    },
    fallback_id: `cuda:${index}`,
    vendor_id: 0x10de,
    facts,
    sources: gather.sources,
    absent: gather.absent,
    api: {
      name: "cuda",
      device: {
        index: String(index),
        name: facts.name ?? "",
        api_version: version,
        driver: null,
        uuid: uuid ?? null,
        capabilities: capabilities(cuda, device),
        memory_total_bytes: facts.kind === "integrated" ? null : memory,
      },
    },
  };
}

/** `sm_90`, and the names of the attributes that the device has. */
function capabilities(cuda: Cuda, device: CudaDevice): string[] {
  const found: string[] = [];
  try {
    const major = cuda.attribute(device, "COMPUTE_CAPABILITY_MAJOR");
    found.push(`sm_${major}${cuda.attribute(device, "COMPUTE_CAPABILITY_MINOR")}`);
  } catch (error) {
    refusal(error);
  }
  return found.concat(
    CAPABILITIES.filter((name) => attempt(() => cuda.attribute(device, name)) === 1),
  );
}
