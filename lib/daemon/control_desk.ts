/**
 * Changes of settings that clients of the service ask for: planned, shown, made, confirmed, taken back.
 *
 * @module
 */

import { applyPlan, type ApplyWith, confirmEntry } from "../control/apply.ts";
import { openControl } from "../control/drivers.ts";
import type { ControlClock } from "../control/clock.ts";
import { fateOf, type JournalEntry } from "../control/entry.ts";
import { describeChange, describeStep, makePlan, type Plan } from "../control/plan.ts";
import { revertEntry, revertOverdue, revertPending } from "../control/revert.ts";
import {
  type Change,
  ControlError,
  parseSettingValue,
  SETTING_IDS,
  type SettingGroup,
  type SettingId,
  SETTINGS,
} from "../control/setting.ts";
import type { ControlContext } from "../control/surface.ts";
import type { Gpu, GpuId } from "../gpu/gpu.ts";
import { findGpu } from "./find_gpu.ts";
import {
  type ControlEntryView,
  type ControlPlanView,
  type ControlRequest,
  type ControlView,
  ServiceError,
} from "./service_api.ts";

/** How long a plan that was shown may be applied, in ms. */
const PLAN_MS = 60_000;

/** How many plans wait to be applied. */
const PLANS = 64;

/** Seconds after which a risky change is taken back where the client does not say. */
const RISKY_SECONDS = 60;

/** What the desk works with. */
export interface ControlDeskOptions {
  gpus(): readonly Gpu[];
  on: ApplyWith;
  context: ControlContext;
  /** Starts the process that takes changes back when they are due. */
  startWatcher(): void;
  /** Why nothing may be changed: what is shown is a dump. */
  readOnly?: string | undefined;
  /** Told of each change that was made, confirmed or taken back. */
  changed(entry: ControlEntryView): void;
  /** A clock that does not go back, in ms. */
  now?: () => number;
}

interface Shown {
  plan: Plan;
  /** What was asked for: it is planned anew where a change of others is taken back first. */
  request: ControlRequest;
  until: number;
}

function isSettingId(name: string): name is SettingId {
  return SETTING_IDS.some((id) => id === name);
}

/** @throws {ServiceError} 422 for a setting that is not of the group, or a value that is none. */
function changesOf({ group, values }: ControlRequest): Map<SettingId, Change> {
  const changes = new Map<SettingId, Change>();
  for (const [name, value] of Object.entries(values)) {
    if (!isSettingId(name) || SETTINGS[name].group !== group) {
      const known = SETTING_IDS.filter((id) => SETTINGS[id].group === group).join(", ");
      throw new ServiceError(422, `no setting '${name}' of ${group}: there are ${known}`);
    }
    changes.set(
      name,
      value === null
        ? { kind: "reset" }
        : { kind: "set", value: parseSettingValue(name, String(value)) },
    );
  }
  if (changes.size === 0) throw new ServiceError(422, "nothing to set: give at least one value");
  return changes;
}

/** What a refusal of the control layer is to a client. */
function refused<T>(status: ServiceError["status"], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ControlError) throw new ServiceError(status, error.message);
    throw error;
  }
}

/** When an entry is due by the wall's clock as that is now: it may have been set since. */
function dueAt({ confirmed, deadline }: JournalEntry, clock: ControlClock): string | null {
  if (confirmed || deadline === null) return null;
  const leftMs = (deadline.uptime_s - clock.uptime()) * 1000;
  return new Date(Math.round(clock.wall() + leftMs)).toISOString();
}

function viewOf(
  entry: JournalEntry,
  clock: ControlClock,
  state?: ControlEntryView["state"],
): ControlEntryView {
  const { gpu, group, changes, confirmed, failure } = entry;
  return {
    gpu,
    group,
    changes: [...changes],
    state: state ?? (failure !== null ? "failed" : confirmed ? "confirmed" : "pending"),
    reverts_at: dueAt(entry, clock),
    message: failure,
  };
}

/** A change in one line, for the log. */
export function describeEntry(
  { group, changes, state, reverts_at, message }: ControlEntryView,
): string {
  const what = changes.map(describeChange).join(", ");
  const until = reverts_at === null || state === "reverted" ? "" : `, until ${reverts_at}`;
  return `${group} ${state}: ${what}${until}${message === null ? "" : `; ${message}`}`;
}

/** Takes requests for changes of settings. */
export class ControlDesk {
  readonly #options: ControlDeskOptions;
  readonly #now: () => number;
  readonly #plans = new Map<string, Shown>();

