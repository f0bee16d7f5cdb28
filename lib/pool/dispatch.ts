/**
 * Running a grid of work-groups on members: in parts, or whole.
 *
 * A part is some work-groups in a row along one dimension. Where its bytes are is noted once all parts are
 * done: until then the state from before stands, and the part of a member that is lost is run by another.
 *
 * @module
 */

import { allEnded } from "./all_ended.ts";
import type { Dimension, Triple, Verdict } from "./analysis/verdict.ts";
import type { LogicalBuffer } from "./buffer.ts";
import type { LogicalImage, PreparedImage } from "./image.ts";
import type { LogicalKernel } from "./kernel.ts";
import { type Member, MemberLostError } from "./member.ts";
import type { BoundBuffer, BoundImage } from "./pipeline.ts";
import { type ByteRange, uniteRanges } from "./validity.ts";

/** A buffer, or a part of it, for one binding of a kernel. */
export interface BufferBinding {
  /** 0 where it is not given. */
  set?: number;
  binding: number;
  buffer: LogicalBuffer;
  /** In bytes; 0 where it is not given. */
  offset?: number;
  /** In bytes; to the end of the buffer where it is not given. */
  size?: number;
}

/** A storage image for one binding of a kernel. */
export interface ImageBinding {
  /** 0 where it is not given. */
  set?: number;
  binding: number;
  image: LogicalImage;
}

/** What is bound to one binding of a kernel. */
export type Binding = BufferBinding | ImageBinding;

/** A binding, checked. Of an image the buffer is that of its packed texels. */
export interface CheckedBinding extends Required<BufferBinding> {
  /** Null for a buffer. */
  image: LogicalImage | null;
}

/** A launch, checked. */
export interface Launch {
  kernel: LogicalKernel;
  groups: Triple;
  push: Uint8Array<ArrayBuffer>;
  bindings: readonly CheckedBinding[];
  verdict: Verdict;
}

/** Work-groups in a row: from `start` up to, and without, `end`. */
export interface GroupRange {
  start: number;
  end: number;
}

/** A part that was run. */
export interface PartRun extends GroupRange {
  member: Member;
  /** Time on the device, in ms. */
  ms: number;
  /** All of it, with copies before it and the waiting, but for compiling, in ms. */
  wall_ms: number;
  /** Bytes that were copied to the member for it. */
  copied_bytes: number;
}

/** What bytes of each binding a part touches. */
interface Touched {
  of: CheckedBinding;
  reads: ByteRange[];
  writes: ByteRange[];
}

/** Whether a launch writes to a binding, as far as is known. */
export function mayWrite({ kernel, verdict }: Launch, { set, binding }: CheckedBinding): boolean {
  const info = kernel.info.bindings.find((each) => each.set === set && each.binding === binding);
  if (info?.kind === "uniform_buffer") return false;
  const uses = verdict.uses;
  if (uses === null) return true;
  const use = uses.find((each) => each.set === set && each.binding === binding);
  return use !== undefined && use.writes !== null;
}

/** What a part of a grid touches; all of the grid where `range` is null. */
export function touchedBy(launch: Launch, range: GroupRange | null): Touched[] {
  const { verdict, bindings } = launch;
  return bindings.map((of): Touched => {
    const all = { start: of.offset, end: of.offset + of.size };
    const use = verdict.uses?.find((each) => each.set === of.set && each.binding === of.binding);
    const writes = mayWrite(launch, of);
    if (range === null || verdict.kind === "whole" || use === undefined) {
      const isUsed = verdict.uses === null || use !== undefined;
      return { of, reads: isUsed ? [all] : [], writes: writes ? [all] : [] };
    }
    const cut = (window: { stride: number; first: number; end: number }): ByteRange => ({
      start: of.offset +
        Math.min(of.size, Math.max(0, window.stride * range.start + window.first)),
      end: of.offset + Math.min(of.size, window.stride * (range.end - 1) + window.end),
    });
    const written = use.writes === null ? [] : [cut(use.writes)];
    // Of what is written some bytes may be left as they are: they must be there first.
    const read = use.reads === null ? [] : [use.reads === "all" ? all : cut(use.reads)];
    return { of, reads: uniteRanges([...read, ...written]), writes: written };
  });
}

/** Bytes that would have to be copied to a member before it could run a part. */
export function bytesMissing(launch: Launch, member: Member, range: GroupRange | null): number {
  return touchedBy(launch, range).reduce(
    (sum, { of, reads }) => sum + of.buffer.store.missingOn(member, reads),
    0,
  );
}

