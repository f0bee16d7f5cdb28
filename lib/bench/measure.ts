/**
 * Measuring one benchmark: which shape is best, and what its figure is.
 *
 * @module
 */

import {
  type Benchmark,
  type DataPattern,
  type Effort,
  ImplausibleError,
  type Measured,
  type Outcome,
  type Prepared,
  type Shape,
  type Suite,
  UnsupportedError,
  WrongResultError,
} from "./benchmark.ts";
import { ConditionsRecorder, type ConditionsSource } from "./conditions/conditions.ts";
import { isAbort, isDeviceLost, isOutOfMemory, reasonOf } from "./errors.ts";
import { notesOn } from "./notes.ts";
import { median, medianInterval, summarize } from "./statistics.ts";

export { isAbort, isDeviceLost, reasonOf } from "./errors.ts";

/** Samples of a shape in the round that decides which are worth more. */
const SCREENING_SAMPLES = 3;

/** Shapes that go on to the final round. */
const FINALISTS = 2;

/** A shape that is worse than the best so far by more than this is screened no further. */
const BEATEN = 0.25;

/** The share of a benchmark's time in which shapes are tried. */
const SCREENING_SHARE = 0.6;

/** Half of the width of the median's interval, over the median, at which a figure is sure enough. */
export const TIGHT = 0.005;

/** Rounds between two looks at the interval. */
const LOOK_EVERY = 5;

/** More rounds than this add nothing. */
const MOST_ROUNDS = 1000;

/**
 * Past twice its time, or this long past it in milliseconds, a benchmark ends with what it has; earlier where
 * those that follow need the time.
 */
const GRACE_MS = 2000;

/** Shares of the working set that are tried, one after the other, while memory does not suffice. */
const MEMORY_SCALES = [1, 1 / 2, 1 / 4];

/** How long a device that was idle is kept busy before its first benchmark, in milliseconds. */
const COLD_MS = 1000;

/** What the measurement needs from around it. */
export interface Surroundings {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Lets timers and signals in; aborts by throwing. */
  pause(): Promise<void>;
  /** Where the device's clocks, power and temperature are read. */
  conditions?: ConditionsSource | undefined;
  /** Whether nothing ran on the device before, so that its clocks have yet to rise. */
  cold?: boolean;
}

interface Candidate {
  shape: Shape;
  prepared: Prepared;
  warmUp: number[];
  samples: number[];
}

/** What a measurement shares among its parts. */
interface Run {
  effort: Effort;
  around: Surroundings;
  recorder: ConditionsRecorder | undefined;
  better: "higher" | "lower";
  /** Of {@linkcode Surroundings.now}. */
  began: number;
  candidates: Record<string, number | null>;
  failures: Record<string, string>;
  errors: unknown[];
}

/** Orders the better figure before the worse. */
function order(run: Run, a: number, b: number): number {
  return run.better === "higher" ? b - a : a - b;
}

/** Samples must be positive and finite: anything else is a broken clock, not a fast device. */
function sampleOf(candidate: Candidate): number[] {
  const samples = candidate.prepared.sample();
  const wrong = samples.find((sample) => !(sample > 0 && Number.isFinite(sample)));
  if (samples.length === 0 || wrong !== undefined) {
    throw new ImplausibleError(
      `${candidate.shape.name}: the ${candidate.prepared.clock} clock gave ` +
        `${wrong ?? "no sample"}`,
    );
  }
  return samples;
}

/** Leaves a shape out, with its reason; throws a lost device on. */
function drop(run: Run, shape: Shape, error: unknown): void {
  if (isDeviceLost(error) || isAbort(error)) throw error;
  run.candidates[shape.name] = null;
  run.failures[shape.name] = reasonOf(error);
  run.errors.push(error);
}

/**
 * Warms up until two samples in a row differ by less than 2 % and, where they can be read, two readings of
 * the core clock by less than 1 %.
 *
 * @param limitMs after which it is over in any case.
 * @param leastMs before which it is not over.
 * @param isFirst whether it is the benchmark's first shape, which has the clock read.
 */
