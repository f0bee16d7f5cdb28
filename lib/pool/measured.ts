/**
 * What was measured of dispatches: how fast members are at each kind of kernel, what copies and waiting cost,
 * and how long dispatches took whole and split.
 *
 * @module
 */

import { splitTimes } from "../schedule/cost.ts";
import { sharesByWeight } from "../schedule/shares.ts";
import { ThroughputBook } from "../schedule/throughput.ts";
import { bytesMissing, bytesWritten, type Launch, type PartRun } from "./dispatch.ts";
import type { Member } from "./member.ts";
import { type Placement, unitsOf } from "./placement.ts";
import { alike, priorSpeed, speedOf } from "./speeds.ts";

/** The last times of each way, in ms: a stray one among them counts for nothing. */
interface Taken {
  whole: number[];
  split: number[];
  /** Wholes since the last split. */
  wholesInRow: number;
}

/**
 * How many times are kept, and how many splits are taken before they decide: a GPU that was idle takes some
 * hundred milliseconds until its clocks are up.
 */
const TIMES_KEPT = 8, TRIALS = 8;

/** After so many wholes splits are tried again: what slowed them down may be over. */
const RETRY_AFTER = 512;

/** Classes of kernels that are remembered. */
export const CLASSES_KEPT = 1024;

/** Bytes of a copy from which on it says something of the bandwidth. */
const TELLING_BYTES = 1 << 20;

/** What copies and submissions cost before anything was measured. */
const FIRST_BYTES_PER_MS = 10e6, FIRST_SYNC_MS = 0.05;

/** Weight of the newest measurement in a mean that follows. */
const NEWEST = 0.2;

/** Kernels of about the same number of groups are alike: within a factor of two. */
export function classOf({ kernel, groups, verdict }: Launch): string {
  const total = groups[0] * groups[1] * groups[2];
  return `${kernel.hash}/${verdict.kind}/${Math.floor(Math.log2(total))}`;
}

/** All that was measured of a pool's dispatches. */
export class Measured {
  readonly #book = new ThroughputBook({ classes: CLASSES_KEPT });
  /** How long dispatches took from their begin to the end of their last part, in ms, by class. */
  readonly #taken = new Map<string, Taken>();
  #bytesPerMs = FIRST_BYTES_PER_MS;
  #syncMs = FIRST_SYNC_MS;

  /** Bytes that are copied to a member in a ms. */
  get bytesPerMs(): number {
    return this.#bytesPerMs;
  }

  /** Units a ms; guessed in proportion for those that were not measured. */
  speeds(launch: Launch, members: readonly Member[]): Map<Member, number> {
    const measured = this.#book.speeds(classOf(launch));
    const known = members.filter(({ id }) => measured.has(id));
    const scale = known.length === 0
      ? 1
      : known.reduce((sum, m) => sum + (measured.get(m.id) ?? 0) / priorSpeed(m), 0) / known.length;
    return alike(new Map(members.map((m) => [m, measured.get(m.id) ?? scale * priorSpeed(m)])));
  }

  /** Whether anyone's speed at a class is known. */
  isKnown(className: string): boolean {
    return this.#book.speeds(className).size > 0;
  }

  /** Whether the speeds of all these are known, and steady. */
  isMeasured(className: string, members: readonly Member[]): boolean {
    const measured = this.#book.speeds(className);
    return members.every(({ id }) => measured.has(id)) && this.#book.isSteady(className);
  }

  /** Whether a dispatch that could have been split was run whole, and its time noted. */
  wasTimedWhole(takenClass: string): boolean {
    return (this.#taken.get(takenClass)?.whole.length ?? 0) > 0;
  }

  /**
   * How long a launch takes whole and split: as it did take, or else by the members' speeds and what copies
   * and waiting cost. Members that share a processor or a link are slower together than alone, which shows in
   * what it did take.
   */
  times(
    launch: Launch,
    members: readonly Member[],
    best: Member,
    speeds: ReadonlyMap<Member, number>,
    takenClass: string,
  ): { whole_ms: number; split_ms: number } {
    const units = unitsOf(launch);
    const shares = sharesByWeight(units, members.map((member) => speedOf(speeds, member)));
    let start = 0, bytesMoved = 0, own = 0;
    members.forEach((member, i) => {
      const share = shares[i] ?? 0;
      const range = { start, end: start + share };
      start += share;
      if (member === best) own = share;
      else if (share > 0) {
        bytesMoved += bytesMissing(launch, member, range) + bytesWritten(launch, member, range);
      }
    });
    const predicted = splitTimes({
      wholeMs: units / speedOf(speeds, best),
      primaryShare: own / units,
      bytesMoved,
      bytesPerMs: this.#bytesPerMs,
      syncMs: this.#syncMs,
    });
    const { whole = [], split = [] } = this.#taken.get(takenClass) ?? {};
    const isTried = split.length >= TRIALS;
    return {
      whole_ms: whole.length > 0 ? Math.min(...whole) : predicted.whole_ms,
      // Results that lie apart have to be brought together some time.
      split_ms: isTried ? Math.min(...split) + predicted.copy_ms : predicted.split_ms,
    };
  }

  /**
   * Learns from a dispatch that is done.
   *
   * @param takenMs from its begin to the end of its last part.
   */
  learn(
    launch: Launch,
    { isSplit, takenClass }: Placement,
    parts: readonly PartRun[],
    takenMs: number,
  ): void {
    const className = classOf(launch);
    // Of all parts together: a small one takes longer than its share.
    const sums = new Map<Member, { units: number; ms: number }>();
    for (const { member, start, end, ms, wall_ms, copied_bytes } of parts) {
      const sum = sums.get(member) ?? { units: 0, ms: 0 };
      sums.set(member, { units: sum.units + end - start, ms: sum.ms + ms });
      const rest = Math.max(0, wall_ms - ms);
      if (copied_bytes >= TELLING_BYTES) {
        if (rest > 0) this.#bytesPerMs += NEWEST * (copied_bytes / rest - this.#bytesPerMs);
      } else if (copied_bytes === 0) {
        this.#syncMs += NEWEST * (rest - this.#syncMs);
      }
    }
    const wasSteady = this.isMeasured(className, [...sums.keys()]);
    for (const [member, { units, ms }] of sums) {
      this.#book.record(className, member.id, units, ms);
    }
    if (wasSteady) this.#note(takenClass, isSplit ? "split" : "whole", takenMs);
  }

  #note(className: string, way: "whole" | "split", ms: number): void {
    const taken = this.#taken.get(className) ?? { whole: [], split: [], wholesInRow: 0 };
    taken.wholesInRow = way === "whole" ? taken.wholesInRow + 1 : 0;
    taken[way] = [...taken[way], ms].slice(-TIMES_KEPT);
    if (taken.wholesInRow > RETRY_AFTER) {
      taken.split = [];
      taken.wholesInRow = 0;
    }
    this.#taken.delete(className);
    this.#taken.set(className, taken);
    const [oldest] = this.#taken.keys();
    if (this.#taken.size > CLASSES_KEPT && oldest !== undefined) this.#taken.delete(oldest);
  }
}