/** Bytes that a part writes to memory of the member's own. */
export function bytesWritten(launch: Launch, member: Member, range: GroupRange | null): number {
  return touchedBy(launch, range).reduce(
    (sum, { of, writes }) =>
      sum +
      (of.buffer.store.isInPlace(member)
        ? 0
        : writes.reduce((bytes, { start, end }) => bytes + end - start, 0)),
    0,
  );
}

/** Whether all that a launch writes on a member is on the host at once. */
function writesInPlace(launch: Launch, member: Member): boolean {
  return launch.bindings.every((of) => !mayWrite(launch, of) || of.buffer.store.isInPlace(member));
}

/** The grid of a part: where it begins, and its size. */
function gridOf(groups: Triple, dimension: Dimension, range: GroupRange): [Triple, Triple] {
  const base: [number, number, number] = [0, 0, 0];
  const count: [number, number, number] = [...groups];
  base[dimension] = range.start;
  count[dimension] = range.end - range.start;
  return [base, count];
}

/** Makes ready the images of a part, each once, however often it is bound. */
async function prepareImages(
  touched: readonly Touched[],
  member: Member,
): Promise<Map<LogicalImage, PreparedImage>> {
  const prepared = new Map<LogicalImage, PreparedImage>();
  for (const { of: { image } } of touched) {
    if (image === null || prepared.has(image)) continue;
    const uses = touched.filter(({ of }) => of.image === image);
    const reads = uses.flatMap((use) => use.reads), writes = uses.flatMap((use) => use.writes);
    prepared.set(image, await image.prepare(member, reads, writes));
  }
  return prepared;
}

/**
 * Runs one part on one member.
 *
 * @param range null for the whole grid.
 * @param begins told when it is about to change memory.
 * @throws {MemberLostError} where the member is lost.
 */
export async function runPart(
  launch: Launch,
  member: Member,
  range: GroupRange | null,
  begins: () => void = () => {},
): Promise<PartRun> {
  const { kernel, groups, push, verdict } = launch;
  if (member.lost !== undefined) throw member.lost;
  const isPart = range !== null && verdict.kind === "split";
  const variant = isPart ? kernel.partly(verdict) : kernel.whole;
  const pipeline = kernel.on(member, variant);
  // Compiling it is over once and for all: it says nothing of what copies take.
  const begun = performance.now();
  const copied_bytes = bytesMissing(launch, member, range);
  const touched = touchedBy(launch, range);
  const images = await prepareImages(touched, member);
  const bound: (BoundBuffer | BoundImage)[] = [];
  for (const { of: { set, binding, buffer, image, offset, size }, reads } of touched) {
    const prepared = image === null ? undefined : images.get(image);
    if (prepared !== undefined) bound.push({ set, binding, image: prepared.image });
    else {bound.push({
        set,
        binding,
        buffer: await buffer.store.prepare(member, reads),
        offset,
        size,
      });}
  }
  const [base, count] = isPart
    ? gridOf(groups, verdict.dimension, range)
    : [[0, 0, 0] as const, groups];
  const sets = member.guard(() => pipeline.bind(bound));
  begins();
  const { ms } = await member.run((commands) => {
    for (const image of images.values()) image.before(commands);
    if (images.size > 0) commands.barrier();
    pipeline.dispatch(commands, sets, push, base, count);
    if (images.size > 0) commands.barrier();
    for (const image of images.values()) image.after(commands);
  });
  pipeline.release(sets);
  const { start, end } = range ?? { start: 0, end: 1 };
  return { member, start, end, ms, wall_ms: performance.now() - begun, copied_bytes };
}

/** Notes where the bytes of parts that are done lie, and makes good what the buffers' flags promise. */
export async function commit(launch: Launch, parts: readonly PartRun[]): Promise<void> {
  const isSplit = launch.verdict.kind === "split" && parts.length > 1;
  const written = new Map<LogicalBuffer, ByteRange[]>();
  for (const part of parts) {
    for (const { of, writes } of touchedBy(launch, isSplit ? part : null)) {
      of.buffer.store.wrote(part.member, writes);
      written.set(of.buffer, [...written.get(of.buffer) ?? [], ...writes]);
    }
  }
  await allEnded(Array.from(written, ([buffer, ranges]) => buffer.store.settle(ranges)));
}

