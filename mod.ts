/**
 * mvgal as a library: which GPUs a host has, whatever their makers.
 *
 * @example List the GPUs
 * ```ts
 * // @ts-nocheck
 * import { discover } from "@mvgal/mvgal";
 *
 * for (const gpu of discover({ only: ["pci", "drm"] }).gpus) {
 *   const { id, name, vram_total_bytes: bytes, absent } = gpu;
 *   console.log(id, name ?? "unknown", bytes ?? absent.vram_total_bytes);
 * }
 * ```
 *
 * @example Choose some of them, as `--gpu` does
 * ```ts
 * // @ts-nocheck
 * import { discover, parseGpuSelector, selectGpus } from "@mvgal/mvgal";
 *
 * const { gpus } = discover({ only: ["pci", "drm"] });
 * selectGpus(gpus, parseGpuSelector("all"));
 * ```
 *
 * @example The document of `mvgal info --json`, of another host's files
 * ```ts
 * // @ts-nocheck
 * import { discover, inventoryDocument, Sysroot } from "@mvgal/mvgal";
 * import assert from "node:assert/strict";
 *
 * const empty = Deno.makeTempDirSync();
 * const document = inventoryDocument(discover({ sysroot: new Sysroot(empty) }));
 * assert.equal(document.gpu_count, 0);
 * Deno.removeSync(empty);
 * ```
 *
 * @module
 */

export {
  discover,
  type DiscoverOptions,
  type Discovery,
  type SourceOutcome,
} from "./lib/discovery/mod.ts";
export {
  INVENTORY_SCHEMA,
  type InventoryDocument,
  inventoryDocument,
} from "./lib/discovery/inventory.ts";
export type { DiscoveryContext, Sighting, Source, SourceReport } from "./lib/discovery/source.ts";
export type {
  ApiDevice,
  ApiName,
  Connector,
  FactName,
  Gpu,
  GpuFacts,
  GpuId,
  GpuKind,
  PeerLink,
  PowerState,
  Sriov,
} from "./lib/gpu/gpu.ts";
export { type LogicalDevice, logicalDevice, type LogicalTier } from "./lib/gpu/logical.ts";
export { formatPciAddress, parsePciAddress, type PciAddress } from "./lib/gpu/pci_address.ts";
export {
  type GpuCriterion,
  GpuNotFoundError,
  type GpuSelector,
  GpuSelectorError,
  type GpuTerm,
  parseGpuSelector,
  selectGpus,
} from "./lib/gpu/selector.ts";
export { type Standing, standing } from "./lib/gpu/standing.ts";
export {
  type Relation,
  type Topology,
  type TopologyNode,
  topologyOf,
  type TopologyPair,
} from "./lib/gpu/topology.ts";
export { type Vendor, vendorTitle } from "./lib/gpu/vendor.ts";
export { type EntryKind, Sysroot } from "./lib/sysfs/sysroot.ts";
