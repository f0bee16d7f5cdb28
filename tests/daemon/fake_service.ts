/**
 * A service of GPUs that there are not: what the HTTP API is tested against.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { EventHub } from "../../lib/daemon/events.ts";
import { SampleEvents } from "../../lib/daemon/sample_event.ts";
import { findGpu } from "../../lib/daemon/find_gpu.ts";
import * as api from "../../lib/daemon/service_api.ts";
import { inventoryDocument } from "../../lib/discovery/inventory.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import type { StatusDocument } from "../../lib/render/status_document.ts";
import type { GpuSample } from "../../lib/telemetry/metrics.ts";
import type { GpuProcess } from "../../lib/telemetry/process.ts";
import { gpus, look } from "./gpus.ts";

/** How much of everything there is. */
export interface FakeOptions {
  gpus?: number;
  processes?: number;
  /** How many events are kept for those who come back. */
  kept?: number;
}

/** The settings that every GPU of it has. */
const POWER_CAP = {
  id: "power_cap_w",
  unit: "W",
  value: 300,
  value_absent: null,
  default: 300,
  range: null,
  choices: null,
  writable: true,
  why_not: null,
  refused_by: null,
  source: "fake",
  note: null,
} as const;

function named(gpu: Gpu): Gpu {
  return { ...gpu, name: `GPU "${gpu.index}" \\ of none`, uuid: `GPU-${gpu.index}` };
}

function busy(sample: GpuSample, tick: number): GpuSample {
  return {
    ...sample,
    name: `GPU "${sample.index}" \\ of none`,
    vram_total_bytes: 16 << 20,
    vram_used_bytes: tick,
    temperature_c: 40 + sample.index,
    power_w: 100,
    energy_j: 1000 + tick,
    core_clock_mhz: 1500,
  };
}

/** Eight GPUs and 500 programs, of which nothing changes but by {@linkcode FakeService.tick}. */
export class FakeService implements api.Service {
  readonly listed: Gpu[];
  readonly events: EventHub;
  ready = true;
  version = "0.0.0";
  sysroot: string | null = null;
  /** What every method throws from now on; undefined for nothing. */
  fails: unknown;
  /** What was asked of it, in order. */
  readonly asked: { method: string; argument: unknown }[] = [];
  readonly #processes: number;
  readonly #plans = new Map<string, api.ControlRequest>();
  readonly #changes: api.ControlEntryView[] = [];
  readonly #runs = new Map<string, api.BenchRunView>();
  #status: StatusDocument | null = null;
  readonly #sampleEvents = new SampleEvents();
  #samples = 0;
  #scheduler: api.SchedulerView;

