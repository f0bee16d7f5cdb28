/**
 * What a report shows where: steps of one sweep together, pairs as matrices, everything else by itself.
 *
 * @module
 */

import type { BenchDevice, BenchEntry, BenchReport } from "../bench/report.ts";
import { type DeviceLabel, deviceLabels } from "./bench_devices.ts";
import { figureOf } from "./bench_figures.ts";
import { pairMatrices, type PairMatrix } from "./bench_pairs.ts";
import { type Staircase, sweepsOf } from "./bench_sweeps.ts";
import { printable } from "./text.ts";

/** A report, arranged. */
export interface Arrangement {
  devices: DeviceLabel[];
  /** Entries of one device that are no step of a sweep. */
  plain: BenchEntry[];
  staircases: Staircase[];
  matrices: PairMatrix[];
}

/** Arranges entries of the given devices. */
export function arrangeEntries(
  known: readonly BenchDevice[],
  entries: readonly BenchEntry[],
): Arrangement {
  const devices = deviceLabels(known, entries);
  const { staircases, steps } = sweepsOf(entries, devices);
  const plain = entries.filter((entry) => !entry.peer && !steps.has(entry));
  return { devices, plain, staircases, matrices: pairMatrices(entries, devices) };
}

/** Arranges a report. */
export function arrange(report: BenchReport): Arrangement {
  return arrangeEntries(report.context.devices ?? [], report.benchmarks ?? []);
}

/** Entries without a figure that end alike, for the same reason. */
export interface Unmeasured {
  state: BenchEntry["state"];
  reason: string;
  entries: BenchEntry[];
}

/** What has no figure, by state and reason. */
export function unmeasured(entries: readonly BenchEntry[]): Unmeasured[] {
  const without = entries.filter((entry) => figureOf(entry) === null);
  const groups = Map.groupBy(without, ({ state, reason }) => JSON.stringify([state, reason]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { state } = first;
    const reason = printable(
      first.reason ?? (state === "ok" ? "the report has no figure" : "no reason was given"),
    );
    return [{ state: state === "ok" ? "failed" as const : state, reason, entries: group }];
  });
}
