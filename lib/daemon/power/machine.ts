/**
 * What the power manager decides, look by look. Pure: no file, no library, no clock but that of the looks.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import { planBudget } from "./budget.ts";
import { decideCaps } from "./caps.ts";
import type {
  CapLimits,
  Decision,
  HoldGroup,
  Loss,
  Outcome,
  PowerEvent,
  PowerGpuView,
  PowerLook,
  PowerView,
} from "./decision.ts";
import { GpuTrack, RETRY_MS } from "./gpu_track.ts";
import { budgetOf, type PowerPolicy } from "./policy.ts";
import { thermalLimits } from "./thermal.ts";

/** After a GPU was unparked it is not parked again for so long in ms, however short the policy's timeout. */
export const PARK_AFTER_MS = 10_000;

/** Looks in a row that have to show another cap than the held one: some readings are older than the look. */
const MISMATCHES = 3;

const GROUP: Record<Decision["kind"], HoldGroup> = {
  cap: "power",
  uncap: "power",
  park: "park",
  unpark: "park",
};

/** The group of settings that a decision is about. */
export function groupOf({ kind }: Decision): HoldGroup {
  return GROUP[kind];
}

/**
 * Takes looks and gives decisions. In each look: {@linkcode see}, then {@linkcode learn} for each GPU of
 * {@linkcode wants}, then {@linkcode decide}, then {@linkcode settle} for each decision.
 */
export class PowerMachine {
  #policy: PowerPolicy;
  readonly #tracks = new Map<GpuId, GpuTrack>();
  /** Holds of GPUs that are listed no more. */
  #gone: Decision[] = [];
  #events: PowerEvent[] = [];
  #at = 0;

  /** Starts with no GPU. */
  constructor(policy: PowerPolicy) {
    this.#policy = policy;
  }

  /** The policy. A new one lets everything that was refused be tried again. */
  get policy(): PowerPolicy {
    return this.#policy;
  }

