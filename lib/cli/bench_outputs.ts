/**
 * Where the reports of `mvgal bench` go.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BenchReport } from "../bench/report.ts";
import { type CommandContext, type CommandInput, UsageError, value } from "./command.ts";
import { isSpecial, whyNotWritable, withoutLinks, writeWhole } from "./whole_file.ts";

/** The reports that can be asked for, each a file, but for the directory of `svg`. */
const KINDS = ["json", "csv", "html", "svg"] as const;

/** A report that was asked for. */
export interface Output {
  kind: typeof KINDS[number];
  /** A file, `-` for stdout, or a directory. */
  path: string;
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Why a report has nowhere to go; undefined where it has. Nothing is left behind. */
function whyNowhere({ kind, path }: Output): string | undefined {
  if (path === "") return kind === "svg" ? "names no directory" : "names no file";
  if (kind === "svg" && path === "-") return "there are several charts: name a directory";
  if (path === "-") return undefined;
  const isThere = isDirectory(path);
  if (kind !== "svg" && isThere) return "is a directory";
  if (kind === "svg" && !isThere && existsSync(path)) return "is no directory";
  if (!isDirectory(dirname(path))) return `there is no directory ${dirname(path)}`;
  // A directory that is still to be made takes the place of a file for now.
  return whyNotWritable(kind === "svg" && isThere ? join(path, "chart") : path);
}

/** Refuses two reports in one file, of which the first would be lost. */
function checkApart(outputs: readonly Output[]): void {
  const taken = new Map<string, string>();
  for (const { kind, path } of outputs) {
    if (path === "-" || isSpecial(path)) continue;
    const file = withoutLinks(path);
    const other = taken.get(file);
    if (other !== undefined) throw new UsageError(`${other} and --${kind} both write ${path}`);
    taken.set(file, `--${kind}`);
  }
}

/**
 * The reports that were asked for, checked before hours of measuring: that each has somewhere to go, where it
 * can be written, and that no file and stdout neither holds more than one.
 *
 * @throws {UsageError} where one has not.
 */
export function outputsOf(input: CommandInput): Output[] {
  const outputs = KINDS.flatMap((kind): Output[] => {
    const path = value(input, kind);
    return path === undefined ? [] : [{ kind, path }];
  });
  for (const output of outputs) {
    const why = whyNowhere(output);
    if (why !== undefined) throw new UsageError(`--${output.kind} ${output.path || "''"}: ${why}`);
  }
  const piped = outputs.filter(({ path }) => path === "-").map(({ kind }) => `--${kind} -`);
  if (piped.length > 1) {
    throw new UsageError(`${piped.join(" and ")} both write to stdout`);
  }
  checkApart(outputs);
  return outputs;
}

/** Whether a report goes to stdout, where nothing else may go then. */
export function takesStdout(outputs: readonly Output[]): boolean {
  return outputs.some(({ path }) => path === "-");
}

async function textOf(
  kind: Exclude<Output["kind"], "svg">,
  report: BenchReport,
): Promise<string> {
  switch (kind) {
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`;
    case "csv":
      return (await import("../render/bench_csv.ts")).benchCsv(report);
    case "html":
      return (await import("../render/bench_html.ts")).benchHtml(report);
  }
}

/** Writes the reports. A failure of one does not keep the others from being written. */
export async function writeOutputs(
  outputs: readonly Output[],
  report: BenchReport,
  context: CommandContext,
): Promise<void> {
  const failures: unknown[] = [];
  for (const { kind, path } of outputs) {
    const failure = `the report cannot be written to ${path}`;
    try {
      if (kind === "svg") {
        const { benchSvgs } = await import("../render/bench_svg.ts");
        Deno.mkdirSync(path, { recursive: true });
        for (const [name, svg] of benchSvgs(report)) {
          await writeWhole(join(path, name), svg, failure);
        }
      } else if (path === "-") {
        context.stdout.write(await textOf(kind, report));
      } else {
        await writeWhole(path, await textOf(kind, report), failure);
      }
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
