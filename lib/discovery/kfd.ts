/**
 * The topology of AMD's compute driver, `/sys/class/kfd/kfd/topology`.
 *
 * Source of the format: `drivers/gpu/drm/amd/amdkfd/kfd_topology.c`: lines of `name value`, decimal.
 *
 * @module
 */

import { formatPciAddress, type PciAddress } from "../gpu/pci_address.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";

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

/** The GPU nodes of the topology; empty where the compute driver is not loaded. */
export function readKfdNodes(sysroot: Sysroot): KfdNode[] {
  const nodes: KfdNode[] = [];
  for (const name of sysroot.list(NODES)) {
    if (!/^\d{1,6}$/.test(name)) continue;
    const of = properties(sysroot, `${NODES}/${name}`);
    const location = of.get("location_id");
    if (location === undefined || location === 0 || location > 0xffff || !of.get("simd_count")) {
      continue;
    }
    nodes.push({
      node: Number(name),
      // Bits 0 to 2 number the partition on GPUs that have some; GPUs are function 0.
      address: formatPciAddress(of.get("domain") ?? 0, location >> 8, (location >> 3) & 0x1f, 0),
      renderMinor: of.get("drm_render_minor"),
      xgmiPeers: xgmiPeers(sysroot, `${NODES}/${name}`),
    });
  }
  return nodes;
}
