/** GPUs that exist in numbers alone, and a control of them. */

import type { PowerControl } from "../../../lib/daemon/power/control.ts";
import type {
  CapLimits,
  Decision,
  HoldGroup,
  Loss,
  Outcome,
  PowerLook,
} from "../../../lib/daemon/power/decision.ts";
import { DEFAULT_POWER_POLICY, type PowerPolicy } from "../../../lib/daemon/power/policy.ts";
import type { GpuId } from "../../../lib/gpu/gpu.ts";
import { type GpuSample, unknownMetrics } from "../../../lib/telemetry/metrics.ts";
import type { GpuProcess, ProcessList } from "../../../lib/telemetry/process.ts";

/** A policy that is on, with these differences. */
export function policy(changes: Partial<PowerPolicy> = {}): PowerPolicy {
  return { ...DEFAULT_POWER_POLICY, enabled: true, ...changes };
}

/** A sample of a GPU that is awake and idle at 40 °C; `own` W is its cap. */
export function sample(id: GpuId, own: number | null, changes: Partial<GpuSample> = {}): GpuSample {
  return {
    id,
    index: 0,
    name: null,
    state: "ok",
    reason: null,
    power_state: "active",
    ...unknownMetrics(),
    utilization_pct: 0,
    temperature_c: 40,
    power_w: 20,
    power_cap_w: own,
    sources: {},
    absent: {},
    ...changes,
  };
}

/** A sample of one of which nothing can be read. */
export function blank(id: GpuId, state: GpuSample["state"]): GpuSample {
  return {
    ...sample(id, null),
    ...unknownMetrics(),
    state,
    reason: `it is ${state}`,
    power_state: state === "asleep" ? "suspended" : null,
  };
}

/** Programs that compute on these GPUs. */
export function programs(...gpus: GpuId[]): ProcessList {
  const one = (gpu: GpuId): GpuProcess => ({
    gpu,
    pid: 1,
    name: "train",
    command: null,
    uid: 0,
    user: null,
    container: null,
    kinds: ["compute"],
    engine_utilization_pct: null,
    utilization_pct: null,
    memory_bytes: {},
    vram_bytes: null,
    sources: ["fdinfo"],
  });
  return { processes: gpus.map(one), partial: null };
}

/** What one GPU's driver takes, and has. */
export interface FakeGpu {
  own: number;
  min: number;
  max: number;
  step: number;
  cap: number;
  mayPark: "on" | "auto";
  /** Why each change is refused; null where none is. */
  refuses: string | null;
}

/** A control of fake GPUs that keeps what it was asked. */
export class FakeControl implements PowerControl {
  readonly gpus = new Map<GpuId, FakeGpu>();
  readonly done: Decision[] = [];
  readonly asked: string[] = [];
  readonly held = new Set<string>();
  readonly losses = new Map<string, Loss>();

  add(id: GpuId, own = 260, limits: Partial<FakeGpu> = {}): this {
    this.gpus.set(id, {
      own,
      min: 100,
      max: own + 40,
      step: 1,
      cap: own,
      mayPark: "on",
      refuses: null,
      ...limits,
    });
    return this;
  }

  at(id: GpuId): FakeGpu {
    const found = this.gpus.get(id);
    if (found === undefined) throw new Error(`no ${id}`);
    return found;
  }

  recover(): string[] {
    return [];
  }

  limits(id: GpuId): CapLimits {
    this.asked.push(`limits ${id}`);
    const gpu = this.gpus.get(id);
    if (gpu === undefined) return { state: "refused", by: "driver", reason: "gone" };
    if (gpu.refuses !== null) return { state: "refused", by: "driver", reason: gpu.refuses };
    return { state: "ok", own: gpu.cap, min: gpu.min, max: gpu.max, step: gpu.step };
  }

  carryOut(decision: Decision): Outcome {
    this.asked.push(`${decision.kind} ${decision.gpu}`);
    const gpu = this.gpus.get(decision.gpu);
    if (gpu === undefined) return { state: "done", detail: "gone" };
    if (gpu.refuses !== null) return { state: "refused", by: "driver", reason: gpu.refuses };
    this.done.push(decision);
    const group = decision.kind.endsWith("cap") ? "power" : "park";
    const key = `${decision.gpu} ${group}`;
    if (decision.kind === "cap" || decision.kind === "park") this.held.add(key);
    else this.held.delete(key);
    if (decision.kind === "cap") gpu.cap = decision.watts;
    if (decision.kind === "uncap") gpu.cap = gpu.own;
    if (decision.kind === "park") gpu.mayPark = "auto";
    if (decision.kind === "unpark") gpu.mayPark = "on";
    return { state: "done", detail: "done" };
  }

  renew(gpu: GpuId, group: HoldGroup): Loss | undefined {
    this.asked.push(`renew ${gpu} ${group}`);
    const loss = this.losses.get(`${gpu} ${group}`);
    if (loss !== undefined) this.held.delete(`${gpu} ${group}`);
    this.losses.delete(`${gpu} ${group}`);
    return loss;
  }

  verify(gpu: GpuId): Loss | undefined {
    this.asked.push(`verify ${gpu}`);
    return undefined;
  }

  /** Samples of all GPUs, with the caps that they have. */
  samples(changes: (id: GpuId) => Partial<GpuSample> = () => ({})): GpuSample[] {
    return [...this.gpus].map(([id, { cap }]) => sample(id, cap, changes(id)));
  }

  look(
    at: number,
    changes?: (id: GpuId) => Partial<GpuSample>,
    list: ProcessList | null = programs(),
  ): PowerLook {
    return { at, gpus: this.samples(changes), programs: list };
  }
}
