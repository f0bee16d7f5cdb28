/**
 * Copies between members by a vendor's runtime, over the memory that Vulkan allocated.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import type {
  CopyRuntime,
  Lane,
  RunningCopies,
  RuntimeDevice,
  RuntimeMemory,
} from "../../../ffi/copy_runtime.ts";
import { UnsupportedError } from "../../transfer/errors.ts";
import type { RuntimeGpu, RuntimeLibraries } from "../../transfer/runtimes.ts";
import type { OwnedMemory } from "./memory.ts";
import type { MemberPort } from "./port.ts";
import { movePieces, PieceBuffers } from "./pieces.ts";
import type { Part } from "./ranges.ts";
import type { CopyRange } from "./types.ts";

/** For how long the host looks without a pause, in ms: most copies are short. */
const EAGER_MS = 5;

/** The pause from then on, in ms. */
const PAUSE_MS = 0.5;

/** Buffers on one device, and bytes of each: as many are under way at once. */
const BUFFERS = 4, BUFFER_BYTES = 32 << 20;

/** Memory of runtimes beside the destinations of copies, by device. Takes none yet. Dispose it once no copy runs. */
export class PeerBuffers implements Disposable {
  readonly #buffers = new Map<CopyRuntime, Map<RuntimeDevice, PieceBuffers<RuntimeMemory>>>();

  /** The buffers on a device, which all copies to it share. */
  on(runtime: CopyRuntime, device: RuntimeDevice): PieceBuffers<RuntimeMemory> {
    const devices = this.#buffers.get(runtime) ??
      new Map<RuntimeDevice, PieceBuffers<RuntimeMemory>>();
    this.#buffers.set(runtime, devices);
    let buffers = devices.get(device);
    if (buffers === undefined) {
      const make = () => runtime.deviceMemory(device, BUFFER_BYTES);
      devices.set(device, buffers = new PieceBuffers(BUFFERS, BUFFER_BYTES, make));
    }
    return buffers;
  }

  [Symbol.dispose](): void {
    for (const devices of this.#buffers.values()) {
      for (const buffers of devices.values()) buffers[Symbol.dispose]();
    }
    this.#buffers.clear();
  }
}

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

/** Runs lanes to their end. Throws the error that names the member, where there is no answer. */
async function runLanes(
  runtime: CopyRuntime,
  lanes: readonly Lane[],
  port: MemberPort,
): Promise<void> {
  const running = runtime.start(lanes);
  const { limitMs } = port;
  if (!await untilDone(running, limitMs)) {
    // What the copy uses must stay: it may go on.
    port.member.device.hung(`a ${runtime.name} peer copy`, BigInt(Math.ceil(limitMs * 1e6)));
    throw port.lose(`no answer to a ${runtime.name} peer copy within ${limitMs / 1000} s`);
  }
  running[Symbol.dispose]();
}

/**
 * Copies ranges by the runtime of both members.
 *
 * @param buffers through which the bytes go to the destination; at once where there are none.
 * @throws {Error} by rejection: the runtime's own; or the one that names the source, where there is no answer.
 */
export async function copyByPeer(
  libraries: RuntimeLibraries,
  from: RuntimeEnd & { memory: OwnedMemory },
  to: RuntimeEnd & { memory: OwnedMemory },
  ranges: readonly CopyRange[],
  buffers?: PeerBuffers,
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
  if (buffers === undefined) {
    const lanes = ranges.map(({ sourceOffset, destinationOffset, size }): Lane => ({
      device,
      from: partOf(sent, sourceOffset, size),
      to: partOf(received, destinationOffset, size),
      size,
    }));
    await runLanes(runtime, lanes, from.port);
    return;
  }
  const bring = async (buffer: RuntimeMemory, parts: readonly Part[]) => {
    const across = parts.map(({ at, sourceOffset, size }): Lane => ({
      device,
      from: partOf(sent, sourceOffset, size),
      to: partOf(buffer, at, size),
      size,
    }));
    await runLanes(runtime, across, from.port);
    const within = parts.map(({ at, destinationOffset, size }): Lane => ({
      device: destination.device,
      from: partOf(buffer, at, size),
      to: partOf(received, destinationOffset, size),
      size,
    }));
    await runLanes(runtime, within, to.port);
  };
  const isHeld = () => [from, to].some(({ port }) => port.member.device.isHung);
  await movePieces(buffers.on(runtime, destination.device), ranges, bring, isHeld);
}
