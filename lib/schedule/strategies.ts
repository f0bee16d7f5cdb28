/**
 * The seven strategies, by name.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";
import { afr } from "./afr.ts";
import { computeOffload } from "./compute_offload.ts";
import { hybrid } from "./hybrid.ts";
import { roundRobin } from "./round_robin.ts";
import { sfr } from "./sfr.ts";
import { single } from "./single.ts";
import type { Strategy } from "./strategy.ts";
import { task } from "./task.ts";

/** All strategies. */
export const STRATEGIES = {
  round_robin: roundRobin,
  afr,
  sfr,
  task,
  compute_offload: computeOffload,
  hybrid,
  single,
} as const;

/** A strategy's name. */
export type StrategyName = keyof typeof STRATEGIES;

/** The names, in order. */
export const STRATEGY_NAMES = Object.keys(STRATEGIES) as readonly StrategyName[];

/**
 * The strategy of a name; `-` stands for `_` too.
 *
 * @throws {RangeError} for a name that there is not, with the nearest that there is; one line.
 */
export function parseStrategy(text: string): StrategyName {
  const name = text.trim().toLowerCase().replaceAll("-", "_");
  const found = STRATEGY_NAMES.find((each) => each === name);
  if (found !== undefined) return found;
  const near = closest(name, STRATEGY_NAMES);
  const hint = near === undefined
    ? `there are ${STRATEGY_NAMES.join(", ")}`
    : `did you mean ${near}?`;
  throw new RangeError(`no strategy '${text}': ${hint}`);
}

/** A strategy with its state: what is placed by it, one piece of work after the other. */
export class Scheduler {
  readonly strategy: Strategy;
  #state: unknown;

  constructor(name: StrategyName) {
    this.strategy = STRATEGIES[name] as Strategy;
    this.#state = this.strategy.initial;
  }

  /** What would be decided now. Nothing is taken note of. */
  preview(...of: SchedulerInput): ReturnType<Strategy["place"]> {
    return this.strategy.place(this.#state, ...of);
  }

  /** Decides, and takes note of it. */
  place(...of: SchedulerInput): ReturnType<Strategy["place"]> {
    const decision = this.preview(...of);
    this.#state = decision.state;
    return decision;
  }
}

type SchedulerInput = Parameters<Strategy["place"]> extends [unknown, ...infer Rest] ? Rest : never;
