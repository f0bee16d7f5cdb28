/**
 * GPUs on the PCI bus, from `/sys/bus/pci`.
 *
 * @module
 */

import type { FactName, Sriov } from "../gpu/gpu.ts";
import { gpuKind } from "../gpu/kind.ts";
import { parsePciAddress } from "../gpu/pci_address.ts";
import { vendorFromId, vendorTitle } from "../gpu/vendor.ts";
import { amdgpuName } from "./amdgpu_ids.ts";
import { FactNotes, memorySize } from "./fact_notes.ts";
import { type GpuFunction, gpuFunctions, PCI_DEVICES, readPciId } from "./pci_functions.ts";
import { PciIdList, type PciNames } from "./pci_ids.ts";
import { type PciPath, pciPath, readPcieLink } from "./pci_link.ts";
import type { DiscoveryContext, Sighting, Source, SourceReport } from "./source.ts";

/** `MAX_NUMNODES` of the largest kernel configuration. */
const MAX_NUMA_NODES = 1024;

const hex = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, "0")}`;

/**
 * The name for people of a device that `pci.ids` lists: the marketing name in brackets where there is
 * one, behind the vendor's: `AD103 [GeForce RTX 4080]` is `NVIDIA GeForce RTX 4080`.
 */
export function nameFromList(vendor: number, listed: string): string {
  const known = vendorFromId(vendor);
  const name = /\[([^\]]+)\][^[]*$/.exec(listed)?.[1] ?? listed;
  const title = known === "other" ? "" : vendorTitle(known);
  return name.toLowerCase().startsWith(title.toLowerCase()) ? name : `${title} ${name}`;
}

function noteIdentity(notes: FactNotes, gpu: GpuFunction, list: PciIdList): PciNames | undefined {
  const { files, vendor, device } = gpu;
  const id = (name: "subsystem_vendor" | "subsystem_device") => {
    const value = readPciId(files, name);
    // 0 and 0xffff mean that the function has no subsystem.
    return value === 0 || value === 0xffff ? undefined : value;
  };
  const noteId = (fact: FactName & `${string}_id`, value: number | undefined, file: string) =>
    notes.note(
      fact,
      value === undefined ? undefined : hex(value, 4),
      `sysfs:${file}`,
      files.whyNot(file, "PCI id"),
    );
  const subsystem = { vendor: id("subsystem_vendor"), device: id("subsystem_device") };
  noteId("vendor_id", vendor, "vendor");
  noteId("device_id", device, "device");
  noteId("subsystem_vendor_id", subsystem.vendor, "subsystem_vendor");
  noteId("subsystem_device_id", subsystem.device, "subsystem_device");
  const revision = files.integer("revision");
  const isRevision = revision !== undefined && revision >= 0 && revision <= 0xff;
  notes.note(
    "revision",
    isRevision ? hex(revision, 2) : undefined,
    "sysfs:revision",
    files.whyNot("revision", "PCI revision"),
  );
  notes.facts.class_code = hex(gpu.class, 6);
  notes.sources.class_code = "sysfs:class";
  if (vendor === undefined || device === undefined) {
    notes.absent.name = "the PCI ids are not known";
    return undefined;
  }
  const names = list.lookUp({
    vendor,
    device,
    ...(subsystem.vendor !== undefined && { subsystem_vendor: subsystem.vendor }),
    ...(subsystem.device !== undefined && { subsystem_device: subsystem.device }),
  });
  const amd = vendor === 0x1002 && isRevision
    ? amdgpuName(files.sysroot, device, revision)
    : undefined;
  notes.note(
    "name",
    amd ?? (names.device === null ? undefined : nameFromList(vendor, names.device)),
    amd === undefined ? "pci.ids" : "amdgpu.ids",
    `PCI id ${hex(vendor, 4)}:${hex(device, 4)} is in no list of names`,
  );
  const board = [names.subsystem_vendor, names.subsystem].filter((part) => part !== null).join(" ");
  notes.note(
    "board_name",
    names.subsystem === null ? undefined : board,
    "pci.ids",
    "no list of names has the subsystem ids",
  );
  return names;
}

function notePlace(notes: FactNotes, gpu: GpuFunction, path: PciPath): void {
  const { files } = gpu;
  notes.facts.pci_slot = gpu.address;
  notes.sources.pci_slot = `sysfs:${PCI_DEVICES}`;
  notes.note(
    "pcie_path",
    path.complete ? path.nodes.map((node) => node.address) : undefined,
    "sysfs:path",
    "the bridges above the GPU are not in these files",
  );
  const node = files.integer("numa_node");
  notes.note(
    "numa_node",
    node !== undefined && node >= 0 && node < MAX_NUMA_NODES ? node : undefined,
    "sysfs:numa_node",
    node === -1
      ? "the firmware assigns the GPU no NUMA node"
      : files.whyNot("numa_node", "NUMA node"),
  );
  const cpus = files.text("local_cpulist");
  notes.note(
    "local_cpus",
    cpus !== undefined && /^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(cpus) ? cpus : undefined,
    "sysfs:local_cpulist",
    files.whyNot("local_cpulist", "list of CPUs"),
  );
  const group = files.linkName("iommu_group");
  notes.note(
    "iommu_group",
    group !== undefined && /^\d{1,9}$/.test(group) ? Number(group) : undefined,
    "sysfs:iommu_group",
    "no IOMMU group: the IOMMU is off or absent, or the files do not show it",
  );
}

function noteSriov(notes: FactNotes, gpu: GpuFunction): void {
  const { files } = gpu;
  const count = (name: string) => {
    const value = files.integer(name);
    // 16-bit registers (PCIe base specification, section 9.3.3).
    return value !== undefined && value >= 0 && value <= 0xffff ? value : null;
  };
  const sriov: Sriov = { role: "none", total_vfs: null, num_vfs: null, physical_function: null };
  const physical = files.linkName("physfn");
  const total = count("sriov_totalvfs");
  if (physical !== undefined) {
    sriov.role = "vf";
    sriov.physical_function = parsePciAddress(physical) ?? null;
  } else if (files.has("sriov_totalvfs") && total !== 0) {
    // The driver of a card that is not made for it sets the total to 0 (`pci_sriov_set_totalvfs`).
    sriov.role = "pf";
    sriov.total_vfs = total;
    sriov.num_vfs = count("sriov_numvfs");
  }
  notes.facts.sriov = sriov;
  notes.sources.sriov = "sysfs:sriov_totalvfs, physfn";
}

/**
 * Which of a card's memory regions is VRAM: the first of AMD's cards; the second of NVIDIA's and Intel's,
 * behind the registers. Counted are those that are there, since a 64-bit BAR takes two numbers. Of
 * integrated graphics the same region is an aperture into the host's memory.
 */
const VRAM_REGION: ReadonlyMap<number, number> = new Map([[0x1002, 0], [0x10de, 1], [0x8086, 1]]);

/** Base address registers of a function that is no bridge (PCI local bus specification, 6.2.5). */
const BARS = 6;

/** `IORESOURCE_MEM` (`include/linux/ioport.h`). */
const MEMORY_FLAG = 0x200n;

/**
 * The memory regions of a function, from the kernel's `resource` file, whose lines are `start end flags`
 * in hexadecimal, `end` inclusive: number of the BAR and size in bytes.
 */
export function memoryRegions(resource: string): { bar: number; size: number }[] {
  return resource.split("\n").slice(0, BARS).flatMap((line, bar) => {
    const match = /^(0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16}) (0x[0-9a-f]{1,16})$/i.exec(line.trim());
    if (match === null) return [];
    const [start = 0n, end = 0n, flags = 0n] = match.slice(1).map(BigInt);
    const size = Number(end - start + 1n);
    const isMemory = (flags & MEMORY_FLAG) !== 0n && start !== 0n;
    return isMemory && memorySize(size) !== undefined ? [{ bar, size }] : [];
  });
}

function noteMemory(notes: FactNotes, gpu: GpuFunction): void {
  const kind = notes.facts.kind;
  if (kind === "discrete") notes.facts.memory_kind = "dedicated";
  else if (kind === "integrated") notes.facts.memory_kind = "shared";
  else notes.absent.memory_kind = "the kind of the device does not tell";
  if (notes.facts.memory_kind) notes.sources.memory_kind = "kind";
  const which = gpu.vendor === undefined ? undefined : VRAM_REGION.get(gpu.vendor);
  if (kind !== "discrete" || which === undefined) return;
  const region = memoryRegions(gpu.files.text("resource") ?? "")[which];
  notes.note(
    "vram_visible_bytes",
    region?.size,
    `sysfs:resource (BAR ${region?.bar})`,
    gpu.files.whyNot("resource", "region of VRAM"),
  );
}

function sight(gpu: GpuFunction, list: PciIdList): Sighting {
  const notes = new FactNotes();
  const { files } = gpu;
  const path = pciPath(files.directory);
  const names = noteIdentity(notes, gpu, list);
  notePlace(notes, gpu, path);
  const isVirtualFunction = files.has("physfn");
  notes.facts.kind = isVirtualFunction ? "virtual" : gpuKind({
    vendor: gpu.vendor,
    device: gpu.device,
    driver: gpu.driver,
    listedName: names?.device ?? undefined,
  });
  notes.sources.kind = isVirtualFunction ? "sysfs:physfn" : "ids and driver";
  notes.note(
    "driver",
    gpu.driver,
    "sysfs:driver",
    "no kernel driver is bound: its module is missing, blacklisted or unloaded",
  );
  notes.note(
    "driver_version",
    gpu.driver && files.sysroot.text(`/sys/module/${gpu.driver}/version`),
    "sysfs:module/version",
    "the driver has no version of its own: it is a part of the kernel, or none is bound",
  );
  notes.note(
    "power_state",
    files.powerState,
    "sysfs:power/runtime_status",
    files.whyNot("power/runtime_status", "power state"),
  );
  noteSriov(notes, gpu);
  noteMemory(notes, gpu);
  const link = readPcieLink(gpu, path);
  return {
    match: { pci: gpu.address },
    fallback_id: `pci:${gpu.address}`,
    ...(gpu.vendor !== undefined && { vendor_id: gpu.vendor }),
    facts: { ...notes.facts, ...link.facts },
    sources: { ...notes.sources, ...link.sources },
    absent: { ...notes.absent, ...link.absent },
  };
}

function discover(context: DiscoveryContext): SourceReport {
  if (context.sysroot.kind(PCI_DEVICES) !== "directory") {
    return { state: "absent", reason: `no directory ${PCI_DEVICES}` };
  }
  const { functions, leftOut } = gpuFunctions(context);
  const list = new PciIdList(context.sysroot);
  return {
    state: "ok",
    sightings: functions.map((gpu) => sight(gpu, list)),
    ...(leftOut.length > 0 && {
      note: leftOut.map(({ address, reason }) => `${address} ${reason}`).join("; "),
    }),
  };
}

/** Display controllers, and the processing accelerators that are GPUs. */
export const pciSource: Source = { name: "pci", reads: "files", vendors: "any", discover };
