/**
 * mvgal as a library: which GPUs a host has, whatever their makers, and what they are doing.
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
 * @example What the GPUs are doing now: temperature, memory, power and the rest, null for unknown
 * ```ts
 * // @ts-nocheck
 * import { sample } from "@mvgal/mvgal";
 *
 * const { gpus } = await sample();
 * for (const { id, temperature_c, power_w, absent } of gpus) {
 *   console.log(id, temperature_c ?? absent.temperature_c, power_w ?? absent.power_w);
 * }
 * ```
 *
 * @example Sample after sample, with what changes in the health of the GPUs
 * ```ts
 * // @ts-nocheck
 * import { discover, HealthMonitor, watch } from "@mvgal/mvgal";
 *
 * const { gpus } = discover({ only: ["pci", "drm"] });
 * const monitor = new HealthMonitor();
 * const signal = AbortSignal.timeout(200);
 * for await (const { at, gpus: samples } of watch({ gpus, interval: 100, signal })) {
 *   for (const { edge, gpu, finding } of monitor.judge(samples, at).events) {
 *     console.log(edge, gpu, finding.text);
 *   }
 * }
 * ```
 *
 * @example Several GPUs as one device: a kernel runs on all of them where that is safe and pays
 * ```ts
 * // @ts-nocheck
 * import { LogicalDevice } from "@mvgal/mvgal";
 *
 * async function compute(spirv: Uint32Array, input: Uint8Array): Promise<Uint8Array> {
 *   await using device = await LogicalDevice.open();
 *   using numbers = device.allocate(input.length);
 *   await numbers.write(input);
 *   const kernel = device.createKernel({ words: spirv });
 *   const bindings = [{ binding: 0, buffer: numbers }];
 *   const { split, reason } = await device.dispatch(kernel, [16, 1, 1], bindings);
 *   console.log(split, reason);
 *   return await numbers.read();
 * }
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
export {
  combine,
  type CombinedDevice,
  logicalDevice,
  type LogicalTier,
} from "./lib/gpu/logical.ts";
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
export { type Dimension, SpirvError, type Triple, type Verdict } from "./lib/pool/analysis/mod.ts";
export { LogicalBuffer } from "./lib/pool/buffer.ts";
export { DataLostError } from "./lib/pool/lost_bytes.ts";
export {
  type Binding,
  type BufferBinding,
  type ImageBinding,
  SpoiltDataError,
} from "./lib/pool/dispatch.ts";
export type { DispatchFenceOptions } from "./lib/pool/dispatch_fences.ts";
export type { Explanation } from "./lib/pool/explain.ts";
export {
  FenceLostError,
  FenceMisuseError,
  type FenceSignal,
  type FenceState,
  type FenceWaitEnd,
  PoolFence,
  PoolFences,
} from "./lib/pool/fence.ts";
export {
  type Frame,
  type FrameOptions,
  type FrameSession,
  type FrameStats,
  type PresentedFrame,
} from "./lib/pool/frames.ts";
export { type ImageOptions, LogicalImage } from "./lib/pool/image.ts";
export { IMAGE_FORMATS, type ImageFormatName } from "./lib/pool/image_format.ts";
export { type KernelSource, LogicalKernel } from "./lib/pool/kernel.ts";
export {
  type DispatchOptions,
  type DispatchPart,
  type DispatchResult,
  LogicalDevice,
  type LogicalDeviceOptions,
} from "./lib/pool/logical_device.ts";
export { MemberLostError } from "./lib/pool/member.ts";
export { MEMORY_FLAGS, type MemoryFlag } from "./lib/pool/memory_flags.ts";
export type { MemberProperties, PoolOptions, PoolProperties } from "./lib/pool/open.ts";
export { DEFAULT_SPECULATION_BYTES, type SpeculationOptions } from "./lib/pool/speculation.ts";
export type { GivenOptions } from "./lib/schedule/options.ts";
export { parseStrategy, STRATEGY_NAMES, type StrategyName } from "./lib/schedule/strategies.ts";
export { type EntryKind, Sysroot } from "./lib/sysfs/sysroot.ts";
export {
  DEFAULT_THRESHOLDS,
  type GpuHealth,
  type HealthEvent,
  healthExitStatus,
  type HealthFinding,
  HealthMonitor,
  type HealthOptions,
  type HealthReport,
  type HealthState,
  HealthThresholdError,
  type HealthThresholds,
  healthThresholds,
  type Severity,
} from "./lib/telemetry/health.ts";
export type { GpuMetrics, GpuSample, MetricName } from "./lib/telemetry/metrics.ts";
export type { Sample } from "./lib/telemetry/sampler.ts";
export { sample, type SampleOptions, watch } from "./lib/telemetry/watch.ts";
