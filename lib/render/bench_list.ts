/**
 * The list of benchmarks for people.
 *
 * @module
 */

import type { BenchList, ListedBenchmark } from "../bench/listing.ts";
import { labelled, printable } from "./text.ts";

/** Columns before what is said of a benchmark. */
const INDENT = 4;

function availability({ available, unavailable }: ListedBenchmark): string {
  const reasons = Map.groupBy(Object.entries(unavailable), ([, reason]) => reason);
  const not = [...reasons].map(([reason, where]) =>
    `not on ${where.map(([name]) => name).join(", ")}: ${reason}`
  );
  if (available.length > 0) return [`on ${available.join(", ")}`, ...not].join("; ");
  return not.length > 0 ? not.join("; ") : "no device here to run it on";
}

/**
 * The list: a line for each benchmark with its unit and what is counted, and below it where it can be run.
 *
 * @param columns width of the screen.
 */
export function benchListText(list: BenchList, columns: number): string {
  const lines: string[] = [];
  let suite = "";
  for (const benchmark of list.benchmarks) {
    if (benchmark.suite !== suite) {
      suite = benchmark.suite;
      lines.push(...(lines.length > 0 ? [""] : []), suite);
    }
    const parameters = Object.entries(benchmark.parameters)
      .map(([name, value]) => ` ${name}=${value}`).join("");
    lines.push(`  ${benchmark.name}${parameters}, ${benchmark.unit}`);
    const say = (text: string) =>
      lines.push(
        ...labelled("", printable(text), { indent: INDENT, labelWidth: 0, columns }),
      );
    say(benchmark.convention);
    say(availability(benchmark));
  }
  return lines.map((line) => `${line}\n`).join("");
}
