/**
 * What a strategy decides: which worker does which part of a piece of work. Pure: state and work go in, the
 * next state and the parts come out. Time goes in as well: nothing here looks at a clock.
 *
 * @module
 */

import type { OptionSchema, OptionsOf } from "./options.ts";

/** A device that may work. */
export interface Worker {
  id: string;
  /** Whether it may be given work: not disabled, and not lost. */
  enabled: boolean;
  /**
   * How fast it was measured to be at this kind of work, against the others: above 0; null where it was not
   * measured.
   */
  speed: number | null;
  /** Work that it has not done yet, in ms. */
  queued_ms: number;
  /** Frames that it was given and has not ended; none by default. */
  queued_frames?: number;
  /** Of equals the one with more goes first; 0 by default. */
  priority?: number;
  /** How fast it was measured to be at some kinds of tasks, on the scale of `speed`, which holds for the rest. */
  speeds?: Readonly<Partial<Record<TaskKind, number>>>;
  /** How much of it is in use, 0 to 100; null where that is unknown. */
  utilization_pct?: number | null;
  /** Memory that it can give, in bytes; null where that is unknown. */
  memory_free_bytes?: number | null;
  /** What it is known to be able to do. */
  capabilities?: ReadonlySet<string>;
}

/** Kinds of tasks. */
export type TaskKind = "graphics" | "compute" | "copy" | "video";

/** What a device has to have to be given a piece of work. */
export interface Needs {
  /** Memory, in bytes. A device of which the free memory is unknown may be given it. */
  memory_bytes?: number;
  /** Capabilities, all of them. What is not known of a device it does not have. */
  capabilities?: readonly string[];
}

/** A grid of work-groups, which may be cut between units of one dimension where that is safe. */
export interface GridWork {
  kind: "grid";
  units: number;
  splittable: boolean;
  /** How long it takes whole on the fastest, and split over all, in ms; null before it was measured. */
  measured: { whole_ms: number; split_ms: number } | null;
  needs?: Needs;
}

/** A frame. Its rows may be shared out. */
export interface FrameWork {
  kind: "frame";
  /** Counted from 0. */
  number: number;
  rows: number;
  splittable: boolean;
  needs?: Needs;
}

/** What a task reads that another has written. */
export interface TaskInput {
  /** Who holds it. */
  worker: string;
  /** How long it takes to move, in ms. */
  move_ms: number;
  /** When it is there, in ms from now: when the task that writes it ends; 0, it is there, by default. */
  ready_ms?: number;
}

/** A task of its own. */
export interface TaskWork {
  kind: "task";
  task: TaskKind;
  /** How long it takes on a worker with speed 1, in ms. */
  cost_ms: number;
  inputs: readonly TaskInput[];
  needs?: Needs;
}

/** What is to be placed. */
export type Work = GridWork | FrameWork | TaskWork;

/** Units (or rows; a task is one unit) in a row that a worker does: from `start` up to, without, `end`. */
export interface Part {
  worker: string;
  start: number;
  end: number;
}

/** Ways to compute frames. */
export type FrameWay = "afr" | "sfr" | "single";

/** A decision. */
export interface Decision<State> {
  /** For the next decision. */
  state: State;
  /** All units, each once, in order. */
  parts: Part[];
  /** Why, in one line. */
  reason: string;
  /** The work is not handed over before that worker has fewer than so many frames in its queue. */
  hold?: { worker: string; frames: number };
  /** When the task may begin, in ms from now: its worker is free and what it reads is there. */
  start_ms?: number;
  /** The way that a frame is computed, where the strategy measures ways: for `learn`. */
  way?: FrameWay;
}

/** What a frame took. */
export interface Outcome {
  /** The way of its decision. */
  way: FrameWay;
  /** The time from the frame shown before to this one, in ms, both computed that way. */
  interval_ms: number;
}

