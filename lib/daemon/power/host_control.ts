/**
 * The power manager's changes by way of plan, apply, read back and take back.
 *
 * @module
 */

import type { ApplyWith } from "../../control/apply.ts";
import { openControl } from "../../control/drivers.ts";
import type { JournalEntry } from "../../control/entry.ts";
import { holdPlan, releaseHold, renewHold, standingOf } from "../../control/hold.ts";
import { describeChange, makePlan } from "../../control/plan.ts";
import { revertOverdue } from "../../control/revert.ts";
import type { Changes, SettingState } from "../../control/setting.ts";
import { describeQuery, sameValue } from "../../control/step.ts";
import type { ControlContext, ControlSurface } from "../../control/surface.ts";
import type { Gpu, GpuId } from "../../gpu/gpu.ts";
import { readPowerState } from "../../sysfs/device_files.ts";
import type { PowerControl } from "./control.ts";
import type { CapLimits, Decision, HoldGroup, Loss, Outcome } from "./decision.ts";

/** What it works with. */
export interface HostPowerControlOptions {
  /** The device, the journal and the clock: those of {@linkcode openHostControl}. */
  on: ApplyWith;
  /**
   * How settings are read. `wake` has to be false; `nvml` is that of `on`, and is closed after each use.
   */
  context: ControlContext;
  /** The GPUs there are now. */
  gpus: () => readonly Gpu[];
  /** Starts the process that takes holds back where this one is killed. */
  startWatcher: () => void;
}

type Refused = Extract<Outcome, { state: "refused" }>;

const refused = (by: Refused["by"], reason: string): Refused => ({ state: "refused", by, reason });

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Who set it, and what, in one line. */
function claimOf({ changes, deadline, confirmed }: JournalEntry): string {
  const until = confirmed || deadline === null ? "" : ` until ${deadline.wall}`;
  return `somebody set it (${changes.map(describeChange).join(", ")})${until}: ` +
    `that stays; 'reset' gives it back to the power manager`;
}

/** Why a setting cannot be set; undefined where it can. */
function whyNot(state: SettingState | undefined, surface: ControlSurface, group: HoldGroup) {
  if (state === undefined) {
    return refused("driver", surface.absent[group] ?? "its driver has no such setting");
  }
  if (state.refused_by !== null) return refused(state.refused_by, state.why_not ?? "it is refused");
  if (state.value === null) {
    return refused("driver", state.value_absent ?? "its value is not known");
  }
  return undefined;
}

/** Changes of this host's GPUs. */
export function openHostPowerControl(options: HostPowerControlOptions): PowerControl {
  return new HostPowerControl(options);
}

class HostPowerControl implements PowerControl {
  readonly #on: ApplyWith;
  readonly #options: HostPowerControlOptions;
  /** Deadlines of what is held, in seconds since boot. */
  readonly #held = new Map<string, number>();

  constructor(options: HostPowerControlOptions) {
    this.#options = options;
    this.#on = options.on;
  }

