/**
 * Trying what is not proved safe to split: parts run on copies of what they write, which are then compared with
 * what was there before, and merged where no two members changed the same.
 *
 * What may be tried, and why the result is right, is said in `analysis/speculative.ts`. Until all parts are
 * merged nothing is written to the buffers themselves: on a conflict, or the loss of a member, the copies are
 * thrown away and the launch runs whole, on what was there before.
 *
 * @module
 */

import { VulkanError } from "../../ffi/vulkan/loader.ts";
import { allEnded } from "./all_ended.ts";
import { speculative, type SpeculativeVerdict } from "./analysis/speculative.ts";
import type { WholeVerdict } from "./analysis/verdict.ts";
import type { LogicalBuffer } from "./buffer.ts";
import { type Copy, CopyStore } from "./copy_store.ts";
import { type Launch, mayWrite, type PartRun, runPart, touchedBy } from "./dispatch.ts";
import { type Member, MemberLostError } from "./member.ts";
import { type Granule, mergeChanges } from "./merge_changes.ts";
import type { Pool } from "./open.ts";
import type { Placement } from "./placement.ts";
import { type ByteRange, uniteRanges } from "./validity.ts";

/** How far copies may go. */
export interface SpeculationOptions {
  /** Whether dispatches are tried that are not proved safe to split; false by default. */
  speculate?: boolean;
  /** The most bytes of copies that one dispatch may take for that, of all members together; 256 MiB by default. */
  speculationBytes?: number;
}

/** The most bytes of copies that a dispatch takes where nothing else is said. */
export const DEFAULT_SPECULATION_BYTES = 256 << 20;

/** Kernels that are remembered to conflict, by size class; the oldest is forgotten first. */
const CONFLICTS_KEPT = 1024;

/** Bytes that are merged at a stretch before the event loop has its turn. */
const SLICE_BYTES = 16 << 20;

/** A launch that may be tried. */
export interface SpeculationPlan {
  /** As it is tried: with the verdict by which its parts run. */
  launch: Launch;
  granule: Granule;
}

/** What came of a try, with one sentence on it. Where it is not merged, nothing was written. */
export type SpeculationEnd =
  | { state: "merged"; parts: PartRun[]; reason: string }
  | { state: "dropped"; reason: string };

/** What a launch writes: the bytes that are compared of each buffer, in whole words. */
function writtenBy(launch: Launch): Map<LogicalBuffer, ByteRange[]> {
  const buffers = new Set(
    launch.bindings.filter((of) => mayWrite(launch, of)).map(({ buffer }) => buffer),
  );
  return new Map(Array.from(buffers, (buffer) => {
    // What is only read of it is read of the copy, too.
    const bound = launch.bindings.filter((of) => of.buffer === buffer);
    return [
      buffer,
      uniteRanges(bound.map(({ offset, size }) => ({
        start: offset - offset % 4,
        end: Math.min(buffer.size, Math.ceil((offset + size) / 4) * 4),
      }))),
    ];
  }));
}

/** Kernels of about the same number of groups are alike: within a factor of two. */
function classOf({ kernel, groups: [x, y, z] }: Launch): string {
  return `${kernel.hash}/${Math.floor(Math.log2(x * y * z))}`;
}

/** Why there is no memory for copies; undefined for errors that say something else. */
function whyNoMemory(error: unknown): string | undefined {
  const isMemory = error instanceof RangeError ||
    (error instanceof VulkanError && error.isOutOfMemory);
  return isMemory ? error.message : undefined;
}

/** One member's copies of what is written. */
class Copies {
  readonly launch: Launch;
  readonly #member: Member;
  readonly #of: ReadonlyMap<LogicalBuffer, LogicalBuffer>;

  constructor(launch: Launch, member: Member, of: ReadonlyMap<LogicalBuffer, LogicalBuffer>) {
    this.#member = member;
    this.#of = of;
    this.launch = {
      ...launch,
      bindings: launch.bindings.map((each) => ({
        ...each,
        buffer: of.get(each.buffer) ?? each.buffer,
      })),
    };
  }

