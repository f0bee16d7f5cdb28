/**
 * Expectations of figures, for scripts: `memory.copy>=0.85peak`.
 *
 *     NAME OPERATOR VALUE [UNIT | "peak" | "x"]
 *
 * `NAME` is a benchmark's, or a pattern of names; `OPERATOR` one of `>=`, `<=`, `>`, `<`. `peak` is the peak
 * at the clock that was seen, else the rated one; `x` the figure of the report that is compared with.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";
import type { Described } from "./registry.ts";
import type { BenchEntry } from "./report.ts";
import { globTest } from "./select.ts";
import type { Comparison, ExpectationVerdict } from "./verdicts.ts";

/** What a value is counted in. */
export type Scale = { kind: "unit"; unit: string | null } | { kind: "peak" } | { kind: "old" };

/** An expectation. */
export interface Expectation {
  /** As it was typed. */
  text: string;
  /** Name of a benchmark, or a pattern. */
  name: string;
  operator: ">=" | "<=" | ">" | "<";
  value: number;
  scale: Scale;
}

/** An expectation that cannot be meant. */
export class ExpectationError extends Error {
  override readonly name = "ExpectationError";
}

const FORM = /^\s*([\w.*?-]+)\s*(>=|<=|>|<)\s*(\d+(?:\.\d*)?(?:e[+-]?\d+)?)\s*([A-Za-zµμ/]*)\s*$/;

/** Decimal prefixes of units. */
const PREFIXES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  m: 1e-3,
  µ: 1e-6,
  n: 1e-9,
};

/** A unit as a factor and what it is a multiple of: `GB/s` is 1e9 of `B/s`. */
function parseUnit(text: string): { factor: number; base: string } | undefined {
  const spelled = text.replace("μ", "µ").replace(/^us$/, "µs");
  const [, prefix, base] = /^([kMGTmµn]?)(B\/s|FLOP\/s|OP\/s|s)$/.exec(spelled) ?? [];
  const factor = PREFIXES[prefix ?? ""];
  return base === undefined || factor === undefined ? undefined : { factor, base };
}

function scaleOf(unit: string): Scale {
  if (unit === "peak") return { kind: "peak" };
  if (unit === "x") return { kind: "old" };
  return { kind: "unit", unit: unit === "" ? null : unit };
}

/**
 * Reads an expectation.
 *
 * @throws {ExpectationError} for a text that is none.
 */
export function parseExpectation(text: string): Expectation {
  const [, name, operator, digits, unit] = FORM.exec(text) ?? [];
  if (name === undefined || operator === undefined || digits === undefined) {
    throw new ExpectationError(
      `--expect '${text}' is no expectation: write NAME>=VALUE, with a unit, 'peak' or 'x' behind ` +
        "the value (memory.copy>=0.85peak)",
    );
  }
  const scale = scaleOf(unit ?? "");
  if (scale.kind === "unit" && scale.unit !== null && parseUnit(scale.unit) === undefined) {
    throw new ExpectationError(
      `--expect '${text}': ${scale.unit} is no unit (GB/s, TFLOP/s, TOP/s, µs, 'peak' or 'x')`,
    );
  }
  const value = Number(digits);
  return { text: text.trim(), name, operator: operator as Expectation["operator"], value, scale };
}

/**
 * What an expectation is about, of benchmarks or entries: of those with the name, the ones that have a peak
 * where a peak is asked for, and the ones of the unit where a unit is.
 */
function concerned<T extends { name: string; unit: string; peak?: string | null }>(
  { name, scale }: Expectation,
  all: readonly T[],
): T[] {
  const named = all.filter((each) => globTest(name)(each.name));
  if (scale.kind === "peak") return named.filter(({ peak }) => (peak ?? null) !== null);
  if (scale.kind === "old" || scale.unit === null) return named;
  const base = parseUnit(scale.unit)?.base;
  return named.filter(({ unit }) => parseUnit(unit)?.base === base);
}

/**
 * Checks, before anything is measured, that an expectation can be met at all.
 *
 * @param compares whether there is a report to compare with.
 * @throws {ExpectationError} where it cannot.
 */
