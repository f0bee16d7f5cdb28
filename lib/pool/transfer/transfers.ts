/**
 * Copies between the members of a pool, each by the best way that works.
 *
 * @module
 */

import { HostMemory } from "../../../ffi/libc.ts";
import type { DeviceBuffer } from "../../../ffi/vulkan/device.ts";
import type { SharedHandle } from "../../../ffi/vulkan/external_memory.ts";
import { reasonOf, UnsupportedError } from "../../transfer/errors.ts";
import type { RuntimeGpu, RuntimeLibraries } from "../../transfer/runtimes.ts";
import { OwnedMemory } from "./memory.ts";
import { copyByPeer, PeerBuffers } from "./peer_copy.ts";
import { MemberPort } from "./port.ts";
import { checkRanges, refuseOverlap } from "./ranges.ts";
import { ImportedHost } from "./shared_host.ts";
import { copyStaged, type StagedEnd } from "./staged_copy.ts";
import { Staging, type StagingSize } from "./staging.ts";
import type {
  CopyRange,
  HostSide,
  MemberCopy,
  PoolMemory,
  SharedHost,
  StagingUse,
  TransferMember,
  TransferPlan,
  Transfers,
} from "./types.ts";
import {
  chooseExports,
  exportObstacle,
  type PairState,
  planOf,
  rankWays,
  type StagingEnd,
  type Way,
  type WayState,
} from "./ways.ts";

const MiB = 1 << 20;

/** Memory for staging where nothing else is said: what two directions of 2 x 16 MiB need. */
export const STAGING_SIZE: Readonly<StagingSize> = { limitBytes: 64 * MiB, chunkBytes: 16 * MiB };

/** How long a copy may take where nothing else is said, in ms. */
export const LIMIT_MS = 30_000;

/** What {@linkcode PoolTransfers} is made from. */
export interface TransferParts {
  members: readonly TransferMember[];
  /** The ways of every ordered pair, tried. */
  pairs: readonly PairState[];
  /** Why a member must not import pages of the host, by its index; a member that may is missing. */
  pagesObstacles: ReadonlyMap<number, string>;
  /** By what a member's runtime finds it. */
  gpuOf(member: TransferMember): RuntimeGpu;
  libraries: RuntimeLibraries;
  /** Disposed with the transfers, last. */
  owned?: Disposable;
  staging?: Partial<StagingSize>;
  limitMs?: number;
  /** Whether a copy goes by the first of its pair's ways or not at all: to try it. */
  firstWayOnly?: boolean;
}

/** The transfers of a pool over ways that are known. */
export class PoolTransfers implements Transfers {
  readonly #parts: TransferParts;
  readonly #ports: ReadonlyMap<number, MemberPort>;
  readonly #exports: ReadonlyMap<number, SharedHandle>;
  readonly #staging: Staging;
  readonly #peerBuffers = new PeerBuffers();
  readonly #hosts = new Map<HostMemory, ImportedHost>();
  readonly #running = new Set<Promise<unknown>>();

  /** Allocates nothing yet. */
  constructor(parts: TransferParts) {
    this.#parts = parts;
    const { members, pairs, pagesObstacles, limitMs = LIMIT_MS } = parts;
    this.#ports = new Map(members.map((member) => [member.index, new MemberPort(member, limitMs)]));
    this.#staging = new Staging({ ...STAGING_SIZE, ...parts.staging }, pagesObstacles.size === 0);
    this.#exports = chooseExports(pairs);
    for (const { from, to, states } of pairs) {
      const source = this.#exports.get(from) ?? null, destination = this.#exports.get(to) ?? null;
      for (const state of states) {
        state.obstacle ??= exportObstacle(state.way, source, destination) ?? null;
      }
    }
  }

