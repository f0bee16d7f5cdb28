/**
 * Comparing two reports: what became slower, and whether that can be chance.
 *
 * @module
 */

import type { Parameters, Result } from "./benchmark.ts";
import { BENCH_SCHEMA, type BenchDevice, type BenchEntry, type BenchReport } from "./report.ts";
import { type Interval, median, medianInterval } from "./statistics.ts";
import type { Change, ChangeVerdict, Comparison } from "./verdicts.ts";

export type { Change, Comparison } from "./verdicts.ts";

/** A loss above this share of the old figure counts, unless another is asked for. */
export const DEFAULT_THRESHOLD = 0.05;

/** Fewer samples than this say nothing of chance. */
const LEAST_SAMPLES = 5;

/**
 * Shares by which figures differ between two runs that differ in nothing: of a GPU by its own clock, of a GPU
 * by the host's, and of processors, which other programs use too. Samples of one run do not tell of this.
 */
const BETWEEN_RUNS = { device: 0.02, host: 0.05, processor: 0.1 } as const;

/** A normal distribution's standard deviation over its median absolute deviation. */
const SIGMA_OF_MAD = 1.4826;

const METHOD =
  "95 % bootstrap intervals of the medians that do not overlap, and a change beyond the " +
  "scatter of both runs' samples and beyond what runs differ by: 2 % on a GPU, 5 % by the host's clock, 10 % on processors; " +
  "what would fail is measured once more";

/** A text that is no report. */
export class ReportError extends Error {
  override readonly name = "ReportError";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEntry(value: unknown): value is BenchEntry {
  return isObject(value) && typeof value["name"] === "string" &&
    typeof value["device"] === "string" && typeof value["state"] === "string" &&
    typeof value["unit"] === "string" && Array.isArray(value["samples"]) &&
    value["samples"].every((sample) => typeof sample === "number") &&
    (value["median"] === null || typeof value["median"] === "number");
}

/**
 * Reads a report as `--json` writes it.
 *
 * @throws {ReportError} for a text that is none, or one of another version.
 */
export function parseReport(text: string): BenchReport {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new ReportError("it is not JSON");
  }
  if (!isObject(document) || document["schema"] !== BENCH_SCHEMA) {
    throw new ReportError(`it is no ${BENCH_SCHEMA} document`);
  }
  const { context, benchmarks } = document;
  const devices = isObject(context) ? context["devices"] : undefined;
  if (!Array.isArray(devices) || !Array.isArray(benchmarks) || !benchmarks.every(isEntry)) {
    throw new ReportError(`it is a damaged ${BENCH_SCHEMA} document`);
  }
  return document as unknown as BenchReport;
}

/** The old report's id of each new device: by id, by UUID, else by name and place among its like. */
function matchDevices(old: readonly BenchDevice[], now: readonly BenchDevice[]) {
  const found = new Map<string, string>();
  for (const device of now) {
    const alike = (list: readonly BenchDevice[]) =>
      list.filter(({ name, kind }) => name === device.name && kind === device.kind);
    const match = old.find(({ id, name }) => id === device.id && name === device.name) ??
      old.find(({ uuid }) => uuid !== null && uuid === device.uuid) ??
      alike(old)[alike(now).indexOf(device)];
    if (match !== undefined) found.set(device.id, match.id);
  }
  return found;
}

