/**
 * From one Vulkan device to another through the host: a region of host memory that both devices import,
 * divided into slots, so that the destination empties one while the source fills the next.
 *
 * Devices of different drivers have no semaphore in common: the host waits for each slot, and what that
 * costs is in the figure.
 *
 * @module
 */

import { CommandBuffer } from "../../../ffi/vulkan/commands.ts";
import type { DeviceBuffer, Queue } from "../../../ffi/vulkan/device.ts";
import { createCopyBuffer } from "../../../ffi/vulkan/external_memory.ts";
import { HostMemory } from "../../../ffi/libc.ts";
import { UnsupportedError } from "../benchmark.ts";
import type { VulkanTarget } from "../vulkan/target.ts";
import { compareWithPattern, poison, writePattern } from "./device_bytes.ts";
import { importObstacle } from "./imported_blocks.ts";
import { STAGING_PREFIX } from "./path_names.ts";
import { copyQueues } from "./queues.ts";
import { hostMemoryRequest } from "./requests.ts";
import { type PeerTransfer, type TransferDevice, vulkanOf } from "./target.ts";
import type { Path, Transfer } from "./transfer.ts";

const MiB = 1 << 20;

/** How the region is divided. */
interface Division {
  slots: number;
  slotBytes: number;
}

/** Divisions worth trying, best guesses first. */
const DIVISIONS: readonly Division[] = [
  { slots: 4, slotBytes: 16 * MiB },
  { slots: 4, slotBytes: 8 * MiB },
  { slots: 3, slotBytes: 32 * MiB },
  { slots: 4, slotBytes: 4 * MiB },
  { slots: 2, slotBytes: 16 * MiB },
];

/** Software devices share the processor: their slots need not be long. */
const SOFTWARE_DIVISIONS: readonly Division[] = [
  { slots: 3, slotBytes: 4 * MiB },
  { slots: 2, slotBytes: 8 * MiB },
];

/** A device and its queue for one direction. */
interface End {
  target: VulkanTarget;
  queue: Queue;
  buffer: DeviceBuffer;
}

/** A submission of one end for one slot. */
interface Step {
  submit(): void;
  wait(): void;
}

/** One end's submissions, one a stretch of the transfer. */
function stepsOf(
  { target, queue, buffer }: End,
  division: Division,
  region: DeviceBuffer,
  isSource: boolean,
  owner: DisposableStack,
): Step[] {
  const { device } = target;
  const { slots, slotBytes } = division;
  const fences = Array.from({ length: slots }, () => {
    const fence = device.createFence();
    owner.defer(() => device.destroyFence(fence));
    return fence;
  });
  return Array.from({ length: Math.ceil(buffer.size / slotBytes) }, (_, i): Step => {
    const offset = i * slotBytes, slot = i % slots;
    const size = Math.min(slotBytes, buffer.size - offset);
    const commands = owner.use(new CommandBuffer(device, queue));
    commands.record((c) => {
      c.barrier();
      if (isSource) {
        c.copy(buffer, region, { size, fromOffset: offset, toOffset: slot * slotBytes });
      } else c.copy(region, buffer, { size, fromOffset: slot * slotBytes, toOffset: offset });
      c.barrierToHost();
    });
    const fence = fences[slot] ?? 0n;
    return {
      submit: () => device.submit(queue, [commands.handle], fence),
      wait: () => device.waitFence(fence),
    };
  });
}

/** A transfer in one direction, advanced stretch by stretch so that two can take turns. */
class Pipeline implements Disposable {
  readonly #fill: Step[];
  readonly #drain: Step[];
  readonly #slots: number;
  readonly #owned: DisposableStack;
  #next = 0;

