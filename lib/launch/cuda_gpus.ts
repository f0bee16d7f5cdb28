/**
 * The GPUs that CUDA shows programs on this host, in the order of its ordinals.
 *
 * @module
 */

import { discover } from "../discovery/mod.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { PlacementGpu } from "./placement.ts";

/** A GPU for a program, with what there is to say of it. */
export interface HostCudaGpu extends PlacementGpu {
  gpu: Gpu;
}

/** The GPUs. */
export interface HostCudaGpus {
  gpus: HostCudaGpu[];
  /** All devices of the host, as `mvgal info` numbers them. */
  listed: Gpu[];
  /** What may be wrong about the order, in one line; null for nothing. */
  note: string | null;
}

/** Whether this process may reach the device: in a container the driver lists those of others, too. */
function isReachable({ device_nodes }: Gpu): boolean {
  return device_nodes.filter((node) => /^\/dev\/nvidia\d+$/.test(node)).every((node) => {
    try {
      Deno.statSync(node);
      return true;
    } catch {
      return false;
    }
  });
}

/** Asks sources for the devices of the host. */
type Find = (sources: readonly string[]) => Gpu[];

/** A CUDA program wakes its GPUs anyway. */
const onHost: Find = (sources) => discover({ only: sources, wake: true }).gpus;

function forCuda(listed: readonly Gpu[]): Gpu[] {
  return listed
    .filter((gpu) => gpu.vendor === "nvidia" && (gpu.uuid?.startsWith("GPU-") ?? false))
    .filter(isReachable);
}

/** Asks CUDA itself, with all devices visible, for its ordinals. */
function inCudaOrder(find: Find, sources: readonly string[]): Gpu[] | undefined {
  const visible = Deno.env.get("CUDA_VISIBLE_DEVICES");
  Deno.env.delete("CUDA_VISIBLE_DEVICES");
  try {
    const ordinal = ({ apis }: Gpu) => Number(apis.cuda?.[0]?.index ?? NaN);
    const gpus = forCuda(find([...sources, "cuda"]));
    return gpus.some((gpu) => Number.isNaN(ordinal(gpu)))
      ? undefined
      : gpus.sort((a, b) => ordinal(a) - ordinal(b));
  } finally {
    if (visible !== undefined) Deno.env.set("CUDA_VISIBLE_DEVICES", visible);
  }
}

/**
 * Looks at the GPUs.
 *
 * CUDA has the fastest first, or goes by PCI address with `CUDA_DEVICE_ORDER=PCI_BUS_ID`; where all are of one
 * model both are the same, and CUDA need not be asked.
 *
 * @param load whether memory in use and utilization are wanted, which NVML tells.
 */
export function hostCudaGpus(
  env: (name: string) => string | undefined,
  { load }: { load: boolean },
  find: Find = onHost,
): HostCudaGpus {
  const sources = ["pci", "drm", "nvidia", ...(load ? ["nvml"] : [])];
  const listed = find(sources);
  const byAddress = forCuda(listed);
  const isOrdered = env("CUDA_DEVICE_ORDER") === "PCI_BUS_ID" ||
    new Set(byAddress.map(({ device_id }) => device_id)).size <= 1;
  const ordered = isOrdered ? byAddress : inCudaOrder(find, sources);
  return {
    listed,
    gpus: (ordered ?? byAddress).map((gpu) => ({
      gpu,
      uuid: gpu.uuid ?? "",
      id: gpu.id,
      memory_total_bytes: gpu.vram_total_bytes,
      memory_used_bytes: gpu.vram_used_bytes,
      utilization_pct: gpu.utilization_pct,
    })),
    note: ordered === undefined
      ? "CUDA did not tell its order of the GPUs: theirs by PCI address is taken " +
        "(CUDA_DEVICE_ORDER=PCI_BUS_ID makes it so)"
      : null,
  };
}