export function checkExpectation(
  expectation: Expectation,
  registry: readonly Described[],
  compares: boolean,
): void {
  const { text, name, scale } = expectation;
  const matches = globTest(name);
  const named = registry.filter((benchmark) => matches(benchmark.name));
  if (named.length === 0) {
    const meant = closest(name, registry.map((benchmark) => benchmark.name));
    const hint = meant === undefined
      ? "mvgal bench --list shows them all"
      : `did you mean ${meant}?`;
    throw new ExpectationError(`--expect '${text}': no benchmark is called ${name} (${hint})`);
  }
  if (scale.kind === "peak" && concerned(expectation, registry).length === 0) {
    throw new ExpectationError(`--expect '${text}': ${name} is held against no peak`);
  }
  if (scale.kind === "old" && !compares) {
    throw new ExpectationError(
      `--expect '${text}': 'x' needs a report to compare with (--compare)`,
    );
  }
  if (concerned(expectation, registry).length === 0 && scale.kind === "unit") {
    const units = [...new Set(named.map(({ unit }) => unit))].join(" or ");
    throw new ExpectationError(
      `--expect '${text}': ${name} is measured in ${units}, not in ${scale.unit}`,
    );
  }
}

function holds(figure: number, { operator }: Expectation, wanted: number): boolean {
  switch (operator) {
    case ">=":
      return figure >= wanted;
    case "<=":
      return figure <= wanted;
    case ">":
      return figure > wanted;
    case "<":
      return figure < wanted;
  }
}

/** The figure in the expectation's own scale, and how to write it; or why there is none. */
function figureOf(
  entry: BenchEntry,
  { scale }: Expectation,
  comparison: Comparison | null,
): { value: number; text: string } | string {
  if (entry.state !== "ok" || entry.median === null) {
    return `${entry.state}${entry.reason === null ? "" : `: ${entry.reason}`}`;
  }
  const short = (value: number) => String(Number(value.toPrecision(4)));
  if (scale.kind === "peak") {
    if (entry.peak_ratio === null) {
      return `its peak is not known: ${entry.peak_reason ?? "no source"}`;
    }
    return { value: entry.peak_ratio, text: `${short(entry.peak_ratio)} of its peak` };
  }
  if (scale.kind === "old") {
    const change = comparison?.changes.find((each) =>
      each.name === entry.name && each.device === entry.device && each.peer === entry.peer &&
      JSON.stringify(each.parameters) === JSON.stringify(entry.parameters)
    );
    if (change === undefined || change.ratio === null) {
      return "the other report has no figure of it";
    }
    return { value: change.ratio, text: `${short(change.ratio)} of the other report's figure` };
  }
  const own = parseUnit(entry.unit)?.factor ?? 1;
  const asked = scale.unit === null ? own : parseUnit(scale.unit)?.factor ?? own;
  return { value: entry.median * own / asked, text: `${short(entry.median)} ${entry.unit}` };
}

function nameOf({ name, device, peer, parameters }: BenchEntry): string {
  const details = Object.entries(parameters ?? {}).map(([key, value]) => `${key}=${value}`);
  const where = peer === null ? device : `${device} to ${peer}`;
  return `${name}${details.length === 0 ? "" : ` (${details.join(", ")})`} on ${where}`;
}

/**
 * Holds expectations against a report: a verdict for each figure that an expectation is about, or one that
 * nothing was measured.
 */
export function judgeExpectations(
  expectations: readonly Expectation[],
  entries: readonly BenchEntry[],
  comparison: Comparison | null,
): ExpectationVerdict[] {
  return expectations.flatMap((expectation): ExpectationVerdict[] => {
    const { text, name } = expectation;
    const about = concerned(expectation, entries);
    if (about.length === 0) {
      return [{
        expectation: text,
        name,
        device: null,
        peer: null,
        state: "unmeasured",
        line: `${text}: unmeasured: no benchmark of this run is called ${name}`,
      }];
    }
    return about.map((entry): ExpectationVerdict => {
      const { device, peer } = entry;
      const found = figureOf(entry, expectation, comparison);
      const of = { expectation: text, name: entry.name, device, peer };
      if (typeof found === "string") {
        return {
          ...of,
          state: "unmeasured",
          line: `${text}: unmeasured: ${nameOf(entry)}: ${found}`,
        };
      }
      const state = holds(found.value, expectation, expectation.value) ? "met" : "missed";
      return { ...of, state, line: `${text}: ${state}: ${nameOf(entry)}: ${found.text}` };
    });
  });
}
