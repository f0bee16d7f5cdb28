/**
 * The place of a GPU in the PCI Express tree, and the link that its data cross.
 *
 * @module
 */

import type { FactName, GpuFacts } from "../gpu/gpu.ts";
import { hasOwnSwitch } from "../gpu/kind.ts";
import { parsePciAddress, type PciAddress } from "../gpu/pci_address.ts";
import { DeviceFiles } from "../sysfs/device_files.ts";
import { type GpuFunction, readPciId } from "./pci_functions.ts";

/** The functions from the root port down to a device, from the device's path in sysfs. */
export interface PciPath {
  /** Bus number of the host bridge and its domain, `0000:00`. */
  root: string | undefined;
  /** Addresses and directories, the device itself last. */
  nodes: { address: PciAddress; directory: string }[];
  /** Whether the first node is on the host bridge's own bus: no bridge is missing above it. */
  complete: boolean;
}

/**
 * Reads the path of a device's directory: `/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0` is
 * function `01:00.0` below the root port `00:01.0` of the host bridge of bus `0000:00`. A dump that left
 * the bridges out is recognised by the bus numbers.
 */
export function pciPath(directory: string): PciPath {
  const parts = directory.split("/");
  // The last host bridge: Intel's VMD is one below another.
  const at = parts.findLastIndex((part) => /^pci[0-9a-f]{4,8}:[0-9a-f]{2}$/.test(part));
  const root = parts[at]?.slice("pci".length);
  const nodes: PciPath["nodes"] = [];
  for (let i = at + 1; i < parts.length; i++) {
    const address = parsePciAddress(parts[i] ?? "");
    if (address !== undefined) {
      nodes.push({ address, directory: parts.slice(0, i + 1).join("/") });
    }
  }
  const first = nodes[0]?.address;
  const complete = root !== undefined && first !== undefined && first.startsWith(`${root}:`);
  return { root, nodes, complete };
}

/** Speed in GT/s to generation (PCI Express base specification, section 1.2). */
const GENERATIONS: ReadonlyMap<number, number> = new Map([
  [2.5, 1],
  [5, 2],
  [8, 3],
  [16, 4],
  [32, 5],
  [64, 6],
  [128, 7],
]);

/** The generation of a link by its speed, `"16.0 GT/s PCIe"` or `"16.0GT/s"`; undefined for others. */
export function linkGeneration(speed: string): number | undefined {
  const match = /^(\d{1,3}(?:\.\d)?) ?GT\/s/.exec(speed);
  return match?.[1] === undefined ? undefined : GENERATIONS.get(Number(match[1]));
}

const WIDTHS: readonly number[] = [1, 2, 4, 8, 12, 16, 32];

/** A number of lanes that a link can have; undefined for others, such as the 0 of a link that is none. */
export function linkWidth(lanes: number | undefined): number | undefined {
  return lanes !== undefined && WIDTHS.includes(lanes) ? lanes : undefined;
}

interface Link {
  gen: number | undefined;
  width: number | undefined;
}

function readLink(files: DeviceFiles, which: "current" | "max"): Link {
  const speed = files.text(`${which}_link_speed`);
  return {
    gen: speed === undefined ? undefined : linkGeneration(speed),
    width: linkWidth(files.integer(`${which}_link_width`)),
  };
}

/** The facts of a link, where each was read, and why some are missing. */
export interface LinkFacts {
  facts: Partial<GpuFacts>;
  sources: Partial<Record<FactName, string>>;
  absent: Partial<Record<FactName, string>>;
}

/** The facts about a link that this module tells. */
export const LINK_FACTS = [
  "pcie_link_gen",
  "pcie_link_width",
  "pcie_link_gen_max",
  "pcie_link_width_max",
  "pcie_link_at",
] as const satisfies readonly FactName[];

const isBridge = (files: DeviceFiles) => (files.integer("class") ?? 0) >> 8 === 0x0604;

/** QEMU's PCIe root ports and switches. */
const REDHAT = 0x1b36;

/**
 * Where in the path the link to the host is to be read. Graphics cards of AMD and Intel have a switch
 * between the slot and the GPU, which shows as an upstream and a downstream port of the GPU's vendor
 * right above it; the link of the card is the upstream port's.
 */
