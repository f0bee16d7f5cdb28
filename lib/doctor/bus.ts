/**
 * Checks of what is between the processor, its memory and the GPUs.
 *
 * @module
 */

import { gunzipSync } from "node:zlib";
import type { Gpu } from "../gpu/gpu.ts";
import { isAsleep } from "../sysfs/device_files.ts";
import {
  type DoctorCheck,
  type DoctorContext,
  fine,
  needsGpu,
  type Outcome,
  untold,
  warn,
} from "./check.ts";
import { kernelParameterFix } from "./distribution.ts";

const MIB = 2 ** 20;

/** Flags of a line of `resource` (`include/linux/ioport.h`). */
const IORESOURCE_MEM = 0x200n, IORESOURCE_PREFETCH = 0x2000n;

/** The sizes of a PCI function's prefetchable memory windows, from its file `resource`, in bytes. */
export function windowSizes(resource: string): number[] {
  // Lines behind the sixth are the expansion ROM and the windows of virtual functions and bridges.
  return resource.split("\n").slice(0, 6).flatMap((line) => {
    const match = /^(0x[0-9a-f]+) (0x[0-9a-f]+) (0x[0-9a-f]+)$/i.exec(line.trim());
    if (match === null) return [];
    const [start = 0n, end = 0n, flags = 0n] = match.slice(1).map(BigInt);
    const wanted = IORESOURCE_MEM | IORESOURCE_PREFETCH;
    return (flags & wanted) === wanted && end > start ? [Number(end - start + 1n)] : [];
  });
}

function size(bytes: number): string {
  return bytes >= 1024 * MIB
    ? `${Math.round(bytes / 1024 / MIB * 10) / 10} GiB`
    : `${Math.round(bytes / MIB)} MiB`;
}

const BAR_FIX = 'turn on "Above 4G Decoding" and "Resizable BAR" ("Smart Access Memory") in the ' +
  "firmware's setup, and CSM off";

const RESIZABLE_BAR: DoctorCheck = {
  id: "resizable_bar",
  title: "The processor can address all of the GPU's memory",
  applies: (context) =>
    needsGpu(context) ??
      (context.gpus.some(ownsMemory) ? null : "no GPU has memory of its own on PCI"),
  run: (context) => context.gpus.filter(ownsMemory).map((gpu) => barOutcome(context, gpu)),
};

const ownsMemory = (gpu: Gpu) => gpu.pci_slot !== null && gpu.memory_kind !== "shared";

function barOutcome({ sysroot }: DoctorContext, gpu: Gpu): Outcome {
  const { id, pci_slot, vram_total_bytes: total, vram_visible_bytes: visible } = gpu;
  if (total === null) {
    return untold(
      `its memory is not known: ${gpu.absent.vram_total_bytes ?? "no source tells it"}`,
      id,
    );
  }
  const windows = windowSizes(sysroot.text(`/sys/bus/pci/devices/${pci_slot}/resource`) ?? "");
  const reach = visible ?? (windows.length > 0 ? Math.max(...windows) : null);
  if (reach === null) return untold("the size of its window is not known", id);
  // What the driver tells of the memory is a little less than what the card has.
  if (reach >= total) return fine(`all of ${size(total)} can be addressed`, id);
  return warn(
    `${size(reach)} of ${size(total)} can be addressed: copies go through a small window`,
    BAR_FIX,
    id,
  );
}

const PCIE_LINK: DoctorCheck = {
  id: "pcie_link",
  title: "PCIe links as wide as both ends can",
  applies: (context) =>
    needsGpu(context) ??
      (context.gpus.some(({ pcie_link_width: width }) => width !== null)
        ? null
        : "the links of no GPU are known"),
  // The generation is not judged: idle links slow down. mvgal status --health judges it under load.
  run: ({ gpus }) =>
    gpus.filter(({ pcie_link_width: width }) => width !== null).map((gpu) => {
      const { id, pcie_link_width: width, pcie_link_width_max: most } = gpu;
      if (most === null) return untold("how wide the link can be is not known", id);
      if (width !== null && width < most && !isAsleep(gpu.power_state)) {
        return warn(
          `has ${width} of ${most} lanes`,
          "push the card and its power cables in again, and look which slot has all lanes; look again " +
            "under load: mvgal status --health",
          id,
        );
      }
      return fine(`has ${width} lanes`, id);
    }),
};

/** Values of options of the kernel's configuration, by name; undefined where the file is nowhere. */
function kernelConfiguration({ sysroot, kernel }: DoctorContext): string | undefined {
  const most = 4 * MIB;
  const decoder = new TextDecoder();
  const paths = kernel === null ? [] : [
    `/boot/config-${kernel}`,
    `/lib/modules/${kernel}/config`,
    `/usr/lib/modules/${kernel}/config`,
  ];
  for (const path of paths) {
    const bytes = sysroot.bytes(path, most);
    if (bytes !== undefined) return decoder.decode(bytes);
  }
  const packed = sysroot.bytes("/proc/config.gz", most);
  try {
    return packed && decoder.decode(gunzipSync(packed, { maxOutputLength: most }));
  } catch {
    return undefined;
  }
}

