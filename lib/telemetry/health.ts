/**
 * Whether GPUs are well: rules over samples, with hysteresis and edges.
 *
 * Pure: no file, no library, no clock but that of the samples.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import { RuleTrack } from "./health/track.ts";
import {
  type GpuHealth,
  type HealthEvent,
  type HealthFinding,
  type HealthReport,
  type HealthState,
  worstState,
} from "./health/report.ts";
import { GOOD, type HealthRule, HOLD, type RuleContext, type Verdict } from "./health/rule.ts";
import { GPU_LOST, HEALTH_RULES } from "./health/rules.ts";
import { DEFAULT_THRESHOLDS, type HealthThresholds } from "./health/thresholds.ts";
import type { GpuSample } from "./metrics.ts";

export { healthExitStatus } from "./health/exit_status.ts";
export {
  type GpuHealth,
  type HealthEvent,
  type HealthFinding,
  type HealthReport,
  type HealthState,
  type Severity,
  worstState,
} from "./health/report.ts";
export { HEALTH_RULES } from "./health/rules.ts";
export {
  DEFAULT_THRESHOLDS,
  HealthThresholdError,
  type HealthThresholds,
  healthThresholds,
  type ThresholdName,
} from "./health/thresholds.ts";

/** How to judge. */
export interface HealthOptions {
  /** The limits; {@linkcode DEFAULT_THRESHOLDS} where not given. See {@linkcode healthThresholds}. */
  thresholds?: HealthThresholds;
  /**
   * Whether one sample is enough for a finding, as for a script that looks once. What shows in a change
   * alone (corrected errors that become more) is not found then.
   */
  once?: boolean;
  /** GPUs that use the host's memory: the part set aside for them may be full. */
  sharedMemory?: Iterable<GpuId>;
}

/** What is remembered of one GPU. */
interface Remembered {
  readonly tracks: Map<string, RuleTrack>;
  /** When it was seen to be well, or asleep, last; undefined where it never was, or was not since. */
  okAt: number | undefined;
}

/**
 * Judges sample after sample. It keeps what it needs of the samples before: a limit has to be passed in
 * several samples in a row, and a value has to fall a margin below it before it is well again.
 *
 * @example
 * ```ts
 * import { HealthMonitor } from "./health.ts";
 * import assert from "node:assert/strict";
 *
 * const monitor = new HealthMonitor();
 * assert.equal(monitor.judge([], 0).worst, "unknown");
 * ```
 */
export class HealthMonitor {
  readonly #thresholds: HealthThresholds;
  readonly #once: boolean;
  readonly #sharedMemory: ReadonlySet<GpuId>;
  readonly #gpus = new Map<GpuId, Remembered>();

  /** Starts with nothing found. */
  constructor(
    { thresholds = DEFAULT_THRESHOLDS, once = false, sharedMemory = [] }: HealthOptions = {},
  ) {
    this.#thresholds = thresholds;
    this.#once = once;
    this.#sharedMemory = new Set(sharedMemory);
  }

  /**
   * Judges one sample of all GPUs.
   *
   * @param at when it was taken, in milliseconds on any one clock that does not go back.
   */
  judge(gpus: readonly GpuSample[], at: number): HealthReport {
    const events: HealthEvent[] = [];
    const judged = gpus.map((sample) => this.#judgeGpu(sample, at, events));
    this.#forget(new Set(gpus.map((sample) => sample.id)), at, events);
    return { at, gpus: judged, events, worst: worstState(judged.map(({ state }) => state)) };
  }

  #judgeGpu(sample: GpuSample, at: number, events: HealthEvent[]): GpuHealth {
    const remembered = this.#remembered(sample.id);
    const findings: HealthFinding[] = [];
    const unjudged: Record<string, string> = {};
    for (const rule of HEALTH_RULES) {
      const track = this.#track(remembered, rule);
      const context: RuleContext = {
        thresholds: this.#thresholds,
        at,
        held: track.held,
        memory: track.memory,
        sharedMemory: this.#sharedMemory.has(sample.id),
      };
      const verdict = verdictOf(rule, sample, context);
      if (verdict.state === "unknown") unjudged[rule.id] = verdict.reason;
      for (const edge of track.see(verdict, at)) events.push({ ...edge, at, gpu: sample.id });
      if (track.finding !== null) findings.push({ ...track.finding });
    }
    findings.sort((a, b) => Number(b.severity === "critical") - Number(a.severity === "critical"));
    const { id, index, name } = sample;
    const state = this.#lasting(stateOf(sample, findings, unjudged), sample, remembered, at);
    return { id, index, name, state, findings, unjudged };
  }

  /** A GPU that is well stays so for a while without being read: the sampler lets idle ones fall asleep. */
  #lasting(
    state: HealthState,
    sample: GpuSample,
    remembered: Remembered,
    at: number,
  ): HealthState {
    const { okAt } = remembered;
    const isStill = state === "unknown" && sample.state === "ok" && okAt !== undefined &&
      at - okAt <= this.#thresholds.stale_s * 1000;
    if (isStill) return "ok";
    remembered.okAt = state === "ok" ? at : undefined;
    return state;
  }

  #remembered(id: GpuId): Remembered {
    const known = this.#gpus.get(id);
    if (known !== undefined) return known;
    const fresh: Remembered = { tracks: new Map(), okAt: undefined };
    this.#gpus.set(id, fresh);
    return fresh;
  }

  #track({ tracks }: Remembered, rule: HealthRule): RuleTrack {
    const known = tracks.get(rule.id);
    if (known !== undefined) return known;
    const atOnce = this.#once || rule.raises === null;
    const track = new RuleTrack(rule, {
      raise: atOnce || rule.raises === null ? 1 : this.#thresholds[rule.raises],
      clear: atOnce ? 1 : this.#thresholds.clear_samples,
    });
    tracks.set(rule.id, track);
    return track;
  }

  /** A GPU that is listed no more has no findings any more. (One that is lost is still listed.) */
  #forget(listed: ReadonlySet<GpuId>, at: number, events: HealthEvent[]): void {
    for (const [gpu, { tracks }] of this.#gpus) {
      if (listed.has(gpu)) continue;
      this.#gpus.delete(gpu);
      for (const { finding } of tracks.values()) {
        if (finding !== null) events.push({ at, gpu, finding, edge: "cleared" });
      }
    }
  }
}

function verdictOf(rule: HealthRule, sample: GpuSample, context: RuleContext): Verdict {
  if (rule === GPU_LOST) return rule.judge(sample, context);
  switch (sample.state) {
    case "ok":
      return rule.judge(sample, context);
    case "asleep":
      return rule.asleep === "good" ? GOOD : HOLD;
    case "lost":
    case "unsupported":
      return { state: "unknown", reason: sample.reason ?? `the GPU is ${sample.state}` };
  }
}

/** The worst finding; without one, ok where a rule other than that the driver answers could be applied. */
function stateOf(
  sample: GpuSample,
  findings: readonly HealthFinding[],
  unjudged: Readonly<Record<string, string>>,
): HealthState {
  if (findings.length > 0) return worstState(findings.map(({ severity }) => severity));
  if (sample.state === "asleep") return "ok";
  const blind = HEALTH_RULES.every(({ id }) => id === GPU_LOST.id || id in unjudged);
  return blind ? "unknown" : "ok";
}
