/**
 * How long a GPU has had nothing to do. Pure.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import type { GpuSample } from "../../telemetry/metrics.ts";
import type { GpuProcess, ProcessList } from "../../telemetry/process.ts";
import type { PowerPolicy } from "./policy.ts";

/** What one look says of a GPU. Unknown is not idle. */
export type Evidence = "busy" | "idle" | "unknown";

/** How idle a GPU is. */
export type IdleLevel = "active" | "idle" | "sustained" | "parkable";

/** A look that is further away from the one before says nothing of what was between them, in ms. */
const LONGEST_GAP_MS = 10_000;

/** Programs that draw alone do not keep a GPU from being idle: its display does, and the kernel knows that. */
function mayCompute({ kinds }: GpuProcess): boolean {
  return kinds.length === 0 || kinds.includes("compute");
}

/**
 * Whether programs hold compute contexts on a GPU.
 *
 * @returns null where that is not known: no look was taken, or not all programs could be looked at.
 */
export function holdsCompute(gpu: GpuId, programs: ProcessList | null): boolean | null {
  if (programs === null) return null;
  if (programs.processes.some((each) => each.gpu === gpu && mayCompute(each))) return true;
  return programs.partial === null ? false : null;
}

/** What a look says. A GPU that sleeps is idle, unless a program may compute on it as soon as it wakes. */
export function evidenceOf(
  sample: GpuSample,
  compute: boolean | null,
  { idle_below_pct }: PowerPolicy,
): Evidence {
  if (sample.state === "lost" || sample.state === "unsupported") return "unknown";
  const load = sample.utilization_pct ?? sample.gfx_utilization_pct;
  if (compute === true || (load !== null && load >= 2 * idle_below_pct && load > 0)) return "busy";
  if (compute === null) return "unknown";
  if (sample.state === "asleep") return "idle";
  return load !== null && (load < idle_below_pct || load === 0) ? "idle" : "unknown";
}

/** Counts the time in which a GPU had nothing to do. */
export class IdleTrack {
  #idleMs = 0;
  #lastIdleAt: number | null = null;

  /** Milliseconds for which it has been known to be idle. */
  get idleMs(): number {
    return this.#idleMs;
  }

  /** Takes a look. What is not known ends a time that was too short to count, and else stops its clock. */
  see(evidence: Evidence, at: number, policy: PowerPolicy): IdleLevel {
    if (evidence === "idle") {
      if (this.#lastIdleAt !== null) {
        this.#idleMs += Math.min(LONGEST_GAP_MS, Math.max(0, at - this.#lastIdleAt));
      }
      this.#lastIdleAt = at;
      return this.level(policy);
    }
    this.#lastIdleAt = null;
    if (evidence === "busy" || this.level(policy) === "active") this.#idleMs = 0;
    return this.level(policy);
  }

  /** How idle it is by a policy's timeouts. */
  level(policy: PowerPolicy): IdleLevel {
    const idle = this.#idleMs;
    if (idle === 0 || idle < policy.idle_timeout_ms) return "active";
    if (idle < policy.sustained_timeout_ms) return "idle";
    return idle < policy.park_timeout_ms ? "sustained" : "parkable";
  }
}
