/**
 * Which GPU a program is to use, and what it is told. Pure.
 *
 * @module
 */

import type { Gpu, GpuId } from "../gpu/gpu.ts";
import type { GivenOptions } from "../schedule/options.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { Scheduler, type StrategyName } from "../schedule/strategies.ts";
import type { TaskKind, Work, Worker } from "../schedule/strategy.ts";
import { FULL_WEIGHT, GPU_ROWS } from "../session/layout.ts";
import type { SessionPage } from "../session/page.ts";
import type { Policy } from "../session/policy.ts";
import { type GpuLoad, type SchedulerState, settingOf, weightOf } from "./scheduler_state.ts";

/** What a program asks for, by its environment. */
export type Asked = SessionPage["asked"];

/** Where a program was placed. */
export interface Placement {
  /** The GPU to use where it uses one; null where there is none for it. */
  gpu: GpuId | null;
  /** All that it may use, in the order of the listing. */
  gpus: GpuId[];
  strategy: StrategyName;
  /** Why, in one line. */
  reason: string;
}

/** Which a program may use. */
export interface Allowed {
  gpus: GpuId[];
  /** What of its wishes could not be met, in one line; null for nothing. */
  note: string | null;
}

/**
 * The GPUs that a program may use: what is enabled, and of that what it asks for. What is disabled stays
 * so, whatever it asks for; who asks for none that is enabled may use all that are.
 */
export function allowedGpus(state: SchedulerState, listed: readonly Gpu[], asked: Asked): Allowed {
  const enabled = listed.filter(({ id }) => settingOf(state, id).enabled);
  const wish = wishOf(listed, asked);
  const gpus = enabled.filter(({ id }) => wish.ids === null || wish.ids.has(id));
  const isMissed = gpus.length === 0 && enabled.length > 0;
  return {
    gpus: (isMissed ? enabled : gpus).map(({ id }) => id),
    note: isMissed ? "what it asks for is not enabled" : wish.note,
  };
}

/** What is asked for: ids, or null for all; and what of it means nothing here. */
function wishOf(
  listed: readonly Gpu[],
  { mask, gpus }: Asked,
): { ids: Set<GpuId> | null; note: string | null } {
  if (gpus !== null) {
    try {
      const chosen = selectGpus(listed, parseGpuSelector(gpus));
      return { ids: new Set(chosen.map(({ id }) => id)), note: null };
    } catch (error) {
      const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
      return { ids: null, note: `MVGAL_GPUS: ${why}` };
    }
  }
  if (mask === null) return { ids: null, note: null };
  const chosen = listed.filter(({ index }) => (mask >> BigInt(index)) % 2n === 1n);
  return { ids: new Set(chosen.map(({ id }) => id)), note: null };
}

/** What programs with a shim do, in the words of the strategies. */
export function taskOf(api: string): TaskKind {
  return api === "vulkan" || api === "opengl" ? "graphics" : "compute";
}

/**
 * How long a program is thought to take on a GPU of average speed, in ms. Nobody knows; it makes queues
 * of programs comparable with each other, and nothing else.
 */
const PROGRAM_MS = 1000;

/** A GPU as a worker: what runs there counts as programs that have not ended. */
function workerOf(state: SchedulerState, id: GpuId, load: GpuLoad, meanWeight: number): Worker {
  const { priority } = settingOf(state, id);
  const weight = weightOf(state, id);
  const speed = weight === null ? null : weight.value / meanWeight;
  // A busy GPU without sessions is busy with other programs; with sessions, with those.
  const programs = Math.max(load.sessions, (load.load_pct ?? 0) / 100);
  return {
    id,
    enabled: true,
    speed,
    queued_ms: programs * PROGRAM_MS / (speed ?? 1),
    priority,
    utilization_pct: load.load_pct,
  };
}

/**
 * Places a new program by its strategy: the one that it asks for, or the one that is set.
 *
 * @param scheduler of that strategy: {@linkcode schedulerFor}. It takes note of the decision.
 */