function keyOf(name: string, device: string, peer: string | null, parameters: Parameters): string {
  const sorted = Object.entries(parameters ?? {}).toSorted(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify([name, device, peer ?? null, sorted]);
}

function figureOf(entry: BenchEntry): number | null {
  return entry.state === "ok" ? entry.median : null;
}

function intervalOf({ samples }: BenchEntry): Interval | null {
  return samples.length < LEAST_SAMPLES ? null : medianInterval(samples);
}

/** How far single samples are from their median, as a share of it: a robust standard deviation. */
function scatterOf({ samples }: BenchEntry): number {
  const middle = median(samples);
  return SIGMA_OF_MAD * median(samples.map((value) => Math.abs(value - middle))) / middle;
}

/** The share by which two medians may differ for no reason. */
function margin(old: BenchEntry, now: BenchEntry, isGpu: boolean): number {
  const byDevice = old.clock === "device" && now.clock === "device";
  const scatter = Math.hypot(scatterOf(old), scatterOf(now));
  return Math.max(BETWEEN_RUNS[!isGpu ? "processor" : byDevice ? "device" : "host"], scatter);
}

function verdictOf(old: BenchEntry, now: BenchEntry, isGpu: boolean): ChangeVerdict {
  const was = figureOf(old), is = figureOf(now);
  if (is === null) return "lost";
  if (was === null) return "gained";
  const before = intervalOf(old), after = intervalOf(now);
  if (before === null || after === null) return "unsure";
  if (before.low <= after.high && after.low <= before.high) return "same";
  // By logarithms: what halves and what doubles are equally far.
  if (Math.abs(Math.log(is / was)) <= Math.log1p(margin(old, now, isGpu))) return "same";
  return (is > was) === (now.better === "higher") ? "better" : "worse";
}

/** By which share of the old figure the new one is worse; negative where it is better. */
function loss(ratio: number, better: "higher" | "lower"): number {
  return better === "higher" ? 1 - ratio : ratio - 1;
}

function changeOf(
  old: BenchEntry,
  now: BenchEntry,
  { threshold, isGpu }: { threshold: number; isGpu: boolean },
): Change {
  const { name, device, peer, parameters, unit, better } = now;
  const [before, after] = [figureOf(old), figureOf(now)];
  const ratio = before === null || after === null ? null : after / before;
  const verdict = verdictOf(old, now, isGpu);
  // What was interrupted did not get worse.
  const isLost = verdict === "lost" && now.state !== "skipped";
  return {
    name,
    device,
    peer,
    parameters,
    unit,
    better,
    old: before,
    now: after,
    ratio,
    verdict,
    reason: after === null ? now.reason ?? now.state : null,
    fails: isLost || (verdict === "worse" && ratio !== null && loss(ratio, better) > threshold),
  };
}

/** What both reports have: entries of the same benchmark, device and parameters, the old one first. */
export function pairEntries(old: BenchReport, now: BenchReport): [BenchEntry, BenchEntry][] {
  const devices = matchDevices(old.context.devices, now.context.devices);
  const before = new Map(
    old.benchmarks.map((entry) => [
      keyOf(entry.name, entry.device, entry.peer, entry.parameters),
      entry,
    ]),
  );
  return now.benchmarks.flatMap((entry): [BenchEntry, BenchEntry][] => {
    const device = devices.get(entry.device);
    const peer = entry.peer === null ? null : devices.get(entry.peer);
    if (device === undefined || peer === undefined) return [];
    const match = before.get(keyOf(entry.name, device, peer, entry.parameters));
    return match === undefined ? [] : [[match, entry]];
  });
}

/**
 * Compares what both reports have, figure by figure. A change is significant where the 95 % bootstrap
 * intervals of both medians do not overlap, and the medians differ by more than samples scatter in both runs
 * and than runs differ that differ in nothing. With the intervals alone every third figure of two equal runs
 * was significant: they speak of one run, in which the host did this or that.
 *
 * @param threshold share of the old figure that may be lost.
 */
export function compareReports(
  old: BenchReport,
  now: BenchReport,
  threshold: number = DEFAULT_THRESHOLD,
): Comparison {
  const gpus = new Set(
    now.context.devices.filter(({ kind }) => kind !== "software" && kind !== "host")
      .map(({ id }) => id),
  );
  const changes = pairEntries(old, now).flatMap(([match, entry]) =>
    figureOf(match) === null && figureOf(entry) === null
      ? []
      : [changeOf(match, entry, { threshold, isGpu: gpus.has(entry.device) })]
  );
  return {
    old_date: old.context.date,
    method: METHOD,
    threshold,
    changes,
  };
}

/** Whether two are of the same benchmark, device and parameters. */
export function isSameFigure(
  a: Pick<Change, "name" | "device" | "peer" | "parameters">,
  b: Pick<Change, "name" | "device" | "peer" | "parameters">,
): boolean {
  return keyOf(a.name, a.device, a.peer, a.parameters) ===
    keyOf(b.name, b.device, b.peer, b.parameters);
}

/** Whether a comparison fails for this figure, and would not if it was as good as before. */
export function isSlower({ verdict, fails }: Change): boolean {
  return verdict === "worse" && fails;
}

/** Whether what is worse stays so when it is measured once more, by more than the two measurements differ. */
function isWorseAgain(
  { old, now, better }: Change,
  again: number,
  threshold: number,
): boolean {
  if (old === null || now === null) return true;
  const least = better === "higher" ? Math.max(now, again) : Math.min(now, again);
  return loss(least / old, better) > threshold &&
    Math.abs(Math.log(least / old)) > Math.abs(Math.log(now / again));
}

/**
 * Takes back what is not slower when it is measured once more, or slower by less than the two measurements
 * differ: that is what runs differ by here and now, on a host that has other things to do too.
 *
 * @param again results of benchmarks that were measured once more.
 */
export function confirmChanges(comparison: Comparison, again: readonly Result[]): Comparison {
  const medians = new Map(
    again.flatMap(({ name, device, peer, parameters, outcome }) =>
      outcome.state === "ok"
        ? [[keyOf(name, device, peer, parameters), outcome.measured.summary.median] as const]
        : []
    ),
  );
  const changes = comparison.changes.map((change): Change => {
    const { name, device, peer, parameters } = change;
    const value = medians.get(keyOf(name, device, peer, parameters));
    if (!isSlower(change) || value === undefined) return change;
    return isWorseAgain(change, value, comparison.threshold)
      ? { ...change, again: value }
      : { ...change, again: value, verdict: "unsure", fails: false };
  });
  return { ...comparison, changes };
}

/**
 * Reads a threshold: `5%`, `0.05`.
 *
 * @returns a share from 0 to 1; undefined for anything else.
 */
export function parseThreshold(text: string): number | undefined {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const share = Number(digits) / (percent ? 100 : 1);
  return share <= 1 ? share : undefined;
}
