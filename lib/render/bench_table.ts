/**
 * The results of a run as a table for people.
 *
 * @module
 */

import type { Result } from "../bench/benchmark.ts";
import type { BenchDevice } from "../bench/report.ts";
import { printable } from "./text.ts";

/** A number with four significant digits, without an exponent: `4539`, `65.84`, `0.5971`. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const digits = Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 9));
}

/** Heading of a device's part of the table. */
export function deviceHeading(device: BenchDevice): string {
  const details = [
    device.id === "host" ? undefined : device.id,
    device.kind === "software" ? "software" : undefined,
    device.api_version === null ? undefined : `Vulkan ${device.api_version}`,
    device.driver ?? undefined,
  ].filter((detail) => detail !== undefined);
  const name = printable(device.name);
  return details.length === 0 ? name : `${name} (${printable(details.join(", "))})`;
}

/** How a result ended, in short: `4539 GB/s`, `unsupported: …`. */
export function shortResult({ unit, outcome }: Result): string {
  return outcome.state === "ok"
    ? `${formatFigure(outcome.measured.summary.median)} ${unit}`
    : `${outcome.state}: ${printable(outcome.reason)}`;
}

/** One result in one line. */
function resultLine({ suite, title, unit, outcome }: Result): string {
  const label = `  ${suite.padEnd(11)}${title.padEnd(24)}`;
  if (outcome.state !== "ok") return `${label}${outcome.state}: ${printable(outcome.reason)}`;
  const { summary, shape, clock } = outcome.measured;
  const figure = `${formatFigure(summary.median).padStart(8)} ${unit.padEnd(8)}`;
  const spread = suite === "scheduling" || suite === "sync"
    ? `p99 ${formatFigure(summary.p99)}, max ${formatFigure(summary.max)}`
    : `±${((100 * summary.mad) / summary.median).toFixed(1)} %, ` +
      `${formatFigure(summary.p5)} to ${formatFigure(summary.p95)}`;
  const hostClock =
    clock === "host" && suite !== "sync" && suite !== "scheduling" && suite !== "host"
      ? ", host clock"
      : "";
  return `${label}${figure} ${spread}, n ${summary.n}${hostClock}; ${shape}`;
}

/**
 * The table: a heading for each device and a line for each of its results.
 *
 * @param columns where lines are cut off; by default nowhere.
 */
export function benchTable(
  devices: readonly BenchDevice[],
  results: readonly Result[],
  columns = Infinity,
): string {
  const fit = (line: string) => line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
  const lines: string[] = [];
  for (const device of devices) {
    const own = results.filter((result) => result.device === device.id);
    if (own.length === 0) continue;
    if (lines.length > 0) lines.push("");
    lines.push(deviceHeading(device), ...own.map(resultLine));
  }
  return lines.map((line) => `${fit(line)}\n`).join("");
}