function linkNode(
  path: PciPath,
  files: readonly DeviceFiles[],
  vendor: number | undefined,
): number {
  const gpu = path.nodes.length - 1;
  // The root port is the first node: a port with none above it is no part of the card.
  const upstream = gpu - 2;
  if (upstream < 1 || (vendor !== 0x1002 && vendor !== 0x8086)) return gpu;
  const ownPorts = [files[upstream], files[gpu - 1]].every((port) =>
    port !== undefined && isBridge(port) && readPciId(port, "vendor") === vendor
  );
  return ownPorts ? upstream : gpu;
}

/**
 * Why a GPU's own link files are not to be believed; undefined where they are. They show the link
 * inside the card, which is not the one that matters and may be a placeholder: 2.5 GT/s x1 on Arc.
 */
function whyInside(gpu: GpuFunction, path: PciPath, parent: DeviceFiles | undefined, max: Link) {
  const { vendor, device } = gpu;
  if (vendor === undefined || device === undefined || !hasOwnSwitch(vendor, device)) {
    return undefined;
  }
  if (!path.complete) {
    return "the bridges above the GPU are not known, and its own link files show the link inside the card";
  }
  if (parent === undefined || readPciId(parent, "vendor") === REDHAT) {
    return "the GPU is passed through without its card's switch, and its own link files show the link inside the card";
  }
  return vendor === 0x8086 && max.gen === 1 && max.width === 1
    ? "the GPU's own link files show the placeholder of the link inside the card"
    : undefined;
}

/** Reads the link of a GPU at the right function. */
export function readPcieLink(gpu: GpuFunction, path: PciPath): LinkFacts {
  const result: LinkFacts = { facts: {}, sources: {}, absent: {} };
  const refuse = (reason: string) => {
    for (const name of LINK_FACTS) result.absent[name] = reason;
    return result;
  };
  if (gpu.files.asleep) {
    return refuse("the GPU sleeps, and reading the link may wake it (--wake allows it)");
  }
  const files = path.nodes.map((node, i) =>
    i === path.nodes.length - 1 ? gpu.files : new DeviceFiles(gpu.files.sysroot, node.directory)
  );
  const at = linkNode(path, files, gpu.vendor);
  const end = files[at] ?? gpu.files;
  const now = readLink(end, "current");
  const max = readLink(end, "max");
  if (end === gpu.files) {
    const reason = whyInside(gpu, path, files.at(-2), max);
    if (reason !== undefined) return refuse(reason);
  }
  const address = path.nodes[at]?.address ?? gpu.address;
  // The other end may do less than the card: a link never runs faster than both ends can.
  const other = path.complete && at > 0 ? files[at - 1] : undefined;
  const limit: Link = other ? readLink(other, "max") : { gen: undefined, width: undefined };
  const most = (own?: number, others?: number, current?: number) =>
    own !== undefined && others !== undefined && others < own && others >= (current ?? 0)
      ? others
      : own;
  const values = {
    pcie_link_gen: now.gen,
    pcie_link_width: now.width,
    pcie_link_gen_max: most(max.gen, limit.gen, now.gen),
    pcie_link_width_max: most(max.width, limit.width, now.width),
  };
  const attributes = {
    pcie_link_gen: "current_link_speed",
    pcie_link_width: "current_link_width",
    pcie_link_gen_max: "max_link_speed",
    pcie_link_width_max: "max_link_width",
  };
  for (const name of LINK_FACTS) {
    if (name === "pcie_link_at") continue;
    const value = values[name];
    if (value === undefined) {
      result.absent[name] = end.whyNot(attributes[name], "PCIe link");
    } else {
      result.facts[name] = value;
      result.sources[name] = `sysfs:${attributes[name]} of ${address}`;
    }
  }
  if (Object.keys(result.facts).length > 0) {
    result.facts.pcie_link_at = address;
    result.sources.pcie_link_at = "sysfs:path";
  } else {
    result.absent.pcie_link_at = "no link is known";
  }
  return result;
}
