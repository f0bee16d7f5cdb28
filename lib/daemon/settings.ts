/**
 * From the configuration to what each part of the service is to do. Pure.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import type { GpuPolicy } from "../config/gpu_policy.ts";
import { strategies } from "../config/sections/strategies.ts";
import type { GivenOptions } from "../schedule/options.ts";
import { STRATEGY_NAMES, type StrategyName } from "../schedule/strategies.ts";
import type { Retention } from "./history/tiers.ts";
import type { PlacementRules } from "./placement.ts";
import type { PowerPolicy } from "./power/policy.ts";
import type { SchedulerBase } from "./scheduler_state.ts";

const HOUR_S = 3600, DAY_S = 24 * HOUR_S;

/** In the configuration 0 W is "no limit". */
function watts(value: number): number | null {
  return value > 0 ? value : null;
}

/** What the power manager is to do. */
export function powerPolicy({ power }: Config, gpus: readonly GpuPolicy[]): PowerPolicy {
  const assumed = gpus.flatMap(({ id, assumed_watts }): [string, number][] =>
    assumed_watts === null ? [] : [[id, assumed_watts]]
  );
  return {
    enabled: power.enabled,
    park: power.enable_parking,
    thermal: power.enable_thermal,
    idle_timeout_ms: power.idle_timeout_ms,
    sustained_timeout_ms: power.sustained_timeout_ms,
    park_timeout_ms: power.park_timeout_ms,
    idle_below_pct: power.idle_below_percent,
    thermal_threshold_c: power.thermal_threshold,
    critical_threshold_c: power.critical_threshold,
    thermal_margin_c: power.thermal_margin,
    power_curve: power.power_curve.map(({ at, value }) => ({ load_pct: at, power_pct: value })),
    power_limit_watts: watts(power.power_limit_watts),
    psu_capacity_watts: watts(power.psu_capacity_watts),
    psu_safety_margin_percent: power.psu_safety_margin_percent,
    assumed_watts: Object.fromEntries(assumed),
  };
}

/** How long the history is kept. */
export function retention({ history }: Config): Retention {
  const { raw_hours, ten_second_days, five_minute_days, one_hour_days } = history;
  return {
    raw_s: raw_hours * HOUR_S,
    tiers_s: [ten_second_days, five_minute_days, one_hour_days].map((days) => days * DAY_S),
  };
}

/** What the scheduler begins with. */
export function schedulerBase({ core }: Config, gpus: readonly GpuPolicy[]): SchedulerBase {
  return {
    strategy: core.default_strategy,
    gpus: Object.fromEntries(
      gpus.map(({ id, enabled, priority }) => [id, { enabled, priority }]),
    ),
  };
}

/** A limit is given in units of so many bytes. */
const MIB = 1n << 20n;

/** What programs are told beside the scheduler's state. */
export function placementRules(config: Config, gpus: readonly GpuPolicy[]): PlacementRules {
  const options = STRATEGY_NAMES.flatMap((name): [StrategyName, GivenOptions][] =>
    isSection(name) ? [[name, given(config[name])]] : []
  );
  const limits = gpus.flatMap(({ id, memory_limit_mb }): [string, bigint][] =>
    memory_limit_mb === 0 ? [] : [[id, BigInt(memory_limit_mb) * MIB]]
  );
  return {
    places: config.core.enabled,
    options: Object.fromEntries(options),
    memory_limits: Object.fromEntries(limits),
  };
}

function isSection(name: StrategyName): name is StrategyName & keyof typeof strategies {
  return Object.hasOwn(strategies, name);
}

/** In the configuration null is "not given". */
function given(values: Readonly<Record<string, unknown>>): GivenOptions {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null),
  ) as GivenOptions;
}
