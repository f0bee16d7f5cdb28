/**
 * Copies between members by a vendor's runtime, over the memory that Vulkan allocated.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import type { Lane, RunningCopies, RuntimeMemory } from "../../../ffi/copy_runtime.ts";
import { UnsupportedError } from "../../transfer/errors.ts";
import type { RuntimeGpu, RuntimeLibraries } from "../../transfer/runtimes.ts";
import type { OwnedMemory } from "./memory.ts";
import type { MemberPort } from "./port.ts";
import type { CopyRange } from "./types.ts";

/** For how long the host looks without a pause, in ms: most copies are short. */
const EAGER_MS = 5;

/** The pause from then on, in ms. */
const PAUSE_MS = 0.5;

/** A member as its runtime finds it. */
export interface RuntimeEnd {
  port: MemberPort;
  gpu: RuntimeGpu;
}

/** Why two members' runtimes do not reach each other; undefined where they say that they do. */
export function peerObstacle(
  libraries: RuntimeLibraries,
  from: RuntimeGpu,
  to: RuntimeGpu,
): string | undefined {
  const names = [libraries.nameFor(from), libraries.nameFor(to)];
  if (names.includes(undefined)) return "no vendor's runtime is for both devices";
  if (names[0] !== names[1]) return `the devices have different runtimes: ${names.join(" and ")}`;
  try {
    const source = libraries.member(from), destination = libraries.member(to);
    const { runtime } = source;
    return runtime.peerObstacle(source.device, destination.device) ??
      runtime.peerObstacle(destination.device, source.device);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A part of memory that copies name by its address. */
function partOf(memory: RuntimeMemory, offset: number, size: number): RuntimeMemory {
  const address = memory.address + BigInt(offset);
  return { address, size, device: memory.device, bytes: null, [Symbol.dispose]: () => {} };
}

async function untilDone(running: RunningCopies, limitMs: number): Promise<boolean> {
  const begun = performance.now();
  for (;;) {
    if (running.isDone()) return true;
    const elapsed = performance.now() - begun;
    if (elapsed > limitMs) return false;
    if (elapsed < EAGER_MS) await setImmediate();
    else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * Copies ranges by the runtime of both members.
 *
 * @throws {Error} by rejection: the runtime's own; or the one that names the source, where there is no answer.
 */
export async function copyByPeer(
  libraries: RuntimeLibraries,
  from: RuntimeEnd & { memory: OwnedMemory },
  to: RuntimeEnd & { memory: OwnedMemory },
  ranges: readonly CopyRange[],
): Promise<void> {
  const source = libraries.member(from.gpu), destination = libraries.member(to.gpu);
  const { runtime, device } = source;
  if (destination.runtime !== runtime) {
    throw new UnsupportedError("the devices have different runtimes");
  }
  runtime.enablePeer(device, destination.device);
  runtime.enablePeer(destination.device, device);
  const sent = from.memory.inRuntime(runtime, device);
  const received = to.memory.inRuntime(runtime, destination.device);
  const lanes = ranges.map(({ sourceOffset, destinationOffset, size }): Lane => ({
    device,
    from: partOf(sent, sourceOffset, size),
    to: partOf(received, destinationOffset, size),
    size,
  }));
  const running = runtime.start(lanes);
  const done = await untilDone(running, from.port.limitMs);
  if (!done) {
    // What the copy uses must stay: it may go on.
    const { limitMs } = from.port;
    from.port.member.device.hung(`a ${runtime.name} peer copy`, BigInt(Math.ceil(limitMs * 1e6)));
    throw from.port.lose(`no answer to a ${runtime.name} peer copy within ${limitMs / 1000} s`);
  }
  running[Symbol.dispose]();
}
