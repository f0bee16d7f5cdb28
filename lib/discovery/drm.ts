/**
 * Cards, render nodes and connectors of the Direct Rendering Manager, from `/sys/class/drm`; the GPUs
 * that are not on a PCI bus among them.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { gpuKind } from "../gpu/kind.ts";
import { parsePciAddress, type PciAddress } from "../gpu/pci_address.ts";
import { DeviceFiles } from "../sysfs/device_files.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { DRM_CLASS, type DrmCard, readDrmCards } from "./drm_cards.ts";
import { FactNotes } from "./fact_notes.ts";
import { type KfdNode, readKfdNodes } from "./kfd.ts";
import { gpuFunctions } from "./pci_functions.ts";
import type { DiscoveryContext, Sighting, Source, SourceReport } from "./source.ts";

/** Devices between a PCI function and its card: virtio's, and framebuffers that firmware set up. */
const LAYER_ABOVE_PCI = /^(virtio\d+|(simple|efi|vesa)-framebuffer\.\d+)$/;

/**
 * The PCI function that a DRM device is; undefined for one that is elsewhere. A device that is merely
 * behind a PCI function, as a DisplayLink adapter is behind a USB controller, is not that function.
 */
function pciOf(device: string): PciAddress | undefined {
  const own = parsePciAddress(basename(device));
  if (own !== undefined) return own;
  return LAYER_ABOVE_PCI.test(basename(device))
    ? parsePciAddress(basename(dirname(device)))
    : undefined;
}

/** PCI vendor ids of makers of SoC GPUs by the prefix of their device tree `compatible`. */
const COMPATIBLE_VENDORS: Readonly<Record<string, number>> = {
  arm: 0x13b5,
  qcom: 0x5143,
  brcm: 0x14e4,
  img: 0x1010,
  apple: 0x106b,
  nvidia: 0x10de,
};

const makerOf = (compatible: string) => COMPATIBLE_VENDORS[compatible.split(",")[0] ?? ""];

/**
 * The `compatible` string of a device tree node that tells the GPU's maker, from the device's `uevent`;
 * the first one where none does. The first is often of the SoC: `rockchip,rk3399-mali`, then
 * `arm,mali-t860`.
 */
function compatibleOf(files: DeviceFiles): string | undefined {
  const listed = (files.text("uevent") ?? "").matchAll(/^OF_COMPATIBLE_\d+=([\w.,+-]+)$/gm);
  const all = Array.from(listed, ([, compatible = ""]) => compatible);
  return all.find((compatible) => makerOf(compatible) !== undefined) ?? all[0];
}

function sight(sysroot: Sysroot, card: DrmCard): Sighting {
  const files = new DeviceFiles(sysroot, card.device);
  const notes = new FactNotes();
  const pci = pciOf(card.device);
  const node = (names: readonly string[]) => names[0] && `/dev/dri/${names[0]}`;
  notes.note("drm_node", node(card.cards), `sysfs:${DRM_CLASS}`, "the device has no card node");
  notes.note("render_node", node(card.renders), `sysfs:${DRM_CLASS}`, "no render node is listed");
  if (card.connectors.length > 0) {
    notes.note("connectors", card.connectors, `sysfs:${DRM_CLASS}`, "");
  }
  if (pci !== undefined) {
    return {
      match: { pci, drm_minors: card.minors },
      fallback_id: `pci:${pci}`,
      facts: notes.facts,
      sources: notes.sources,
      absent: notes.absent,
    };
  }
  return sightOther(card, files, notes);
}

