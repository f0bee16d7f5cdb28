/**
 * The seven strategies, by name.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";
import { afr } from "./afr.ts";
import { computeOffload } from "./compute_offload.ts";
import { hybrid } from "./hybrid.ts";
import { type GivenOptions, type OptionSchema, type OptionsOf, parseOptions } from "./options.ts";
import { roundRobin } from "./round_robin.ts";
import { sfr } from "./sfr.ts";
import { single } from "./single.ts";
import type { Decision, Outcome, Strategy, Work, Worker } from "./strategy.ts";
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

/** A strategy with its options and its state: what is placed by it, one piece of work after the other. */
export class Scheduler {
  readonly strategy: Strategy;
  readonly options: OptionsOf<OptionSchema>;
  #state: unknown;

  /**
   * @param given options other than the defaults.
   * @throws {RangeError} for an option that the strategy has not, or a wrong value; one line.
   */
  constructor(name: StrategyName, given: GivenOptions = {}) {
    this.strategy = STRATEGIES[name] as Strategy;
    this.options = parseOptions(name, this.strategy.options, given);
    this.#state = this.strategy.initial;
  }

  /** What would be decided now. Nothing is taken note of. */
  preview(work: Work, workers: readonly Worker[]): Decision<unknown> {
    return this.strategy.place(this.#state, work, workers, this.options);
  }

  /** Decides, and takes note of it. */
  place(work: Work, workers: readonly Worker[]): Decision<unknown> {
    const decision = this.preview(work, workers);
    this.#state = decision.state;
    return decision;
  }

  /** Takes note of what a frame took, where the strategy goes by that. */
  learn(outcome: Outcome): void {
    this.#state = this.strategy.learn?.(this.#state, outcome, this.options) ?? this.#state;
  }
}
