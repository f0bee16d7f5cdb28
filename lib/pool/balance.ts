/**
 * Which members run how much of a dispatch.
 *
 * At the first sight of a kernel and size class the members fetch parts, the faster the more; from then on
 * each gets a share by its measured throughput, until the times drift.
 *
 * @module
 */

import { GuidedChunks } from "../schedule/guided.ts";
import { sharesByWeight } from "../schedule/shares.ts";
import { splitTimes } from "../schedule/cost.ts";
import type { GivenOptions } from "../schedule/options.ts";
import { Scheduler, type StrategyName } from "../schedule/strategies.ts";
import type { GridWork, Worker } from "../schedule/strategy.ts";
import { ThroughputBook } from "../schedule/throughput.ts";
import {
  bytesMissing,
  bytesWritten,
  type GroupRange,
  type Launch,
  type PartRun,
  type PartSource,
} from "./dispatch.ts";
import { whyNotOn } from "./eligibility.ts";
import type { Member } from "./member.ts";
import type { Pool } from "./open.ts";

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

/** Who could do less than this share of the work is left out: it would gain as little, and may delay all. */
const LEAST_SHARE = 0.02;

/** Who runs a dispatch. */
export interface Placement {
  isSplit: boolean;
  /** Why, in one line. */
  reason: string;
  members: readonly Member[];
  source: PartSource;
  /** Under which its time is remembered: the class of the kernel, and who could have run it. */
  takenClass: string;
}

/** What is wished for one dispatch, against the pool's strategy. */
export interface PlacementWish {
  /** The member that shall run it whole; another does where it is lost or cannot. */
  on?: Member | undefined;
  /** Members that shall not run it, where others can. */
  without?: readonly Member[];
  strategy?: StrategyName | undefined;
  /** Options of that strategy, or others than the pool's of its own. */
  strategyOptions?: GivenOptions | undefined;
}

/** Strategies that split grids: they look at each kernel once before they decide. */
const SPLITTING: readonly string[] = ["sfr", "hybrid"];

/** Classes whose decisions are remembered. */
const CLASSES_KEPT = 1024;

/** How fast kinds of devices are before anything was measured, by a rough guess. */
const PRIOR_SPEED: Readonly<Record<string, number>> = {
  discrete: 1000,
  virtual: 500,
  integrated: 50,
  other: 50,
  cpu: 1,
};

/** Bytes of a copy from which on it says something of the bandwidth. */
const TELLING_BYTES = 1 << 20;

/** What copies and submissions cost before anything was measured. */
const FIRST_BYTES_PER_MS = 10e6, FIRST_SYNC_MS = 0.05;

/** Into how many chunks at most a member's even share is divided. */
const MOST_CHUNKS = 16;

/** Weight of the newest measurement in a mean that follows. */
const NEWEST = 0.2;

/** Kernels of about the same number of groups are alike: within a factor of two. */
function classOf({ kernel, groups, verdict }: Launch): string {
  const total = groups[0] * groups[1] * groups[2];
  return `${kernel.hash}/${verdict.kind}/${Math.floor(Math.log2(total))}`;
}

/** The work-groups that can be told apart: along the dimension of the split, or 1. */
function unitsOf({ verdict, groups }: Launch): number {
  return verdict.kind === "split" ? groups[verdict.dimension] : 1;
}

/** Members whose results are the same bit by bit. */
function sameModel(one: Member, other: Member): boolean {
  const a = one.physical, b = other.physical;
  return a.name === b.name && a.vendorId === b.vendorId && a.deviceId === b.deviceId &&
    a.driverName === b.driverName && a.driverInfo === b.driverInfo;
}

/** Speeds of devices of one model that differ by no more than this are the same, but for noise. */
const SAME_SPEED = 1.25;

/** Speeds with the mean for devices of one model, where they are close. */
function alike(speeds: ReadonlyMap<Member, number>): Map<Member, number> {
  return new Map(Array.from(speeds, ([member, speed]) => {
    const same = [...speeds].filter(([other, its]) =>
      sameModel(member, other) && Math.max(its, speed) <= SAME_SPEED * Math.min(its, speed)
    );
    const all = [...speeds].filter(([other]) => sameModel(member, other));
    const mean = same.reduce((sum, [, its]) => sum + its, 0) / same.length;
    return [member, same.length === all.length ? mean : speed];
  }));
}

/** A member's speed; 0 for one that cannot run the kernel. */
function speedOf(speeds: ReadonlyMap<Member, number>, member: Member): number {
  return speeds.get(member) ?? 0;
}