/** A device that is not on a PCI bus: a SoC's GPU, a framebuffer, a USB adapter, vgem. */
function sightOther(card: DrmCard, files: DeviceFiles, notes: FactNotes): Sighting {
  const name = basename(card.device);
  // vgem and vkms: the device is named after them, and has no driver or the bus's placeholder.
  const driver = /^(vgem|vkms)\b/.exec(name)?.[1] ?? files.linkName("driver");
  const compatible = compatibleOf(files);
  const vendor = compatible === undefined ? undefined : makerOf(compatible);
  const judged = gpuKind({ driver });
  const kind = judged !== "unknown"
    ? judged
    : card.renders.length === 0
    ? "display"
    : compatible !== undefined
    ? "integrated"
    : "unknown";
  notes.note("driver", driver, "sysfs:driver", "no kernel driver is bound");
  notes.note("kind", kind, "driver and nodes", "");
  notes.note("name", compatible ?? driver, compatible ? "devicetree" : "sysfs:driver", "no name");
  notes.note("power_state", files.powerState, "sysfs:power/runtime_status", "no such file");
  if (kind === "integrated") notes.note("memory_kind", "shared", "kind", "");
  notes.absent.pci_slot = "the device is not on a PCI bus";
  const isPlatform = files.linkName("subsystem") === "platform" ||
    card.device.startsWith("/sys/devices/platform/");
  return {
    match: { drm_minors: card.minors, ...(kind === "software" && { software: true }) },
    fallback_id: isPlatform ? `platform:${name}` : `drm:${card.cards[0] ?? card.renders[0]}`,
    ...(vendor !== undefined && { vendor_id: vendor }),
    facts: notes.facts,
    sources: notes.sources,
    absent: notes.absent,
  };
}

/** Platform devices that amdgpu makes for the partitions of a GPU (`amdgpu_xcp_drv.c`). */
const isPartition = (card: DrmCard) => /^amdgpu_xcp\b|^amdgpu_xcp_\d+$/.test(basename(card.device));

/**
 * A partition's nodes as those of the GPU that it is part of: by the compute driver's topology, or the
 * one GPU that there is with the driver.
 */
function sightPartition(
  card: DrmCard,
  nodes: readonly KfdNode[],
  amdgpus: readonly PciAddress[],
): Sighting | undefined {
  const told = nodes.find(({ address, renderMinor }) =>
    renderMinor !== undefined && card.minors.includes(renderMinor) && amdgpus.includes(address)
  );
  const owner = told?.address ?? (amdgpus.length === 1 ? amdgpus[0] : undefined);
  if (owner === undefined) return undefined;
  return {
    match: { pci: owner, drm_minors: card.minors },
    fallback_id: `pci:${owner}`,
    facts: { device_nodes: [...card.cards, ...card.renders].map((name) => `/dev/dri/${name}`) },
  };
}

function discover(context: DiscoveryContext): SourceReport {
  const { sysroot } = context;
  if (sysroot.kind(DRM_CLASS) !== "directory") {
    return { state: "absent", reason: `no directory ${DRM_CLASS}: no DRM driver is loaded` };
  }
  const cards = readDrmCards(sysroot);
  const partitions = cards.filter(isPartition);
  // The driver's own nodes go before those of a layer, which firmware's framebuffer may leave behind.
  const isLayer = (card: DrmCard) => Number(LAYER_ABOVE_PCI.test(basename(card.device)));
  const sightings = cards.filter((card) => !isPartition(card))
    .toSorted((a, b) => isLayer(a) - isLayer(b))
    .map((card) => sight(sysroot, card));
  const lost: string[] = [];
  if (partitions.length > 0) {
    const nodes = readKfdNodes(sysroot);
    const amdgpus = gpuFunctions(context).functions
      .filter((gpu) => gpu.driver === "amdgpu").map((gpu) => gpu.address);
    for (const card of partitions) {
      const sighting = sightPartition(card, nodes, amdgpus);
      if (sighting) sightings.push(sighting);
      else lost.push(basename(card.device));
    }
  }
  return {
    state: "ok",
    sightings,
    ...(lost.length > 0 &&
      { note: `partitions of which the GPU is not known: ${lost.join(", ")}` }),
  };
}

/** Cards, render nodes and connectors. */
export const drmSource: Source = { name: "drm", reads: "files", vendors: "any", discover };
