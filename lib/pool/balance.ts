/**
 * Which members run how much of a dispatch.
 *
 * At the first sight of a kernel and size class the members fetch parts, the faster the more; from then on
 * each gets a share by its measured throughput, until the times drift.
 *
 * @module
 */

import { GuidedChunks } from "../schedule/guided.ts";
import type { GivenOptions } from "../schedule/options.ts";
import { Scheduler, type StrategyName } from "../schedule/strategies.ts";
import type { GridWork, Worker } from "../schedule/strategy.ts";
import { bytesMissing, type GroupRange, type Launch, type PartRun } from "./dispatch.ts";
import { whyNotOn } from "./eligibility.ts";
import { CLASSES_KEPT, classOf, Measured } from "./measured.ts";
import type { Member } from "./member.ts";
import type { Pool } from "./open.ts";
import { type Placement, placement, type PlacementWish, unitsOf } from "./placement.ts";
import { sameModel, speedOf } from "./speeds.ts";

/** Who could do less than this share of the work is left out: it would gain as little, and may delay all. */
const LEAST_SHARE = 0.02;

/** Strategies that split grids: they look at each kernel once before they decide. */
const SPLITTING: readonly string[] = ["sfr", "hybrid"];

/** Into how many chunks at most a member's even share is divided. */
const MOST_CHUNKS = 16;

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

/**
 * Whether the parts of a launch may run on devices of one model alone: of others subgroups may have another size,
 * and the result would be a mixture that no device comes to.
 */
function needsOneModel({ verdict }: Launch, strategy: StrategyName): boolean {
  return verdict.kind === "split" && verdict.usesSubgroups && SPLITTING.includes(strategy);
}

/** Places dispatches, by what was measured of those before. */
export class Balance {
  readonly #pool: Pool;
  readonly #measured = new Measured();
  /** By strategy, and class of kernel where the strategy decides by it. */
  readonly #schedulers = new Map<string, Scheduler>();

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
    const speeds = this.#measured.speeds(launch, able);
    const best = able.reduce((one, other) =>
      speedOf(speeds, other) > speedOf(speeds, one) ? other : one
    );
    const isOfOneModel = needsOneModel(launch, strategy);
    const candidates = isOfOneModel || (this.#pool.strict && verdict.kind === "split")
      ? able.filter((member) => sameModel(member, best))
      : able;
    const splittable = verdict.kind === "split" && candidates.length > 1;
    const className = classOf(launch);
    const takenClass = `${className}/${candidates.map(({ index }) => index).join()}`;
    const scheduler = this.#scheduler(strategy, this.#optionsOf(wish), takenClass);
    // Shares that were asked for need no measuring, and nobody is left out of them.
    const isGiven = Array.isArray(scheduler.options["split_ratio"]);
    if (splittable && SPLITTING.includes(strategy) && !isGiven) {
      if (!this.#measured.isMeasured(className, candidates)) {
        return this.#explore(launch, candidates, speeds, takenClass);
      }
      if (strategy === "hybrid" && !this.#measured.wasTimedWhole(takenClass)) {
        return placement([[best, all]], "measured whole, to compare", takenClass);
      }
    }
    const work: GridWork = {
      kind: "grid",
      units: all.end,
      splittable,
      measured: splittable
        ? this.#measured.times(launch, candidates, best, speeds, takenClass)
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
      queued_ms: bytesMissingOn(launch, member, candidates) / this.#measured.bytesPerMs +
        (strategy === "task" ? all.end / speedOf(speeds, member) : 0),
    }));
    const { parts, reason } = scheduler[how](work, workers);
    const shares = parts.flatMap(({ worker, start, end }): [Member, GroupRange][] => {
      const member = candidates.find(({ id }) => id === worker);
      return member === undefined ? [] : [[member, { start, end }]];
    });
    const why = verdict.kind === "whole"
      ? `not safe to split: ${verdict.reason}`
      : isOfOneModel && candidates.length === 1 && able.length > 1
      ? "it uses subgroups, which devices of other models may have of another size"
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
    const known = this.#measured.isKnown(classOf(launch));
    return {
      isSplit: true,
      takenClass,
      reason: known ? "its times are not steady: measured again" : "measured for the first time",
      members,
      source: { next: (member) => chunks.nextChunk(members.indexOf(member)), done: () => {} },
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
  ran(launch: Launch, placed: Placement, parts: readonly PartRun[], takenMs: number): void {
    this.#measured.learn(launch, placed, parts, takenMs);
  }
}
