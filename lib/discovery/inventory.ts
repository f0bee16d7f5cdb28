/**
 * The inventory as a JSON document, `mvgal.inventory/1`.
 *
 * It has the fields of the original's `mvgal-info --json` under their names, with `null` for unknown
 * where the original had 0 or -1, and mvgal's own beside them.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { type CombinedDevice, logicalDevice } from "../gpu/logical.ts";
import { standing } from "../gpu/standing.ts";
import { type Topology, topologyOf } from "../gpu/topology.ts";
import type { Discovery, SourceOutcome } from "./mod.ts";

/** Name and version of the document's form. */
export const INVENTORY_SCHEMA = "mvgal.inventory/1";

/** The document. */
export interface InventoryDocument {
  /** Name and version of this form. */
  schema: typeof INVENTORY_SCHEMA;
  /** What found the GPUs: the kernel's DRM or PCI files, else the first API that shows any. */
  enumeration_source: string;
  /** Length of `gpus`. */
  gpu_count: number;
  /** GPUs of their own, hardware and virtual. */
  gpus: Gpu[];
  /** Virtual functions of listed GPUs, bare display controllers, software devices. */
  other_devices: Gpu[];
  /** The GPUs as one device. */
  logical_device: CombinedDevice;
  /** How they are connected. */
  topology: Topology;
  /** What came of asking each source. */
  sources: SourceOutcome[];
  /** What could not be decided, one sentence each. */
  notes: string[];
}

function enumerationSource(gpus: readonly Gpu[]): string {
  const seenBy = (name: string) => gpus.some((gpu) => gpu.seen_by.includes(name));
  if (seenBy("drm")) return "drm_sysfs";
  if (seenBy("pci")) return "pci_sysfs";
  return gpus[0]?.seen_by[0] ?? "none";
}

/**
 * The document for a discovery.
 *
 * @param chosen the devices to show, where not all: the logical device and the topology are theirs.
 */
export function inventoryDocument(
  discovery: Discovery,
  chosen: readonly Gpu[] = discovery.gpus,
): InventoryDocument {
  const gpus = chosen.filter((gpu) => standing(gpu) === "gpu");
  return {
    schema: INVENTORY_SCHEMA,
    enumeration_source: enumerationSource(gpus),
    gpu_count: gpus.length,
    gpus,
    other_devices: chosen.filter((gpu) => standing(gpu) !== "gpu"),
    logical_device: logicalDevice(gpus),
    topology: topologyOf(chosen),
    sources: discovery.sources,
    notes: discovery.notes,
  };
}
