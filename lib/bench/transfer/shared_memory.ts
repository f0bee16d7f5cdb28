/**
 * From one Vulkan device to another in one copy: memory of the one, imported by the other.
 *
 * @module
 */

import {
  type CopyBuffer,
  createCopyBuffer,
  type SharedHandle,
} from "../../../ffi/vulkan/external_memory.ts";
import {
  HANDLE_NAMES,
  MODE_NAMES,
  SHARED_WAYS,
  type SharedMode,
  sharingObstacle,
} from "../../transfer/sharing.ts";
import { UnsupportedError } from "../benchmark.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { compareWithPattern, poison, writePattern } from "./device_bytes.ts";
import { type CopyLane, TimedLanes } from "./lanes.ts";
import { copyQueues } from "./queues.ts";
import { sharedMemoryRequest } from "./requests.ts";
import { type PeerTransfer, vulkanOf } from "./target.ts";
import type { Path, Transfer } from "./transfer.ts";

/** Why a pair cannot share memory so, as far as the drivers say; undefined where it is worth trying. */
export function pairObstacle(
  pair: Pick<PeerTransfer, "source" | "destination">,
  handle: SharedHandle,
  mode: SharedMode,
): string | undefined {
  const source = vulkanOf(pair.source), destination = vulkanOf(pair.destination);
  return mode === "pull"
    ? sharingObstacle(source, destination, handle)
    : sharingObstacle(destination, source, handle);
}

/** One direction: who copies, from where to where, and the buffer as the destination itself sees it. */
interface Way {
  lane: CopyLane;
  destination: VulkanTarget;
  buffer: CopyBuffer;
}

function wayOf(
  pair: PeerTransfer,
  source: VulkanTarget,
  destination: VulkanTarget,
  handle: SharedHandle,
  mode: SharedMode,
  owner: DisposableStack,
): Way {
  const { size } = pair.blocks;
  const [exporter, copier] = mode === "pull" ? [source, destination] : [destination, source];
  const own = owner.use(createCopyBuffer(copier.device, size, { kind: "device" }));
  const exported = owner.use(
    createCopyBuffer(exporter.device, size, { kind: "exported", handle }),
  );
  const memory = exported.exportMemory();
  const imported = owner.use(createCopyBuffer(copier.device, size, { kind: "imported", memory }));
  writePattern(source, mode === "pull" ? exported : own, pair.blocks);
  const queue = copyQueues(copier)[0]?.queue ?? copier.queue;
  const [from, to] = mode === "pull" ? [imported, own] : [own, imported];
  return {
    lane: { target: copier, queue, from, to, size },
    destination,
    buffer: mode === "pull" ? own : exported,
  };
}

function open(
  pair: PeerTransfer,
  isDuplex: boolean,
  handle: SharedHandle,
  mode: SharedMode,
): Transfer {
  const source = vulkanOf(pair.source), destination = vulkanOf(pair.destination);
  for (const each of isDuplex ? [pair, reversed(pair)] : [pair]) {
    const obstacle = pairObstacle(each, handle, mode) ??
      pair.verdicts.obstacle(sharedMemoryRequest(each, handle, mode));
    if (obstacle !== undefined) throw new UnsupportedError(obstacle);
  }
  using undo = new DisposableStack();
  const ways = [wayOf(pair, source, destination, handle, mode, undo)];
  if (isDuplex) ways.push(wayOf(pair, destination, source, handle, mode, undo));
  const lanes = undo.use(new TimedLanes(ways.map((way) => way.lane)));
  const owned = undo.move();
  return {
    clock: lanes.clock,
    bytes: pair.blocks.size * ways.length,
    run: (times) => lanes.run(times),
    verify: () => {
      for (const { destination, buffer } of ways) poison(destination, buffer);
      lanes.run(1);
      for (const { destination, buffer } of ways) {
        compareWithPattern(destination, buffer, pair.blocks, "the destination");
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** The pair the other way round. */
export function reversed(pair: PeerTransfer): PeerTransfer {
  return { ...pair, source: pair.destination, destination: pair.source };
}

/** One copy over shared memory, by a handle and by one of the ends. */
export function sharedMemoryPath(
  pair: PeerTransfer,
  isDuplex: boolean,
  handle: SharedHandle,
  mode: SharedMode,
): Path {
  const name = `${HANDLE_NAMES[handle]}: ${MODE_NAMES[mode]}`;
  return { name, open: () => open(pair, isDuplex, handle, mode) };
}

/** One copy over shared memory, by each handle and by each end. */
export function sharedMemoryPaths(pair: PeerTransfer, isDuplex: boolean): Path[] {
  return SHARED_WAYS.map(({ handle, mode }) => sharedMemoryPath(pair, isDuplex, handle, mode));
}