  set policy(policy: PowerPolicy) {
    this.#policy = policy;
    for (const track of this.#tracks.values()) track.refusals.clear();
  }

  /** Takes a look. */
  see({ at, gpus, programs }: PowerLook): void {
    this.#at = at;
    for (const sample of gpus) {
      const track = this.#tracks.get(sample.id) ?? new GpuTrack(sample);
      this.#tracks.set(sample.id, track);
      const was = track.thermal.state.critical;
      track.see(sample, programs, at, this.#policy);
      if (this.#policy.enabled && this.#policy.thermal) this.#tellCritical(track, was);
    }
    for (const [id, track] of this.#tracks) {
      if (gpus.some((sample) => sample.id === id)) continue;
      this.#gone.push(...releasesOf(track, "the GPU is gone"));
      this.#tracks.delete(id);
    }
  }

  #tellCritical({ id, sample, thermal }: GpuTrack, was: boolean): void {
    const is = thermal.state.critical;
    if (is === was) return;
    const { critical } = thermalLimits(this.#policy, sample.temperature_slowdown_c);
    this.#events.push({
      gpu: id,
      kind: "critical_temperature",
      edge: is ? "raised" : "cleared",
      text: is
        ? `${sample.temperature_c} °C: ${critical} °C and more is critical`
        : `${sample.temperature_c} °C: no longer critical`,
    });
  }

  /** What happened since this was asked last. */
  takeEvents(): PowerEvent[] {
    return this.#events.splice(0);
  }

  /** GPUs of whose power cap it has to be known what the driver takes. All of them are awake. */
  wants(): GpuId[] {
    if (!this.#policy.enabled) return [];
    const hasBudget = budgetOf(this.#policy) !== null;
    return [...this.#tracks.values()].filter((track) =>
      track.range === null && track.awake && !track.refused("power") &&
      (hasBudget || (this.#policy.thermal && track.thermal.state.step > 0))
    ).map(({ id }) => id);
  }

  /** Takes what the driver of a GPU says. */
  learn(gpu: GpuId, limits: CapLimits): void {
    this.#tracks.get(gpu)?.learn(limits, this.#at);
  }

  /** GPUs whose cap reads as another than the one that is held: it has to be looked who set it. */
  suspects(): { gpu: GpuId; wasBlind: boolean }[] {
    return [...this.#tracks.values()]
      .filter(({ heldCap, mismatches }) => heldCap !== null && mismatches >= MISMATCHES)
      .map(({ id, wasBlind }) => ({ gpu: id, wasBlind }));
  }

  /** Notes that a suspect is as it should be. */
  absolve(gpu: GpuId): void {
    const track = this.#tracks.get(gpu);
    if (track !== undefined) track.mismatches = 0;
  }

  /** What is to be done now, in order. */
  decide(): Decision[] {
    const gone = this.#gone.splice(0);
    if (!this.#policy.enabled) {
      const due = this.releases("the power manager is off")
        .filter((each) => !this.#tracks.get(each.gpu)?.refused(groupOf(each)));
      return [...gone, ...due];
    }
    const tracks = [...this.#tracks.values()];
    const plan = planBudget(tracks, this.#policy);
    const caps = decideCaps(tracks, plan, this.#at, this.#policy);
    const parks = tracks.map((track) => this.#park(track)).filter((each) => each !== undefined);
    return [...gone, ...caps, ...parks];
  }

  #park(track: GpuTrack): Decision | undefined {
    const { id: gpu, heldPark, idle } = track;
    if (track.refused("park")) return undefined;
    if (heldPark) {
      // Taking it back would wake one that sleeps.
      if (!track.awake) return undefined;
      if (!this.#policy.park) return { kind: "unpark", gpu, reason: "parking is off" };
      const isBusy = track.evidence === "busy";
      return isBusy ? { kind: "unpark", gpu, reason: "it has work" } : undefined;
    }
    const isDue = this.#policy.park && track.awake && track.evidence === "idle" &&
      idle.level(this.#policy) === "parkable" && this.#at - track.parkChangedAt >= PARK_AFTER_MS;
    const reason = `nothing uses it for ${Math.round(idle.idleMs / 1000)} s`;
    return isDue ? { kind: "park", gpu, reason } : undefined;
  }

  /** Takes back everything that is held. */
  releases(reason: string): Decision[] {
    return [...this.#tracks.values()].flatMap((track) => releasesOf(track, reason));
  }

  /** Takes what came of a decision. */
  settle(decision: Decision, outcome: Outcome): void {
    const track = this.#tracks.get(decision.gpu);
    if (track === undefined) return;
    const group = groupOf(decision);
    if (outcome.state !== "done") {
      const [by, reason] = outcome.state === "already"
        ? ["itself", "it may sleep without being told"] as const
        : [outcome.by, outcome.reason] as const;
      track.refusals.set(group, { by, reason, until: this.#at + RETRY_MS });
      return;
    }
    if (group === "power") {
      track.heldCap = decision.kind === "cap" ? decision.watts : null;
      track.capChangedAt = this.#at;
      track.mismatches = 0;
      track.wasBlind = false;
    } else {
      track.heldPark = decision.kind === "park";
      track.parkChangedAt = this.#at;
    }
  }

  /** Notes that a hold is the manager's no more. */
  lose(gpu: GpuId, group: HoldGroup, { by, reason }: Loss): void {
    const track = this.#tracks.get(gpu);
    if (track === undefined) return;
    if (group === "power") {
      track.heldCap = null;
      track.capChangedAt = this.#at;
      track.mismatches = 0;
      // What it is without the manager may be another value now.
      track.range = null;
    } else {
      track.heldPark = false;
      track.parkChangedAt = this.#at;
    }
    // A change in the journal is looked for again; what was set past it stands until the policy changes.
    if (by !== "time") {
      const until = by === "person" ? this.#at + RETRY_MS : Infinity;
      track.refusals.set(group, { by, reason, until });
    }
  }

  /** What is held now. */
  holds(): { gpu: GpuId; group: HoldGroup }[] {
    return [...this.#tracks.values()].flatMap(({ id: gpu, heldCap, heldPark }) => [
      ...(heldCap === null ? [] : [{ gpu, group: "power" as const }]),
      ...(heldPark ? [{ gpu, group: "park" as const }] : []),
    ]);
  }

  /** A GPU's cap in W as far as it is known: for the log. */
  capOf(gpu: GpuId): number | null {
    return this.#tracks.get(gpu)?.cap ?? null;
  }

  /** What the manager does, for people and programs. */
  view(): PowerView {
    const tracks = [...this.#tracks.values()];
    const { enabled } = this.#policy;
    return {
      schema: "mvgal.power/1",
      enabled,
      budget: enabled ? planBudget(tracks, this.#policy)?.view ?? null : null,
      gpus: tracks.map((track) => viewOf(track, this.#policy)),
    };
  }
}

function releasesOf({ id: gpu, heldCap, heldPark }: GpuTrack, reason: string): Decision[] {
  return [
    ...(heldCap === null ? [] : [{ kind: "uncap" as const, gpu, reason }]),
    ...(heldPark ? [{ kind: "unpark" as const, gpu, reason }] : []),
  ];
}

function stateOf(track: GpuTrack, policy: PowerPolicy): Pick<PowerGpuView, "state" | "reason"> {
  const { sample, heldCap, heldPark, evidence, own } = track;
  if (sample.state === "lost") return { state: "lost", reason: sample.reason };
  if (sample.state === "asleep") return { state: "asleep", reason: sample.reason };
  if (heldPark) return { state: "parked", reason: "it may sleep: nothing uses it" };
  if (heldCap !== null) {
    const { step } = track.thermal.state;
    const why = step > 0 && policy.thermal ? "of its temperature" : "of the power budget";
    return {
      state: "limited",
      reason: `${heldCap} W instead of ${own ?? "unknown"} W because ${why}`,
    };
  }
  const refusal = [...track.refusals.values()].find(({ by }) => by !== "itself");
  if (refusal !== undefined) return { state: "left_alone", reason: refusal.reason };
  const level = track.idle.level(policy);
  if (level !== "active") return { state: "idle", reason: null };
  return evidence === "unknown"
    ? { state: "unknown", reason: "its utilization, or the programs that use it, are not known" }
    : { state: "active", reason: null };
}

function viewOf(track: GpuTrack, policy: PowerPolicy): PowerGpuView {
  const { state, reason } = stateOf(track, policy);
  const { state: sampled, power_state } = track.sample;
  return {
    id: track.id,
    state,
    asleep: sampled === "asleep" ? true : power_state === "active" ? false : null,
    idle_ms: track.idle.idleMs,
    cap_w: track.cap,
    own_cap_w: track.own,
    thermal_step: policy.thermal ? track.thermal.state.step : 0,
    reason,
  };
}
