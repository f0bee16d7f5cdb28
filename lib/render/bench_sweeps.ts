/**
 * Benchmarks that were measured with working sets of several sizes: together they show a device's caches.
 *
 * @module
 */

import type { BenchEntry } from "../bench/report.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import { figureOf, finite } from "./bench_figures.ts";

/** The bandwidth of one access against the size of what is accessed, on one device. */
export interface Staircase {
  device: DeviceLabel;
  /** E.g. `read`. */
  title: string;
  suite: BenchEntry["suite"];
  unit: string;
  better: BenchEntry["better"];
  /** Ascending by size. */
  steps: Step[];
}

/** One size of a staircase. */
export interface Step {
  bytes: number;
  entry: BenchEntry;
}

/** `4 MiB`, `_4mib`, `.l2`: what sets the name of one step apart from that of the next. */
const SIZE = /[\s._@,:-]*\b\d+(?:\.\d+)?\s*(?:[kmgt]i?)?b?\b(?:\s+working\s+set)?/gi;

/** A name or a title without sizes in it. */
export function withoutSizes(text: string): string {
  return text.replaceAll("_", " ").replaceAll(SIZE, "").trim();
}

function workingSet(entry: BenchEntry): number | null {
  const bytes = finite(Number(entry.parameters?.["working_set_bytes"] ?? NaN));
  return bytes !== null && bytes > 0 ? bytes : null;
}

/** What the steps of one sweep have in common. */
function sweepKey(entry: BenchEntry): string {
  const others = Object.entries(entry.parameters ?? {})
    .filter(([name]) => name !== "working_set_bytes").sort();
  return JSON.stringify([entry.device, entry.suite, entry.unit, withoutSizes(entry.name), others]);
}

/** Sweeps, and what belongs to them alone. */
export interface Sweeps {
  staircases: Staircase[];
  /** Entries that are nothing but a step. */
  steps: Set<BenchEntry>;
}

/** Finds the sweeps among entries. */
export function sweepsOf(entries: readonly BenchEntry[], labels: readonly DeviceLabel[]): Sweeps {
  const staircases: Staircase[] = [];
  const steps = new Set<BenchEntry>();
  const sized = entries.flatMap((entry) => {
    const bytes = workingSet(entry);
    return entry.peer || bytes === null ? [] : [{ bytes, entry }];
  });
  for (const group of Map.groupBy(sized, ({ entry }) => sweepKey(entry)).values()) {
    const [first] = group;
    const device = labels.find(({ id }) => id === first?.entry.device);
    if (!first || !device || new Set(group.map(({ bytes }) => bytes)).size < 2) continue;
    const { suite, unit, better } = first.entry;
    const title = withoutSizes(first.entry.title) || first.entry.title;
    const ascending = group.toSorted((a, b) => a.bytes - b.bytes);
    staircases.push({ device, title, suite, unit, better, steps: ascending });
    // One that stands under a name of its own is the main figure, measured at the last step's size.
    const names = Map.groupBy(group, ({ entry }) => entry.name);
    for (const { entry } of group) {
      const isMain = names.get(entry.name)?.length === 1 && !hasSize(entry.name);
      if (!isMain) steps.add(entry);
    }
  }
  return { staircases, steps };
}

function hasSize(name: string): boolean {
  return withoutSizes(name) !== name.replaceAll("_", " ").trim();
}

/** The figures of several staircases at each size at which one of them has a figure, ascending. */
export function stepFigures(
  stairs: readonly Staircase[],
): { bytes: number; values: (number | null)[] }[] {
  const sizes = new Set(
    stairs.flatMap(({ steps }) =>
      steps.filter(({ entry }) => figureOf(entry) !== null).map(({ bytes }) => bytes)
    ),
  );
  return [...sizes].sort((a, b) => a - b).map((bytes) => ({
    bytes,
    values: stairs.map(({ steps }) => {
      const step = steps.find((one) => one.bytes === bytes);
      return step === undefined ? null : figureOf(step.entry);
    }),
  }));
}
