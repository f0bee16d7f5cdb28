/**
 * Samples of all GPUs for programs: one, or one after the other.
 *
 * @module
 */

import { discover, SOURCES } from "../discovery/mod.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { standing } from "../gpu/standing.ts";
import { Sysroot } from "../sysfs/sysroot.ts";
import type { TelemetryDriver } from "./driver.ts";
import { openSampler, type Sample, type Sampler } from "./sampler.ts";

/** Options of {@linkcode sample}. */
export interface SampleOptions {
  /** The GPUs to look at. Without them, all that {@linkcode discover} finds: GPUs, and nothing less. */
  gpus?: readonly Gpu[];
  /** Whose files to read: this host's, or those of a dump. */
  sysroot?: Sysroot;
  /** Others than all telemetry drivers. */
  drivers?: readonly TelemetryDriver[];
  /**
   * Time from one look to the next, in milliseconds, at least {@linkcode SHORTEST_INTERVAL_MS}. Rates and
   * shares are over this time.
   */
  interval?: number;
  /** Ends it. */
  signal?: AbortSignal;
}

/** The shortest interval: drivers refresh what they tell no more often than every 50 to 100 ms. */
export const SHORTEST_INTERVAL_MS = 50;

/** The interval of {@linkcode watch}. */
const NORMAL_INTERVAL_MS = 1000;

/** The time between the two looks of {@linkcode sample}. */
const SINGLE_INTERVAL_MS = 100;

/** Longest delay that timers take: 2^31 - 1 milliseconds. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * Looks at all GPUs once. It takes two looks, 100 ms apart where no interval is given, for some values show
 * only in a difference (power from energy, how busy engines are), and gives the second.
 *
 * No GPU is woken: one that sleeps is in the sample as `asleep`.
 *
 * @throws {RangeError} for an interval that is none.
 * @throws the signal's reason, where it is aborted before the second look.
 */
export async function sample(options: SampleOptions = {}): Promise<Sample> {
  const interval = intervalOf(options, SINGLE_INTERVAL_MS);
  const { signal } = options;
  signal?.throwIfAborted();
  using sampler = open(options);
  sampler.sample();
  await delay(interval, signal);
  signal?.throwIfAborted();
  return sampler.sample();
}

/**
 * Looks at all GPUs again and again, the first time at once: rates and shares are absent then. It ends when
 * the signal is aborted, without an error, or when the loop over it is left; either way all that was
 * opened is closed. Where the loop takes longer than the interval, looks are left out, not made up for.
 *
 * @throws {RangeError} for an interval that is none, at once and not when the loop begins.
 */
export function watch(options: SampleOptions = {}): AsyncIterableIterator<Sample> {
  return samples(options, intervalOf(options, NORMAL_INTERVAL_MS));
}

async function* samples(
  options: SampleOptions,
  interval: number,
): AsyncGenerator<Sample, undefined, undefined> {
  const { signal } = options;
  if (signal?.aborted) return;
  using sampler = open(options);
  for (let due = performance.now(); !signal?.aborted;) {
    yield sampler.sample();
    due = nextLook(due, performance.now(), interval);
    await delay(due - performance.now(), signal);
  }
}

/**
 * When the next look is due: an interval after the one before, or, where that is over, at the next multiple
 * of it that is not.
 *
 * @param due when the last look was due, in milliseconds, as the others are.
 */
export function nextLook(due: number, now: number, interval: number): number {
  const next = due + interval;
  return next >= now ? next : due + Math.ceil((now - due) / interval) * interval;
}

/** What tells which GPUs there are without loading the libraries that programs draw and compute with. */
const QUICK_SOURCES = SOURCES.filter(({ reads, name }) => reads === "files" || name === "nvml");

function open({ gpus, sysroot = new Sysroot(), drivers }: SampleOptions): Sampler {
  return openSampler({
    gpus: gpus ??
      discover({ sysroot, sources: QUICK_SOURCES }).gpus.filter((gpu) => standing(gpu) === "gpu"),
    sysroot,
    ...(drivers === undefined ? {} : { drivers }),
  });
}

function intervalOf({ interval }: SampleOptions, normal: number): number {
  if (interval === undefined) return normal;
  if (interval >= SHORTEST_INTERVAL_MS && interval <= LONGEST_INTERVAL_MS) return interval;
  throw new RangeError(
    `interval ${interval} is none: give milliseconds from ${SHORTEST_INTERVAL_MS} to ` +
      `${LONGEST_INTERVAL_MS}`,
  );
}

/** Waits; a signal ends the wait early, and leaves no timer behind. */
function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    signal?.addEventListener("abort", done, { once: true });
  });
}
