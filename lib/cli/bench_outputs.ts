/**
 * Where the reports of `mvgal bench` go.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { reasonOf } from "../bench/errors.ts";
import type { BenchReport } from "../bench/report.ts";
import { type CommandContext, type CommandInput, UsageError, value } from "./command.ts";
import { writeWhole } from "./whole_file.ts";

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

/**
 * The reports that were asked for, checked before hours of measuring: that each has somewhere to go, and
 * that stdout holds one at most.
 *
 * @throws {UsageError} where one has not.
 */
export function outputsOf(input: CommandInput): Output[] {
  const outputs = KINDS.flatMap((kind): Output[] => {
    const path = value(input, kind);
    return path === undefined ? [] : [{ kind, path }];
  });
  for (const { kind, path } of outputs) {
    const option = `--${kind} ${path}`;
    if (kind === "svg") {
      if (path === "-") {
        throw new UsageError(
          `${option}: there are several charts: name a directory`,
        );
      }
    } else {
      if (path === "-") continue;
      if (isDirectory(path)) throw new UsageError(`${option}: is a directory`);
    }
    if (!isDirectory(dirname(path))) {
      throw new UsageError(`${option}: there is no directory ${dirname(path)}`);
    }
  }
  const piped = outputs.filter(({ path }) => path === "-").map(({ kind }) => `--${kind} -`);
  if (piped.length > 1) {
    throw new UsageError(`${piped.join(" and ")} both write to stdout`);
  }
  return outputs;
}

/** Whether a report goes to stdout, where nothing else may go then. */
export function takesStdout(outputs: readonly Output[]): boolean {
  return outputs.some(({ path }) => path === "-");
}

function writeStdout(text: string, { stdout }: CommandContext): void {
  try {
    stdout.write(text);
  } catch (error) {
    // Who does not read on has what they wanted.
    if (error instanceof Deno.errors.BrokenPipe) throw error;
    throw new Error(`the report cannot be written to stdout: ${reasonOf(error)}`);
  }
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
        writeStdout(await textOf(kind, report), context);
      } else {
        await writeWhole(path, await textOf(kind, report), failure);
      }
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
