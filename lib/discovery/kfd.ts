/**
 * The topology of AMD's compute driver, `/sys/class/kfd/kfd/topology`.
 *
 * Source of the format: `drivers/gpu/drm/amd/amdkfd/kfd_topology.c`: lines of `name value`, decimal.
 *
 * @module
 */

import { formatPciAddress, type PciAddress } from "../gpu/pci_address.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { PCI_DEVICES } from "./pci_functions.ts";

const NODES = "/sys/class/kfd/kfd/topology/nodes";

/** `HSA_IOLINK_TYPE_XGMI` (`kfd_crat.h`). */
const XGMI = 11;

/** A GPU, or a partition of one, as the compute driver numbers it. */
export interface KfdNode {
  /** The node's number. */
  node: number;
  /** Address of the GPU that it is or is part of. */
  address: PciAddress;
  /** Minor number of the render node through which it is opened. */
  renderMinor: number | undefined;
  /** Numbers of the nodes at the other ends of its xGMI links. */
  xgmiPeers: number[];
}

/** The numbers of a `properties` file; a line that holds none is left out. */
export function parseKfdProperties(text: string): Map<string, number> {
  const properties = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^(\w+) (\d{1,20})$/.exec(line.trim());
    const value = Number(match?.[2]);
    if (match?.[1] !== undefined && Number.isSafeInteger(value)) properties.set(match[1], value);
  }
  return properties;
}

function properties(sysroot: Sysroot, directory: string): Map<string, number> {
  return parseKfdProperties(sysroot.text(`${directory}/properties`) ?? "");
}

function xgmiPeers(sysroot: Sysroot, directory: string): number[] {
  const peers = new Set<number>();
  for (const kind of ["io_links", "p2p_links"]) {
    for (const link of sysroot.list(`${directory}/${kind}`)) {
      const of = properties(sysroot, `${directory}/${kind}/${link}`);
      const to = of.get("node_to");
      if (of.get("type") === XGMI && to !== undefined) peers.add(to);
    }
  }
  return [...peers];
}

/**
 * The PCI addresses that a node may have by its properties, the likeliest first; none where they do not
 * tell. `location_id` is bus, device and function as on PCI (0 for a GPU at `00:00.0`, which Hyper-V has),
 * and of a GPU in several partitions their number too: over the function, or in bits 28 to 31, since
 * kernels differ.
 */
export function nodeAddresses(properties: ReadonlyMap<string, number>): PciAddress[] {
  const location = properties.get("location_id");
  if (location === undefined || location > 0xffff_ffff) return [];
  const domain = properties.get("domain") ?? 0;
  const at = (fn: number) =>
    formatPciAddress(domain, (location >> 8) & 0xff, (location >> 3) & 0x1f, fn);
  return [...new Set([at(location & 7), at(0)])];
}

/** The address of a node: the first one at which there is a PCI function, else that of function 0. */
function addressOf(sysroot: Sysroot, of: ReadonlyMap<string, number>): PciAddress | undefined {
  const addresses = nodeAddresses(of);
  return addresses.find((address) => sysroot.kind(`${PCI_DEVICES}/${address}`) !== undefined) ??
    addresses.at(-1);
}

/** The GPU nodes of the topology; empty where the compute driver is not loaded. */
export function readKfdNodes(sysroot: Sysroot): KfdNode[] {
  const nodes: KfdNode[] = [];
  for (const name of sysroot.list(NODES)) {
    if (!/^\d{1,6}$/.test(name)) continue;
    const of = properties(sysroot, `${NODES}/${name}`);
    // A processor is a node too, without SIMD units.
    const address = of.get("simd_count") ? addressOf(sysroot, of) : undefined;
    if (address === undefined) continue;
    nodes.push({
      node: Number(name),
      address,
      renderMinor: of.get("drm_render_minor"),
      xgmiPeers: xgmiPeers(sysroot, `${NODES}/${name}`),
    });
  }
  return nodes;
}
