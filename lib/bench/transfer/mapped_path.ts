/**
 * The processor writes and reads a device's own memory through a persistent map (a resizable BAR, or
 * memory that both share).
 *
 * @module
 */

import { createCopyBuffer, hasMappedDeviceMemory } from "../../../ffi/vulkan/external_memory.ts";
import { UnsupportedError } from "../benchmark.ts";
import { POISON_BYTE } from "./blocks.ts";
import { compareWithPattern, poison, writePattern } from "./device_bytes.ts";
import { type HostTransfer, vulkanOf } from "./target.ts";
import type { Path, Transfer } from "./transfer.ts";

const MiB = 1 << 20;
/** One processor copies: more bytes would only take longer. */
const MOST_BYTES = 128 * MiB;
/** Uncached reads over the bus are slow: some 0.1 GB/s. */
const MOST_BYTES_READ = 4 * MiB;

function open(to: HostTransfer, direction: "h2d" | "d2h"): Transfer {
  const target = vulkanOf(to.device);
  if (!hasMappedDeviceMemory(target.device)) {
    throw new UnsupportedError(
      `${target.physical.name} has no memory that is both the device's own and mapped`,
    );
  }
  const isSlow = direction === "d2h" && target.physical.type === "discrete";
  const size = Math.min(isSlow ? MOST_BYTES_READ : MOST_BYTES, to.blocks.size);
  using undo = new DisposableStack();
  const buffer = undo.use(createCopyBuffer(target.device, size, { kind: "mapped_device" }));
  const mapped = buffer.bytes as Uint8Array;
  const { pattern, sink } = to.blocks;
  const sent = pattern.subarray(0, size), arrived = sink.subarray(0, size);
  if (direction === "d2h") writePattern(target, buffer, to.blocks);
  const once = () => direction === "h2d" ? mapped.set(sent) : arrived.set(mapped);
  const owned = undo.move();
  return {
    clock: "host",
    bytes: size,
    run: (times) => {
      const before = performance.now();
      for (let i = 0; i < times; i++) once();
      // A submission drains what the processor has gathered to write.
      if (direction === "h2d") target.run((c) => c.barrier());
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

/** The processor's own loads and stores. */
export function mappedPath(to: HostTransfer, direction: "h2d" | "d2h"): Path {
  const verb = direction === "h2d" ? "written" : "read";
  return {
    name: `mapped: device memory ${verb} by the processor`,
    open: () => open(to, direction),
  };
}
