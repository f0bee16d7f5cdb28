/**
 * How work is spread over GPUs: what people set, and what was measured. Pure.
 *
 * The configuration says how it is at first, and people change it while the service runs. What they
 * changed stays, after a restart too, until the configuration says something else than it did then.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import { STRATEGY_NAMES } from "../schedule/strategies.ts";
import { findGpu } from "./find_gpu.ts";
import {
  type SchedulerChange,
  type SchedulerGpu,
  type SchedulerView,
  ServiceError,
} from "./service_api.ts";

/** Priority of a GPU of which nobody said any. */
export const USUAL_PRIORITY = 50;

/** What is set of one GPU. */
export interface GpuSetting {
  enabled: boolean;
  /** 0 to 100. */
  priority: number;
}

/** What the configuration says. */
export interface SchedulerBase {
  strategy: StrategyName;
  /** GPUs of which it says something: others are enabled, and of {@linkcode USUAL_PRIORITY}. */
  gpus: Readonly<Record<GpuId, GpuSetting>>;
}

/** How fast a GPU was measured to be. */
export interface Weight {
  /** Above 0; in proportion to the others'. */
  value: number;
  /** `bench 2026-01-01T00:00:00Z`, `config`. */
  source: string;
}

/** The state. GPUs that are away keep theirs. */
export interface SchedulerState extends SchedulerBase {
  weights: Readonly<Record<GpuId, Weight>>;
  /** What the configuration said when it was looked at last. */
  base: SchedulerBase;
}

/** Before anybody changed anything. */
export function initialState(base: SchedulerBase): SchedulerState {
  return { ...base, weights: {}, base };
}

function own<T>(record: Readonly<Record<GpuId, T>>, id: GpuId): T | undefined {
  return Object.hasOwn(record, id) ? record[id] : undefined;
}

/** What is set of a GPU. */
export function settingOf({ gpus }: SchedulerBase, id: GpuId): GpuSetting {
  return own(gpus, id) ?? { enabled: true, priority: USUAL_PRIORITY };
}

/** The weight of a GPU; null where it was not measured. */
export function weightOf({ weights }: SchedulerState, id: GpuId): Weight | null {
  return own(weights, id) ?? null;
}

/**
 * The state under a configuration: what that changed since is as it says, the rest stays. A configuration that
 * is silent of a GPU is one of a time when the GPU is away: it takes nothing back of what people set.
 */
export function rebase(state: SchedulerState, base: SchedulerBase): SchedulerState {
  const old = state.base;
  const ids = new Set([state, base, old].flatMap(({ gpus }) => Object.keys(gpus)));
  const gpus = Object.fromEntries(Array.from(ids, (id) => {
    const then = settingOf(old, id), its = settingOf(state, id);
    const now = own(base.gpus, id) ?? then;
    return [id, {
      enabled: now.enabled === then.enabled ? its.enabled : now.enabled,
      priority: now.priority === then.priority ? its.priority : now.priority,
    }];
  }));
  const strategy = base.strategy === old.strategy ? state.strategy : base.strategy;
  return { ...state, strategy, gpus, base: { ...base, gpus: { ...old.gpus, ...base.gpus } } };
}

/** The state with weights that were measured; those of other GPUs stay. */
export function withWeights(
  state: SchedulerState,
  weights: Readonly<Record<GpuId, Weight>>,
): SchedulerState {
  const sound = Object.entries(weights).filter(([, { value }]) => value > 0 && value < Infinity);
  return { ...state, weights: { ...state.weights, ...Object.fromEntries(sound) } };
}

/** A GPU of the listing. */
export interface ListedGpu {
  id: GpuId;
  index: number;
}

/**
 * The state after a change. All of it is made, or none.
 *
 * @throws {ServiceError} 422 for a value out of range, 404 for a GPU that there is not, 409 where no GPU
 * would be left.
 */
export function changeState(
  state: SchedulerState,
  listed: readonly ListedGpu[],
  { strategy = state.strategy, gpus = [] }: SchedulerChange,
): SchedulerState {
  if (!STRATEGY_NAMES.includes(strategy)) {
    throw new ServiceError(
      422,
      `no strategy '${strategy}': there are ${STRATEGY_NAMES.join(", ")}`,
    );
  }
  const settings: Record<GpuId, GpuSetting> = { ...state.gpus };
  for (const { id: wanted, enabled, priority } of gpus) {
    const { id } = findGpu(listed, wanted);
    if (
      priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 100)
    ) {
      throw new ServiceError(
        422,
        `priority ${priority} of ${id} is not a whole number from 0 to 100`,
      );
    }
    const now = settingOf({ strategy, gpus: settings }, id);
    settings[id] = { enabled: enabled ?? now.enabled, priority: priority ?? now.priority };
  }
  const next = { ...state, strategy, gpus: settings };
  const disables = gpus.some(({ enabled }) => enabled === false);
  if (disables && !listed.some(({ id }) => settingOf(next, id).enabled)) {
    throw new ServiceError(
      409,
      "no GPU would be left to work: enable another one first",
    );
  }
  return next;
}

/** What is known of a listed GPU beside the state. */
export interface GpuLoad {
  /** Of 100; null where it is not known. */
  load_pct: number | null;
  /** Sessions that were placed there. */
  sessions: number;
}

/** The state as clients see it. */
export function viewOf(
  state: SchedulerState,
  listed: readonly ListedGpu[],
  loadOf: (id: GpuId) => GpuLoad,
): SchedulerView {
  const gpus = listed.map(({ id }): SchedulerGpu => {
    const weight = weightOf(state, id);
    return {
      id,
      ...settingOf(state, id),
      weight: weight?.value ?? null,
      weight_source: weight?.source ?? null,
      ...loadOf(id),
    };
  });
  return { strategy: state.strategy, gpus };
}
