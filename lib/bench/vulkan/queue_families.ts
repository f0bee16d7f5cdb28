/**
 * The kinds of queue families that devices have.
 *
 * @module
 */

import type { Queue } from "../../../ffi/vulkan/device.ts";
import type { QueueFamily } from "../../../ffi/vulkan/physical_device.ts";
import { isCopyFamily } from "../../transfer/copy_queues.ts";
import type { Parameters } from "../benchmark.ts";

/** `VkQueueFlagBits`. */
const GRAPHICS = 1, COMPUTE = 2;
const VIDEO_DECODE = 32, VIDEO_ENCODE = 64, OPTICAL_FLOW = 256;

/** Kinds of queues: what sets their family apart from the others. `graphics` computes and copies too. */
export const QUEUE_KINDS = [
  "graphics",
  "compute",
  "copy",
  "video_decode",
  "video_encode",
  "optical_flow",
] as const;

/** The kind of a queue. */
export type QueueKind = typeof QUEUE_KINDS[number];

/** Those that run kernels. */
export const COMPUTE_KINDS: readonly QueueKind[] = ["graphics", "compute"];

/** Those that copy, as far as it is what they are for. */
export const COPY_KINDS: readonly QueueKind[] = ["graphics", "compute", "copy"];

/** The kind of a family; undefined for one that has no queue, or is for nothing that is known here. */
export function kindOf(
  family: Pick<QueueFamily, "flags" | "count"> | undefined,
): QueueKind | undefined {
  if (family === undefined || family.count === 0) return undefined;
  const has = (bits: number) => (family.flags & bits) === bits;
  if (has(GRAPHICS | COMPUTE)) return "graphics";
  if (has(COMPUTE)) return "compute";
  if (isCopyFamily(family)) return "copy";
  if (has(VIDEO_DECODE)) return "video_decode";
  if (has(VIDEO_ENCODE)) return "video_encode";
  return has(OPTICAL_FLOW) ? "optical_flow" : undefined;
}

/** Index of the first family of a kind; undefined where there is none. */
export function familyOf(
  families: readonly Pick<QueueFamily, "flags" | "count" | "index">[],
  kind: QueueKind,
): number | undefined {
  return families.find((family) => kindOf(family) === kind)?.index;
}

/** What has queues: a device, or what a test makes up. */
export interface QueueOwner {
  readonly queues: readonly Queue[];
  readonly physical: { readonly queueFamilies: readonly QueueFamily[] };
}

/** The open queues of the first family of a kind. */
export function queuesOf({ queues, physical }: QueueOwner, kind: QueueKind): Queue[] {
  const family = familyOf(physical.queueFamilies, kind);
  return family === undefined ? [] : queues.filter((queue) => queue.family === family);
}

/** A kind for people: `video decode`. */
export function kindName(kind: QueueKind): string {
  return kind.replaceAll("_", " ");
}

/** The first queue of a kind, or why there is none. */
export function firstQueue(owner: QueueOwner, kind: QueueKind): Queue | string {
  return queuesOf(owner, kind)[0] ?? `the device has no ${kindName(kind)} queue`;
}

/** Two queues: the first of two kinds, or the first two of one; or why they are not there. */
export function queuePair(
  owner: QueueOwner,
  first: QueueKind,
  second: QueueKind,
): [Queue, Queue] | string {
  const one = firstQueue(owner, first);
  if (typeof one === "string") return one;
  const other = first === second
    ? queuesOf(owner, first)[1] ?? `the device has one ${kindName(first)} queue only`
    : firstQueue(owner, second);
  return typeof other === "string" ? other : [one, other];
}

/** Parameters of benchmarks that name the kind of a queue. */
const KIND_PARAMETERS: ReadonlySet<string> = new Set(["queue", "from", "to", "load", "probe"]);

/**
 * Whether a device has the families that a benchmark's parameters name. A benchmark of a family that a device
 * lacks is no benchmark of that device: it has no row among its figures.
 */
export function hasFamilies(
  families: readonly Pick<QueueFamily, "flags" | "count" | "index">[],
  parameters: Parameters = {},
): boolean {
  return Object.entries(parameters).every(([name, value]) => {
    const kind = KIND_PARAMETERS.has(name) && QUEUE_KINDS.find((each) => each === value);
    return !kind || familyOf(families, kind) !== undefined;
  });
}
