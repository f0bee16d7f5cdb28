/**
 * What AMD's compute driver tells of the links between GPUs.
 *
 * Source of the format: `drivers/gpu/drm/amd/amdkfd/kfd_topology.c`; `max_bandwidth` is in MB/s and for one
 * direction (`amdgpu_amdkfd_get_xgmi_bandwidth_mbytes`).
 *
 * @module
 */

import { parseKfdProperties, readKfdNodes } from "../../discovery/kfd.ts";
import type { PciAddress } from "../../gpu/pci_address.ts";
import type { Sysroot } from "../../sysfs/sysroot.ts";

const NODES = "/sys/class/kfd/kfd/topology/nodes";

/** `HSA_IOLINK_TYPE_XGMI` (`kfd_crat.h`). */
const XGMI = 11;

/**
 * GB/s from a GPU to others over xGMI, in one direction, by their addresses. Links of which the driver does
 * not tell the bandwidth are left out.
 *
 * @returns null where the compute driver does not show the GPU, or shows it in several partitions.
 */
export function readXgmiBandwidths(
  sysroot: Sysroot,
  slot: PciAddress | null,
): Map<PciAddress, number> | null {
  const nodes = readKfdNodes(sysroot);
  const own = nodes.filter(({ address }) => address === slot);
  const [node] = own;
  if (node === undefined || own.length > 1) return null;
  const found = new Map<PciAddress, number>();
  for (const kind of ["io_links", "p2p_links"]) {
    const directory = `${NODES}/${node.node}/${kind}`;
    for (const link of sysroot.list(directory)) {
      const of = parseKfdProperties(sysroot.text(`${directory}/${link}/properties`) ?? "");
      const to = nodes.find((other) => other.node === of.get("node_to"));
      const megabytes = of.get("max_bandwidth") ?? 0;
      if (of.get("type") !== XGMI || to === undefined || megabytes === 0) continue;
      found.set(to.address, Math.max(found.get(to.address) ?? 0, megabytes / 1000));
    }
  }
  return found;
}
