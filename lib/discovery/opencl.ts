/**
 * The devices that OpenCL shows, of all drivers that are installed.
 *
 * @module
 */

import {
  type ClDevice,
  ClDeviceType,
  type ClPlatform,
  type OpenCl,
  openOpenCl,
} from "../../ffi/opencl.ts";
import type { ApiDevice, GpuKind } from "../gpu/gpu.ts";
import { formatPciAddress, type PciAddress } from "../gpu/pci_address.ts";
import { formatUuid } from "../gpu/uuid.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import {
  attempt,
  FactGatherer,
  hidingNote,
  joinNotes,
  pciId,
  refusal,
  reportLibrary,
} from "./library_report.ts";
import type { Sighting, Source } from "./source.ts";

/** Options of {@linkcode openClSource}. */
export interface OpenClSourceOptions {
  /** Names or paths of the ICD loader, best first. */
  sonames?: readonly string[];
  environment?: (name: string) => string | undefined;
}

/** Extensions that decide what mvgal can do with a device. */
const CAPABILITIES =
  /^(cl_khr_(fp16|fp64|int64_.*|subgroups.*|il_program|command_buffer.*|external_memory.*|semaphore|external_semaphore.*|integer_dot_product|device_uuid|pci_bus_info)|cl_intel_unified_shared_memory|cl_ext_buffer_device_address|cl_arm_import_memory.*)$/;

/** The Khronos vendor id of PoCL, whose devices claim to be of the processor's maker. */
const POCL_VENDOR_ID = 0x10006;

/**
 * The source `opencl`. Loads every installed driver: slow where there are several (PoCL and rusticl
 * load LLVM).
 */