  constructor({ gpus: count = 8, processes = 500, kept = 512 }: FakeOptions = {}) {
    this.listed = gpus(count).map(named);
    this.events = new EventHub({ life: "fake", kept });
    this.#processes = processes;
    this.#scheduler = {
      strategy: "hybrid",
      gpus: this.listed.map(({ id }) => ({
        id,
        enabled: true,
        priority: 50,
        weight: null,
        weight_source: null,
        load_pct: null,
        sessions: 0,
      })),
    };
    this.tick();
  }

  /** Takes a look, and tells it. */
  tick(): void {
    const tick = ++this.#samples;
    const seen = look(this.listed, this.listed.map(({ index }) => (index * 10 + tick) % 101));
    const sample: StatusDocument = {
      ...seen,
      gpus: seen.gpus.map((gpu) => busy(gpu, tick)),
      health: {
        at: tick * 1000,
        gpus: this.listed.map(({ id, index, name }) => ({
          id,
          index,
          name,
          state: index === 0 ? "warning" : "ok",
          findings: [],
          unjudged: {},
        })),
        events: [],
        worst: "warning",
      },
    };
    this.#status = { ...sample, processes: this.#programs(), partial: null };
    this.events.publish("sample", this.#sampleEvents.next(sample));
  }

  /** As it is before the first look. */
  forget(): void {
    this.#status = null;
  }

  #programs(): GpuProcess[] {
    return Array.from({ length: this.#processes }, (_, i) => ({
      gpu: this.listed[i % this.listed.length]?.id ?? "pci:none",
      pid: 1000 + i,
      name: `program\n${i}`,
      command: null,
      uid: 1000,
      user: null,
      container: null,
      kinds: ["compute"],
      engine_utilization_pct: null,
      utilization_pct: null,
      memory_bytes: {},
      vram_bytes: i * 4096,
      sources: ["fdinfo"],
    }));
  }

  #note(method: string, argument: unknown): void {
    if (this.fails !== undefined) throw this.fails;
    this.asked.push({ method, argument });
  }

  inventory() {
    return inventoryDocument({ gpus: this.listed, sources: [], notes: [] });
  }

  status() {
    if (this.fails !== undefined) throw this.fails;
    return this.#status;
  }

  health(): api.ServiceHealth {
    return {
      ready: this.ready,
      version: this.version,
      sysroot: this.sysroot,
      pid: 4711,
      started_at: "2026-01-01T00:00:00.000Z",
      degraded: { history: "the disk is full" },
      interval_ms: 1000,
      samples: this.#samples,
      samples_missed: 0,
    };
  }

  scheduler() {
    return this.#scheduler;
  }

  changeScheduler(change: api.SchedulerChange): Promise<api.SchedulerView> {
    this.#note("changeScheduler", change);
    const gpus = this.#scheduler.gpus.map((gpu) => ({ ...gpu }));
    const indexed = gpus.map((gpu, index) => ({ gpu, id: gpu.id, index }));
    for (const { id, enabled, priority } of change.gpus ?? []) {
      const { gpu } = findGpu(indexed, id);
      gpu.enabled = enabled ?? gpu.enabled;
      gpu.priority = priority ?? gpu.priority;
    }
    this.#scheduler = { strategy: change.strategy ?? this.#scheduler.strategy, gpus };
    this.events.publish("scheduler", this.#scheduler);
    return Promise.resolve(this.#scheduler);
  }

  sessions(): api.SessionView[] {
    return [];
  }

  history(query: api.HistoryQuery): Promise<api.HistoryView> {
    this.#note("history", query);
    const iso = (ms: number) => {
      const date = new Date(ms);
      if (Number.isNaN(date.getTime())) throw new api.ServiceError(400, "no such time");
      return date.toISOString();
    };
    const gpus = query.gpus?.map((each) => findGpu(this.listed, each)) ?? this.listed;
    return Promise.resolve({
      from: iso(query.from ?? 0),
      to: iso(query.to ?? 1),
      step_s: query.step_s ?? 0,
      gap_s: 5,
      gpus: gpus.map(({ id, index, name }) => ({ id, index, name })),
      series: [],
    });
  }

  power(): api.PowerView {
    return { schema: "mvgal.power/1", enabled: false, budget: null, gpus: [] };
  }

  resetStats(): void {
    this.#note("resetStats", undefined);
    this.#samples = 0;
  }

  logs(query: api.LogQuery): api.LogLine[] {
    this.#note("logs", query);
    return [];
  }

  config(): api.ConfigView {
    return { path: null, values: {}, loaded_at: "2026-01-01T00:00:00.000Z", problem: null };
  }

  reload() {
    this.#note("reload", undefined);
    return Promise.resolve(this.config());
  }

  settings(gpu: string): api.ControlView {
    return {
      gpu: findGpu(this.listed, gpu).id,
      settings: [{ ...POWER_CAP }],
      absent: { fan: "it has none" },
    };
  }

  plan(request: api.ControlRequest): api.ControlPlanView {
    this.#note("plan", request);
    const { id } = findGpu(this.listed, request.gpu);
    if (request.group !== "power") {
      throw new api.ServiceError(422, `${id}: no ${request.group} to set`);
    }
    const token = randomUUID();
    this.#plans.set(token, { ...request, gpu: id });
    return {
      token,
      gpu: id,
      group: "power",
      changes: [],
      steps: [],
      actions: [],
      risky: false,
      obstacles: [],
    };
  }

  apply(token: string, seconds?: number): api.ControlEntryView {
    this.#note("apply", { token, seconds });
    const plan = this.#plans.get(token);
    if (plan === undefined) throw new api.ServiceError(409, "no such plan: plan it again");
    this.#plans.delete(token);
    const entry: api.ControlEntryView = {
      gpu: plan.gpu,
      group: plan.group,
      changes: [],
      state: seconds === undefined ? "confirmed" : "pending",
      reverts_at: null,
      message: null,
    };
    this.#changes.push(entry);
    return entry;
  }

  #end(gpu: string, group: string, state: "confirmed" | "reverted"): api.ControlEntryView {
    const { id } = findGpu(this.listed, gpu);
    const entry = this.#changes.find((each) => each.gpu === id && each.group === group);
    if (entry === undefined) throw new api.ServiceError(404, `${id}: no change of ${group}`);
    entry.state = state;
    return entry;
  }

  confirm(gpu: string, group: api.ControlRequest["group"]) {
    this.#note("confirm", { gpu, group });
    return this.#end(gpu, group, "confirmed");
  }

  revert(gpu: string, group: api.ControlRequest["group"]) {
    this.#note("revert", { gpu, group });
    return this.#end(gpu, group, "reverted");
  }

  changes() {
    return this.#changes;
  }

  benchRuns() {
    return [...this.#runs.values()];
  }

  startBench(request: api.BenchRequest): api.BenchRunView {
    this.#note("startBench", request);
    if ([...this.#runs.values()].some(({ state }) => state === "running")) {
      throw new api.ServiceError(409, "a benchmark runs already");
    }
    const run: api.BenchRunView = {
      id: randomUUID(),
      state: "running",
      started_at: "2026-01-01T00:00:00.000Z",
      ended_at: null,
      what: null,
      done: 0,
      total: 1,
      error: null,
    };
    this.#runs.set(run.id, run);
    return run;
  }

  #run(id: string): api.BenchRunView {
    const run = this.#runs.get(id);
    if (run === undefined) throw new api.ServiceError(404, `no run ${id}`);
    return run;
  }

  cancelBench(id: string) {
    this.#note("cancelBench", id);
    const run = this.#run(id);
    run.state = "cancelled";
    return run;
  }

  benchReport(id: string): unknown {
    const run = this.#run(id);
    if (run.state === "running") throw new api.ServiceError(409, "it runs yet");
    return { schema: "mvgal.bench/1" };
  }
}