  /** Notes that a part was run. */
  ran(part: PartRun): void {
    for (const { of, writes } of touchedBy(this.launch, part)) {
      of.buffer.store.wrote(this.#member, writes);
    }
  }

  /** What became of ranges of a buffer. */
  bytes(buffer: LogicalBuffer, ranges: readonly ByteRange[]): Promise<Uint8Array<ArrayBuffer>> {
    return (this.#of.get(buffer) ?? buffer).store.onHost(ranges);
  }
}

/** One try. */
class Attempt implements Disposable {
  readonly #store: CopyStore;
  readonly #plan: SpeculationPlan;
  readonly #written: ReadonlyMap<LogicalBuffer, ByteRange[]>;
  /** What was there before; nothing changes it while the parts run. */
  readonly #before = new Map<LogicalBuffer, Uint8Array<ArrayBuffer>>();
  readonly #copies = new Map<Member, Copies>();
  readonly #taken: Copy[] = [];

  constructor(store: CopyStore, plan: SpeculationPlan) {
    this.#store = store;
    this.#plan = plan;
    this.#written = writtenBy(plan.launch);
  }

  /**
   * Runs all parts, each member's on its copies.
   *
   * @throws {MemberLostError} where one is lost, or what else was in the way, once no part runs any more.
   */
  async run({ members, source }: Placement): Promise<PartRun[]> {
    for (const [buffer, ranges] of this.#written) {
      this.#before.set(buffer, await buffer.store.onHost(ranges));
    }
    const parts: PartRun[] = [];
    let isOver = false;
    await allEnded(members.map(async (member) => {
      try {
        for (let range = source.next(member); range && !isOver; range = source.next(member)) {
          const copies = this.#copies.get(member) ?? await this.#copy(member);
          const part = await runPart(copies.launch, member, range);
          copies.ran(part);
          parts.push(part);
          source.done(part);
        }
      } catch (error) {
        isOver = true;
        throw error;
      }
    }));
    return parts;
  }

  async #copy(member: Member): Promise<Copies> {
    const copied = new Map<LogicalBuffer, LogicalBuffer>();
    for (const [buffer, ranges] of this.#written) {
      const taken = this.#store.take(member, buffer.size);
      this.#taken.push(taken);
      const { buffer: copy } = taken;
      copied.set(buffer, copy);
      const bytes = await copy.store.onHost([]), before = this.#before.get(buffer);
      for (const { start, end } of ranges) {
        if (before !== undefined) bytes.set(before.subarray(start, end), start);
      }
      copy.store.wroteOnHost(ranges);
    }
    const copies = new Copies(this.#plan.launch, member, copied);
    this.#copies.set(member, copies);
    return copies;
  }

  /**
   * Merges the copies.
   *
   * @returns a way to take over the merged bytes, or the conflict in one sentence.
   */
  async merge(): Promise<(() => void) | string> {
    const taken: (() => void)[] = [];
    for (const [buffer, ranges] of this.#written) {
      const before = this.#before.get(buffer);
      const [merged, ...others] = await allEnded(
        Array.from(this.#copies.values(), (copies) => copies.bytes(buffer, ranges)),
      );
      if (before === undefined || merged === undefined) continue;
      for (const changed of others) {
        const at = await this.#mergeRanges(ranges, [before, merged, changed]);
        if (at !== undefined) {
          return `more than one member changed byte ${at} of ${buffer.label}`;
        }
      }
      taken.push(() => {
        for (const { start, end } of ranges) before.set(merged.subarray(start, end), start);
        buffer.store.wroteOnHost(ranges);
      });
    }
    return () => taken.forEach((take) => take());
  }

  async #mergeRanges(
    ranges: readonly ByteRange[],
    [before, merged, changed]: readonly [
      Uint8Array<ArrayBuffer>,
      Uint8Array<ArrayBuffer>,
      Uint8Array<ArrayBuffer>,
    ],
  ): Promise<number | undefined> {
    for (const { start, end } of ranges) {
      for (let at = start; at < end; at += SLICE_BYTES) {
        if (at > start) await new Promise((resolve) => setTimeout(resolve));
        const cut = (bytes: Uint8Array<ArrayBuffer>) =>
          bytes.subarray(at, Math.min(end, at + SLICE_BYTES));
        const { granule } = this.#plan;
        const conflict = mergeChanges(cut(before), cut(merged), cut(changed), granule);
        if (conflict !== undefined) return at + conflict;
      }
    }
    return undefined;
  }

  /** Makes good what the flags of the buffers promise, once the merged bytes are taken over. */
  async settle(): Promise<void> {
    await allEnded(Array.from(this.#written, ([buffer, ranges]) => buffer.store.settle(ranges)));
  }

  [Symbol.dispose](): void {
    for (const copy of this.#taken) this.#store.give(copy);
  }
}

/** Tries launches, and remembers which of them conflict. Dispose it once nothing runs. */
export class Speculation implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #store: CopyStore;
  readonly #limitBytes: number;
  /** By kernel and size class: what was in the way. */
  readonly #conflicts = new Map<string, string>();
  readonly #verdicts = new WeakMap<WholeVerdict, SpeculativeVerdict | string>();

  /** @throws {RangeError} for a limit that is no number of bytes. */
  constructor(pool: Pool, limitBytes: number = DEFAULT_SPECULATION_BYTES) {
    if (!(limitBytes >= 0)) {
      throw new RangeError(`no limit of ${limitBytes} bytes for copies: give 0 or more`);
    }
    this.#pool = pool;
    this.#store = new CopyStore(pool, limitBytes);
    this.#limitBytes = limitBytes;
  }

  /** How a launch may be tried; a string says in one sentence why it may not. */
  plan(launch: Launch): SpeculationPlan | string {
    const { verdict, kernel, groups } = launch;
    if (verdict.kind === "split") return "it is safe to split as it is";
    let how = this.#verdicts.get(verdict);
    if (how === undefined) {
      how = speculative(kernel.info, groups, verdict);
      this.#verdicts.set(verdict, how);
    }
    if (typeof how === "string") return how;
    const conflict = this.#conflicts.get(classOf(launch));
    if (conflict !== undefined) return `it is known to conflict: ${conflict}`;
    const members = this.#pool.members.filter(({ lost }) => lost === undefined).length;
    const size = [...writtenBy(launch).keys()].reduce((sum, buffer) => sum + buffer.size, 0);
    if (members * size > this.#limitBytes) {
      return `copies for ${members} members would take ${members * size} bytes, and ` +
        `${this.#limitBytes} are allowed: raise speculationBytes`;
    }
    return { launch: { ...launch, verdict: how.split }, granule: how.granule };
  }

  /**
   * Tries a launch, as it is placed.
   *
   * @param onLost told of each member that is lost on the way, once no part runs.
   * @throws {Error} for what the whole would not do better; then nothing was written.
   * @throws {MemberLostError} where a member is lost while the buffers' flags are made good.
   */
  async run(
    plan: SpeculationPlan,
    placement: Placement,
    onLost: (error: MemberLostError) => void,
  ): Promise<SpeculationEnd> {
    using attempt = new Attempt(this.#store, plan);
    const alive = this.#pool.members.filter(({ lost }) => lost === undefined);
    let parts: PartRun[];
    try {
      parts = await attempt.run(placement);
      const merged = await attempt.merge();
      if (typeof merged === "string") {
        this.#remember(plan.launch, merged);
        return { state: "dropped", reason: `it was run whole, as ${merged}` };
      }
      merged();
    } catch (error) {
      for (const { lost } of alive) if (lost !== undefined) onLost(lost);
      const why = error instanceof MemberLostError ? error.message : whyNoMemory(error);
      if (why === undefined) throw error;
      return { state: "dropped", reason: `it was run whole, as ${why}` };
    }
    await attempt.settle();
    return { state: "merged", parts, reason: "no two members changed the same" };
  }

  /** Gives the memory of copies back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  #remember(launch: Launch, conflict: string): void {
    const key = classOf(launch);
    this.#conflicts.delete(key);
    this.#conflicts.set(key, conflict);
    const [oldest] = this.#conflicts.keys();
    if (this.#conflicts.size > CONFLICTS_KEPT && oldest !== undefined) {
      this.#conflicts.delete(oldest);
    }
  }
}