async function warmUp(
  candidate: Candidate,
  run: Run,
  limitMs: number,
  leastMs: number,
  isFirst: boolean,
): Promise<void> {
  const { around } = run;
  // A reading takes milliseconds: the first shape's tell for those that follow at once.
  const recorder = isFirst ? run.recorder : undefined;
  const began = around.now();
  const isClose = (a: number, b: number, share: number) => Math.abs(a - b) < share * b;
  const take = () => {
    const samples = sampleOf(candidate);
    candidate.warmUp.push(...samples);
    return median(samples);
  };
  let last = take(), clock = recorder?.read().core_mhz ?? null;
  for (;;) {
    await around.pause();
    const next = take(), spent = around.now() - began;
    const nextClock = clock === null ? null : recorder?.read().core_mhz ?? null;
    const settled = clock === null || nextClock === null || isClose(nextClock, clock, 0.01);
    if (spent >= leastMs && (isClose(next, last, 0.02) && settled || spent >= limitMs)) return;
    [last, clock] = [next, nextClock];
  }
}

/** Tries shapes, each verified, until their time is over; gives the best. */
async function screen<T>(
  benchmark: Benchmark<T>,
  target: T,
  run: Run,
  open: DisposableStack,
): Promise<Candidate[]> {
  const { effort, around } = run;
  const shapes = benchmark.shapes(target, effort);
  const end = run.began + SCREENING_SHARE * effort.budgetMs;
  const kept: Candidate[] = [];
  for (const [i, shape] of shapes.entries()) {
    await around.pause();
    if (kept.length > 0 && effort.budgetMs > 0 && around.now() >= end) {
      run.candidates[shape.name] = null;
      run.failures[shape.name] = "not tried: the time for this benchmark was over";
      continue;
    }
    try {
      const prepared = open.use(shape.prepare(effort));
      const candidate: Candidate = { shape, prepared, warmUp: [], samples: [] };
      const share = Math.max(0, end - around.now()) / (shapes.length - i) / 2;
      const cold = around.cold === true && i === 0 ? Math.min(COLD_MS, effort.budgetMs / 3) : 0;
      await warmUp(candidate, run, Math.max(share, cold), cold, i === 0);
      const [best] = kept;
      const last = candidate.warmUp.at(-1) ?? NaN;
      if (best !== undefined && isBeaten(run, last, median(best.samples))) {
        run.candidates[shape.name] = median(candidate.warmUp.slice(-2));
        prepared[Symbol.dispose]();
        continue;
      }
      for (let n = 0; n < SCREENING_SAMPLES; n++) candidate.samples.push(...sampleOf(candidate));
      prepared.verify();
      run.candidates[shape.name] = median(candidate.samples);
      kept.push(candidate);
      kept.sort((x, y) => order(run, median(x.samples), median(y.samples)));
      // What is beaten gives its memory back now; disposing twice does no harm.
      for (const beaten of kept.splice(FINALISTS)) beaten.prepared[Symbol.dispose]();
    } catch (error) {
      drop(run, shape, error);
    }
  }
  return kept;
}

function isBeaten({ better }: Run, figure: number, best: number): boolean {
  return better === "higher" ? figure < best * (1 - BEATEN) : figure > best * (1 + BEATEN);
}

/** Whether nothing more is to be learnt: the best is sure, and surely the best. */
function isSettled(run: Run, alive: Set<Candidate>): boolean {
  const [best, second] = [...alive].sort((a, b) =>
    order(run, median(a.samples), median(b.samples))
  );
  if (best === undefined) return true;
  const of = medianInterval(best.samples);
  if (second !== undefined) {
    const other = medianInterval(second.samples);
    const apart = run.better === "higher" ? other.high < of.low : other.low > of.high;
    // It is not worth more time.
    if (apart) alive.delete(second);
  }
  return (of.high - of.low) / 2 <= TIGHT * median(best.samples);
}

/** Samples the finalists in turn, afresh, and gives the best that still verifies. */
async function finalRound(finalists: Candidate[], run: Run): Promise<Candidate | undefined> {
  const { effort, around, recorder } = run;
  const running = finalists.map((candidate) => ({ ...candidate, samples: [] as number[] }));
  const alive = new Set(running);
  const end = run.began + effort.budgetMs;
  const grace = Math.max(effort.budgetMs, GRACE_MS);
  const latest = end + Math.min(grace, effort.graceMs ?? grace);
  recorder?.restart();
  for (let round = 1; alive.size > 0 && round <= MOST_ROUNDS; round++) {
    for (const candidate of alive) {
      await around.pause();
      try {
        candidate.samples.push(...sampleOf(candidate));
      } catch (error) {
        alive.delete(candidate);
        running.splice(running.indexOf(candidate), 1);
        drop(run, candidate.shape, error);
      }
      recorder?.readIfDue();
    }
    const now = around.now();
    if (round >= effort.minSamples ? now >= end : now >= latest) break;
    const isTime = round >= effort.minSamples && (round - effort.minSamples) % LOOK_EVERY === 0;
    if (isTime && isSettled(run, alive)) break;
  }
  const ranked = running.sort((a, b) => order(run, median(a.samples), median(b.samples)));
  for (const candidate of ranked) {
    try {
      candidate.prepared.verify();
      return candidate;
    } catch (error) {
      drop(run, candidate.shape, error);
    }
  }
  return undefined;
}