/** A strategy. */
export interface Strategy<State = unknown, Schema extends OptionSchema = OptionSchema> {
  readonly name: string;
  /** What it does, in one sentence. */
  readonly summary: string;
  readonly options: Schema;
  /** The state before the first decision. */
  readonly initial: State;
  /**
   * Places a piece of work. The same state, work, workers and options give the same decision.
   *
   * @throws {NoWorkerError} where no worker is enabled, or none of them has what the work needs.
   */
  place(
    state: State,
    work: Work,
    workers: readonly Worker[],
    options: OptionsOf<Schema>,
  ): Decision<State>;
  /** Takes note of what a frame took. */
  learn?(state: State, outcome: Outcome, options: OptionsOf<Schema>): State;
}

/** Nobody may work. */
export class NoWorkerError extends Error {
  override readonly name = "NoWorkerError";

  /** @param message one line; by default that none is enabled. */
  constructor(message = "no device is enabled: enable one, or wait until one is back") {
    super(message);
  }
}

/**
 * The workers that may be given a piece of work: enabled, and with what it needs.
 *
 * @throws {NoWorkerError} where there is none.
 */
export function ableWorkers(workers: readonly Worker[], work: Work): [Worker, ...Worker[]] {
  const enabled = workers.filter((worker) => worker.enabled);
  if (enabled.length === 0) throw new NoWorkerError();
  const { memory_bytes = 0, capabilities = [] } = work.needs ?? {};
  const [first, ...others] = enabled.filter((worker) =>
    (worker.memory_free_bytes ?? Infinity) >= memory_bytes &&
    capabilities.every((each) => worker.capabilities?.has(each) ?? false)
  );
  if (first !== undefined) return [first, ...others];
  const needs = [...(memory_bytes > 0 ? [`${memory_bytes} bytes of free memory`] : [])];
  needs.push(...capabilities);
  throw new NoWorkerError(
    `no enabled device has ${needs.join(" and ")}: free some memory, or enable another device`,
  );
}

/** The kind of task that a piece of work is: grids compute, frames are graphics. */
export function kindOf(work: Work): TaskKind {
  return work.kind === "grid" ? "compute" : work.kind === "frame" ? "graphics" : work.task;
}

/**
 * The speeds of workers at a piece of work. One that was not measured counts as the mean of those that were,
 * so that it gets work, and is measured.
 */
export function speedsAt(workers: readonly Worker[], work: Work): number[] {
  const kind = kindOf(work);
  const measured = workers.map(({ speeds, speed }) => speeds?.[kind] ?? speed);
  const known = measured.filter((speed) => speed !== null);
  const largest = Math.max(...known);
  // Speeds near the largest number would sum up to infinity.
  const sum = known.reduce((all, speed) => all + speed / largest, 0);
  const mean = known.length === 0 ? 1 : largest * (sum / known.length);
  return measured.map((speed) => speed ?? mean);
}

/** How many units a piece of work has. */
export function unitsOf(work: Work): number {
  return work.kind === "grid" ? work.units : work.kind === "frame" ? work.rows : 1;
}

/** All of a piece of work on one worker. */
export function wholeOn({ id }: Worker, work: Work): Part[] {
  return [{ worker: id, start: 0, end: unitsOf(work) }];
}

/**
 * The fastest at a piece of work; of equals the one with the higher priority, or else the first, so that ties
 * do not wander.
 */
export function fastest(workers: readonly [Worker, ...Worker[]], work: Work): Worker {
  const speeds = speedsAt(workers, work);
  let best = workers[0], its = speeds[0] ?? 0;
  workers.forEach((worker, i) => {
    const speed = speeds[i] ?? 0;
    const isPreferred = speed === its && (worker.priority ?? 0) > (best.priority ?? 0);
    if (speed > its || isPreferred) [best, its] = [worker, speed];
  });
  return best;
}

/**
 * The fastest at a piece of work, or the one that did it before while no other is faster by the margin: noise
 * in the measured speeds moves nothing.
 *
 * @param before the id of who did it before; null for nobody.
 */
export function settled(
  before: string | null,
  workers: readonly [Worker, ...Worker[]],
  work: Work,
  thresholdPercent: number,
): Worker {
  const best = fastest(workers, work);
  const speeds = speedsAt(workers, work);
  const at = workers.findIndex(({ id }) => id === before);
  const known = workers[at], its = speeds[at] ?? 0;
  if (known === undefined) return best;
  const most = speeds[workers.indexOf(best)] ?? 0;
  return most > its * (1 + thresholdPercent / 100) ? best : known;
}
