/**
 * What is asked of `mvgal bench`.
 *
 * @module
 */

import { gunzipSync } from "node:zlib";
import { type DataPattern, SUITES } from "../bench/benchmark.ts";
import { DEFAULT_THRESHOLD, parseReport, parseThreshold } from "../bench/compare.ts";
import {
  checkExpectation,
  type Expectation,
  ExpectationError,
  parseExpectation,
} from "../bench/expect.ts";
import { REGISTRY } from "../bench/registry.ts";
import type { BenchReport } from "../bench/report.ts";
import { type BenchSelection, BenchSelectionError, selectBenchmarks } from "../bench/select.ts";
import { type CommandInput, UsageError, value, values } from "./command.ts";
import { fileReason } from "./file_reason.ts";

/** What was typed, understood and checked. */
export interface Request {
  selection: BenchSelection;
  /** The report to compare with; undefined for none. */
  old: BenchReport | undefined;
  threshold: number;
  expectations: Expectation[];
  data: DataPattern;
}

/** What `make` gives; errors of `kind` become wrong usage. */
function usage<T>(kind: new (...args: never[]) => Error, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof kind) throw new UsageError(error.message);
    throw error;
  }
}

/** The benchmarks that were asked for. Who names GPUs wants those: the host is measured when named. */
function selectionOf(input: CommandInput): BenchSelection {
  const all = usage(BenchSelectionError, () => selectBenchmarks(input.args, REGISTRY));
  if (value(input, "gpu") === undefined) return all;
  const named = input.args.filter((word) => word !== "all");
  const host = named.length === 0 ? undefined : selectBenchmarks(named, REGISTRY);
  const selects: BenchSelection["selects"] = (benchmark) =>
    (benchmark.suite === "host" ? host : all)?.selects(benchmark) ?? false;
  const suites = SUITES.filter((suite) =>
    REGISTRY.some((benchmark) => benchmark.suite === suite && selects(benchmark))
  );
  return { words: all.words, suites, selects };
}

/** The first bytes of a gzip file (RFC 1952, 2.3.1). */
const GZIP = [0x1f, 0x8b];

/**
 * Reads the report that an option names, as `--json` wrote it, or compressed by gzip.
 *
 * @throws {UsageError} where there is none; undefined is where the option was not given.
 */
export function reportNamed(input: CommandInput, option: "compare" | "from") {
  const path = value(input, option);
  if (path === undefined) return undefined;
  try {
    const bytes = Deno.readFileSync(path);
    const isPacked = GZIP.every((byte, i) => bytes[i] === byte);
    return parseReport(new TextDecoder().decode(isPacked ? gunzipSync(bytes) : bytes));
  } catch (error) {
    throw new UsageError(`--${option} ${path}: ${fileReason(error)}`);
  }
}

/**
 * What is asked for.
 *
 * @throws {UsageError} where it cannot be meant.
 */
export function requestOf(input: CommandInput): Request {
  const selection = selectionOf(input);
  const old = reportNamed(input, "compare");
  const limit = value(input, "threshold");
  const threshold = limit === undefined ? DEFAULT_THRESHOLD : parseThreshold(limit);
  if (threshold === undefined) {
    throw new UsageError(`--threshold ${limit}: write a share, such as 5% or 0.05`);
  }
  if (limit !== undefined && old === undefined) {
    throw new UsageError("--threshold needs a report to compare with (--compare)");
  }
  const expectations = usage(ExpectationError, () =>
    values(input, "expect").map((text) => {
      const expectation = parseExpectation(text);
      checkExpectation(expectation, REGISTRY, old !== undefined);
      return expectation;
    }));
  const data = value(input, "data") === "zeros" ? "zeros" : "random";
  return { selection, old, threshold, expectations, data };
}
