/**
 * Choosing benchmarks by what people type: `memory`, `compute.fp32`, `memory.*`.
 *
 * @module
 */

import { closest } from "../gpu/closest.ts";
import { type Suite, SUITES } from "./benchmark.ts";

/** What choosing needs of a benchmark. */
export interface Choosable {
  readonly name: string;
  readonly suite: Suite;
}

/** A chosen part of the benchmarks. */
export interface BenchSelection {
  /** As it was typed; `all` where nothing was. */
  words: string[];
  /** The suites that have a chosen benchmark, in the order in which they run. */
  suites: Suite[];
  /** Whether a benchmark is chosen. */
  selects(benchmark: Choosable): boolean;
}

/** A word that chooses no benchmark. */
export class BenchSelectionError extends Error {
  override readonly name = "BenchSelectionError";
}

/** A test for a pattern in which `*` stands for any text and `?` for one character. */
export function globTest(pattern: string): (text: string) => boolean {
  const source = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`);
  return (text) => expression.test(text);
}

function testOf(word: string): (benchmark: Choosable) => boolean {
  if (word === "all") return () => true;
  const suite = SUITES.find((name) => name === word);
  if (suite !== undefined) return (benchmark) => benchmark.suite === suite;
  const matches = globTest(word);
  return ({ name }) => matches(name);
}

/**
 * Reads what was typed: `all`, suites, names of benchmarks, and patterns of names.
 *
 * @param registry the benchmarks that there are.
 * @throws {BenchSelectionError} for a word that chooses none of them.
 */
export function selectBenchmarks(
  words: readonly string[],
  registry: readonly Choosable[],
): BenchSelection {
  const typed = words.length === 0 ? ["all"] : [...words];
  const tests = typed.map((word) => {
    const test = testOf(word);
    if (registry.some(test)) return test;
    const names = ["all", ...SUITES, ...new Set(registry.map(({ name }) => name))];
    const meant = closest(word, names);
    const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
    throw new BenchSelectionError(
      `no suite or benchmark is called ${word}${hint}: mvgal bench --list shows them all`,
    );
  });
  const selects = (benchmark: Choosable) => tests.some((test) => test(benchmark));
  const suites = SUITES.filter((suite) =>
    registry.some((benchmark) => benchmark.suite === suite && selects(benchmark))
  );
  return { words: typed, suites, selects };
}
