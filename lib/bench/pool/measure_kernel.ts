/**
 * Measuring a kernel on each member alone, and on several together.
 *
 * A figure is the time from the call to the results in host memory. Blocks of single and of pooled runs
 * alternate, so that whatever else the host does meets both.
 *
 * @module
 */

import type { LogicalDevice } from "../../pool/logical_device.ts";
import { median, medianInterval } from "../statistics.ts";
import { calibrate } from "./calibrate.ts";
import { firstMember, groupsOf } from "./groups.ts";
import type { PoolKernel } from "./kernel.ts";
import type { PoolBenchOptions } from "./options.ts";
import { Prepared } from "./prepared.ts";
import type { PooledFigure, PoolKernelReport } from "./report.ts";
import { compareRuns, compareWithReference, differenceText } from "./verify.ts";

/** Elements that are compared with the host's reference. */
const SAMPLES = 256;

/** Dispatches before times count: compiled, measured at first sight, and settled to steady shares. */
const WARM_UPS = 8;

/** Blocks of runs of one kind, and runs before the timed ones of each. */
const BLOCKS = 3, LEAD_INS = 2;

/** How often a kernel is run for one figure. */
interface Repeats {
  /** So often at least. */
  least: number;
  /** A short kernel is run until this many ms are over: its times vary by more than what is looked for. */
  fillMs: number;
  /** But no more often than this. */
  most: number;
}

const FULL: Repeats = { least: 5, fillMs: 1000, most: 250 };
const QUICK: Repeats = { least: 2, fillMs: 100, most: 25 };

/** Runs in series. */
async function repeat(run: () => Promise<void>, { least, fillMs, most }: Repeats): Promise<void> {
  const begun = performance.now();
  for (let i = 0; i < least || (i < most && performance.now() - begun < fillMs); i++) await run();
}

async function measurePooled(
  prepared: Prepared,
  gpus: readonly string[],
  all: readonly string[],
  alone: ReadonlyMap<string, number>,
  repeats: Repeats,
): Promise<PooledFigure> {
  const without = all.filter((id) => !gpus.includes(id));
  const best = gpus.reduce((one, other) =>
    (alone.get(other) ?? Infinity) < (alone.get(one) ?? Infinity) ? other : one
  );
  const single: number[] = [], pooled: number[] = [];
  let split = 0;
  for (let i = 0; i < WARM_UPS; i++) await prepared.run({ without });
  await prepared.run({ on: best });
  let last = await prepared.run({ without });
  for (let block = 0; block < BLOCKS; block++) {
    // In series, as programs do: bytes are where the run before left them, and clocks are up.
    for (let i = 0; i < LEAD_INS; i++) await prepared.run({ on: best });
    await repeat(async () => {
      single.push((await prepared.run({ on: best })).ms);
    }, repeats);
    for (let i = 0; i < LEAD_INS; i++) await prepared.run({ without });
    await repeat(async () => {
      last = await prepared.run({ without });
      pooled.push(last.ms);
      if (last.split) split++;
    }, repeats);
  }
  const difference = compareRuns(
    await prepared.results({ without }),
    await prepared.results({ on: best }),
  );
  const rates = gpus.map((id) => 1 / (alone.get(id) ?? NaN));
  const sum = rates.reduce((total, rate) => total + rate, 0);
  const single_ms = median(single), pooled_ms = median(pooled);
  const ofSingle = medianInterval(single), ofPooled = medianInterval(pooled);
  const units = last.parts.reduce((total, { start, end }) => total + end - start, 0);
  const shares: Record<string, number> = {};
  for (const { gpu, start, end } of last.parts) {
    shares[gpu] = (shares[gpu] ?? 0) + (end - start) / units;
  }
  return {
    gpus: [...gpus],
    single_ms,
    pooled_ms,
    single_runs: single.length,
    pooled_runs: pooled.length,
    speedup: single_ms / pooled_ms,
    speedup_low: ofSingle.low / ofPooled.high,
    speedup_high: ofSingle.high / ofPooled.low,
    of_sum: Number.isFinite(sum) ? 1 / pooled_ms / sum : null,
    split_share: split / pooled.length,
    reason: last.reason,
    shares,
    copied_bytes: last.parts.reduce((total, { copied_bytes }) => total + copied_bytes, 0),
    same_as_one: difference === null,
    difference: difference === null ? null : differenceText(difference),
  };
}

/** Measures a kernel, and compares what it computed with the host's reference. */
export async function measureKernel(
  device: LogicalDevice,
  kernel: PoolKernel,
  { quick, onStart = () => {} }: PoolBenchOptions,
): Promise<PoolKernelReport> {
  const { members } = device.properties;
  const ids = members.map(({ id }) => id);
  const first = firstMember(device.properties);
  const repeats = quick ? QUICK : FULL;
  onStart(`${kernel.id}: choosing a size`);
  const size = await calibrate(device, kernel, first.id, quick ? 60 : 400);
  using prepared = await Prepared.make(device, kernel, size);
  const alone = new Map<string, number>();
  for (const { id, kind } of members) {
    // The size is chosen for a GPU: a processor may take a thousand times as long.
    if (kind !== first.kind) continue;
    onStart(`${kernel.id} on ${id}`);
    await prepared.run({ on: id });
    const ms: number[] = [];
    await repeat(async () => {
      ms.push((await prepared.run({ on: id })).ms);
    }, repeats);
    alone.set(id, median(ms));
  }
  const pooled: PooledFigure[] = [];
  for (const gpus of groupsOf(device.properties)) {
    onStart(`${kernel.id} on ${gpus.length} together`);
    pooled.push(await measurePooled(prepared, gpus, ids, alone, repeats));
  }
  const { verdict } = prepared.explain();
  const got = await prepared.results({});
  const reference = kernel.reference(size, kernel.fill(size), SAMPLES);
  const wrong = compareWithReference(got, reference, kernel.tolerance);
  return {
    id: kernel.id,
    title: kernel.title,
    size,
    work: kernel.work(size),
    unit: kernel.unit,
    verdict,
    alone_ms: Object.fromEntries(alone),
    pooled,
    error: wrong === null ? null : differenceText(wrong),
  };
}
