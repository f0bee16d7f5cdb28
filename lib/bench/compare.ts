/**
 * Comparing two reports: what became slower, and whether that can be chance.
 *
 * @module
 */

import type { Parameters } from "./benchmark.ts";
import { BENCH_SCHEMA, type BenchDevice, type BenchEntry, type BenchReport } from "./report.ts";
import { type Interval, medianInterval } from "./statistics.ts";
import type { Change, ChangeVerdict, Comparison } from "./verdicts.ts";

export type { Change, Comparison } from "./verdicts.ts";

/** A loss above this share of the old figure counts, unless another is asked for. */
export const DEFAULT_THRESHOLD = 0.05;

/** Fewer samples than this say nothing of chance. */
const LEAST_SAMPLES = 5;

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

function verdictOf(old: BenchEntry, now: BenchEntry): ChangeVerdict {
  if (figureOf(now) === null) return "lost";
  if (figureOf(old) === null) return "gained";
  const before = intervalOf(old), after = intervalOf(now);
  if (before === null || after === null) return "unsure";
  if (before.low <= after.high && after.low <= before.high) return "same";
  return (after.low > before.high) === (now.better === "higher") ? "better" : "worse";
}

/** By which share of the old figure the new one is worse; negative where it is better. */
function loss(ratio: number, better: "higher" | "lower"): number {
  return better === "higher" ? 1 - ratio : ratio - 1;
}

function changeOf(old: BenchEntry, now: BenchEntry, threshold: number): Change {
  const { name, device, peer, parameters, unit, better } = now;
  const [before, after] = [figureOf(old), figureOf(now)];
  const ratio = before === null || after === null ? null : after / before;
  const verdict = verdictOf(old, now);
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

/**
 * Compares what both reports have, figure by figure. A change is significant where the 95 % bootstrap
 * intervals of both medians do not overlap.
 *
 * @param threshold share of the old figure that may be lost.
 */
export function compareReports(
  old: BenchReport,
  now: BenchReport,
  threshold: number = DEFAULT_THRESHOLD,
): Comparison {
  const devices = matchDevices(old.context.devices, now.context.devices);
  const before = new Map(
    old.benchmarks.map((entry) => [
      keyOf(entry.name, entry.device, entry.peer, entry.parameters),
      entry,
    ]),
  );
  const changes = now.benchmarks.flatMap((entry) => {
    const device = devices.get(entry.device);
    const peer = entry.peer === null ? null : devices.get(entry.peer);
    if (device === undefined || peer === undefined) return [];
    const match = before.get(keyOf(entry.name, device, peer, entry.parameters));
    if (match === undefined || (figureOf(match) === null && figureOf(entry) === null)) return [];
    return [changeOf(match, entry, threshold)];
  });
  return {
    old_date: old.context.date,
    method: "95 % bootstrap intervals of the medians that do not overlap",
    threshold,
    changes,
  };
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
