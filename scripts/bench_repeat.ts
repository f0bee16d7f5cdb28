// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * How well two runs of `mvgal bench` agree.
 *
 *     deno run -A scripts/bench_repeat.ts FIRST.json SECOND.json
 *     deno run -A scripts/bench_repeat.ts [--mvgal PROGRAM] [--save DIRECTORY] [-- ARGUMENTS...]
 *
 * Takes two reports, or runs `mvgal bench all` twice, with the arguments after `--` instead of `all` where
 * there are any. Prints the ratio of medians of each figure that the device's own clock timed and that varied
 * by less than 1 % (CV) in both runs. Exits with 1 where one of them differs by more than 2 %, or where there
 * is none.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { parseReport } from "../lib/bench/compare.ts";
import { AGREEMENT, repeatedFigures, STEADY_CV } from "../lib/bench/repeatability.ts";
import type { BenchReport } from "../lib/bench/report.ts";
import { formatFigure, parameterWords } from "../lib/render/bench_figures.ts";
import { table } from "../lib/render/table.ts";

const root = join(import.meta.dirname ?? ".", "..");

/** Reads a report, packed by gzip or not. */
function read(path: string): BenchReport {
  const bytes = Deno.readFileSync(path);
  return parseReport(new TextDecoder().decode(path.endsWith(".gz") ? gunzipSync(bytes) : bytes));
}

/** Runs mvgal and gives the path of its report. */
function measure(command: readonly string[], args: readonly string[], path: string): string {
  const [program = "", ...first] = command;
  const { code } = new Deno.Command(program, {
    args: [...first, "bench", ...args, "--json", path],
    stdout: "null",
    stderr: "inherit",
  }).outputSync();
  // A figure that failed is left out below; 2 is wrong usage, more a signal.
  if (code > 1) throw new Error(`mvgal bench ended with ${code}`);
  return path;
}

/** Prints the figures; whether all agree, and there are any. */
function print(first: BenchReport, second: BenchReport): boolean {
  const figures = repeatedFigures(first, second);
  const rows = figures.map((figure) => [
    figure.agrees ? " " : "!",
    figure.peer === null ? figure.device : `${figure.device} to ${figure.peer}`,
    [figure.name, ...parameterWords(figure)].join(" "),
    formatFigure(figure.first),
    formatFigure(figure.second),
    figure.unit,
    figure.ratio.toFixed(4),
    `${(100 * figure.cv).toFixed(2)} %`,
  ]);
  const head = ["", "device", "benchmark", "first", "second", "unit", "ratio", "CV"];
  const sides = ["left", "left", "left", "right", "right", "left", "right", "right"] as const;
  for (const line of table([head, ...rows], sides)) console.log(line);
  const agreeing = figures.filter(({ agrees }) => agrees).length;
  console.log(
    `${agreeing} of ${figures.length} figures by the device's clock with CV < ` +
      `${100 * STEADY_CV} % agree within ${100 * AGREEMENT} %`,
  );
  return figures.length > 0 && agreeing === figures.length;
}

function main(): number {
  const { values, positionals, tokens } = parseArgs({
    options: { mvgal: { type: "string" }, save: { type: "string" } },
    allowPositionals: true,
    tokens: true,
  });
  const end = tokens.find(({ kind }) => kind === "option-terminator")?.index;
  const isRun = end !== undefined || positionals.length === 0;
  if (!isRun) {
    const [first, second] = positionals;
    if (first === undefined || second === undefined || positionals.length > 2) {
      console.error("bench_repeat: give two reports, or none to have them measured");
      return 2;
    }
    return print(read(first), read(second)) ? 0 : 1;
  }
  const args = positionals.length === 0 ? ["all"] : positionals;
  const command = values.mvgal === undefined
    ? [Deno.execPath(), "run", "-A", join(root, "main.ts")]
    : [values.mvgal];
  const directory = values.save ?? Deno.makeTempDirSync({ prefix: "mvgal-repeat-" });
  try {
    Deno.mkdirSync(directory, { recursive: true });
    const [first, second] = ["first", "second"].map((name) =>
      read(measure(command, args, join(directory, `${name}.json`)))
    );
    return first !== undefined && second !== undefined && print(first, second) ? 0 : 1;
  } finally {
    if (values.save === undefined) Deno.removeSync(directory, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    Deno.exit(main());
  } catch (error) {
    console.error(`bench_repeat: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
