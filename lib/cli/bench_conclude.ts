/**
 * The end of `mvgal bench`: what came of a report, where it goes, and the exit status.
 *
 * @module
 */

import type { Comparison } from "../bench/compare.ts";
import { judgeExpectations } from "../bench/expect.ts";
import type { BenchReport } from "../bench/report.ts";
import { comparisonText } from "../render/bench_compare.ts";
import { benchReportTable } from "../render/bench_table.ts";
import { usesUtf8 } from "../render/charset.ts";
import { styleFor } from "../render/style.ts";
import { type Output, takesStdout, writeOutputs } from "./bench_outputs.ts";
import type { Request } from "./bench_request.ts";
import type { CommandContext } from "./command.ts";

/** What is to be said of a report beside itself. */
export interface Conclusion {
  outputs: readonly Output[];
  /** Null where there is nothing to compare with. */
  comparison: Comparison | null;
  request: Pick<Request, "expectations">;
}

function tableOf(report: BenchReport, { stdout, env }: CommandContext): string {
  return benchReportTable(report, {
    columns: stdout.isTerminal ? stdout.columns : Infinity,
    unicode: usesUtf8(env),
    style: styleFor(stdout.color),
  });
}

/**
 * Writes a report and shows it, with its comparison and expectations.
 *
 * @returns the exit status: 1 where something failed, became worse, or was not as expected.
 */
export async function conclude(
  report: BenchReport,
  { outputs, comparison, request: { expectations } }: Conclusion,
  context: CommandContext,
): Promise<number> {
  const verdicts = judgeExpectations(expectations, report.benchmarks, comparison);
  if (comparison !== null) report.comparison = comparison;
  if (expectations.length > 0) report.expectations = verdicts;
  // Files first: whoever reads stdout may leave before the end of it.
  const failure = await writeOutputs(outputs, report, context)
    .then(() => null, (error: unknown) => ({ error }));
  const isPiped = takesStdout(outputs);
  if (!isPiped) context.stdout.write(tableOf(report, context));
  const people = isPiped ? context.stderr : context.stdout;
  if (comparison !== null) people.write(`\n${comparisonText(comparison)}`);
  for (const { line, state } of verdicts) {
    (state === "met" ? people : context.stderr).write(`expected ${line}\n`);
  }
  if (failure !== null) throw failure.error;
  const isBad = report.benchmarks.some(({ state }) =>
    state === "failed" || state === "implausible"
  );
  const isWorse = comparison?.changes.some(({ fails }) => fails) ?? false;
  return isBad || isWorse || verdicts.some(({ state }) => state !== "met") ? 1 : 0;
}
