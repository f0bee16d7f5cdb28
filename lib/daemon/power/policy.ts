/**
 * What the power manager is to do. Plain data; the names are those of `[power]` in the configuration, with the
 * unit at the end.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";

/** One point of a power curve: at a load of so many per cent, so many per cent of the cap. */
export interface PowerCurvePoint {
  load_pct: number;
  power_pct: number;
}

/** What the power manager is to do. */
export interface PowerPolicy {
  /** Whether it does anything. */
  enabled: boolean;
  /** Whether GPUs that nothing uses are allowed to sleep. */
  park: boolean;
  /** Whether the power cap of hot GPUs is lowered. */
  thermal: boolean;
  /** After so long without work a GPU counts as idle. */
  idle_timeout_ms: number;
  /** After so long, it gives up its share of the power budget. */
  sustained_timeout_ms: number;
  /** After so long, it is parked. */
  park_timeout_ms: number;
  /** A GPU below this utilization may be idle; at twice as much it works. */
  idle_below_pct: number;
  /** From here on the power cap is lowered, step by step. */
  thermal_threshold_c: number;
  /** From here on the power cap is the lowest at once. */
  critical_threshold_c: number;
  /** How far below a limit a GPU has to cool, and how far below its own slowdown it is held. */
  thermal_margin_c: number;
  /**
   * Its `power_pct` are the steps by which the cap of a hot GPU is lowered; `load_pct` orders them. No cap is
   * set below the lowest of them, whatever the driver takes: some take 1 W.
   */
  power_curve: readonly PowerCurvePoint[];
  /** What all GPUs together may draw; null for no limit. */
  power_limit_watts: number | null;
  /** What the power supply can give; null where it is not known. */
  psu_capacity_watts: number | null;
  /** How much of that is kept free, for the rest of the host too. */
  psu_safety_margin_percent: number;
  /** What a GPU may draw that tells neither its power nor its cap, in W, by id. */
  assumed_watts: Readonly<Record<GpuId, number>>;
}

/** Off; timeouts and limits as MVGAL has always had them. */
export const DEFAULT_POWER_POLICY: PowerPolicy = {
  enabled: false,
  park: true,
  thermal: true,
  idle_timeout_ms: 5_000,
  sustained_timeout_ms: 10_000,
  park_timeout_ms: 30_000,
  idle_below_pct: 5,
  thermal_threshold_c: 85,
  critical_threshold_c: 95,
  thermal_margin_c: 5,
  power_curve: [
    { load_pct: 0, power_pct: 30 },
    { load_pct: 25, power_pct: 50 },
    { load_pct: 50, power_pct: 70 },
    { load_pct: 75, power_pct: 85 },
    { load_pct: 100, power_pct: 100 },
  ],
  power_limit_watts: null,
  psu_capacity_watts: null,
  psu_safety_margin_percent: 20,
  assumed_watts: {},
};

/** `LOAD:POWER`. */
const POINT = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/;

/**
 * Reads `0:30,25:50,50:70,75:85,100:100`: load and power in per cent.
 *
 * @throws {RangeError} in one line, where it is no such list or does not rise.
 */
export function parsePowerCurve(text: string): PowerCurvePoint[] {
  const points = text.split(",").map((part) => {
    const match = POINT.exec(part.trim());
    if (match === null) {
      throw new RangeError(
        `power curve: '${part.trim()}' is no point: write LOAD:POWER in per cent`,
      );
    }
    return { load_pct: Number(match[1]), power_pct: Number(match[2]) };
  });
  const problem = curveProblem(points);
  if (problem !== undefined) throw new RangeError(problem);
  return points;
}

function curveProblem(points: readonly PowerCurvePoint[]): string | undefined {
  if (points.length === 0) return "power curve: it has no point";
  for (const [at, { load_pct, power_pct }] of points.entries()) {
    const point = `${load_pct}:${power_pct}`;
    const within = load_pct >= 0 && load_pct <= 100 && power_pct > 0 && power_pct <= 100;
    if (!within) return `power curve: ${point} is outside of 0:1 to 100:100`;
    const before = points[at - 1];
    if (before !== undefined && (load_pct <= before.load_pct || power_pct < before.power_pct)) {
      return `power curve: ${point} does not rise above ${before.load_pct}:${before.power_pct}`;
    }
  }
  return undefined;
}

/** What is wrong with a policy, one line each; empty where nothing is. */
export function powerPolicyProblems(policy: PowerPolicy): string[] {
  const problems: string[] = [];
  const within = (name: keyof PowerPolicy, least: number, most: number) => {
    const value = policy[name];
    if (typeof value === "number" && value >= least && value <= most) return;
    problems.push(`${name}: ${value} is outside of ${least} to ${most}`);
  };
  const day = 24 * 60 * 60 * 1000;
  within("idle_timeout_ms", 0, day);
  within("sustained_timeout_ms", 0, day);
  within("park_timeout_ms", 1_000, day);
  within("idle_below_pct", 0, 50);
  within("thermal_threshold_c", 40, 120);
  within("critical_threshold_c", 40, 130);
  within("thermal_margin_c", 1, 30);
  within("psu_safety_margin_percent", 0, 90);
  for (const name of ["power_limit_watts", "psu_capacity_watts"] as const) {
    if (policy[name] !== null) within(name, 1, 1e6);
  }
  const rising = (low: keyof PowerPolicy, high: keyof PowerPolicy) => {
    const [a, b] = [policy[low], policy[high]];
    if (typeof a === "number" && typeof b === "number" && a > b) {
      problems.push(`${low}: ${a} is above ${high}, ${b}`);
    }
  };
  rising("idle_timeout_ms", "sustained_timeout_ms");
  rising("sustained_timeout_ms", "park_timeout_ms");
  rising("thermal_threshold_c", "critical_threshold_c");
  const curve = curveProblem(policy.power_curve);
  if (curve !== undefined) problems.push(curve);
  for (const [gpu, watts] of Object.entries(policy.assumed_watts)) {
    if (!(watts >= 0 && watts <= 1e4)) {
      problems.push(`assumed_watts of ${gpu}: ${watts} is outside of 0 to 10000`);
    }
  }
  return problems;
}

/** The part of a GPU's own cap below which none is set. */
export function lowestPart({ power_curve }: PowerPolicy): number {
  return Math.min(1, ...power_curve.map(({ power_pct }) => power_pct / 100));
}

/** What all GPUs together may draw. */
export interface PowerBudget {
  watts: number;
  /** Which of the two settings gives it. */
  source: "power_limit_watts" | "psu_capacity_watts";
}

/** The smaller of the limit and of what the power supply can give less its margin; null without both. */
export function budgetOf(policy: PowerPolicy): PowerBudget | null {
  const { power_limit_watts: limit, psu_capacity_watts: capacity } = policy;
  const supply = capacity === null ? null : capacity * (1 - policy.psu_safety_margin_percent / 100);
  if (limit !== null && (supply === null || limit <= supply)) {
    return { watts: limit, source: "power_limit_watts" };
  }
  return supply === null ? null : { watts: supply, source: "psu_capacity_watts" };
}
