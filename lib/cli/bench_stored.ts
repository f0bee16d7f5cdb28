/**
 * `mvgal bench --from`: a stored report in other forms, compared and judged, without measuring.
 *
 * @module
 */

import { compareReports } from "../bench/compare.ts";
import { conclude } from "./bench_conclude.ts";
import { outputsOf } from "./bench_outputs.ts";
import { reportNamed, requestOf } from "./bench_request.ts";
import { type CommandContext, type CommandInput, UsageError } from "./command.ts";

/** Options that say what to measure, and how. */
const MEASURING = ["list", "gpu", "quick", "data", "parallel", "wake"] as const;

/**
 * Runs `mvgal bench --from FILE`.
 *
 * @returns the exit status, as of the run that the report is of.
 * @throws {UsageError} for a file that is no report, and for what would be measured.
 */
export async function runStored(input: CommandInput, context: CommandContext): Promise<number> {
  const outputs = outputsOf(input);
  const meant = MEASURING.find((name) => input.options[name] !== undefined);
  const what = meant === undefined ? input.args[0] : `--${meant}`;
  if (what !== undefined) {
    throw new UsageError(`--from measures nothing: leave out ${what}, or --from`);
  }
  const request = requestOf(input);
  const report = reportNamed(input, "from");
  if (report === undefined) throw new UsageError("--from needs a report");
  // Of an earlier comparison the old report is not known any more.
  delete report.comparison;
  delete report.expectations;
  const comparison = request.old === undefined
    ? null
    : compareReports(request.old, report, request.threshold);
  return await conclude(report, { outputs, comparison, request }, context);
}