  constructor(from: End, to: End, division: Division) {
    using undo = new DisposableStack();
    this.#slots = division.slots;
    const size = division.slots * division.slotBytes;
    const memory = undo.use(HostMemory.allocate(size, 2 * MiB));
    // The region's pages are to be there before the devices lock them.
    memory.bytes.fill(0);
    const regionOf = ({ target }: End) =>
      undo.use(
        createCopyBuffer(target.device, size, { kind: "host_pointer", bytes: memory.bytes }),
      );
    this.#fill = stepsOf(from, division, regionOf(from), true, undo);
    this.#drain = stepsOf(to, division, regionOf(to), false, undo);
    this.#owned = undo.move();
  }

  /** Lets the source fill every slot. */
  start(): void {
    this.#next = 0;
    for (const step of this.#fill.slice(0, this.#slots)) step.submit();
  }

  /** Hands one slot to the destination, and the one before back to the source. */
  advance(): boolean {
    const i = this.#next++;
    const drain = this.#drain[i];
    if (drain === undefined) return false;
    this.#fill[i]?.wait();
    drain.submit();
    if (i > 0) {
      this.#drain[i - 1]?.wait();
      this.#fill[i - 1 + this.#slots]?.submit();
    }
    return true;
  }

  /** Waits for the last slot. */
  finish(): void {
    this.#drain.at(-1)?.wait();
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}

function runAll(pipelines: readonly Pipeline[]): void {
  for (const pipeline of pipelines) pipeline.start();
  while (pipelines.map((pipeline) => pipeline.advance()).some(Boolean));
  for (const pipeline of pipelines) pipeline.finish();
}

/** Why a device cannot take part; undefined where it can. */
function obstacleOf(pair: PeerTransfer, device: TransferDevice): string | undefined {
  const target = vulkanOf(device);
  return importObstacle(target) ?? pair.verdicts.obstacle(hostMemoryRequest(device, target));
}

function open(pair: PeerTransfer, isDuplex: boolean, division: Division): Transfer {
  const obstacle = obstacleOf(pair, pair.source) ?? obstacleOf(pair, pair.destination);
  if (obstacle !== undefined) throw new UnsupportedError(obstacle);
  const source = vulkanOf(pair.source), destination = vulkanOf(pair.destination);
  const { size } = pair.blocks;
  using undo = new DisposableStack();
  /** An end with a buffer of its own, on the queue for filling or draining. */
  const endOf = (target: VulkanTarget, which: 0 | 1): End => {
    const queues = copyQueues(target);
    const queue = (queues[which] ?? queues[0])?.queue ?? target.queue;
    const buffer = undo.use(createCopyBuffer(target.device, size, { kind: "device" }));
    return { target, queue, buffer };
  };
  const pairs = [[endOf(source, 0), endOf(destination, 1)] as const];
  if (isDuplex) pairs.push([endOf(destination, 0), endOf(source, 1)]);
  const pipelines = pairs.map(([from, to]) => {
    writePattern(from.target, from.buffer, pair.blocks);
    return undo.use(new Pipeline(from, to, division));
  });
  const owned = undo.move();
  return {
    clock: "host",
    bytes: size * pairs.length,
    run: (times) => {
      const before = performance.now();
      for (let i = 0; i < times; i++) runAll(pipelines);
      return (performance.now() - before) * 1e6;
    },
    verify: () => {
      for (const [, to] of pairs) poison(to.target, to.buffer);
      runAll(pipelines);
      for (const [, to] of pairs) {
        compareWithPattern(to.target, to.buffer, pair.blocks, "the destination");
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Pipelined staging, with the divisions that are worth trying; one of them without `allShapes`. */
export function stagingPaths(pair: PeerTransfer, isDuplex: boolean, allShapes: boolean): Path[] {
  const isSoftware = [pair.source, pair.destination].some(({ gpu }) => gpu.kind === "software");
  const divisions = isSoftware ? SOFTWARE_DIVISIONS : DIVISIONS;
  return divisions.slice(0, allShapes ? undefined : 1).map((division) => ({
    name: `${STAGING_PREFIX}shared host memory, ${division.slots} x ${
      division.slotBytes / MiB
    } MiB`,
    open: () => open(pair, isDuplex, division),
  }));
}