  /** Opens nothing yet. */
  constructor(options: ControlDeskOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The settings of a GPU. @throws {ServiceError} 404 */
  settings(wanted: string): ControlView {
    const gpu = findGpu(this.#options.gpus(), wanted);
    const { settings, absent } = openControl(gpu, this.#options.context);
    return { gpu: gpu.id, settings: [...settings], absent: { ...absent } };
  }

  #plan(request: ControlRequest): Plan {
    const gpu = findGpu(this.#options.gpus(), request.gpu);
    return refused(422, () => {
      const surface = openControl(gpu, this.#options.context);
      return makePlan(gpu.id, request.group, surface, changesOf(request));
    });
  }

  /**
   * Plans a change. Nothing is written.
   *
   * @throws {ServiceError} 404, or 422 for what the GPU does not take.
   */
  plan(request: ControlRequest): ControlPlanView {
    const plan = this.#plan(request);
    const now = this.#now();
    for (const [token, { until }] of this.#plans) {
      if (until < now || this.#plans.size >= PLANS) this.#plans.delete(token);
    }
    const token = crypto.randomUUID();
    this.#plans.set(token, { plan, request, until: now + PLAN_MS });
    const { group, changes, steps, risky, obstacles } = plan;
    return {
      token,
      gpu: plan.gpu,
      group,
      changes: [...changes],
      steps: steps.flatMap(describeStep),
      actions: [...steps],
      risky,
      obstacles: [...obstacles],
    };
  }

  /**
   * Makes a change that was planned. A plan is applied once.
   *
   * @param seconds after which it is taken back unless confirmed; it stays where absent, unless it is risky.
   * @throws {ServiceError} 404 for a plan that is not known any more, 409 where the GPU refuses it now.
   */
  apply(token: string, seconds?: number): ControlEntryView {
    const { readOnly } = this.#options;
    if (readOnly !== undefined) throw new ServiceError(409, readOnly);
    const shown = this.#plans.get(token);
    this.#plans.delete(token);
    if (shown === undefined || shown.until < this.#now()) {
      throw new ServiceError(
        404,
        "no such plan: it was applied, or is older than a minute; plan anew",
      );
    }
    const { on, startWatcher, changed } = this.#options;
    // An earlier change that is not confirmed, or one that the power manager holds, goes back first.
    const isFree =
      refused(409, () => revertPending([shown.plan.gpu], shown.plan.group, on)).length === 0;
    const plan = isFree ? shown.plan : this.#plan(shown.request);
    const limit = seconds ?? (plan.risky ? RISKY_SECONDS : undefined);
    const entry = refused(409, () => on.journal.locked(() => applyPlan(plan, limit, on)));
    if (!entry.confirmed) startWatcher();
    const view = viewOf(entry, on.clock);
    changed(view);
    return view;
  }

  #pending(wanted: string, group: SettingGroup): JournalEntry {
    const { on, gpus, readOnly } = this.#options;
    if (readOnly !== undefined) throw new ServiceError(409, readOnly);
    const entries = on.journal.entries().filter((entry) => fateOf(entry, on.clock) !== "forget");
    // A GPU that is away has its changes still.
    const isAway = entries.some(({ gpu }) => gpu === wanted);
    const id = isAway ? wanted : findGpu(gpus(), wanted).id;
    const found = entries.find((entry) => entry.gpu === id && entry.group === group);
    if (found !== undefined) return found;
    throw new ServiceError(404, `${id}: no change of its ${group} is kept`);
  }

  /**
   * GPUs came or went: tells what that means for changes of their settings. What was due while a GPU was away
   * is taken back now that it is here.
   */
  gpusChanged(
    { added, removed }: { added: readonly GpuId[]; removed: readonly GpuId[] },
  ): { gpu: GpuId; text: string }[] {
    const { on, readOnly } = this.#options;
    if (readOnly !== undefined) return [];
    const kept = on.journal.entries().filter((entry) => fateOf(entry, on.clock) !== "forget");
    const gone = kept.filter(({ gpu }) => removed.includes(gpu)).map((entry) => {
      const { gpu, group, changes, confirmed } = entry;
      const what = `${gpu} is gone with a change of its ${group} (${
        changes.map(describeChange).join(", ")
      })`;
      const then = confirmed
        ? "its driver may have forgotten it when it is back: look, and set it again"
        : "what is left of it is taken back when its time is up";
      return { gpu, text: `${what}: ${then}` };
    });
    if (!kept.some(({ gpu }) => added.includes(gpu))) return gone;
    return [
      ...gone,
      ...revertOverdue(on).map(({ entry: { gpu }, message }) => ({ gpu, text: message })),
    ];
  }

  /** Keeps a change that would be taken back. @throws {ServiceError} 404, 409 */
  confirm(wanted: string, group: SettingGroup): ControlEntryView {
    const { on, changed } = this.#options;
    const view = refused(409, () =>
      on.journal.locked(() => {
        const entry = this.#pending(wanted, group);
        if (!entry.applied || entry.failure !== null) {
          throw new ServiceError(
            409,
            `${entry.gpu}: the change of its ${group} was not made wholly`,
          );
        }
        confirmEntry(entry, on.journal);
        return viewOf({ ...entry, confirmed: true }, on.clock);
      }));
    changed(view);
    return view;
  }

  /** Takes a change back. @throws {ServiceError} 404; 409 where the GPU refuses that. */
  revert(wanted: string, group: SettingGroup): ControlEntryView {
    const { on, changed } = this.#options;
    const { entry, settled, message } = refused(
      409,
      () => on.journal.locked(() => revertEntry(this.#pending(wanted, group), on)),
    );
    if (!settled) throw new ServiceError(409, message);
    const view: ControlEntryView = { ...viewOf(entry, on.clock, "reverted"), message };
    changed(view);
    return view;
  }

  /** The changes that can be taken back. */
  changes(): ControlEntryView[] {
    const { on: { journal, clock }, readOnly } = this.#options;
    if (readOnly !== undefined) return [];
    return journal.entries().filter((entry) => fateOf(entry, clock) !== "forget")
      .map((entry) => viewOf(entry, clock));
  }
}
