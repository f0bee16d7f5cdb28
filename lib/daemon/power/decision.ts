/**
 * What the power manager sees, decides, and shows. Plain data.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import type { GpuSample } from "../../telemetry/metrics.ts";
import type { ProcessList } from "../../telemetry/process.ts";

/** What can be held on a GPU: its power cap, and whether it may sleep. */
export type HoldGroup = "power" | "park";

/** A look at all GPUs. */
export interface PowerLook {
  /** Milliseconds on a clock that does not go back. */
  at: number;
  gpus: readonly GpuSample[];
  /** The programs that use them; null where they were not looked at: then no GPU counts as idle. */
  programs: ProcessList | null;
}

/** The power cap of a GPU as its driver takes it, in W. */
export interface CapRange {
  /** The cap now, without a hold of the manager. */
  own: number;
  min: number;
  max: number;
  /** Caps are whole multiples of it. */
  step: number;
}

/** Whether a GPU's power cap can be set. */
export type CapLimits =
  | ({ readonly state: "ok" } & CapRange)
  /** `person`: somebody made a change that stays; `driver`: it cannot be set at all. */
  | {
    readonly state: "refused";
    readonly by: "person" | "driver" | "rights";
    readonly reason: string;
  };

/** What is to be done, with the reason in one line. */
export type Decision =
  & { readonly gpu: GpuId; readonly reason: string }
  & (
    | { readonly kind: "cap"; readonly watts: number }
    | { readonly kind: "uncap" | "park" | "unpark" }
  );

/** What came of it. */
export type Outcome =
  | { readonly state: "done"; readonly detail: string }
  /** Parking: it is allowed to sleep already. */
  | { readonly state: "already" }
  | {
    readonly state: "refused";
    readonly by: "person" | "driver" | "rights";
    readonly reason: string;
  };

/** Why a hold is the manager's no more. */
export type Loss =
  /** Somebody made a change that the journal has, and that stays. */
  | { readonly by: "person"; readonly reason: string }
  /** Somebody took the hold back, or set it past mvgal: the GPU is left alone until the policy changes. */
  | { readonly by: "other"; readonly reason: string }
  /** Its time was up, or the driver forgot it; it may be made again. */
  | { readonly by: "time"; readonly reason: string };

/** Something that people should be told of at once. */
export interface PowerEvent {
  gpu: GpuId;
  kind: "critical_temperature";
  edge: "raised" | "cleared";
  /** One line. */
  text: string;
}

/** A GPU as the power manager sees it. The property names are those of the JSON document. */
export interface PowerGpuView {
  id: GpuId;
  /**
   * `limited`: its cap is lowered; `parked`: it may sleep because the manager lets it; `left_alone`: somebody
   * else set it; `unknown`: whether it works is not known.
   */
  state:
    | "active"
    | "idle"
    | "asleep"
    | "parked"
    | "limited"
    | "left_alone"
    | "lost"
    | "unknown";
  /** Whether it sleeps; null where that is not known. */
  asleep: boolean | null;
  /** For how long it has had nothing to do. */
  idle_ms: number;
  /** The cap now in W; null where it is not known. */
  cap_w: number | null;
  /** The cap that it has without the manager; null where it is not known. */
  own_cap_w: number | null;
  /** Steps by which it is held back because it is hot. */
  thermal_step: number;
  /** Why it is in this state, in one line; null for one that is just active or idle. */
  reason: string | null;
}

/** The power budget as it is kept. */
export interface PowerBudgetView {
  watts: number;
  source: "power_limit_watts" | "psu_capacity_watts";
  /** What all GPUs together may draw now by their caps, as far as they are counted; null where not known. */
  assigned_w: number | null;
  /** `infeasible`: even the least caps are more; `refused`: some GPU cannot be counted. */
  state: "kept" | "infeasible" | "refused";
  /** Why it is not kept, or what is not counted in it; null where it is kept in full. */
  reason: string | null;
}

/** What the power manager does. The property names are those of the JSON document. */
export interface PowerView {
  schema: "mvgal.power/1";
  enabled: boolean;
  /** Null where the policy has none. */
  budget: PowerBudgetView | null;
  gpus: PowerGpuView[];
}