/** Bytes that a candidate lacks of all that a launch reads. */
function bytesMissingOn(launch: Launch, member: Member, candidates: readonly Member[]): number {
  return candidates.includes(member) ? bytesMissing(launch, member, null) : 0;
}

/** Members without some; all where none would be left. */
function unwanted(
  members: [Member, ...Member[]],
  without: readonly Member[],
): [Member, ...Member[]] {
  const [first, ...others] = members.filter((member) => !without.includes(member));
  return first === undefined ? members : [first, ...others];
}

/** Each member's one range. */
function placement(
  shares: readonly [Member, GroupRange][],
  reason: string,
  takenClass: string,
): Placement {
  const left = new Map(shares);
  return {
    isSplit: shares.length > 1,
    reason,
    takenClass,
    members: shares.map(([member]) => member),
    source: {
      next(member) {
        const range = left.get(member);
        left.delete(member);
        return range;
      },
      done: () => {},
    },
  };
}

/** Places dispatches, by what was measured of those before. */
export class Balance {
  readonly #pool: Pool;
  readonly #book = new ThroughputBook({ classes: CLASSES_KEPT });
  /** By strategy, and class of kernel where the strategy decides by it. */
  readonly #schedulers = new Map<string, Scheduler>();
  /** How long dispatches took from their begin to the end of their last part, in ms, by class. */
  readonly #taken = new Map<string, Taken>();
  #bytesPerMs = FIRST_BYTES_PER_MS;
  #syncMs = FIRST_SYNC_MS;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Who would run a dispatch now. Nothing is taken note of.
   *
   * @throws {Error} where no member can; one line.
   */
  preview(launch: Launch, wish: PlacementWish = {}): Placement {
    return this.#place(launch, wish, "preview");
  }

  /**
   * Who runs a dispatch.
   *
   * @throws {Error} where no member can; one line.
   */
  place(launch: Launch, wish: PlacementWish = {}): Placement {
    return this.#place(launch, wish, "place");
  }

