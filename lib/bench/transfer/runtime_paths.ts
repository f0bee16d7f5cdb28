/**
 * Ways through a vendor's runtime (CUDA, HIP, Level Zero): between the host and a device, and from one
 * device to another.
 *
 * @module
 */

import type { Lane, RuntimeDevice, RuntimeMemory } from "../../../ffi/copy_runtime.ts";
import { UnsupportedError } from "../benchmark.ts";
import { POISON_BYTE } from "./blocks.ts";
import type { Direction } from "./host_paths.ts";
import { runtimePeerRequest } from "./requests.ts";
import type { OpenRuntime } from "./runtimes.ts";
import type { HostTransfer, PeerTransfer, TransferTools } from "./target.ts";
import type { Path, Transfer } from "./transfer.ts";

/** One direction: the lane, and its check in two steps. */
interface Way {
  lane: Lane;
  spoil(): void;
  compare(): void;
}

/** Device memory that receives: spoiled and looked at through the host's page-locked sink. */
function receiving(
  tools: TransferTools,
  open: OpenRuntime,
  device: RuntimeDevice,
  owner: DisposableStack,
): { memory: RuntimeMemory; spoil(): void; compare(): void } {
  const { runtime } = open;
  const { size } = tools.blocks;
  const memory = owner.use(runtime.deviceMemory(device, size));
  const sink = open.block(device, "sink");
  return {
    memory,
    spoil: () => {
      sink.bytes.fill(POISON_BYTE);
      runtime.time([{ device, from: sink, to: memory, size }], 1);
    },
    compare: () => {
      sink.bytes.fill(POISON_BYTE);
      runtime.time([{ device, from: memory, to: sink, size }], 1);
      tools.blocks.compare(sink.bytes as Uint8Array<ArrayBuffer>, 0, "the device's memory");
    },
  };
}

/** Device memory that holds the pattern. */
function holding(
  tools: TransferTools,
  open: OpenRuntime,
  device: RuntimeDevice,
  owner: DisposableStack,
): RuntimeMemory {
  const { size } = tools.blocks;
  const memory = owner.use(open.runtime.deviceMemory(device, size));
  const from = open.block(device, "pattern");
  open.runtime.time([{ device, from, to: memory, size }], 1);
  return memory;
}

function transferOf(open: OpenRuntime, ways: readonly Way[], owner: DisposableStack): Transfer {
  const { runtime } = open;
  const lanes = ways.map((way) => way.lane);
  const owned = owner.move();
  return {
    clock: runtime.clock,
    bytes: lanes.reduce((sum, lane) => sum + lane.size, 0),
    run: (times) => runtime.time(lanes, times),
    verify: () => {
      for (const way of ways) way.spoil();
      runtime.time(lanes, 1);
      for (const way of ways) way.compare();
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function openHost(to: HostTransfer, direction: Direction): Transfer {
  const { open, device } = to.runtimes.member(to.device.gpu);
  const { size } = to.blocks;
  using owner = new DisposableStack();
  const ways: Way[] = [];
  if (direction !== "d2h") {
    const { memory, spoil, compare } = receiving(to, open, device, owner);
    const from = open.block(device, "pattern");
    ways.push({ lane: { device, from, to: memory, size }, spoil, compare });
  }
  if (direction !== "h2d") {
    const from = holding(to, open, device, owner);
    const sink = open.block(device, "sink");
    ways.push({
      lane: { device, from, to: sink, size },
      spoil: () => sink.bytes.fill(POISON_BYTE),
      compare: () =>
        to.blocks.compare(sink.bytes as Uint8Array<ArrayBuffer>, 0, "the host's memory"),
    });
  }
  // Looking at what the device received overwrites the host's sink, so that is looked at first.
  return transferOf(open, ways.reverse(), owner);
}

/** Page-locked memory of the GPU's runtime; nothing for a GPU that has none. */
export function runtimeHostPaths(to: HostTransfer, direction: Direction): Path[] {
  const name = to.runtimes.nameFor(to.device.gpu);
  if (name === undefined) return [];
  return [{ name: `${name}: page-locked memory`, open: () => openHost(to, direction) }];
}

/** Which end of a pair copies. */
type Copier = "source" | "destination";

/** Both devices in one runtime, with peer access as `isDirect` says. */
function membersOf(pair: PeerTransfer, isDirect: boolean) {
  const from = pair.runtimes.member(pair.source.gpu);
  const to = pair.runtimes.member(pair.destination.gpu);
  if (from.open !== to.open) {
    throw new UnsupportedError(
      `the devices have different runtimes: ${from.open.runtime.name} and ${to.open.runtime.name}`,
    );
  }
  const { runtime } = from.open;
  const obstacle = runtime.peerObstacle(from.device, to.device) ??
    runtime.peerObstacle(to.device, from.device);
  if (isDirect) {
    const reason = obstacle ?? pair.verdicts.obstacle(runtimePeerRequest(pair, runtime.name));
    if (reason !== undefined) throw new UnsupportedError(reason);
    runtime.enablePeer(from.device, to.device);
    runtime.enablePeer(to.device, from.device);
  } else if (obstacle === undefined) {
    throw new UnsupportedError("the devices reach each other directly: nothing is staged");
  }
  return { open: from.open, from: from.device, to: to.device };
}

function openPeer(
  pair: PeerTransfer,
  isDuplex: boolean,
  isDirect: boolean,
  copier: Copier,
): Transfer {
  const { open, from, to } = membersOf(pair, isDirect);
  const { size } = pair.blocks;
  using owner = new DisposableStack();
  const way = (source: RuntimeDevice, destination: RuntimeDevice): Way => {
    const held = holding(pair, open, source, owner);
    const { memory, spoil, compare } = receiving(pair, open, destination, owner);
    const device = copier === "source" ? source : destination;
    return { lane: { device, from: held, to: memory, size }, spoil, compare };
  };
  const ways = isDuplex ? [way(from, to), way(to, from)] : [way(from, to)];
  return transferOf(open, ways, owner);
}

/** Why a pair has no runtime in common; undefined where it has one, whatever that says. */
export function noCommonRuntime(pair: PeerTransfer): string | undefined {
  const from = pair.runtimes.nameFor(pair.source.gpu);
  const to = pair.runtimes.nameFor(pair.destination.gpu);
  if (from === undefined || to === undefined) return "no vendor's runtime is for both devices";
  return from === to ? undefined : `the devices have different runtimes: ${from} and ${to}`;
}

/**
 * Copies by the runtime of both devices: directly, by the source and (with `allShapes`) by the destination,
 * and as its driver does them where the devices do not reach each other.
 */
export function runtimePeerPaths(
  pair: PeerTransfer,
  isDuplex: boolean,
  allShapes: boolean,
): Path[] {
  const name = pair.runtimes.nameFor(pair.source.gpu) ?? "CUDA, HIP, Level Zero";
  const reason = noCommonRuntime(pair);
  const path = (text: string, isDirect: boolean, copier: Copier): Path => ({
    name: `${name} ${text}`,
    open: () => {
      if (reason !== undefined) throw new UnsupportedError(reason);
      return openPeer(pair, isDuplex, isDirect, copier);
    },
  });
  if (reason !== undefined) return [path("peer copy", true, "source")];
  return [
    path("peer copy, by the source", true, "source"),
    ...(allShapes ? [path("peer copy, by the destination", true, "destination")] : []),
    path("copy through the host, by the driver", false, "source"),
  ];
}