export function place(
  state: SchedulerState,
  listed: readonly Gpu[],
  loadOf: (id: GpuId) => GpuLoad,
  { api, asked }: Pick<SessionPage, "api" | "asked">,
  scheduler: Scheduler,
): Placement {
  const strategy = strategyOf(state, asked);
  const { gpus, note } = allowedGpus(state, listed, asked);
  const end = note === null ? "" : `; ${note}`;
  if (gpus.length === 0) {
    const reason = listed.length === 0 ? "there is no GPU" : "no GPU is enabled";
    return { gpu: null, gpus, strategy, reason };
  }
  const weights = gpus.map((id) => weightOf(state, id)?.value).filter((each) => each !== undefined);
  const mean = weights.length === 0
    ? 1
    : weights.reduce((sum, each) => sum + each / weights.length, 0);
  const allowed = new Set(gpus);
  // All are listed: whose turn it is counts among all.
  const workers = listed.map(({ id }) => ({
    ...workerOf(state, id, loadOf(id), mean),
    enabled: allowed.has(id),
  }));
  const work: Work = { kind: "task", task: taskOf(api), cost_ms: PROGRAM_MS, inputs: [] };
  const { parts } = scheduler.place(work, workers);
  const gpu = parts[0]?.worker ?? null;
  return { gpu, gpus, strategy, reason: `${reasonFor(strategy, gpu, loadOf, mean, state)}${end}` };
}

/** The strategy of a program. */
export function strategyOf(state: SchedulerState, asked: Asked): StrategyName {
  return asked.strategy ?? state.strategy;
}

/** What the configuration says of programs, beside what people may change while the service runs. */
export interface PlacementRules {
  /** Whether programs are told anything. */
  places: boolean;
  /** Options of the strategies other than the defaults. */
  options: Readonly<Partial<Record<StrategyName, GivenOptions>>>;
  /** How much of a GPU's memory programs may have, in bytes; GPUs without a limit are absent. */
  memory_limits: Readonly<Record<GpuId, bigint>>;
}

/** Programs are placed, by the strategies' usual options. */
export const USUAL_RULES: PlacementRules = { places: true, options: {}, memory_limits: {} };

/** A scheduler of programs by a strategy. */
export function schedulerFor(
  strategy: StrategyName,
  { options }: Pick<PlacementRules, "options"> = USUAL_RULES,
): Scheduler {
  return new Scheduler(strategy, options[strategy]);
}

/** Where a program is that is told nothing: wherever it likes. */
export function unplaced(
  state: SchedulerState,
  listed: readonly Gpu[],
  asked: Asked,
): Placement {
  return {
    gpu: null,
    gpus: listed.map(({ id }) => id),
    strategy: strategyOf(state, asked),
    reason: "[core] enabled is false: it runs as it would without mvgal",
  };
}

/** Why a program is where it is: of the strategy's reason the times mean nothing, since nobody knows them. */
function reasonFor(
  strategy: StrategyName,
  gpu: GpuId | null,
  loadOf: (id: GpuId) => GpuLoad,
  mean: number,
  state: SchedulerState,
): string {
  if (gpu === null) return `${strategy}: no GPU`;
  const { sessions, load_pct } = loadOf(gpu);
  const { priority } = settingOf(state, gpu);
  const weight = weightOf(state, gpu);
  const facts = [
    load_pct === null ? "load unknown" : `${Math.round(load_pct)} % busy`,
    `${sessions} session${sessions === 1 ? "" : "s"}`,
    `priority ${priority}`,
    weight === null ? "not measured" : `weight ${(weight.value / mean).toPrecision(3)} of the mean`,
  ];
  return `${strategy}: ${gpu} (${facts.join(", ")})`;
}

/**
 * What a program is told. Of more GPUs than a page has rows, those that it may use come first.
 *
 * @returns undefined where there is no GPU for it: it is left with what it was told before.
 */
export function policyFor(
  state: SchedulerState,
  listed: readonly Gpu[],
  { gpu, gpus, strategy }: Pick<Placement, "gpu" | "gpus" | "strategy">,
  { memory_limits }: Pick<PlacementRules, "memory_limits"> = USUAL_RULES,
): Policy | undefined {
  if (gpus.length === 0) return undefined;
  const allowed = new Set(gpus);
  const chosen = [
    ...listed.filter(({ id }) => allowed.has(id)),
    ...listed.filter(({ id }) => !allowed.has(id)),
  ].slice(0, GPU_ROWS);
  const rows = listed.filter((each) => chosen.includes(each));
  const heaviest = Math.max(0, ...rows.map(({ id }) => weightOf(state, id)?.value ?? 0));
  return {
    strategy,
    gpus: rows.map(({ id }) => {
      const weight = weightOf(state, id);
      return {
        id,
        enabled: allowed.has(id),
        preferred: id === gpu,
        weight: weight === null
          ? null
          : Math.max(1, Math.round(weight.value / heaviest * FULL_WEIGHT)),
        memory_limit_bytes: Object.hasOwn(memory_limits, id) ? memory_limits[id] ?? null : null,
        compute_pct: 100,
        priority: settingOf(state, id).priority,
      };
    }),
  };
}
