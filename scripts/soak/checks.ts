/**
 * What must hold of every sample, whatever fails.
 *
 * @module
 */

import type { HealthReport } from "../../lib/telemetry/health.ts";
import {
  type GpuMetrics,
  type GpuSample,
  METRIC_NAMES,
  type MetricName,
} from "../../lib/telemetry/metrics.ts";

/** Shares of 100. A fan may be told to turn faster than its nominal speed. */
const SHARES = METRIC_NAMES.filter((name) => name.endsWith("_pct") && name !== "fan_pct");

/** One line where a sample of a GPU cannot be right; undefined where it can. */
export function brokenRule(sample: GpuSample): string | undefined {
  for (const name of METRIC_NAMES) {
    const value = sample[name];
    if (value === null) {
      const why = sample.absent[name];
      if (!why || why.includes("\n")) return `${name} is absent, and the reason is: ${why}`;
      if (sample.sources[name] !== undefined) return `${name} is absent, and has a source`;
    } else if (!sample.sources[name] || sample.absent[name] !== undefined) {
      return `${name} is ${value} without a source, or with a reason why it is absent`;
    } else if (typeof value === "number" && !(Number.isFinite(value) && value >= -100)) {
      return `${name} is ${value}`;
    }
  }
  const share = SHARES.find((name) => Number(sample[name] ?? 0) < 0 || Number(sample[name]) > 100);
  if (share !== undefined) return `${share} is ${sample[share]}`;
  if ((sample.state === "ok") !== (sample.reason === null)) {
    return `the state is ${sample.state}, and its reason: ${sample.reason}`;
  }
  return undefined;
}

/** One line where a sample of a GPU that is well is not what the GPU is set to. */
export function wrongNumber(sample: GpuSample, truth: Partial<GpuMetrics>): string | undefined {
  if (sample.state !== "ok") return `the state is ${sample.state}: ${sample.reason}`;
  const show = (value: unknown) => JSON.stringify(value ?? null);
  const wrong = METRIC_NAMES.filter((name) => show(sample[name]) !== show(truth[name]));
  if (wrong.length === 0) return undefined;
  const say = (name: MetricName) =>
    `${name} is ${show(sample[name])} (${sample.absent[name] ?? sample.sources[name]}), ` +
    `not ${show(truth[name])}`;
  const others = wrong.slice(2).join(", ");
  return wrong.slice(0, 2).map(say).join("; ") + (others && `; wrong are ${others} too`);
}

/** Follows the findings of health: each is raised before it is cleared, and cleared but once. */
export class FindingCheck {
  readonly #held = new Set<string>();
  /** How many events there were. */
  events = 0;

  /** One line where a report contradicts those before, or itself. */
  see(report: HealthReport): string | undefined {
    for (const { gpu, finding, edge } of report.events) {
      this.events++;
      const key = `${gpu} ${finding.id}`;
      if (edge === "raised") this.#held.add(key);
      else if (!this.#held.delete(key)) return `health: ${key} is cleared and was never raised`;
    }
    const found = report.gpus.flatMap(({ id, findings }) =>
      findings.map((each) => `${id} ${each.id}`)
    );
    if (found.length !== this.#held.size || found.some((key) => !this.#held.has(key))) {
      return `health: findings ${found.join(", ")}; raised and not cleared: ${
        [...this.#held].join(", ")
      }`;
    }
    return undefined;
  }
}
