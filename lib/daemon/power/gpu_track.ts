/**
 * What the power manager remembers of one GPU. Pure.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import { isAsleep } from "../../sysfs/device_files.ts";
import type { GpuSample } from "../../telemetry/metrics.ts";
import type { ProcessList } from "../../telemetry/process.ts";
import type { CapLimits, CapRange, HoldGroup } from "./decision.ts";
import { DemandTrack } from "./demand.ts";
import { type Evidence, evidenceOf, holdsCompute, IdleTrack } from "./idleness.ts";
import { lowestPart, type PowerPolicy } from "./policy.ts";
import { thermalCeiling, ThermalTrack } from "./thermal.ts";

/** After so long in ms something that was refused is tried again. */
export const RETRY_MS = 60_000;

/** Caps are set in whole watts at the least: finer steps than that are noise. */
const LEAST_STEP_W = 1;

/** A look so soon after a change in ms may show the cap from before it, which is not the GPU's own. */
const SETTLED_MS = 5_000;

/** Why a group of a GPU is not touched, and until when. */
export interface Refusal {
  reason: string;
  by: "person" | "other" | "driver" | "rights" | "itself";
  until: number;
}

/** One GPU from look to look. */
export class GpuTrack {
  readonly id: GpuId;
  readonly idle = new IdleTrack();
  readonly thermal = new ThermalTrack();
  readonly demand = new DemandTrack();
  readonly refusals = new Map<HoldGroup, Refusal>();
  sample: GpuSample;
  evidence: Evidence = "unknown";
  /** What its driver takes; null where it was not asked yet. */
  range: CapRange | null = null;
  /** The cap in W that the manager holds; null for none. */
  heldCap: number | null = null;
  /** Whether the manager holds it parked. */
  heldPark = false;
  /** Its part of the budget when that was shared out last; null without a budget. */
  share: number | null = null;
  /** When its cap, or its being parked, was changed last. */
  capChangedAt = -Infinity;
  parkChangedAt = -Infinity;
  /** Looks in a row that show another cap than the one held. */
  mismatches = 0;
  /** Whether it was not read at some time since the cap was last seen as held. */
  wasBlind = false;
  #own: number | null = null;
  /** The part of its own cap below which none is set. */
  #lowestPart = 1;

  /** Starts with its first sample. */
  constructor(sample: GpuSample) {
    this.id = sample.id;
    this.sample = sample;
  }

  /** Takes a look. */
  see(sample: GpuSample, programs: ProcessList | null, at: number, policy: PowerPolicy): void {
    this.sample = sample;
    this.#lowestPart = lowestPart(policy);
    this.evidence = evidenceOf(sample, holdsCompute(this.id, programs), policy);
    this.idle.see(this.evidence, at, policy);
    if (policy.enabled && policy.thermal) {
      this.thermal.see(sample.temperature_c, sample.temperature_slowdown_c, at, policy);
    } else this.thermal.reset();
    this.demand.see(sample.power_w, at);
    for (const [group, { until }] of this.refusals) {
      if (at >= until) this.refusals.delete(group);
    }
    const cap = sample.power_cap_w;
    if (!this.awake) this.wasBlind = true;
    if (this.heldCap === null) {
      const isSettled = at - this.capChangedAt >= SETTLED_MS;
      if (cap !== null && cap > 0 && isSettled) this.#own = cap;
    } else if (cap !== null) {
      const same = Math.abs(cap - this.heldCap) <= LEAST_STEP_W;
      this.mismatches = same ? 0 : this.mismatches + 1;
      if (same) this.wasBlind = false;
    }
  }

  /** Whether it is read now: neither asleep nor lost, nor left alone so that it falls asleep. */
  get awake(): boolean {
    const { state, power_state, utilization_pct, temperature_c, power_w, power_cap_w } =
      this.sample;
    return state === "ok" && !isAsleep(power_state) &&
      [utilization_pct, temperature_c, power_w, power_cap_w].some((value) => value !== null);
  }

  /** The cap in W without the manager; null where it is not known. */
  get own(): number | null {
    return this.#own ?? this.range?.own ?? null;
  }

  /** The cap in W now; null where it is not known. */
  get cap(): number | null {
    return this.heldCap ?? this.own;
  }

  /** Whether a group is left alone for now. */
  refused(group: HoldGroup): boolean {
    return this.refusals.has(group);
  }

  /** Takes what the driver says of its power cap. */
  learn(limits: CapLimits, at: number): void {
    if (limits.state === "ok") {
      this.range = limits;
      this.#own ??= limits.own;
    } else {
      const { reason, by } = limits;
      this.refusals.set("power", { reason, by, until: at + RETRY_MS });
    }
  }

  /**
   * The least cap in W that may be set: the driver's, or the policy's where that is higher; null where none can
   * be set, or none below its own.
   */
  get least(): number | null {
    const { range, own } = this;
    if (range === null || own === null) return null;
    const step = this.#step;
    const least = Math.ceil(Math.max(range.min, own * this.#lowestPart) / step) * step;
    return least < own && least <= range.max ? least : null;
  }

  get #step(): number {
    const step = this.range?.step ?? LEAST_STEP_W;
    return Math.ceil(LEAST_STEP_W / step) * step;
  }

  /** Whether its cap may be changed now. */
  get adjustable(): boolean {
    return this.awake && this.least !== null && !this.refused("power");
  }

  /** The cap in W that is nearest below `watts` and can be set; its own where `watts` is not below that. */
  settable(watts: number): number {
    const { own, least, range } = this;
    if (own === null || least === null || watts >= own) return own ?? watts;
    const step = this.#step;
    const most = Math.min(watts, range?.max ?? watts);
    return Math.max(least, Math.floor(most / step + 1e-9) * step);
  }

  /** The highest cap in W that its temperature allows. */
  ceiling(policy: PowerPolicy): number {
    const { own } = this;
    if (own === null || !policy.thermal) return own ?? Infinity;
    return this.settable(thermalCeiling(this.thermal.state.step, own, policy));
  }
}