export function openClSource(options: OpenClSourceOptions = {}): Source {
  const { environment, ...library } = options;
  return {
    name: "opencl",
    reads: "library",
    vendors: "any",
    discover({ sysroot, capture }) {
      const hidden = hidingNote(
        ["OCL_ICD_VENDORS", "OCL_ICD_FILENAMES", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"],
        environment,
      );
      return reportLibrary(() => {
        const opened = openOpenCl(library);
        if (opened.state === "absent") {
          const advice = opened.present ? "" : "; the ICD loader is Debian ocl-icd-libopencl1, " +
            "Fedora ocl-icd or OpenCL-ICD-Loader, Arch ocl-icd";
          return { state: "absent", reason: opened.reason + advice };
        }
        using cl = opened.cl;
        const platforms = cl.platforms();
        const notes = [
          hidden,
          platforms.length === 0
            ? "no OpenCL driver is installed (/etc/OpenCL/vendors names none)"
            : undefined,
        ];
        const sightings: Sighting[] = [];
        platforms.forEach((platform, p) => {
          try {
            const name = cl.platformText(platform, "NAME");
            cl.devices(platform).forEach((device, d) => {
              const sighting = sight(cl, platform, device, `${p}:${d}`, name, sysroot);
              if (sighting !== undefined) sightings.push(sighting);
            });
          } catch (error) {
            notes.push(`platform ${p}: ${refusal(error)}`);
          }
        });
        const note = joinNotes(...notes);
        return { state: "ok", sightings, ...(note === undefined ? {} : { note }) };
      }, capture);
    },
  };
}

/** The source `opencl` as it is on a host. */
export const openCl: Source = openClSource();

function sight(
  cl: OpenCl,
  platform: ClPlatform,
  device: ClDevice,
  index: string,
  platformName: string,
  sysroot: Sysroot,
): Sighting | undefined {
  const type = cl.u64(device, "TYPE");
  if ((type & ClDeviceType.CUSTOM) !== 0n) return undefined;
  const gather = new FactGatherer("opencl");
  const { facts } = gather;
  const extensions = (attempt(() => cl.text(device, "EXTENSIONS")) ?? "").split(/\s+/);
  const name = cl.text(device, "NAME");
  // AMD's NAME is the compiler's target, gfx1030.
  const board = extensions.includes("cl_amd_device_attribute_query")
    ? attempt(() => cl.text(device, "BOARD_NAME_AMD"))
    : undefined;
  gather.set("name", board || name, board ? "CL_DEVICE_BOARD_NAME_AMD" : "CL_DEVICE_NAME");
  const software = (type & ClDeviceType.CPU) !== 0n;
  const kind = deviceKind(cl, device, type);
  if (kind !== undefined) gather.set("kind", kind, "CL_DEVICE_TYPE");
  const vendor = software && platformName === "Portable Computing Language"
    ? POCL_VENDOR_ID
    : attempt(() => cl.u32(device, "VENDOR_ID"));
  if (vendor !== undefined && vendor <= 0xffff && !software) {
    gather.set("vendor_id", pciId(vendor), "CL_DEVICE_VENDOR_ID");
  }
  const slot = software ? undefined : pciAddress(cl, device, extensions, sysroot);
  if (slot !== undefined) gather.set("pci_slot", slot, "clGetDeviceInfo");
  else if (!software) gather.miss(["pci_slot"], "the OpenCL driver does not tell the PCI address");
  const uuid = extensions.includes("cl_khr_device_uuid")
    ? attempt(() => formatUuid(cl.uuid(device)))
    : undefined;
  return {
    match: {
      ...(slot === undefined ? {} : { pci: slot }),
      ...(uuid === undefined ? {} : { uuid }),
      name: board || name,
      ...(software ? { software } : {}),
    },
    fallback_id: `opencl:${index}`,
    ...(vendor === undefined ? {} : { vendor_id: vendor }),
    facts,
    sources: gather.sources,
    absent: gather.absent,
    api: {
      name: "opencl",
      device: apiDevice(cl, platform, device, {
        index,
        name,
        uuid: uuid ?? null,
        capabilities: extensions.filter((extension) => CAPABILITIES.test(extension)),
        ownMemory: kind === "discrete",
        platformName,
      }),
    },
  };
}

function apiDevice(
  cl: OpenCl,
  platform: ClPlatform,
  device: ClDevice,
  known: Pick<ApiDevice, "index" | "name" | "uuid" | "capabilities"> & {
    ownMemory: boolean;
    platformName: string;
  },
): ApiDevice {
  // "OpenCL 3.0 PoCL HSTR: …": the specification fixes the first two words.
  const version = attempt(() => cl.text(device, "VERSION")) ??
    attempt(() => cl.platformText(platform, "VERSION"));
  const driver = attempt(() => cl.text(device, "DRIVER_VERSION"));
  const memory = attempt(() => Number(cl.u64(device, "GLOBAL_MEM_SIZE"))) ?? 0;
  return {
    index: known.index,
    name: known.name,
    api_version: /^OpenCL (\d+\.\d+)/.exec(version ?? "")?.[1] ?? null,
    driver: [known.platformName, driver].filter(Boolean).join(" ") || null,
    uuid: known.uuid,
    capabilities: known.capabilities,
    memory_total_bytes: known.ownMemory && memory > 0 ? memory : null,
  };
}

function deviceKind(cl: OpenCl, device: ClDevice, type: bigint): GpuKind | undefined {
  if ((type & ClDeviceType.CPU) !== 0n) return "software";
  if ((type & ClDeviceType.GPU) === 0n) return undefined;
  const unified = attempt(() => cl.u32(device, "HOST_UNIFIED_MEMORY"));
  return unified === undefined ? undefined : unified === 1 ? "integrated" : "discrete";
}

/** The PCI address, by whichever of three extensions the driver has. */
function pciAddress(
  cl: OpenCl,
  device: ClDevice,
  extensions: readonly string[],
  sysroot: Sysroot,
): PciAddress | undefined {
  if (extensions.includes("cl_khr_pci_bus_info")) {
    const at = attempt(() => cl.pciBusInfo(device));
    if (at !== undefined) return formatPciAddress(at.domain, at.bus, at.device, at.function);
  }
  if (extensions.includes("cl_nv_device_attribute_query")) {
    const bus = attempt(() => cl.u32(device, "PCI_BUS_ID_NV"));
    const slot = attempt(() => cl.u32(device, "PCI_SLOT_ID_NV"));
    const domain = attempt(() => cl.u32(device, "PCI_DOMAIN_ID_NV"));
    if (bus !== undefined && slot !== undefined) {
      // NVIDIA's GPUs are function 0 of their device.
      if (domain === undefined) return findInAnyDomain(sysroot, { bus, device: slot, function: 0 });
      return formatPciAddress(domain, bus, slot, 0);
    }
  }
  if (extensions.includes("cl_amd_device_attribute_query")) {
    const at = attempt(() => cl.topologyAmd(device));
    if (at) return findInAnyDomain(sysroot, at);
  }
  return undefined;
}

/**
 * The address of a function of which the domain is not known: the only one on the host with this bus,
 * device and function; undefined where there is none or more than one.
 */
function findInAnyDomain(
  sysroot: Sysroot,
  at: { bus: number; device: number; function: number },
): PciAddress | undefined {
  const tail = formatPciAddress(0, at.bus, at.device, at.function).slice(4);
  const found = sysroot.list("/sys/bus/pci/devices").filter((name) => name.endsWith(tail));
  return found.length === 1 ? found[0] : undefined;
}
