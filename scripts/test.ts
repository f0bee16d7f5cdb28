// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Sets this host up, builds the shims and runs the tests.
 *
 *     deno run -A scripts/test.ts [--filter TEXT] [--limit MINUTES] [PATH…]
 *
 * Without a path: every test, and the examples in the documentation of `mod.ts`. The last line of the output
 * is `N passed, N failed, N skipped`, after the names of what was skipped; the exit status is 1 where
 * anything failed.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { countsLine, parseJunit, summarize, type Summary, withoutFiltered } from "./test/junit.ts";

const root = join(import.meta.dirname ?? ".", "..");

/** Minutes after which a run of the tests is taken to hang, where no other limit is given. */
const LIMIT_MINUTES = 60;

/** Runs Deno itself in the repository's root, for some minutes at most; the exit status. */
async function deno(args: readonly string[], minutes = LIMIT_MINUTES): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const limit = setTimeout(() => {
    console.log(`\ntest: no end after ${minutes} minutes: what hangs is what ran last`);
    child.kill("SIGKILL");
  }, minutes * 60_000);
  const { code, signal } = await child.status;
  clearTimeout(limit);
  if (signal !== null) console.log(`test: deno ${args[0]} was ended by ${signal}`);
  return code;
}

function readReport(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null; // deno test writes none when it ends before the first test: a type error, a crash
  }
}

interface Options {
  readonly filter: string | undefined;
  readonly minutes: number;
}

async function runTests(paths: readonly string[], options: Options): Promise<Summary> {
  const { filter, minutes } = options;
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-test-" });
  try {
    const report = join(directory, "junit.xml");
    const selection = filter === undefined ? [] : ["--filter", filter];
    // One module after the other, without --parallel: some tests redirect the process's descriptors.
    const code = await deno(
      ["test", "-A", "--doc", `--junit-path=${report}`, ...selection, ...paths],
      minutes,
    );
    const xml = readReport(report);
    const cases = xml === null ? [] : parseJunit(xml);
    return summarize(filter === undefined ? cases : withoutFiltered(cases, filter), code);
  } finally {
    Deno.removeSync(directory, { recursive: true });
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
    options: { filter: { type: "string" }, limit: { type: "string" } },
    allowPositionals: true,
  });
  const paths = positionals.length > 0 ? positionals : ["tests", "mod.ts"];
  const minutes = Number(values.limit ?? LIMIT_MINUTES);

  await deno(["run", "-A", "scripts/setup.ts", "--tests"]);
  if (await deno(["run", "-A", "scripts/build.ts", "--strict"]) !== 0) {
    printSummary({ passed: 0, failed: 1, skipped: [], outside: "the shims did not compile" });
    return 1;
  }
  const summary = await runTests(paths, { filter: values.filter, minutes });
  printSummary(summary);
  return summary.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