  #place(launch: Launch, wish: PlacementWish, how: "preview" | "place"): Placement {
    const able = unwanted(this.#able(launch), wish.without ?? []);
    const { verdict } = launch;
    const all = { start: 0, end: unitsOf(launch) };
    if (wish.on !== undefined && able.includes(wish.on)) {
      return placement([[wish.on, all]], "asked for", `${classOf(launch)}/${wish.on.index}`);
    }
    const strategy = wish.strategy ?? this.#pool.strategy;
    const speeds = this.#speeds(launch, able);
    const best = able.reduce((one, other) =>
      speedOf(speeds, other) > speedOf(speeds, one) ? other : one
    );
    const candidates = this.#pool.strict && verdict.kind === "split"
      ? able.filter((member) => sameModel(member, best))
      : able;
    const splittable = verdict.kind === "split" && candidates.length > 1;
    const className = classOf(launch);
    const takenClass = `${className}/${candidates.map(({ index }) => index).join()}`;
    const scheduler = this.#scheduler(strategy, this.#optionsOf(wish), takenClass);
    // Shares that were asked for need no measuring, and nobody is left out of them.
    const isGiven = Array.isArray(scheduler.options["split_ratio"]);
    if (splittable && SPLITTING.includes(strategy) && !isGiven) {
      if (!this.#isMeasured(className, candidates)) {
        return this.#explore(launch, candidates, speeds, takenClass);
      }
      if (strategy === "hybrid" && (this.#taken.get(takenClass)?.whole.length ?? 0) === 0) {
        return placement([[best, all]], "measured whole, to compare", takenClass);
      }
    }
    const work: GridWork = {
      kind: "grid",
      units: all.end,
      splittable,
      measured: splittable
        ? this.#times(launch, candidates, best, speeds, this.#taken.get(takenClass))
        : null,
    };
    const total = candidates.reduce((sum, member) => sum + speedOf(speeds, member), 0);
    // Who cannot do one unit while the others do theirs would keep them waiting.
    const least = total * Math.max(LEAST_SHARE, 1 / all.end);
    const useful = candidates.filter((member) =>
      !splittable || isGiven || speedOf(speeds, member) >= least
    );
    const workers = this.#pool.members.map((member): Worker => ({
      id: member.id,
      enabled: useful.includes(member),
      speed: speedOf(speeds, member),
      queued_ms: bytesMissingOn(launch, member, candidates) / this.#bytesPerMs +
        (strategy === "task" ? all.end / speedOf(speeds, member) : 0),
    }));
    const { parts, reason } = scheduler[how](work, workers);
    const shares = parts.flatMap(({ worker, start, end }): [Member, GroupRange][] => {
      const member = candidates.find(({ id }) => id === worker);
      return member === undefined ? [] : [[member, { start, end }]];
    });
    const why = verdict.kind === "whole"
      ? `not safe to split: ${verdict.reason}`
      : useful.length === 1 && candidates.length > 1
      ? "the others are too slow for a share of it"
      : reason;
    return placement(shares, why, takenClass);
  }

  /** Members that can run a launch. */
  #able(launch: Launch): [Member, ...Member[]] {
    const alive = this.#pool.members.filter(({ lost }) => lost === undefined);
    const [first, ...others] = alive.filter((member) => whyNotOn(member, launch) === undefined);
    if (first !== undefined) return [first, ...others];
    const [any] = alive;
    const why = any === undefined ? "all its members are lost" : whyNotOn(any, launch);
    throw new Error(`the logical device cannot run the kernel: ${why}`);
  }

  /** Units a ms; guessed in proportion for those that were not measured. */
  #speeds(launch: Launch, members: readonly Member[]): Map<Member, number> {
    const measured = this.#book.speeds(classOf(launch));
    const prior = (member: Member) => PRIOR_SPEED[member.physical.type] ?? 1;
    const known = members.filter(({ id }) => measured.has(id));
    const scale = known.length === 0
      ? 1
      : known.reduce((sum, m) => sum + (measured.get(m.id) ?? 0) / prior(m), 0) / known.length;
    return alike(new Map(members.map((m) => [m, measured.get(m.id) ?? scale * prior(m)])));
  }

  #isMeasured(className: string, members: readonly Member[]): boolean {
    const measured = this.#book.speeds(className);
    return members.every(({ id }) => measured.has(id)) && this.#book.isSteady(className);
  }

  /** Lets the members fetch parts, the faster the more. */
  #explore(
    launch: Launch,
    members: readonly Member[],
    speeds: ReadonlyMap<Member, number>,
    takenClass: string,
  ): Placement {
    const units = unitsOf(launch);
    const chunks = new GuidedChunks(units, members.map((member) => speedOf(speeds, member)), {
      floor: Math.ceil(units / (members.length * MOST_CHUNKS)),
    });
    const known = this.#book.speeds(classOf(launch)).size > 0;
    return {
      isSplit: true,
      takenClass,
      reason: known ? "its times are not steady: measured again" : "measured for the first time",
      members,
      source: { next: (member) => chunks.nextChunk(members.indexOf(member)), done: () => {} },
    };
  }

  /**
   * How long a launch takes whole and split: as it did take, or else by the members' speeds and what copies
   * and waiting cost. Members that share a processor or a link are slower together than alone, which shows in
   * what it did take.
   */
  #times(
    launch: Launch,
    members: readonly Member[],
    best: Member,
    speeds: ReadonlyMap<Member, number>,
    taken: Taken | undefined,
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
    const { whole = [], split = [] } = taken ?? {};
    const isTried = split.length >= TRIALS;
    return {
      whole_ms: whole.length > 0 ? Math.min(...whole) : predicted.whole_ms,
      // Results that lie apart have to be brought together some time.
      split_ms: isTried ? Math.min(...split) + predicted.copy_ms : predicted.split_ms,
    };
  }

  /** The options for a dispatch's strategy: its own, or the pool's where it goes by the pool's strategy. */
  #optionsOf({ strategy = this.#pool.strategy, strategyOptions }: PlacementWish): GivenOptions {
    if (strategyOptions !== undefined) return strategyOptions;
    return strategy === this.#pool.strategy ? this.#pool.strategyOptions : {};
  }

  /** Hybrid decides kernel by kernel, and keeps to it; the others see one stream of work. */
  #scheduler(strategy: StrategyName, options: GivenOptions, className: string): Scheduler {
    const of = `${strategy}${JSON.stringify(options)}`;
    const key = strategy === "hybrid" ? `${of}/${className}` : of;
    const scheduler = this.#schedulers.get(key) ?? new Scheduler(strategy, options);
    this.#schedulers.delete(key);
    this.#schedulers.set(key, scheduler);
    const [oldest] = this.#schedulers.keys();
    if (this.#schedulers.size > CLASSES_KEPT && oldest !== undefined) {
      this.#schedulers.delete(oldest);
    }
    return scheduler;
  }

  /**
   * Learns from a dispatch that is done.
   *
   * @param takenMs from its begin to the end of its last part.
   */
  ran(
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
    const wasSteady = this.#isMeasured(className, [...sums.keys()]);
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