/** Suites whose figures may depend on the data. */
const DATA_SUITES: readonly Suite[] = ["memory", "compute", "transfer"];

function dataOf(suite: Suite, { data = "random" }: Prepared): DataPattern | "none" {
  return DATA_SUITES.includes(suite) ? data : "none";
}

/** One attempt, with a given share of the working set. */
async function attempt<T>(
  benchmark: Benchmark<T>,
  target: T,
  effort: Effort,
  around: Surroundings,
): Promise<{ outcome: Outcome; errors: readonly unknown[] }> {
  const { better } = benchmark;
  const { conditions } = around;
  const run: Run = {
    effort,
    around,
    recorder: conditions && new ConditionsRecorder(conditions, around.now),
    better,
    began: around.now(),
    candidates: {},
    failures: {},
    errors: [],
  };
  using open = new DisposableStack();
  const best = await finalRound(await screen(benchmark, target, run, open), run);
  if (best === undefined) return { outcome: withoutFigure(run.errors), errors: run.errors };
  run.candidates[best.shape.name] = median(best.samples);
  const summary = summarize(best.samples);
  const measured: Measured = {
    shape: best.shape.name,
    clock: best.prepared.clock,
    summary,
    samples: best.samples,
    warm_up: best.warmUp,
    candidates: run.candidates,
    failures: run.failures,
    notes: notesOn(summary, best, better, effort, dataOf(benchmark.suite, best.prepared)),
    conditions: run.recorder?.conditions() ?? null,
    peaks: null,
    shader_sha256: best.prepared.shader_sha256 ?? null,
  };
  return { outcome: { state: "ok", measured }, errors: run.errors };
}

/**
 * Measures a benchmark on a target: tries its shapes, checks their results, and samples the best ones in
 * turn until the interval of the median is tight or the time is used. Where memory suffices for no shape,
 * it tries again with smaller working sets.
 *
 * Errors become outcomes; a lost device is thrown on, since nothing more can be done with it.
 */
export async function measure<T>(
  benchmark: Benchmark<T>,
  target: T,
  effort: Effort,
  around: Surroundings,
): Promise<Outcome> {
  const reason = benchmark.unsupported(target);
  if (reason !== undefined) return { state: "unsupported", reason };
  let last: Outcome | undefined;
  for (const memoryScale of MEMORY_SCALES) {
    const scaled = memoryScale === 1 ? effort : { ...effort, memoryScale };
    const { outcome, errors } = await attempt(benchmark, target, scaled, around);
    // What cannot be done with less failed for want of memory all the same.
    if (last !== undefined && outcome.state === "unsupported") break;
    last = outcome;
    // Only what fails for memory alone can do better with less.
    const failing = errors.filter((error) => !(error instanceof UnsupportedError));
    if (outcome.state === "ok" || failing.length === 0 || !failing.every(isOutOfMemory)) break;
  }
  return last ?? withoutFigure([]);
}

/** No shape gave a figure: why. A wrong result weighs most, then an impossible figure. */
function withoutFigure(errors: readonly unknown[]): Outcome {
  if (errors.length > 0 && errors.every((error) => error instanceof UnsupportedError)) {
    return { state: "unsupported", reason: [...new Set(errors.map(reasonOf))].join("; ") };
  }
  const first = errors.find((error) => error instanceof WrongResultError) ??
    errors.find((error) => error instanceof ImplausibleError) ?? errors[0];
  if (first === undefined) {
    return { state: "unsupported", reason: "no kernel shape fits the device" };
  }
  const state = first instanceof ImplausibleError ? "implausible" : "failed";
  return { state, reason: reasonOf(first) };
}
