/**
 * What a strategy decides: which worker does which part of a piece of work. Pure: state and work go in, the
 * next state and the parts come out.
 *
 * @module
 */

/** A device that may work. */
export interface Worker {
  id: string;
  /** Whether it may be given work: not disabled, and not lost. */
  enabled: boolean;
  /** How fast it is at this kind of work, against the others: above 0. */
  speed: number;
  /** Work that it has not done yet, in ms. */
  queued_ms: number;
}

/** Kinds of tasks. */
export type TaskKind = "graphics" | "compute" | "copy" | "video";

/** A grid of work-groups, which may be cut between units of one dimension where that is safe. */
export interface GridWork {
  kind: "grid";
  units: number;
  splittable: boolean;
  /** How long it takes whole on the fastest, and split over all, in ms; null before it was measured. */
  measured: { whole_ms: number; split_ms: number } | null;
}

/** A frame. Its rows may be shared out. */
export interface FrameWork {
  kind: "frame";
  /** Counted from 0. */
  number: number;
  rows: number;
  splittable: boolean;
}

/** A task of its own. It is placed once what it waits for is done. */
export interface TaskWork {
  kind: "task";
  task: TaskKind;
  /** How long it takes on a worker with speed 1, in ms. */
  cost_ms: number;
  /** Workers that hold its inputs, and how long each input would take to move, in ms. */
  inputs: readonly { worker: string; move_ms: number }[];
}

/** What is to be placed. */
export type Work = GridWork | FrameWork | TaskWork;

/** Units (or rows; a task is one unit) in a row that a worker does: from `start` up to, without, `end`. */
export interface Part {
  worker: string;
  start: number;
  end: number;
}

/** A decision. */
export interface Decision<State> {
  /** For the next decision. */
  state: State;
  /** All units, each once, in order. */
  parts: Part[];
  /** Why, in one line. */
  reason: string;
}

/** A strategy. */
export interface Strategy<State = unknown> {
  readonly name: string;
  /** What it does, in one sentence. */
  readonly summary: string;
  /** The state before the first decision. */
  readonly initial: State;
  /**
   * Places a piece of work. The same state, work and workers give the same decision.
   *
   * @throws {NoWorkerError} where no worker is enabled.
   */
  place(state: State, work: Work, workers: readonly Worker[]): Decision<State>;
}

/** Nobody may work. */
export class NoWorkerError extends Error {
  override readonly name = "NoWorkerError";

  constructor() {
    super("no device is enabled: enable one, or wait until one is back");
  }
}

/** The workers that may be given work. */
export function enabledWorkers(workers: readonly Worker[]): [Worker, ...Worker[]] {
  const [first, ...others] = workers.filter(({ enabled }) => enabled);
  if (first === undefined) throw new NoWorkerError();
  return [first, ...others];
}

/** How many units a piece of work has. */
export function unitsOf(work: Work): number {
  return work.kind === "grid" ? work.units : work.kind === "frame" ? work.rows : 1;
}

/** All of a piece of work on one worker. */
export function wholeOn({ id }: Worker, work: Work): Part[] {
  return [{ worker: id, start: 0, end: unitsOf(work) }];
}

/** The fastest; of equals the first, so that ties do not wander. */
export function fastest(workers: readonly [Worker, ...Worker[]]): Worker {
  return workers.reduce((best, worker) => worker.speed > best.speed ? worker : best);
}
