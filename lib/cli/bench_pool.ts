/**
 * `mvgal bench pool`: kernels on one GPU and on several as one logical device.
 *
 * @module
 */

import type { PoolReport } from "../bench/pool/report.ts";
import { benchPool } from "../bench/pool/run.ts";
import { type PoolSelection, PoolSelectionError, selectPoolKernels } from "../bench/pool/select.ts";
import { LogicalDevice } from "../pool/logical_device.ts";
import { renderPoolReport } from "../render/bench_pool.ts";
import { outputsOf } from "./bench_outputs.ts";
import { checkNoOtherBench } from "./bench_service.ts";
import {
  type CommandContext,
  type CommandInput,
  flag,
  UsageError,
  value,
  values,
} from "./command.ts";
import { writeWhole } from "./whole_file.ts";

/** Options of `mvgal bench` that mean nothing here. */
const OTHERS = [
  ...["list", "data", "parallel", "csv", "html", "svg"],
  ...["from", "compare", "threshold", "expect"],
];

function isGiven(input: CommandInput, name: string): boolean {
  return flag(input, name) || value(input, name) !== undefined || values(input, name).length > 0;
}

/** What `--kernel` chooses. */
function selectionOf(input: CommandInput): PoolSelection {
  try {
    return selectPoolKernels(values(input, "kernel"));
  } catch (error) {
    if (error instanceof PoolSelectionError) throw new UsageError(error.message);
    throw error;
  }
}

/** Whether what is to be measured is a logical device. */
export function isPoolBench(words: readonly string[]): boolean {
  return words.includes("pool");
}

/** What went wrong in a run. */
function failures({ kernels }: PoolReport): string[] {
  return kernels.flatMap(({ id, error }) => error === null ? [] : [`${id}: ${error}`]);
}

/** Measures, shows, and keeps what is asked for. Exit status 1 where a result is wrong. */
export async function runPoolBench(
  words: readonly string[],
  input: CommandInput,
  context: CommandContext,
): Promise<number> {
  const { stdout, stderr } = context;
  if (words.length > 1) {
    throw new UsageError("bench pool is measured alone: leave the other names out");
  }
  const other = OTHERS.find((name) => isGiven(input, name));
  if (other !== undefined) throw new UsageError(`--${other} means nothing for bench pool`);
  const selection = selectionOf(input);
  outputsOf(input);
  await checkNoOtherBench(input, context);
  const json = value(input, "json");
  const gpus = value(input, "gpu");
  await using device = await LogicalDevice.open({
    virtual: true,
    ...(gpus !== undefined && { gpus }),
  });
  const report = await benchPool(device, {
    quick: flag(input, "quick"),
    onStart: (what) => {
      if (stderr.isTerminal) stderr.write(`\r\x1b[K${what}`);
    },
  }, selection);
  if (stderr.isTerminal) stderr.write("\r\x1b[K");
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === "-") stdout.write(text);
  else {
    if (json !== undefined) await writeWhole(json, text);
    stdout.write(renderPoolReport(report));
  }
  const wrong = failures(report);
  for (const each of wrong) stderr.write(`mvgal: wrong result: ${each}\n`);
  return wrong.length === 0 ? 0 : 1;
}
