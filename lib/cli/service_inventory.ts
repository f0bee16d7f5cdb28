/**
 * The inventory of the service that runs: it has asked the drivers' libraries already.
 *
 * @module
 */

import { INVENTORY_SCHEMA, type InventoryDocument } from "../discovery/inventory.ts";
import type { Discovery } from "../discovery/mod.ts";
import type { CommandContext } from "./command.ts";
import { findHostService } from "./service_host.ts";

/**
 * Variables that decide what the drivers' libraries show. The service has its own: whoever sets one of them
 * wants to see what it does.
 */
const CHOOSING_VARIABLES: readonly string[] = [
  "AMD_VULKAN_ICD",
  "CUDA_VISIBLE_DEVICES",
  "DRI_PRIME",
  "GPU_DEVICE_ORDINAL",
  "HIP_VISIBLE_DEVICES",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "MESA_VK_DEVICE_SELECT",
  "OCL_ICD_FILENAMES",
  "OCL_ICD_VENDORS",
  "ONEAPI_DEVICE_SELECTOR",
  "OPENCL_VENDOR_PATH",
  "ROCR_VISIBLE_DEVICES",
  "VK_ADD_DRIVER_FILES",
  "VK_DRIVER_FILES",
  "VK_ICD_FILENAMES",
  "VK_LOADER_DEVICE_SELECT",
  "VK_LOADER_DRIVERS_DISABLE",
  "VK_LOADER_DRIVERS_SELECT",
  "ZE_AFFINITY_MASK",
];

/** Whether the service has asked all sources; those that wake GPUs it leaves alone as `mvgal info` does. */
function isWhole({ sources }: InventoryDocument): boolean {
  return sources.some(({ reads }) => reads === "library") &&
    sources.every(({ state }) => state !== "skipped");
}

/**
 * What the service knows of the GPUs; undefined where none runs, or what this user would see may be another
 * thing. Where one runs and does not answer as it should, a line on standard error says so.
 */
export async function serviceDiscovery(
  context: Pick<CommandContext, "env" | "stderr">,
  find: typeof findHostService = findHostService,
): Promise<Discovery | undefined> {
  if (CHOOSING_VARIABLES.some((name) => context.env(name) !== undefined)) return undefined;
  const found = await find(context);
  if (found === undefined) return undefined;
  const { client } = found;
  let document: InventoryDocument;
  try {
    document = await client.get<InventoryDocument>("/api/v1/inventory");
    if (document.schema !== INVENTORY_SCHEMA) {
      throw new Error(`the service at ${client.path} gives ${document.schema} as its inventory`);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.stderr.write(`mvgal: ${why}; going on without it\n`);
    return undefined;
  }
  // It has just begun, or GPUs slept when it looked and may be awake now.
  if (!isWhole(document)) return undefined;
  const { gpus, other_devices, sources, notes } = document;
  return { gpus: [...gpus, ...other_devices], sources, notes };
}
