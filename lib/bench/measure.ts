/**
 * Measuring one benchmark: which shape is best, and what its figure is.
 *
 * @module
 */

import {
  type Benchmark,
  type Effort,
  ImplausibleError,
  type Measured,
  type Outcome,
  type Prepared,
  type Shape,
  UnsupportedError,
  WrongResultError,
} from "./benchmark.ts";
import { median, summarize } from "./statistics.ts";

/** Samples of a shape in the round that decides which are worth more. */
const SCREENING_SAMPLES = 3;

/** Shapes that go on to the final round. */
const FINALISTS = 2;

/** What the measurement needs from around it. */
export interface Surroundings {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Lets timers and signals in; aborts by throwing. */
  pause(): Promise<void>;
}

/** An error after which the device is of no more use. */
export function isDeviceLost(error: unknown): boolean {
  return error instanceof Error && "isDeviceLost" in error && error.isDeviceLost === true;
}

/** First line of an error's message. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? text;
}

interface Candidate {
  shape: Shape;
  prepared: Prepared;
  samples: number[];
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

/** Warms up until two samples in a row differ by less than 2 %, or a fifth of the budget is spent. */
async function warmUp(candidate: Candidate, effort: Effort, around: Surroundings): Promise<void> {
  const end = around.now() + effort.budgetMs / 5;
  let last = median(sampleOf(candidate));
  do {
    await around.pause();
    const next = median(sampleOf(candidate));
    if (Math.abs(next - last) < 0.02 * last) return;
    last = next;
  } while (around.now() < end);
}

/**
 * Measures a benchmark on a target: tries its shapes, checks their results, and samples the best ones in
 * turn until there are enough samples and the budget is used.
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
  const failures: Record<string, string> = {};
  const candidates: Record<string, number | null> = {};
  const errors: unknown[] = [];
  const better = (a: number, b: number) => benchmark.better === "higher" ? b - a : a - b;
  using open = new DisposableStack();
  const kept: Candidate[] = [];

  const drop = (shape: Shape, error: unknown) => {
    if (isDeviceLost(error)) throw error;
    candidates[shape.name] = null;
    failures[shape.name] = reasonOf(error);
    errors.push(error);
  };
  for (const shape of benchmark.shapes(target, effort)) {
    await around.pause();
    try {
      const candidate: Candidate = {
        shape,
        prepared: open.use(shape.prepare(effort)),
        samples: [],
      };
      await warmUp(candidate, effort, around);
      for (let i = 0; i < SCREENING_SAMPLES; i++) candidate.samples.push(...sampleOf(candidate));
      candidate.prepared.verify();
      candidates[shape.name] = median(candidate.samples);
      kept.push(candidate);
      kept.sort((x, y) => better(median(x.samples), median(y.samples)));
      // What is beaten gives its memory back now; disposing twice does no harm.
      for (const beaten of kept.splice(FINALISTS)) beaten.prepared[Symbol.dispose]();
    } catch (error) {
      if (isAbort(error)) throw error;
      drop(shape, error);
    }
  }
  const best = await finalRound(kept, effort, around, better, drop);
  if (best === undefined) return withoutFigure(errors);
  candidates[best.shape.name] = median(best.samples);
  const measured: Measured = {
    shape: best.shape.name,
    clock: best.prepared.clock,
    summary: summarize(best.samples),
    samples: best.samples,
    candidates,
    failures,
  };
  return { state: "ok", measured };
}

/** Whether an error means that the user wants to stop. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** Samples the finalists in turn, afresh, and gives the best that still verifies. */
async function finalRound(
  finalists: Candidate[],
  effort: Effort,
  around: Surroundings,
  better: (a: number, b: number) => number,
  drop: (shape: Shape, error: unknown) => void,
): Promise<Candidate | undefined> {
  const running = finalists.map((candidate) => ({ ...candidate, samples: [] as number[] }));
  const alive = new Set(running);
  const end = around.now() + effort.budgetMs;
  for (let round = 0; alive.size > 0; round++) {
    if (round >= effort.minSamples && around.now() >= end) break;
    for (const candidate of alive) {
      await around.pause();
      try {
        candidate.samples.push(...sampleOf(candidate));
      } catch (error) {
        if (isAbort(error)) throw error;
        alive.delete(candidate);
        drop(candidate.shape, error);
      }
    }
    if (round >= 1000) break;
  }
  const ranked = [...alive].sort((a, b) => better(median(a.samples), median(b.samples)));
  for (const candidate of ranked) {
    try {
      candidate.prepared.verify();
      return candidate;
    } catch (error) {
      drop(candidate.shape, error);
    }
  }
  return undefined;
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
