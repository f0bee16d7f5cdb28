/**
 * Reading what `deno test --junit-path` writes.
 *
 * @module
 */

import { XMLParser } from "fast-xml-parser";

/** One test, or one step of a test. */
export interface TestCase {
  /** The module whose code registered it, as the report names it: `./tests/gpu/vendor_test.ts`. */
  readonly module: string;
  /** The test's name; for a step, `test > step`. */
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** Whether it is a step of another test of the report. */
  readonly step: boolean;
}

/** A whole run, counted. */
export interface Summary {
  /** Tests that passed; their steps do not count. */
  readonly passed: number;
  /** Tests that failed; 1 where none did and the run failed all the same. */
  readonly failed: number;
  /** Tests and steps that did not run, by name. */
  readonly skipped: readonly TestCase[];
  /** Why the run failed where no test did: a module that did not load, a crash; else null. */
  readonly outside: string | null;
}

interface CaseElement {
  name: string;
  failure?: unknown;
  error?: unknown;
  skipped?: unknown;
}

interface SuiteElement {
  name: string;
  testcase?: CaseElement[];
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseAttributeValue: false,
  parseTagValue: false,
  isArray: (name) => name === "testsuite" || name === "testcase",
});

function stateOf(element: CaseElement): TestCase["state"] {
  if (element.failure !== undefined || element.error !== undefined) return "failed";
  return element.skipped === undefined ? "passed" : "skipped";
}

/**
 * The tests of a report.
 *
 * @param xml a JUnit report as Deno writes it: `testsuites/testsuite/testcase`, one suite a module, with
 * steps as cases of their own whose names begin with the name of their test.
 */
export function parseJunit(xml: string): TestCase[] {
  const root = parser.parse(xml) as { testsuites?: { testsuite?: SuiteElement[] } | string };
  const suites = typeof root.testsuites === "object" ? root.testsuites.testsuite ?? [] : [];
  return suites.flatMap((suite) => {
    const cases = suite.testcase ?? [];
    const names = new Set(cases.map((each) => each.name));
    return cases.map((each) => {
      const parts = each.name.split(" > ");
      const step = parts.some((_, end) => end > 0 && names.has(parts.slice(0, end).join(" > ")));
      return { module: suite.name, name: each.name, state: stateOf(each), step };
    });
  });
}

/**
 * Counts a run. Deno's report holds tests only: what fails outside of them shows in the exit status.
 *
 * @param cases the tests of the report; none where there is no report.
 * @param code the exit status of `deno test`.
 */
export function summarize(cases: readonly TestCase[], code: number): Summary {
  const tests = cases.filter((each) => !each.step);
  const failedTests = tests.filter((each) => each.state === "failed").length;
  const outside = code !== 0 && failedTests === 0
    ? `deno test ended with status ${code}, and no test failed: see above`
    : null;
  return {
    passed: tests.filter((each) => each.state === "passed").length,
    failed: outside === null ? failedTests : 1,
    skipped: cases.filter((each) => each.state === "skipped"),
    outside,
  };
}

/** Counts several runs as one. */
export function joinSummaries(runs: readonly Summary[]): Summary {
  const count = (key: "passed" | "failed") => runs.reduce((sum, run) => sum + run[key], 0);
  return {
    passed: count("passed"),
    failed: count("failed"),
    skipped: runs.flatMap(({ skipped }) => skipped),
    outside: runs.flatMap(({ outside }) => outside ?? []).join("; ") || null,
  };
}

/**
 * Leaves out the tests that `deno test --filter` did, which its report lists as skipped.
 *
 * @param filter as the option takes it: a part of the name, or a regular expression between slashes.
 */
export function withoutFiltered(cases: readonly TestCase[], filter: string): TestCase[] {
  const expression = /^\/(.*)\/$/s.exec(filter)?.[1];
  const pattern = expression === undefined ? null : new RegExp(expression);
  return cases.filter(({ name }) => pattern === null ? name.includes(filter) : pattern.test(name));
}

/** The last line of a run: `N passed, N failed, N skipped`. */
export function countsLine(summary: Summary): string {
  const { passed, failed, skipped } = summary;
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}
