/**
 * Ways between the host and a device through Vulkan.
 *
 * @module
 */

import { type CopyBuffer, createCopyBuffer } from "../../../ffi/vulkan/external_memory.ts";
import { UnsupportedError } from "../benchmark.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { POISON_BYTE } from "./blocks.ts";
import { compareWithPattern, poison, writePattern } from "./device_bytes.ts";
import { importObstacle } from "./imported_blocks.ts";
import { type CopyLane, TimedLanes } from "./lanes.ts";
import { familyQueues } from "./family_queues.ts";
import { copyQueues, type NamedQueue } from "./queues.ts";
import { hostMemoryRequest } from "./requests.ts";
import { type HostTransfer, vulkanOf } from "./target.ts";
import type { Path, Transfer } from "./transfer.ts";

/** From the host to the device, back, or both at once. */
export type Direction = "h2d" | "d2h" | "duplex";

/** Whose page-locked memory the host's end is. */
type PinnedKind = "imported host memory" | "driver's host memory";

/** The host's end of a direction, and how to free it. */
function hostEnd(
  to: HostTransfer,
  target: VulkanTarget,
  kind: PinnedKind,
  which: "pattern" | "sink",
  owner: DisposableStack,
): CopyBuffer {
  if (kind === "imported host memory") return to.imported.get(target, which);
  const { size, pattern } = to.blocks;
  const buffer = owner.use(createCopyBuffer(target.device, size, { kind: "host" }));
  if (which === "pattern") buffer.bytes?.set(pattern);
  return buffer;
}

/** One direction: the lane, and its check in two steps. */
interface Way {
  lane: CopyLane;
  spoil(): void;
  compare(): void;
}

function upload(
  to: HostTransfer,
  target: VulkanTarget,
  kind: PinnedKind,
  { queue }: NamedQueue,
  owner: DisposableStack,
): Way {
  const { size } = to.blocks;
  const from = hostEnd(to, target, kind, "pattern", owner);
  const buffer = owner.use(createCopyBuffer(target.device, size, { kind: "device" }));
  return {
    lane: { target, queue, from, to: buffer, size },
    spoil: () => poison(target, buffer),
    compare: () => compareWithPattern(target, buffer, to.blocks, "the device's memory"),
  };
}

function download(
  to: HostTransfer,
  target: VulkanTarget,
  kind: PinnedKind,
  { queue }: NamedQueue,
  owner: DisposableStack,
): Way {
  const { size } = to.blocks;
  const from = owner.use(createCopyBuffer(target.device, size, { kind: "device" }));
  const buffer = hostEnd(to, target, kind, "sink", owner);
  writePattern(target, from, to.blocks);
  const bytes = buffer.bytes as Uint8Array<ArrayBuffer>;
  return {
    lane: { target, queue, from, to: buffer, size },
    spoil: () => bytes.fill(POISON_BYTE),
    compare: () => to.blocks.compare(bytes, 0, "the host's memory"),
  };
}

/** A transfer of one or two ways. */
function transferOf(ways: readonly Way[], owner: DisposableStack): Transfer {
  const lanes = owner.use(new TimedLanes(ways.map((way) => way.lane)));
  const owned = owner.move();
  return {
    clock: lanes.clock,
    bytes: ways.reduce((sum, way) => sum + way.lane.size, 0),
    run: (times) => lanes.run(times),
    verify: () => {
      for (const way of ways) way.spoil();
      lanes.run(1);
      for (const way of ways) way.compare();
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function openPinned(
  to: HostTransfer,
  direction: Direction,
  kind: PinnedKind,
  queues: readonly [NamedQueue, NamedQueue],
): Transfer {
  const target = vulkanOf(to.device);
  if (kind === "imported host memory") {
    const obstacle = importObstacle(target) ??
      to.verdicts.obstacle(hostMemoryRequest(to.device, target));
    if (obstacle !== undefined) throw new UnsupportedError(obstacle);
  }
  using owner = new DisposableStack();
  const ways: Way[] = [];
  if (direction !== "d2h") ways.push(upload(to, target, kind, queues[0], owner));
  if (direction !== "h2d") ways.push(download(to, target, kind, queues[1], owner));
  return transferOf(ways, owner);
}

/** Pairs of queues for both directions at once, the most independent first. */
function queuePairs(target: VulkanTarget): { name: string; queues: [NamedQueue, NamedQueue] }[] {
  const all = copyQueues(target);
  const [first, second] = all;
  if (first === undefined) return [];
  if (second === undefined) return [{ name: `one ${first.name}`, queues: [first, first] }];
  const same = second.name === first.name
    ? `two ${first.name}s`
    : `${first.name} and ${second.name}`;
  const other = all.find(({ name }) => name !== first.name);
  const pairs: ReturnType<typeof queuePairs> = [{ name: same, queues: [first, second] }];
  if (other !== undefined && other !== second) {
    pairs.push({ name: `${first.name} and ${other.name}`, queues: [first, other] });
  }
  return pairs;
}

/**
 * Page-locked memory and the queues that copy, best guesses first; without `allShapes`, by the queues that
 * are usually best.
 *
 * @throws {UnsupportedError} where the device is not open to Vulkan.
 */
export function pinnedPaths(to: HostTransfer, direction: Direction, allShapes: boolean): Path[] {
  const target = vulkanOf(to.device);
  const ways = direction === "duplex"
    ? queuePairs(target)
    : familyQueues({ queues: target.device.queues, physical: target.physical }).map((each) => ({
      name: each.name,
      queues: [each, each] as [NamedQueue, NamedQueue],
    }));
  const kinds: PinnedKind[] = ["imported host memory", "driver's host memory"];
  return ways.slice(0, allShapes ? undefined : 1).flatMap(({ name, queues }) =>
    kinds.map((kind) => ({
      name: `pinned: ${kind}, ${name}`,
      open: () => openPinned(to, direction, kind, queues),
    }))
  );
}