  #port({ index, name }: TransferMember): MemberPort {
    const port = this.#ports.get(index);
    if (port === undefined) throw new RangeError(`${name} is no member of this pool`);
    return port;
  }

  #states(from: TransferMember, to: TransferMember): readonly WayState[] {
    const pair = this.#parts.pairs.find((each) => each.from === from.index && each.to === to.index);
    if (pair === undefined) throw new RangeError(`no pair of ${from.name} and ${to.name}`);
    return pair.states;
  }

  plan(from: TransferMember, to: TransferMember): TransferPlan {
    return planOf({ states: this.#states(from, to) }, { from: from.id, to: to.id });
  }

  report(): TransferPlan[] {
    const { members } = this.#parts;
    return members.flatMap((from) =>
      members.filter((to) => to !== from).map((to) => this.plan(from, to))
    );
  }

  isDirect(from: TransferMember, to: TransferMember): boolean {
    return from.index === to.index || this.plan(from, to).tier !== "staging";
  }

  allocateBuffer(
    member: TransferMember,
    size: number,
    { shareable = true, exported }: {
      shareable?: boolean;
      exported?: SharedHandle | undefined;
    } = {},
  ): PoolMemory {
    const own = shareable ? this.#exports.get(member.index) ?? null : null;
    return new OwnedMemory(this.#port(member), size, exported ?? own);
  }

  importHost(memory: HostMemory, size: number = memory.size): SharedHost {
    const known = this.#hosts.get(memory);
    if (known !== undefined && known.size === size) return known;
    const host = new ImportedHost(
      memory,
      size,
      (member) => ({
        port: this.#port(member),
        obstacle: this.#parts.pagesObstacles.get(member.index),
      }),
      () => {
        if (this.#hosts.get(memory) === host) this.#hosts.delete(memory);
      },
    );
    this.#hosts.set(memory, host);
    return host;
  }

  #hostSide(host: HostSide | HostMemory | Uint8Array<ArrayBuffer>): HostSide {
    if (host instanceof HostMemory) return this.importHost(host);
    if (host instanceof Uint8Array) return { bytes: host, on: () => "these bytes may move" };
    return host;
  }

  #stagingEnd(member: TransferMember): StagingEnd {
    return this.#parts.pagesObstacles.has(member.index) ? "mapped" : "pages";
  }

  #stagedEnd(member: TransferMember, buffer: DeviceBuffer): StagedEnd {
    const end = this.#stagingEnd(member);
    return { port: this.#port(member), buffer, shared: buffer instanceof OwnedMemory, end };
  }

  /** Runs a copy, which {@linkcode idle} waits for. */
  #run(copy: () => Promise<void>): Promise<void> {
    const running = copy();
    this.#running.add(running);
    const over = () => void this.#running.delete(running);
    running.then(over, over);
    return running;
  }

  copy(copy: MemberCopy): Promise<void> {
    return this.#run(() => this.#copy(copy));
  }

  async #copy(copy: MemberCopy): Promise<void> {
    const { from, source, to, destination } = copy;
    const ranges = checkRanges(copy.ranges, source.size, destination.size);
    if (source === destination) refuseOverlap(ranges);
    this.#alive(from, to);
    if (ranges.length === 0) return;
    if (from.index === to.index) {
      const shared = source instanceof OwnedMemory && destination instanceof OwnedMemory;
      await this.#port(from).copy("out", source, destination, ranges, shared);
      return;
    }
    const bytes = ranges.reduce((sum, { size }) => sum + size, 0);
    for (;;) {
      const ranked = rankWays(this.#states(from, to), bytes);
      const state = ranked.find(({ way }) => isFor(way, source, destination));
      const { firstWayOnly = false } = this.#parts;
      if (firstWayOnly && state === undefined) {
        throw new UnsupportedError("the memory cannot be had as the way needs it");
      }
      try {
        await this.#copyBy(state?.way, copy, ranges);
        return;
      } catch (error) {
        this.#alive(from, to);
        if (state === undefined || state.way.kind === "staging" || firstWayOnly) throw error;
        // The next way: the source's bytes are what they were.
        state.obstacle = `it failed in use: ${reasonOf(error)}`;
      }
    }
  }

  /** @throws {Error} that names a member, where it is lost. */
  #alive(...members: TransferMember[]): void {
    for (const member of members) {
      const { lost } = this.#port(member);
      if (lost !== undefined) throw lost;
    }
  }

  async #copyBy(
    way: Way | undefined,
    { from, source, to, destination }: MemberCopy,
    ranges: readonly CopyRange[],
  ): Promise<void> {
    const sender = this.#port(from), receiver = this.#port(to);
    const isOwned = source instanceof OwnedMemory && destination instanceof OwnedMemory;
    if (way === undefined || way.kind === "staging" || !isOwned) {
      const ends = [this.#stagedEnd(from, source), this.#stagedEnd(to, destination)] as const;
      await copyStaged(this.#staging, ...ends, ranges);
    } else if (way.kind === "peer") {
      const { libraries, gpuOf } = this.#parts;
      await copyByPeer(
        libraries,
        { port: sender, gpu: gpuOf(from), memory: source },
        { port: receiver, gpu: gpuOf(to), memory: destination },
        ranges,
        way.buffered ? this.#peerBuffers : undefined,
      );
    } else if (way.mode === "pull") {
      await receiver.copy("in", source.on(receiver), destination, ranges, true);
    } else {
      await sender.copy("out", source, destination.on(sender), ranges, true);
    }
  }

  upload(
    to: TransferMember,
    source: HostSide | HostMemory | Uint8Array<ArrayBuffer>,
    destination: DeviceBuffer,
    ranges: readonly CopyRange[],
  ): Promise<void> {
    return this.#run(async () => {
      const host = this.#hostSide(source);
      const checked = checkRanges(ranges, host.bytes.length, destination.size);
      this.#alive(to);
      const pages = host.on(to);
      if (checked.length === 0) return;
      if (typeof pages !== "string") {
        const shared = destination instanceof OwnedMemory && host.anyQueue === true;
        await this.#port(to).copy("in", pages, destination, checked, shared);
        return;
      }
      const end = this.#stagedEnd(to, destination);
      await copyStaged(this.#staging, { bytes: host.bytes }, end, checked);
    });
  }

  download(
    from: TransferMember,
    source: DeviceBuffer,
    destination: HostSide | HostMemory | Uint8Array<ArrayBuffer>,
    ranges: readonly CopyRange[],
  ): Promise<void> {
    return this.#run(async () => {
      const host = this.#hostSide(destination);
      const checked = checkRanges(ranges, source.size, host.bytes.length);
      this.#alive(from);
      const pages = host.on(from);
      if (checked.length === 0) return;
      if (typeof pages !== "string") {
        const shared = source instanceof OwnedMemory && host.anyQueue === true;
        await this.#port(from).copy("out", source, pages, checked, shared);
        return;
      }
      const end = this.#stagedEnd(from, source);
      await copyStaged(this.#staging, end, { bytes: host.bytes }, checked);
    });
  }

  staging(): StagingUse {
    return this.#staging.use();
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  [Symbol.dispose](): void {
    for (const host of [...this.#hosts.values()]) host[Symbol.dispose]();
    this.#staging[Symbol.dispose]();
    this.#peerBuffers[Symbol.dispose]();
    for (const port of this.#ports.values()) port[Symbol.dispose]();
    this.#parts.owned?.[Symbol.dispose]();
  }
}

/** Whether a way suits two buffers: those of others are not exported. */
function isFor(way: Way, source: DeviceBuffer, destination: DeviceBuffer): boolean {
  const exported = (buffer: DeviceBuffer) => buffer instanceof OwnedMemory ? buffer.exported : null;
  return exportObstacle(way, exported(source), exported(destination)) === undefined;
}
