/**
 * By how many steps a hot GPU is held back. Pure.
 *
 * @module
 */

import { slowdownLimit } from "../../telemetry/metrics.ts";
import type { PowerPolicy } from "./policy.ts";

/** After a step the temperature needs time to follow before the next one down, and longer before one up. */
export const THERMAL_LOWER_MS = 5_000, THERMAL_RAISE_MS = 30_000;

/** From where on a GPU is hot, in °C. */
export interface ThermalLimits {
  threshold: number;
  critical: number;
}

/**
 * The limits of a GPU: the policy's, or those of its own slowdown where that comes earlier.
 *
 * @param slowdown °C from which its driver slows it down; null, or 0 and below, where it does not tell.
 */
export function thermalLimits(policy: PowerPolicy, slowdown: number | null): ThermalLimits {
  const { thermal_threshold_c, critical_threshold_c, thermal_margin_c } = policy;
  const own = slowdownLimit(slowdown);
  return {
    threshold: Math.min(thermal_threshold_c, own - thermal_margin_c),
    critical: Math.min(critical_threshold_c, own),
  };
}

/** The steps of a policy, in parts of the whole, falling. */
export function thermalSteps(policy: PowerPolicy): number[] {
  const parts = policy.power_curve.map(({ power_pct }) => power_pct / 100);
  return [...new Set(parts)].filter((part) => part < 1).sort((a, b) => b - a);
}

/** How a GPU is held back. */
export interface ThermalState {
  /** Steps down from the whole cap: 0 is none. */
  step: number;
  /** Whether it is, or was just now, as hot as it may never be. */
  critical: boolean;
}

/** Steps down while a GPU is hot, and up again when it has been cool for long enough. */
export class ThermalTrack {
  #step = 0;
  #critical = false;
  #movedAt = -Infinity;

  /** Where it stands. */
  get state(): ThermalState {
    return { step: this.#step, critical: this.#critical };
  }

  /** Forgets what it saw. */
  reset(): void {
    this.#step = 0;
    this.#critical = false;
    this.#movedAt = -Infinity;
  }

  /** Takes a temperature; without one it stays. */
  see(temperature: number | null, slowdown: number | null, at: number, policy: PowerPolicy) {
    if (temperature === null) return this.state;
    const { threshold, critical } = thermalLimits(policy, slowdown);
    const lowest = thermalSteps(policy).length;
    if (temperature >= critical) {
      this.#critical = true;
      // The time until it may rise counts from the last look at which it was so hot.
      this.#step = lowest;
      this.#movedAt = at;
    } else if (temperature >= threshold) {
      if (this.#step < lowest && at - this.#movedAt >= THERMAL_LOWER_MS) this.#move(1, at);
    } else if (temperature <= threshold - policy.thermal_margin_c) {
      this.#critical = false;
      if (this.#step > 0 && at - this.#movedAt >= THERMAL_RAISE_MS) this.#move(-1, at);
    }
    if (temperature <= critical - policy.thermal_margin_c) this.#critical = false;
    this.#step = Math.min(this.#step, lowest);
    return this.state;
  }

  #move(by: number, at: number): void {
    this.#step += by;
    this.#movedAt = at;
  }
}

/**
 * The highest cap at a step, in W.
 *
 * @param own the cap without the manager.
 */
export function thermalCeiling(step: number, own: number, policy: PowerPolicy): number {
  return own * (thermalSteps(policy)[step - 1] ?? 1);
}
