/**
 * A run of `mvgal bench pool`, for people.
 *
 * @module
 */

import type { PooledFigure, PoolReport } from "../bench/pool/report.ts";
import type { TransferPlan } from "../pool/transfer/types.ts";
import { table } from "./table.ts";

const ms = (value: number) => `${value.toPrecision(3)} ms`;

function named(gpus: readonly string[], { device }: PoolReport): string {
  const software = device.members.filter(({ id, kind }) =>
    gpus.includes(id) && kind === "software"
  );
  const count = gpus.length - software.length;
  const parts = [
    ...(count > 0 ? [`${count} GPU${count === 1 ? "" : "s"}`] : []),
    ...(software.length > 0 ? [`${software.length} software`] : []),
  ];
  return parts.join(" + ");
}

function pooledRow(figure: PooledFigure, report: PoolReport): string[] {
  return [
    `  ${named(figure.gpus, report)}`,
    ms(figure.single_ms),
    ms(figure.pooled_ms),
    `${figure.speedup.toFixed(2)}x`,
    `${figure.speedup_low.toFixed(2)}-${figure.speedup_high.toFixed(2)}`,
    figure.of_sum === null ? "" : figure.of_sum.toFixed(2),
    `${Math.round(100 * figure.split_share)} %`,
    figure.same_as_one ? "same" : "differ",
  ];
}

/** The way between each two members, and once each reason why a better one is not used. */
function transferLines(transfers: readonly TransferPlan[]): string[] {
  if (transfers.length === 0) return [];
  const rows = transfers.map(({ from, to, tier, how, bandwidth_gb_s, latency_us }) => [
    `  ${from} -> ${to}`,
    tier,
    bandwidth_gb_s === null ? "" : `${bandwidth_gb_s} GB/s`,
    latency_us === null ? "" : `${latency_us} µs`,
    how,
  ]);
  const reasons = transfers.flatMap(({ refused }) =>
    refused.map(({ tier, reason }) => `  no ${tier}: ${reason}`)
  );
  return [
    "",
    "bytes between members",
    ...table(rows, ["left", "left", "right", "right", "left"]),
    ...new Set(reasons),
  ];
}

/** The report in lines of text. */
export function renderPoolReport(report: PoolReport): string {
  const { device, kernels, frames } = report;
  const lines = device.members.map(({ id, name, kind }) => `${id}  ${name} (${kind})`);
  lines.push(...transferLines(device.transfers));
  const head = ["", "one", "together", "speed-up", "between", "of sum", "split", "results"];
  for (const kernel of kernels) {
    const { verdict } = kernel;
    const safe = verdict.kind === "split"
      ? `safe to split along ${verdict.dimension}`
      : `runs whole: ${verdict.reason}`;
    lines.push("", `${kernel.id}: ${kernel.title}; ${safe}`);
    if (kernel.error !== null) lines.push(`  wrong: ${kernel.error}`);
    const rows = kernel.pooled.map((figure) => pooledRow(figure, report));
    const right = ["left", "right", "right", "right", "right", "right", "right", "left"] as const;
    lines.push(...table([head, ...rows], right));
    for (const { gpus, reason, difference } of kernel.pooled) {
      lines.push(`  ${named(gpus, report)}: ${reason}`);
      if (difference !== null) lines.push(`  results differ: ${difference}`);
    }
  }
  if (frames.length === 0) return `${lines.join("\n")}\n`;
  lines.push("", "frames");
  lines.push(...table([
    ["", "strategy", "frames/s", "speed-up", "jitter"],
    ...frames.map(({ gpus, strategy, frames_per_s, speedup, jitter_ms }) => [
      `  ${named(gpus, report)}`,
      strategy,
      frames_per_s.toPrecision(4),
      speedup === null ? "" : `${speedup.toFixed(2)}x`,
      jitter_ms === null ? "" : ms(jitter_ms),
    ]),
  ], ["left", "left", "right", "right", "right"]));
  return `${lines.join("\n")}\n`;
}