/** A member was lost while it changed a buffer in place: what was there before is gone. */
export class SpoiltDataError extends Error {
  /** Takes what was lost with the member. */
  constructor(member: Member, buffer: LogicalBuffer, { start, end }: ByteRange) {
    super(
      `${member.name} was lost while it changed bytes ${start} to ${end} of ${buffer.label} in place: ` +
        "write them again",
    );
    this.name = "SpoiltDataError";
  }
}

/**
 * Notes what a lost member may have left half done.
 *
 * @returns an error where a part cannot be run again: it read what it wrote, and wrote it in place.
 */
export function spoiltBy(
  launch: Launch,
  member: Member,
  range: GroupRange | null,
): SpoiltDataError | undefined {
  let error: SpoiltDataError | undefined;
  for (const { of, writes } of touchedBy(launch, range)) {
    const [first] = writes;
    if (first === undefined || !of.buffer.store.isInPlace(member)) continue;
    const { uses } = launch.verdict;
    const use = uses?.find((each) => each.set === of.set && each.binding === of.binding);
    // What is written without being read is written again, and then as it should be.
    if (uses !== null && use !== undefined && use.reads === null) continue;
    for (const written of writes) of.buffer.store.spoil(written, member);
    error ??= new SpoiltDataError(member, of.buffer, first);
  }
  return error;
}

/** Forgets what a part has changed, of a launch that failed. */
function abandon(launch: Launch, member: Member, range: GroupRange): void {
  const { kind } = launch.verdict;
  for (const { of, writes } of touchedBy(launch, kind === "split" ? range : null)) {
    // The memory of a lost member's own is gone with it; what it changed on the host is not.
    if (member.lost === undefined || of.buffer.store.isInPlace(member)) {
      of.buffer.store.abandon(member, writes);
    }
  }
}

/** Who runs which part next, and what came of it. */
export interface PartSource {
  /** The next part for a member; undefined where there is none for it any more. */
  next(member: Member): GroupRange | undefined;
  /** Told of each part that is done. */
  done(part: PartRun): void;
}

/**
 * Runs all parts of a source, each member one after the other, all members side by side. What a lost member
 * had, also what it had done, is run again by the others. Where it fails, what was changed for it is forgotten.
 *
 * @param onLost told of each member that is lost on the way, once no part runs that may use the buffers.
 * @throws {MemberLostError} where all members are lost.
 * @throws {SpoiltDataError} where a lost member left what cannot be made good.
 */
export async function runParts(
  launch: Launch,
  members: readonly Member[],
  source: PartSource,
  onLost: (error: MemberLostError) => void,
): Promise<PartRun[]> {
  const done = new Map<Member, PartRun[]>(members.map((member) => [member, []]));
  const begun: [Member, GroupRange][] = [];
  const again: GroupRange[] = [];
  const lost = new Set<MemberLostError>();
  let last: MemberLostError | undefined;
  const follow = async (member: Member) => {
    const own = done.get(member) ?? [];
    for (;;) {
      const range = again.shift() ?? source.next(member);
      if (range === undefined) return;
      try {
        const part = await runPart(launch, member, range, () => begun.push([member, range]));
        own.push(part);
        source.done(part);
      } catch (error) {
        if (!(error instanceof MemberLostError)) throw error;
        last = error;
        lost.add(error);
        if (error.member !== member) {
          again.push(range);
          continue;
        }
        // What it had done is gone with it, but for results in the host's pages.
        const mine = [range, ...writesInPlace(launch, member) ? [] : own.splice(0)];
        again.push(...mine);
        const spoilt = mine.map((each) => spoiltBy(launch, member, each));
        const fatal = spoilt.find((each) => each !== undefined);
        if (fatal !== undefined) throw fatal;
        return;
      }
    }
  };
  for (let first = true; first || again.length > 0; first = false) {
    const alive = members.filter(({ lost }) => lost === undefined);
    if (alive.length === 0) {
      throw last ?? new Error("no member of the pool is left that could run the kernel");
    }
    // All end before an error is thrown: none may still use the buffers then.
    const ends = await Promise.allSettled(alive.map(follow));
    for (const error of lost) onLost(error);
    lost.clear();
    for (const end of ends) {
      if (end.status !== "rejected") continue;
      for (const [member, range] of begun) abandon(launch, member, range);
      throw end.reason;
    }
  }
  return [...done.values()].flat();
}