function needsSeveral({ gpus }: DoctorContext): string | null {
  const onBus = gpus.filter(({ pci_slot }) => pci_slot !== null).length;
  return onBus >= 2 ? null : "it takes two GPUs on PCI";
}

const PEER_TO_PEER: DoctorCheck = {
  id: "peer_to_peer",
  title: "The kernel lets devices copy to one another",
  applies: needsSeveral,
  run(context) {
    const text = kernelConfiguration(context);
    if (text === undefined) return [untold("the kernel's configuration is nowhere to be read")];
    const wanted = ["CONFIG_PCI_P2PDMA"];
    if (context.gpus.some(({ driver }) => driver === "amdgpu")) wanted.push("CONFIG_HSA_AMD_P2P");
    const missing = wanted.filter((name) => !new RegExp(`^${name}=[ym]$`, "m").test(text));
    return missing.length === 0
      ? [fine(`${wanted.join(" and ")} ${wanted.length === 1 ? "is" : "are"} set`)]
      : [warn(
        `the kernel is built without ${
          missing.join(" and ")
        }: copies between GPUs go through the ` +
          "host's memory",
        `use a kernel with ${missing.map((name) => `${name}=y`).join(" ")}`,
      )];
  },
};

const IOMMU_GROUPS = "/sys/kernel/iommu_groups";

/** That it is not known whether there is an IOMMU, for a dump without its directory; else undefined. */
function untoldIommu({ live, sysroot }: DoctorContext): Outcome | undefined {
  return live === null && sysroot.kind(IOMMU_GROUPS) === undefined
    ? untold(`the dump holds no ${IOMMU_GROUPS}`)
    : undefined;
}

/** Kinds of domains in which devices' addresses are translated (`iommu_groups/N/type`). */
const TRANSLATED = /^DMA/;

const PEER_TRANSLATION: DoctorCheck = {
  id: "peer_translation",
  title: "Copies between GPUs are not sent through the IOMMU",
  applies: needsSeveral,
  run(context) {
    const { gpus, sysroot, distribution } = context;
    const grouped = gpus.filter(({ iommu_group: group }) => group !== null);
    if (grouped.length === 0) return [untoldIommu(context) ?? fine("no IOMMU is on")];
    const types = grouped.map((gpu) => ({
      id: gpu.id,
      type: sysroot.text(`${IOMMU_GROUPS}/${gpu.iommu_group}/type`),
    }));
    if (types.every(({ type }) => type === undefined)) {
      return [untold("the kernel does not say whether the IOMMU translates (iommu_groups/*/type)")];
    }
    return types.map(({ id, type }) =>
      type !== undefined && TRANSLATED.test(type)
        ? warn(
          `its addresses are translated (${type}): copies between GPUs are slower, and fail on some boards`,
          kernelParameterFix(distribution, "iommu=pt"),
          id,
        )
        : fine(`its addresses are not translated (${type ?? "no type"})`, id)
    );
  },
};

const IOMMU: DoctorCheck = {
  id: "iommu",
  title: "An IOMMU, to give GPUs to virtual machines",
  applies: (context) =>
    needsGpu(context) ??
      (context.gpus.some(({ pci_slot }) => pci_slot !== null) ? null : "no GPU is on PCI"),
  run(context) {
    const { sysroot, gpus, distribution } = context;
    const groups = sysroot.list(IOMMU_GROUPS).length;
    if (groups > 0) return [fine(`is on: ${groups} groups`)];
    if (gpus.some(({ iommu_group: group }) => group !== null)) return [fine("is on")];
    const untoldHere = untoldIommu(context);
    if (untoldHere !== undefined) return [untoldHere];
    const guest = /^flags\s*:.*\bhypervisor\b/m.test(
      (sysroot.text("/proc/cpuinfo", 4 * MIB) ?? "").slice(0, 8192),
    );
    if (guest) return [untold("this is a virtual machine, without an IOMMU of its own")];
    return [warn(
      "is off: no GPU can be given to a virtual machine",
      `turn on VT-d, or AMD-Vi (IOMMU), in the firmware's setup; on Intel also ` +
        kernelParameterFix(distribution, "intel_iommu=on"),
    )];
  },
};

/** Checks of buses. */
export const BUS_CHECKS: readonly DoctorCheck[] = [
  RESIZABLE_BAR,
  PCIE_LINK,
  PEER_TO_PEER,
  PEER_TRANSLATION,
  IOMMU,
];
