/**
 * Moving bytes between the host and members, and between members.
 *
 * @module
 */

import type { Device, DeviceBuffer } from "../../ffi/vulkan/device.ts";
import {
  createCopyBuffer,
  SHARED_HANDLE_EXTENSIONS,
  sharingFeatures,
} from "../../ffi/vulkan/external_memory.ts";
import type { HostBacking } from "./host_backing.ts";
import type { Member } from "./member.ts";
import type { MemoryFlag } from "./memory_flags.ts";
import type { Mover } from "./mover.ts";
import type { ByteRange } from "./validity.ts";

/** Size of the memory through which bytes go that the host's pages cannot give at once. */
const STAGING_BYTES = 16 << 20;

/** Why there are no direct ways yet. */
const NOT_TRIED = "this version has no direct way: bytes go through pages that both import";

/** The way between two members. */
export interface PairWays {
  from: string;
  to: string;
  /** How bytes go. */
  tier: "memory" | "peer" | "staging";
  /** Why the better ones were refused. */
  refused: { tier: string; reason: string }[];
}

/** Open ways. Dispose it after all buffers. */
export interface Moving extends Disposable {
  readonly mover: Mover;
  ways(): PairWays[];
  /** @throws {RangeError} where flags ask for a way that there is not; one line. */
  checkFlags(flags: ReadonlySet<MemoryFlag>): void;
}

/** Host memory of one member through which bytes go, one after the other. */
class Staging implements Disposable {
  readonly #member: Member;
  #buffer: DeviceBuffer | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(member: Member) {
    this.#member = member;
  }

  /** Lets `use` have the memory alone. */
  alone<T>(use: (buffer: DeviceBuffer, bytes: Uint8Array) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => {
      const member = this.#member;
      this.#buffer ??= member.guard(() => member.device.createBuffer(STAGING_BYTES, "host"));
      const { bytes } = this.#buffer;
      if (bytes === null) throw new Error(`${member.name} does not map its host memory`);
      return use(this.#buffer, bytes);
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  [Symbol.dispose](): void {
    this.#buffer?.[Symbol.dispose]();
  }
}

/** Ranges cut to pieces that fit in the staging memory. */
function* pieces(ranges: readonly ByteRange[]): Generator<ByteRange> {
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at += STAGING_BYTES) {
      yield { start: at, end: Math.min(end, at + STAGING_BYTES) };
    }
  }
}

function copyRanges(
  member: Member,
  from: DeviceBuffer,
  to: DeviceBuffer,
  ranges: readonly ByteRange[],
): Promise<unknown> {
  return member.run((commands) => {
    for (const { start, end } of ranges) {
      commands.copy(from, to, { size: end - start, fromOffset: start, toOffset: start });
    }
  });
}

/** Whether a device exports its memory as dma-bufs. */
function exportsDmaBuf(device: Device): boolean {
  const { extensions } = device.physical;
  return SHARED_HANDLE_EXTENSIONS.dma_buf.every((name) => extensions.has(name)) &&
    sharingFeatures(device, "dma_buf").exportable;
}

/** Opens the ways between members. */
export function openMover(members: readonly Member[]): Promise<Moving> {
  const staging = new Map(members.map((member) => [member, new Staging(member)]));
  const stagingOf = (member: Member) => {
    const found = staging.get(member);
    if (found === undefined) throw new Error(`${member.name} is no member of this pool`);
    return found;
  };
  const mover: Mover = {
    allocate: (member, size, flags) =>
      flags.has("DMA_BUF")
        ? createCopyBuffer(
          member.device,
          size,
          { kind: "exported", handle: "dma_buf" },
          { storage: true },
        )
        : member.device.createBuffer(size, "device"),
    async toMember(host: HostBacking, to, destination, ranges) {
      const pages = host.on(to);
      if (typeof pages !== "string") {
        await copyRanges(to, pages, destination, ranges);
        return;
      }
      await stagingOf(to).alone(async (buffer, bytes) => {
        for (const { start, end } of pieces(ranges)) {
          bytes.set(host.bytes.subarray(start, end));
          await to.run((c) => c.copy(buffer, destination, { size: end - start, toOffset: start }));
        }
      });
    },
    async toHost(from, source, host, ranges) {
      const pages = host.on(from);
      if (typeof pages !== "string") {
        await copyRanges(from, source, pages, ranges);
        return;
      }
      await stagingOf(from).alone(async (buffer, bytes) => {
        for (const { start, end } of pieces(ranges)) {
          await from.run((c) => c.copy(source, buffer, { size: end - start, fromOffset: start }));
          host.bytes.set(bytes.subarray(0, end - start), start);
        }
      });
    },
    isDirect: () => false,
    between: (from, _source, to) =>
      Promise.reject(new Error(`there is no direct way from ${from.name} to ${to.name}`)),
  };
  return Promise.resolve({
    mover,
    ways: () =>
      members.flatMap((from) =>
        members.filter((to) => to !== from).map((to): PairWays => ({
          from: from.id,
          to: to.id,
          tier: "staging",
          refused: [
            { tier: "memory", reason: NOT_TRIED },
            { tier: "peer", reason: NOT_TRIED },
          ],
        }))
      ),
    checkFlags(flags) {
      const alive = members.filter(({ lost }) => lost === undefined);
      if (flags.has("DMA_BUF")) {
        const without = alive.find(({ device }) => !exportsDmaBuf(device));
        if (without !== undefined) {
          throw new RangeError(`DMA_BUF memory cannot be had: ${without.name} exports none`);
        }
      }
      if (!flags.has("P2P")) return;
      for (const from of alive) {
        const to = alive.find((each) => each !== from && !mover.isDirect(from, each));
        if (to === undefined) continue;
        throw new RangeError(
          `P2P memory cannot be had: from ${from.name} to ${to.name} bytes go through the host`,
        );
      }
    },
    [Symbol.dispose]: () => staging.forEach((each) => each[Symbol.dispose]()),
  });
}