  recover(): string[] {
    try {
      return revertOverdue(this.#on).map(({ message }) => message);
    } catch (error) {
      return [`the journal of settings: ${messageOf(error)}`];
    }
  }

  limits(gpu: GpuId): CapLimits {
    const limits = this.#attempt(gpu, (surface) => {
      const standing = this.#on.journal.locked(() => standingOf(gpu, "power", this.#on));
      if (standing.state === "other") return refused("person", claimOf(standing.entry));
      const state = surface.settings.find(({ id }) => id === "power_cap_w");
      const why = whyNot(state, surface, "power");
      if (why !== undefined) return why;
      const { value, range } = state ?? {};
      if (typeof value !== "number" || !(value > 0) || !range) {
        return refused("driver", "its driver tells no range of its power cap");
      }
      return { state: "ok" as const, own: value, ...range };
    });
    return limits;
  }

  carryOut(decision: Decision, seconds: number): Outcome {
    const { gpu, kind } = decision;
    switch (kind) {
      case "uncap":
        return this.#release(gpu, "power");
      case "unpark":
        return this.#release(gpu, "park");
      case "cap":
        return this.#hold(
          gpu,
          "power",
          new Map([
            ["power_cap_w", { kind: "set", value: decision.watts }],
          ]),
          seconds,
        );
      case "park":
        return this.#hold(
          gpu,
          "park",
          new Map([
            ["autosuspend", { kind: "set", value: "auto" }],
          ]),
          seconds,
        );
    }
  }

  renew(gpu: GpuId, group: HoldGroup, seconds: number): Loss | undefined {
    const { journal, clock } = this.#on;
    const key = `${gpu} ${group}`;
    const wasDue = clock.uptime() >= (this.#held.get(key) ?? -Infinity);
    try {
      const standing = journal.locked(() => renewHold(gpu, group, seconds, this.#on));
      if (standing.state === "own") {
        this.#held.set(key, clock.uptime() + seconds);
        return undefined;
      }
      this.#held.delete(key);
      if (standing.state === "other") return { by: "person", reason: claimOf(standing.entry) };
      return wasDue
        ? { by: "time", reason: "it was not renewed in time, and was taken back" }
        : { by: "other", reason: "somebody took back what the power manager had set" };
    } catch (error) {
      // What cannot be renewed is taken back when its time is up: better now, and told.
      const { state } = this.#release(gpu, group);
      const then = state === "done" ? "taken back" : "NOT taken back yet";
      return { by: "time", reason: `it could not be renewed (${messageOf(error)}): ${then}` };
    }
  }

  verify(gpu: GpuId, wasBlind: boolean): Loss | undefined {
    const { journal, device } = this.#on;
    try {
      return journal.locked(() => {
        const standing = standingOf(gpu, "power", this.#on);
        // Whose it is, is found out when it is renewed.
        const step = standing.state === "own" ? standing.entry.steps[0] : undefined;
        if (step === undefined || step.query === null) return undefined;
        const now = device.read(step.query);
        if (now === undefined || sameValue(now, step.expected, step.tolerance)) return undefined;
        releaseHold(gpu, "power", this.#on);
        this.#held.delete(`${gpu} power`);
        return wasBlind && now === step.previous
          ? { by: "time", reason: "its driver forgot the power cap" }
          : {
            by: "other",
            reason: `${describeQuery(step.query)} is ${now}: something else set it`,
          };
      });
    } catch {
      return undefined;
    } finally {
      this.#closeLibraries();
    }
  }

  /** While NVML is open no GPU of its driver can go to sleep. It is opened again when it is next needed. */
  #closeLibraries(): void {
    this.#options.context.nvml?.[Symbol.dispose]();
  }

  /** Looks at a GPU's settings as they are now; never throws. */
  #attempt<T>(gpu: GpuId, body: (surface: ControlSurface) => T): T | Refused {
    const { gpus, context } = this.#options;
    const found = gpus().find(({ id }) => id === gpu);
    if (found === undefined) return refused("driver", "there is no such GPU any more");
    try {
      const directory = `/sys/bus/pci/devices/${found.pci_slot}`;
      const state = found.pci_slot === null ? null : readPowerState(context.sysroot, directory);
      return body(openControl({ ...found, power_state: state ?? found.power_state }, context));
    } catch (error) {
      return refused("driver", messageOf(error));
    } finally {
      this.#closeLibraries();
    }
  }

  #hold(gpu: GpuId, group: HoldGroup, changes: Changes, seconds: number): Outcome {
    const { journal, clock } = this.#on;
    return this.#attempt(gpu, (surface): Outcome =>
      journal.locked(() => {
        const standing = standingOf(gpu, group, this.#on);
        if (standing.state === "other") return refused("person", claimOf(standing.entry));
        const [id] = changes.keys();
        const why = whyNot(surface.settings.find((state) => state.id === id), surface, group);
        if (why !== undefined) return why;
        const plan = makePlan(gpu, group, surface, changes);
        if (group === "park" && plan.steps.length === 0) return { state: "already" };
        const entry = holdPlan(plan, seconds, this.#on);
        const isFirst = this.#held.size === 0;
        this.#held.set(`${gpu} ${group}`, clock.uptime() + seconds);
        return {
          state: "done",
          detail: entry.changes.map(describeChange).join(", ") + (isFirst ? this.#watch() : ""),
        };
      }));
  }

  /** Starts the process that waits; what to say where that fails. */
  #watch(): string {
    try {
      this.#options.startWatcher();
      return "";
    } catch (error) {
      return ` (where mvgal is killed, its next start takes this back: ${messageOf(error)})`;
    }
  }

  #release(gpu: GpuId, group: HoldGroup): Outcome {
    try {
      const reverted = this.#on.journal.locked(() => releaseHold(gpu, group, this.#on));
      this.#held.delete(`${gpu} ${group}`);
      if (reverted === undefined) return { state: "done", detail: "it was taken back already" };
      return reverted.settled
        ? { state: "done", detail: reverted.message }
        : refused("driver", reverted.message);
    } catch (error) {
      return refused("driver", messageOf(error));
    } finally {
      this.#closeLibraries();
    }
  }
}
