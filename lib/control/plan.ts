/**
 * What a change of settings will do, before it does it. Pure.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import {
  type Change,
  type Changes,
  checkValue,
  ControlError,
  formatValue,
  type SettingGroup,
  type SettingId,
  SETTINGS,
  type SettingState,
  type SettingValue,
} from "./setting.ts";
import { describeAction, describeQuery, type Step } from "./step.ts";
import type { ControlSurface } from "./surface.ts";

/** One setting of a plan. */
export interface PlannedChange {
  setting: SettingId;
  from: SettingValue | null;
  /** Null for the driver's default, where the driver does not tell what that is. */
  to: SettingValue | null;
  reset: boolean;
}

/** A plan for one GPU, of settings of one group. */
export interface Plan {
  readonly gpu: GpuId;
  readonly group: SettingGroup;
  readonly changes: readonly PlannedChange[];
  readonly steps: readonly Step[];
  /** Whether a person is asked to confirm it afterwards. */
  readonly risky: boolean;
  /** What stands in the way of carrying it out: this user's rights. */
  readonly obstacles: readonly string[];
}

function stateOf(gpu: GpuId, surface: ControlSurface, id: SettingId): SettingState {
  const state = surface.settings.find((setting) => setting.id === id);
  if (state !== undefined) return state;
  const { group, label } = SETTINGS[id];
  const why = surface.absent[group] ?? "its driver has no such setting";
  throw new ControlError(`${gpu}: '${label.toLowerCase()}' cannot be set: ${why}`);
}

function planned(state: SettingState, change: Change): PlannedChange {
  return {
    setting: state.id,
    from: state.value,
    to: change.kind === "set" ? change.value : state.default,
    reset: change.kind === "reset",
  };
}

/**
 * Plans changes of settings of one group.
 *
 * @throws {ControlError} where the GPU has no such setting, its driver refuses it, or a value is outside of
 * what the driver takes. Rights that are missing are no error here, but obstacles of the plan.
 */
export function makePlan(
  gpu: GpuId,
  group: SettingGroup,
  surface: ControlSurface,
  wanted: Changes,
): Plan {
  const checked = new Map<SettingId, Change>();
  const changes: PlannedChange[] = [];
  const obstacles: string[] = [];
  for (const [id, change] of wanted) {
    const state = stateOf(gpu, surface, id);
    const label = SETTINGS[id].label.toLowerCase();
    if (state.refused_by === "driver") {
      throw new ControlError(`${gpu}: '${label}' cannot be set: ${state.why_not}`);
    }
    if (state.refused_by === "rights") obstacles.push(`${label}: ${state.why_not}`);
    const accepted = change.kind === "set" ? acceptedChange(gpu, state, change.value) : change;
    checked.set(id, accepted);
    changes.push(planned(state, accepted));
  }
  try {
    const steps = surface.plan(checked);
    const risky = changes.some(({ setting, reset }) => SETTINGS[setting].risky && !reset);
    return { gpu, group, changes, steps, risky, obstacles };
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    throw new ControlError(`${gpu}: ${error.message}`);
  }
}

function acceptedChange(gpu: GpuId, state: SettingState, value: SettingValue): Change {
  try {
    return { kind: "set", value: checkValue(state, value) };
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    throw new ControlError(`${gpu}: ${error.message}`);
  }
}

/** One line of a change: `Power cap: 260 W -> 215 W`. */
export function describeChange({ setting, from, to, reset }: PlannedChange): string {
  const target = to === null ? "the driver's default" : formatValue(setting, to);
  const why = reset && to !== null ? " (default)" : "";
  return `${SETTINGS[setting].label}: ${formatValue(setting, from)} -> ${target}${why}`;
}

/** The lines of a step: what is done, how it is read back, how it is taken back. */
export function describeStep(step: Step): string[] {
  const lines = [describeAction(step.action)];
  if (step.expected !== null && step.query !== null) {
    lines.push(
      `  reads back ${JSON.stringify(step.expected)}` +
        (step.previous === null ? "" : `, now ${JSON.stringify(step.previous)}`) +
        (step.query.kind === "file" && step.action.kind === "write" &&
            step.query.path === step.action.path
          ? ""
          : `, by ${describeQuery(step.query)}`),
    );
  }
  if (step.undo.length > 0) lines.push(`  taken back by ${step.undo.map(shortAction).join(", ")}`);
  if (step.note !== null) lines.push(`  ${step.note}`);
  return lines;
}

/** The action without the path, which is that of its step. */
function shortAction(action: Step["action"]): string {
  return action.kind === "write" ? JSON.stringify(action.text) : describeAction(action);
}
