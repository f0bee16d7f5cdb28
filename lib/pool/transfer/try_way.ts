/**
 * Trying ways between two members, and a member's pages of the host: with bytes that are compared, then by the clock.
 *
 * @module
 */

import { HostMemory } from "../../../ffi/libc.ts";
import { UnsupportedError, WrongResultError } from "../../transfer/errors.ts";
import { firstDifference } from "../../transfer/first_difference.ts";
import type { ProbeFigures } from "../../transfer/probe.ts";
import type { RuntimeLibraries } from "../../transfer/runtimes.ts";
import { gpuFacts } from "./gpu_facts.ts";
import { PoolTransfers } from "./transfers.ts";
import type { CopyRange, TransferMember, Transfers } from "./types.ts";
import type { PairState, Way } from "./ways.ts";

const MiB = 1 << 20;

/** Bytes that are compared: bringing them to a device and back takes longer than the copy. */
const COMPARED_BYTES = 4 * MiB;

/** Bytes of a copy that is measured: more than the caches of a GPU hold. A software device's take long otherwise. */
const BYTES = 64 * MiB, SOFTWARE_BYTES = 4 * MiB;

/** Copies of which the best is taken. */
const TIMES = 3;

const SMALL_BYTES = 4096;

const ALIGNMENT = 2 * MiB;

/** What is where bytes shall arrive. */
const POISON = 0x5a;

/** So much random data is repeated, each time with another byte added: no two pages are the same. */
const RANDOM_BYTES = 64 << 10;

/** What a try uses, and how long one copy of it may take. */
export interface TryTools {
  /** Left open. */
  libraries: RuntimeLibraries;
  limitMs: number;
}

function fillRandom(bytes: Uint8Array<ArrayBuffer>): void {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  for (let at = 0, round = 0; at < bytes.length; at += RANDOM_BYTES, round++) {
    bytes.set(random.subarray(0, Math.min(RANDOM_BYTES, bytes.length - at)), at);
    bytes[at] = round;
    bytes[at + 1] = round >> 8;
  }
}

/** All bytes, and then some that begin and end anywhere. */
function rangesOf(size: number): CopyRange[][] {
  return [
    [{ sourceOffset: 0, destinationOffset: 0, size }],
    [{ sourceOffset: 4099, destinationOffset: 7, size: 8191 }, {
      sourceOffset: size - 5,
      destinationOffset: 65_536 - 3,
      size: 5,
    }],
  ];
}

function compare(
  sent: Uint8Array<ArrayBuffer>,
  received: Uint8Array<ArrayBuffer>,
  ranges: readonly CopyRange[],
): void {
  for (const { sourceOffset, destinationOffset, size } of ranges) {
    const at = firstDifference(
      sent.subarray(sourceOffset, sourceOffset + size),
      received.subarray(destinationOffset, destinationOffset + size),
    );
    if (at < 0) continue;
    const byte = destinationOffset + at;
    const what = received[byte] === POISON ? "never arrived" : "is wrong";
    throw new WrongResultError(`byte ${byte} ${what}`);
  }
}

async function best(times: number, run: () => Promise<void>): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < times; i++) {
    const before = performance.now();
    await run();
    least = Math.min(least, performance.now() - before);
  }
  return least;
}

/** Copies between some members, in one way alone, and for the rest through the drivers' own memory. */
function open(
  members: readonly TransferMember[],
  pairs: readonly PairState[],
  usesPages: (member: TransferMember) => boolean,
  { libraries, limitMs }: TryTools,
): Transfers {
  const mapped = members.filter((member) => !usesPages(member));
  const pagesObstacles = new Map(mapped.map(({ index }) => [index, "not tried"]));
  return new PoolTransfers({
    members,
    pairs,
    pagesObstacles,
    gpuOf: gpuFacts,
    libraries,
    limitMs,
    firstWayOnly: true,
  });
}

function bytesFor(members: readonly TransferMember[]): number {
  const isSoftware = members.some(({ device }) => device.physical.type === "cpu");
  return isSoftware ? SOFTWARE_BYTES : BYTES;
}

async function measure(
  size: number,
  copy: (ranges: readonly CopyRange[]) => Promise<void>,
): Promise<ProbeFigures> {
  const first = { sourceOffset: 0, destinationOffset: 0 };
  const wholeMs = await best(TIMES, () => copy([{ ...first, size }]));
  const smallMs = await best(TIMES, () => copy([{ ...first, size: SMALL_BYTES }]));
  return { bandwidth_gb_s: size / wholeMs / 1e6, latency_us: smallMs * 1e3 };
}

/**
 * Tries a way between two members.
 *
 * @throws {WrongResultError} by rejection, where other bytes arrive; what a driver throws.
 */
export async function tryWay(
  from: TransferMember,
  to: TransferMember,
  way: Way,
  tools: TryTools,
): Promise<ProbeFigures> {
  const size = bytesFor([from, to]);
  const states = [{ way, obstacle: null, figures: null }];
  const pair: PairState = { from: from.index, to: to.index, states };
  const usesPages = (member: TransferMember) =>
    way.kind === "staging" && (member === from ? way.from : way.to) === "pages";
  using owned = new DisposableStack();
  const transfers = owned.use(open([from, to], [pair], usesPages, tools));
  const source = owned.use(transfers.allocateBuffer(from, size));
  const destination = owned.use(transfers.allocateBuffer(to, size));
  const compared = Math.min(size, COMPARED_BYTES);
  const sent = new Uint8Array(compared), received = new Uint8Array(compared);
  fillRandom(sent);
  const whole = [{ sourceOffset: 0, destinationOffset: 0, size: compared }];
  const copy = (ranges: readonly CopyRange[]) =>
    transfers.copy({ from, source, to, destination, ranges });
  await transfers.upload(from, sent, source, whole);
  for (const ranges of rangesOf(compared)) {
    await transfers.upload(to, received.fill(POISON), destination, whole);
    await copy(ranges);
    await transfers.download(to, destination, received, whole);
    compare(sent, received, ranges);
  }
  return await measure(size, copy);
}

/**
 * Tries whether a member imports pages of the host, and copies to and from them.
 *
 * @throws {WrongResultError} by rejection, where other bytes arrive; what a driver throws.
 */
export async function tryPages(
  member: TransferMember,
  tools: TryTools,
): Promise<ProbeFigures> {
  const size = bytesFor([member]);
  using owned = new DisposableStack();
  const transfers = owned.use(open([member], [], () => true, tools));
  const memory = owned.use(HostMemory.allocate(2 * size, ALIGNMENT));
  const host = owned.use(transfers.importHost(memory));
  const pages = host.on(member);
  if (typeof pages === "string") throw new UnsupportedError(pages);
  const buffer = owned.use(transfers.allocateBuffer(member, size));
  const sent = host.bytes.subarray(0, size), received = host.bytes.subarray(size);
  fillRandom(sent);
  const bring = (ranges: readonly CopyRange[]) => {
    const behind = ranges.map((range) => ({
      ...range,
      destinationOffset: range.destinationOffset + size,
    }));
    return transfers.download(member, buffer, host, behind);
  };
  await transfers.upload(member, host, buffer, [{ sourceOffset: 0, destinationOffset: 0, size }]);
  for (const ranges of rangesOf(size)) {
    received.fill(POISON);
    await bring(ranges);
    compare(sent, received, ranges);
  }
  return await measure(size, bring);
}
