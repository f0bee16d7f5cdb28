/**
 * AMD's compute driver: memory that programs hold through `/dev/kfd`, of which fdinfo may know nothing.
 *
 * Format: `drivers/gpu/drm/amd/amdkfd/kfd_process.c` (`proc/PID/vram_GPUID`, in bytes) and `kfd_topology.c`
 * (`topology/nodes/N/{gpu_id,properties}`). The driver's memory counters are variables of its own; its
 * `sdma_GPUID` and `stats_GPUID` are not read, since they are asked of queues and of the hardware.
 *
 * @module
 */

import { nodeAddresses, parseKfdProperties } from "../../discovery/kfd.ts";
import type { Gpu, GpuId } from "../../gpu/gpu.ts";
import type { Sysroot } from "../../sysfs/sysroot.ts";
import type { ExternalList, ExternalProcess, ExternalSource } from "./merge.ts";

const KFD = "/sys/class/kfd/kfd";

/** Whether the driver is there at all. */
export function hasKfd(sysroot: Sysroot): boolean {
  return sysroot.kind(`${KFD}/proc`) === "directory";
}

/** Opens the list of programs that compute through KFD. */
export function openKfd(
  sysroot: Sysroot,
  gpus: readonly Pick<Gpu, "id" | "pci_slot">[],
): ExternalSource {
  const byAddress = new Map(gpus.map((gpu) => [gpu.pci_slot, gpu.id]));
  let byNode = readNodes(sysroot, byAddress);
  return {
    read() {
      const processes: ExternalProcess[] = [];
      let looked = false;
      for (const name of sysroot.list(`${KFD}/proc`)) {
        if (!/^[1-9]\d{0,9}$/.test(name)) continue;
        const files = sysroot.list(`${KFD}/proc/${name}`).filter((file) => /^vram_\d+$/.test(file));
        // A GPU that came since has a node that was not there.
        if (!looked && files.some((file) => !byNode.has(file.slice("vram_".length)))) {
          byNode = readNodes(sysroot, byAddress);
          looked = true;
        }
        processes.push(...usesOf(sysroot, Number(name), files, byNode));
      }
      return list(processes);
    },
  };
}

function list(processes: ExternalProcess[]): ExternalList {
  return { source: "kfd", complete: [], processes, pids: "host", partial: null };
}

/** GPUs by KFD's own ids of them; null for those that are not asked for. */
function readNodes(
  sysroot: Sysroot,
  byAddress: ReadonlyMap<string | null, GpuId>,
): Map<string, GpuId | null> {
  const nodes = `${KFD}/topology/nodes`;
  const found = new Map<string, GpuId | null>();
  for (const node of sysroot.list(nodes)) {
    const id = sysroot.integer(`${nodes}/${node}/gpu_id`);
    // Processors are nodes too, with the id 0.
    if (id === undefined || id === 0) continue;
    const properties = parseKfdProperties(sysroot.text(`${nodes}/${node}/properties`) ?? "");
    const gpu = nodeAddresses(properties).map((address) => byAddress.get(address)).find((each) =>
      each
    );
    found.set(String(id), gpu ?? null);
  }
  return found;
}

/** A program's memory by GPU; nodes of one GPU are parts of it, and are added up. */
function usesOf(
  sysroot: Sysroot,
  pid: number,
  files: readonly string[],
  byNode: ReadonlyMap<string, GpuId | null>,
): ExternalProcess[] {
  const bytes = new Map<GpuId, number | null>();
  for (const file of files) {
    const gpu = byNode.get(file.slice("vram_".length));
    if (gpu === undefined || gpu === null) continue;
    const held = sysroot.integer(`${KFD}/proc/${pid}/${file}`);
    const before = bytes.get(gpu) ?? null;
    bytes.set(gpu, held === undefined ? before : (before ?? 0) + held);
  }
  return Array.from(bytes, ([gpu, vram_bytes]) => ({ gpu, pid, kinds: ["compute"], vram_bytes }));
}
