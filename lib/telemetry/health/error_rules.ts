/**
 * Rules of errors in memory.
 *
 * @module
 */

import type { GpuSample, MetricName } from "../metrics.ts";
import { GOOD, type HealthRule, missing, type RuleContext, type Verdict } from "./rule.ts";

const ECC_UNCORRECTED: HealthRule = {
  id: "ecc_uncorrected",
  metric: "ecc_uncorrected_count",
  describe: "memory had errors that could not be corrected since the driver was loaded",
  raises: null,
  asleep: "hold",
  judge(sample, { thresholds }) {
    const { ecc_uncorrected_count: count } = sample;
    if (count === null) return missing(sample, "ecc_uncorrected_count");
    const limit = thresholds.ecc_uncorrected_limit;
    if (count <= limit) return GOOD;
    return {
      state: "bad",
      severity: "critical",
      value: count,
      limit,
      text:
        `${count} uncorrected memory ${count === 1 ? "error" : "errors"} since the driver was ` +
        "loaded: results of programs may be wrong",
    };
  },
};

/**
 * How much a counter has risen since it was quiet last; 0 while it is quiet. The first look tells nothing:
 * what was counted before may be months old. A counter that falls was reset.
 */
function risen(count: number, { memory, at, thresholds }: RuleContext): number {
  const { last, base, roseAt } = memory;
  memory.last = count;
  if (last === undefined || base === undefined || count < last) {
    memory.base = count;
    delete memory.roseAt;
    return 0;
  }
  if (count > last) memory.roseAt = at;
  else if (roseAt === undefined || at - roseAt >= thresholds.ecc_quiet_s * 1000) {
    memory.base = count;
    delete memory.roseAt;
    return 0;
  }
  return count - base;
}

function judgeRise(
  sample: GpuSample,
  context: RuleContext,
  metric: MetricName,
  say: (rise: number, count: number) => string,
): Verdict {
  const count = sample[metric];
  if (typeof count !== "number") return missing(sample, metric);
  const rise = risen(count, context);
  if (rise === 0) return GOOD;
  return {
    state: "bad",
    severity: "warning",
    value: count,
    limit: count - rise,
    text: say(rise, count),
  };
}

const ECC_CORRECTED_RISING: HealthRule = {
  id: "ecc_corrected_rising",
  metric: "ecc_corrected_count",
  describe: "memory has errors that are corrected, and they become more",
  raises: null,
  asleep: "hold",
  judge: (sample, context) =>
    judgeRise(
      sample,
      context,
      "ecc_corrected_count",
      (rise, count) => `${rise} more corrected memory errors while watched, ${count} in all`,
    ),
};

/** A few retired pages are a repair that has worked; many, or more and more, are a card that fails. */
const RETIRED_PAGES: HealthRule = {
  id: "retired_pages",
  metric: "retired_pages_count",
  describe: "many pages or rows of memory are out of use, or they become more",
  raises: null,
  asleep: "hold",
  judge(sample, context) {
    const count = sample.retired_pages_count;
    const rising = judgeRise(
      sample,
      context,
      "retired_pages_count",
      (rise, all) => `${rise} more retired pages or rows of memory while watched, ${all} in all`,
    );
    const limit = context.thresholds.retired_pages_warning;
    if (rising.state !== "good" || count === null || count < limit) return rising;
    return {
      state: "bad",
      severity: "warning",
      value: count,
      limit,
      text: `${count} retired pages or rows of memory, warning from ${limit}`,
    };
  },
};

/** Rules of errors in memory. */
export const ERROR_RULES: readonly HealthRule[] = [
  ECC_UNCORRECTED,
  ECC_CORRECTED_RISING,
  RETIRED_PAGES,
];
