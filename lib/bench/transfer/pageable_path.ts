/**
 * Between plain host memory and a device: what a program gets that has data in memory of its own and
 * copies them through a staging ring.
 *
 * @module
 */

import { CommandBuffer } from "../../../ffi/vulkan/commands.ts";
import { createCopyBuffer } from "../../../ffi/vulkan/external_memory.ts";
import { POISON_BYTE } from "./blocks.ts";
import { compareWithPattern, poison, writePattern } from "./device_bytes.ts";
import { copyQueues } from "./queues.ts";
import { type HostTransfer, vulkanOf } from "./target.ts";
import type { Path, Transfer } from "./transfer.ts";

const MiB = 1 << 20;
/** The ring. */
const SLOTS = 4, SLOT_BYTES = 8 * MiB;
/** One processor copies: more bytes would only take longer. */
const MOST_BYTES = 128 * MiB;

/** One stretch of the transfer: its slot, and the submission that moves it. */
interface Stretch {
  /** The slot's bytes, and those of the host's plain memory. */
  staged: Uint8Array;
  plain: Uint8Array;
  submit(): void;
  wait(): void;
}

/** The processor fills a slot while the device empties others. */
function sendAll(stretches: readonly Stretch[]): void {
  stretches.forEach((stretch, i) => {
    stretches[i - SLOTS]?.wait();
    stretch.staged.set(stretch.plain);
    stretch.submit();
  });
  for (const stretch of stretches.slice(-SLOTS)) stretch.wait();
}

/** The device fills slots while the processor empties one. */
function receiveAll(stretches: readonly Stretch[]): void {
  for (const stretch of stretches.slice(0, SLOTS)) stretch.submit();
  stretches.forEach((stretch, i) => {
    stretch.wait();
    stretch.plain.set(stretch.staged);
    stretches[i + SLOTS]?.submit();
  });
}

function open(to: HostTransfer, direction: "h2d" | "d2h"): Transfer {
  const target = vulkanOf(to.device);
  const { device } = target;
  using undo = new DisposableStack();
  const queue = copyQueues(target)[0]?.queue ?? target.queue;
  const size = Math.min(MOST_BYTES, to.blocks.size);
  const buffer = undo.use(createCopyBuffer(device, size, { kind: "device" }));
  const slots = Array.from({ length: SLOTS }, () => {
    const slot = undo.use(createCopyBuffer(device, SLOT_BYTES, { kind: "host" }));
    const fence = device.createFence();
    undo.defer(() => device.destroyFence(fence));
    return { slot, fence };
  });
  const plain = direction === "h2d" ? to.blocks.pattern : to.blocks.sink;
  const stretches = Array.from({ length: Math.ceil(size / SLOT_BYTES) }, (_, i): Stretch => {
    const { slot, fence } = slots[i % SLOTS] as typeof slots[number];
    const offset = i * SLOT_BYTES, length = Math.min(SLOT_BYTES, size - offset);
    const commands = undo.use(new CommandBuffer(device, queue));
    commands.record((c) => {
      c.barrier();
      if (direction === "h2d") c.copy(slot, buffer, { size: length, toOffset: offset });
      else c.copy(buffer, slot, { size: length, fromOffset: offset });
      c.barrierToHost();
    });
    return {
      staged: (slot.bytes as Uint8Array).subarray(0, length),
      plain: plain.subarray(offset, offset + length),
      submit: () => device.submit(queue, [commands.handle], fence),
      wait: () => device.waitFence(fence),
    };
  });
  if (direction === "d2h") writePattern(target, buffer, to.blocks);
  const once = () => direction === "h2d" ? sendAll(stretches) : receiveAll(stretches);
  const arrived = to.blocks.sink.subarray(0, size);
  const owned = undo.move();
  return {
    clock: "host",
    bytes: size,
    run: (times) => {
      const before = performance.now();
      for (let i = 0; i < times; i++) once();
      return (performance.now() - before) * 1e6;
    },
    verify: () => {
      if (direction === "h2d") poison(target, buffer);
      else arrived.fill(POISON_BYTE);
      once();
      if (direction === "h2d") {
        compareWithPattern(target, buffer, to.blocks, "the device's memory");
      } else {
        to.blocks.compare(arrived, 0, "the host's memory");
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Plain memory through a staging ring, by one processor and the first queue that copies. */
export function pageablePath(to: HostTransfer, direction: "h2d" | "d2h"): Path {
  return {
    name: `pageable: staging ring of ${SLOTS} x ${SLOT_BYTES / MiB} MiB`,
    open: () => open(to, direction),
  };
}
