// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Sets this host up, builds the shims and runs the tests.
 *
 *     deno run -A scripts/test.ts [--filter TEXT] [--limit MINUTES] [--beside PATH]… [PATH…]
 *
 * Without a path: every test, and the examples in the documentation of `mod.ts`, where there are two CPUs in two
 * processes, which takes two thirds of the time. Those below `--beside` run in the second one, whose output comes when
 * both are done. The last line of the output is `N passed, N failed, N skipped`, after the names of what was skipped;
 * the exit status is 1 where anything failed.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  countsLine,
  joinSummaries,
  parseJunit,
  summarize,
  type Summary,
  withoutFiltered,
} from "./test/junit.ts";

const root = join(import.meta.dirname ?? ".", "..");

/** Minutes after which a run of the tests is taken to hang, where no other limit is given. */
const LIMIT_MINUTES = 60;

/** Every test. */
const ALL = ["tests", "mod.ts"];

/** Half of them, by the time that they take. */
const HALF = ["tests/shims", "tests/pool", "tests/kernel", "tests/bench", "tests/ffi"];

interface Run {
  /** Minutes that it takes at most. */
  readonly minutes?: number;
  /** A file for what it prints, in place of this process's output. */
  readonly log?: string;
}

/** Runs Deno itself in the repository's root; the exit status. */
async function deno(args: readonly string[], run: Run = {}): Promise<number> {
  const { minutes = LIMIT_MINUTES, log } = run;
  const output = log === undefined ? "inherit" : openSync(log, "a");
  const child = spawn(Deno.execPath(), args, { cwd: root, stdio: ["ignore", output, output] });
  const limit = setTimeout(() => {
    console.log(`\ntest: no end after ${minutes} minutes: what hangs is what ran last`);
    child.kill("SIGKILL");
  }, minutes * 60_000);
  const [code, signal] = await once(child, "close") as [number | null, string | null];
  clearTimeout(limit);
  if (typeof output === "number") closeSync(output);
  if (signal !== null) console.log(`test: deno ${args[0]} was ended by ${signal}`);
  return code ?? 1;
}

function readReport(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null; // deno test writes none when it ends before the first test: a type error, a crash
  }
}

interface Options extends Run {
  readonly filter: string | undefined;
  /** Paths below those that are run which are not. */
  readonly ignore?: readonly string[];
}

async function runTests(paths: readonly string[], options: Options): Promise<Summary> {
  const { filter, ignore = [] } = options;
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-test-" });
  try {
    const report = join(directory, "junit.xml");
    const selection = filter === undefined ? [] : ["--filter", filter];
    // One module after the other, without --parallel: some tests redirect the process's descriptors.
    const code = await deno([
      ...["test", "-A", "--doc", `--junit-path=${report}`, ...selection],
      ...(ignore.length > 0 ? [`--ignore=${ignore.join(",")}`] : []),
      ...paths,
    ], options);
    const xml = readReport(report);
    const cases = xml === null ? [] : parseJunit(xml);
    return summarize(filter === undefined ? cases : withoutFiltered(cases, filter), code);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Tests, and those below some paths beside the others. */
async function runBeside(
  paths: readonly string[],
  beside: readonly string[],
  options: Options,
): Promise<Summary> {
  const log = Deno.makeTempFileSync({ prefix: "mvgal-test-" });
  try {
    const both = await Promise.all([
      runTests(paths, { ...options, ignore: beside }),
      runTests(beside, { ...options, log }),
    ]);
    console.log(Deno.readTextFileSync(log));
    return joinSummaries(both);
  } finally {
    Deno.removeSync(log);
  }
}

function printSummary(summary: Summary): void {
  for (const { module, name } of summary.skipped) console.log(`skipped: ${module}: ${name}`);
  if (summary.outside !== null) console.log(`failed: ${summary.outside}`);
  console.log(countsLine(summary));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    options: {
      filter: { type: "string" },
      limit: { type: "string" },
      beside: { type: "string", multiple: true },
    },
    allowPositionals: true,
  });
  const options = { filter: values.filter, minutes: Number(values.limit ?? LIMIT_MINUTES) };
  const isAll = positionals.length === 0;
  const paths = isAll ? ALL : positionals;
  const beside = values.beside ?? (isAll && availableParallelism() > 1 ? HALF : []);

  await deno(["run", "-A", "scripts/setup.ts", "--tests"]);
  if (await deno(["run", "-A", "scripts/build.ts", "--strict"]) !== 0) {
    printSummary({ passed: 0, failed: 1, skipped: [], outside: "the shims did not compile" });
    return 1;
  }
  const summary = beside.length > 0
    ? await runBeside(paths, beside, options)
    : await runTests(paths, options);
  printSummary(summary);
  return summary.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
