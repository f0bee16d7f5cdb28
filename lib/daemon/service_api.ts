/**
 * What the service can do for those who ask: the HTTP API is written against this, and the service
 * implements it.
 *
 * All of it is plain data under the names of the JSON documents.
 *
 * @module
 */

import type { InventoryDocument } from "../discovery/inventory.ts";
import type { GpuId } from "../gpu/gpu.ts";
import type { PlannedChange } from "../control/plan.ts";
import type { Step } from "../control/step.ts";
import type { SettingGroup, SettingState } from "../control/setting.ts";
import type { StatusDocument } from "../render/status_document.ts";
import type { GpuSample } from "../telemetry/metrics.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import type { PowerView } from "./power/decision.ts";

/** What was asked for cannot be: `status` is the HTTP status that says so best. */
export class ServiceError extends Error {
  readonly status: 400 | 403 | 404 | 409 | 422 | 503;

  /** Takes the status and one line for people: what, which thing, why, what to do. */
  constructor(status: ServiceError["status"], message: string) {
    super(message);
    this.name = "ServiceError";
    this.status = status;
  }
}

/** How grave a line of the log is. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** See {@linkcode LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** A line of the service's log. */
export interface LogLine {
  /** Counts from 1 in the life of the service, without gaps. */
  id: number;
  /** ISO 8601, UTC. */
  at: string;
  level: LogLevel;
  /** Which part of the service: `sampler`, `history`, `power`, `config`, `http`, `sessions`, `bench`. */
  part: string;
  /** One line. */
  text: string;
  /** The GPU that it is about, where it is about one. */
  gpu: GpuId | null;
}

/** What the power manager does: see `docs/power.md`. */
export type { PowerView };

/** A GPU in a look: `sources` and `absent` where they are not as in the look before. */
export type GpuSampleEvent = Omit<GpuSample, "sources" | "absent"> & Partial<GpuSample>;

/** A look without the programs. */
export interface SampleEvent extends Omit<StatusDocument, "gpus" | "processes" | "partial"> {
  gpus: GpuSampleEvent[];
}

/** What happens in the service, by kind. */
export interface ServiceEvents {
  /** A look at all GPUs, every interval. */
  sample: SampleEvent;
  /** What the power manager does, after each change. */
  power: PowerView;
  /** What changed in the health of a GPU. */
  health: StatusDocument["health"];
  /** GPUs came or went; ids. */
  gpus: { added: GpuId[]; removed: GpuId[] };
  scheduler: SchedulerView;
  session: { edge: "begin" | "end"; session: SessionView };
  log: LogLine;
  config: ConfigView;
  control: ControlEntryView;
  bench: BenchRunView;
}

/** The kinds of events. */
export const EVENT_KINDS = [
  "sample",
  "power",
  "health",
  "gpus",
  "scheduler",
  "session",
  "log",
  "config",
  "control",
  "bench",
] as const satisfies readonly (keyof ServiceEvents)[];

/** An event, numbered. Ids grow over all kinds, and are not used again after a restart. */
export type ServiceEvent = {
  [K in keyof ServiceEvents]: { id: string; at: string; kind: K; data: ServiceEvents[K] };
}[keyof ServiceEvents];

/** A GPU as the scheduler sees it. */
export interface SchedulerGpu {
  id: GpuId;
  enabled: boolean;
  /** 0 to 100, 50 by default: of two GPUs that would do as well, the one with the higher takes the work. */
  priority: number;
  /** Its share in what is split, in proportion to the others'; null where it was never measured. */
  weight: number | null;
  /** Where the weight is from: `bench 2026-01-01T00:00:00Z`, `config`. */
  weight_source: string | null;
  /** Utilization now in percent; null where it is not known. */
  load_pct: number | null;
  /** Programs that run with mvgal and were placed here. */
  sessions: number;
}

/** The scheduler. */
export interface SchedulerView {
  strategy: StrategyName;
  gpus: SchedulerGpu[];
}

/** A change of the scheduler. What is absent stays. */
export interface SchedulerChange {
  strategy?: StrategyName | undefined;
  /** By id or index. */
  gpus?: { id: string; enabled?: boolean | undefined; priority?: number | undefined }[] | undefined;
}

/** A program that runs with a shim of mvgal. */
export interface SessionView {
  /** `<pid>.<start time>`. */
  id: string;
  pid: number;
  /** Name of the program; null where it cannot be read. */
  command: string | null;
  /** ISO 8601; null where it is not known. */
  since: string | null;
  /** Which shim: `cuda`, `opencl`, `vulkan`, `opengl`. */
  api: string;
  strategy: StrategyName;
  /** GPUs that it may use. */
  gpus: GpuId[];
  /** The one on which its work is placed; null where there is none for it. */
  placed_on: GpuId | null;
  /** Why there, in one line. */
  placed_because: string;
  /** By GPU, what the shim has counted. */
  counters: {
    gpu: GpuId;
    bytes: number;
    launches: number;
    splits: number;
    busy_ms: number;
  }[];
  /** Kernels, on GPUs or not, where the shim counts them; null where it tells of none. */
  kernels: { whole: number; parted: number } | null;
  /** Why work ran whole, and how often. */
  whole: { reason: string; count: number }[];
}

/** A series of one metric of one GPU. */
export interface HistorySeries {
  gpu: GpuId;
  metric: string;
  /** Of the raw samples, or the mean, least and most of each step. */
  points: { at: string; mean: number; min: number; max: number }[];
}

/** An answer from the history. */
export interface HistoryView {
  from: string;
  to: string;
  /** Length of a step in s; 0 where the points are the samples themselves. */
  step_s: number;
  /** Points of a series that are further apart, in s, have a gap between them. */
  gap_s: number;
  /** The GPUs of the series; the index is that of the newest listing, null where it is not in that. */
  gpus: { id: GpuId; index: number | null; name: string | null }[];
  series: HistorySeries[];
}

/** What is asked of the history. */
export interface HistoryQuery {
  /** Ids or indices; all where absent. */
  gpus?: string[] | undefined;
  /** Names of metrics; the usual ones where absent. */
  metrics?: string[] | undefined;
  /** Milliseconds since 1970; an hour ago and now where absent. */
  from?: number | undefined;
  to?: number | undefined;
  /** The least length of a step in s; as few points as are useful on a screen where absent. */
  step_s?: number | undefined;
}

/** The settings of a GPU. */
export interface ControlView {
  gpu: GpuId;
  settings: SettingState[];
  /** Why there are none, by group. */
  absent: Record<string, string>;
}

/** What is to be set. */
export interface ControlRequest {
  gpu: string;
  group: SettingGroup;
  /** By setting; null for the driver's default. */
  values: Record<string, string | number | null>;
}

/** A plan that was shown, and may be applied by its token as long as nothing changed. */
export interface ControlPlanView {
  /** Names the plan for a minute. */
  token: string;
  gpu: GpuId;
  group: SettingGroup;
  changes: PlannedChange[];
  /** The steps for people. */
  steps: string[];
  /** And for programs. */
  actions: Step[];
  risky: boolean;
  obstacles: string[];
}

/** A change that was made. */
export interface ControlEntryView {
  gpu: GpuId;
  group: SettingGroup;
  changes: PlannedChange[];
  state: "pending" | "confirmed" | "reverted" | "failed";
  /** When it is taken back unless it is confirmed; null where it stays. */
  reverts_at: string | null;
  /** What came of taking it back, in one line; null where that was not tried. */
  message: string | null;
}

/** A benchmark run of the service. */
export interface BenchRunView {
  id: string;
  state: "running" | "done" | "failed" | "cancelled";
  started_at: string;
  ended_at: string | null;
  /** What is measured now; null where nothing is. */
  what: string | null;
  done: number;
  total: number;
  /** Why it failed; null where it did not. */
  error: string | null;
}

/** What is to be measured: the arguments of `mvgal bench`. */
export interface BenchRequest {
  /** Suites or globs of benchmarks; all where absent. */
  select?: string[] | undefined;
  gpu?: string | undefined;
  quick?: boolean | undefined;
}

/** The running configuration. */
export interface ConfigView {
  /** The file; null where there is none and all are defaults. */
  path: string | null;
  /** `section` -> `key` -> value, defaults included. */
  values: Record<string, Record<string, string | number | boolean | null>>;
  /** When it was read. */
  loaded_at: string;
  /** What was wrong with the last attempt to read it again; null where it went well. */
  problem: string | null;
}

/** The service about itself. */
export interface ServiceHealth {
  /** Whether a look at the GPUs succeeded lately: not before the first has. */
  ready: boolean;
  version: string;
  /** Directory of the dump of another host that it shows; null where it is about this host. */
  sysroot: string | null;
  pid: number;
  started_at: string;
  /** Parts that do not work: `history` -> why. */
  degraded: Record<string, string>;
  interval_ms: number;
  samples: number;
  /** Looks that could not be taken in time. */
  samples_missed: number;
}

/** A page of the log. */
export interface LogQuery {
  level?: LogLevel | undefined;
  part?: string | undefined;
  gpu?: string | undefined;
  /** Lines behind this id. */
  after?: number | undefined;
  /** 1 to 1000; 100 where absent. */
  limit?: number | undefined;
}

/** The numbered events, with as many of the past ones as are kept. */
export interface EventSource {
  /**
   * Events from now on, those behind `after` first where they are still kept.
   *
   * A listener that throws is dropped. `gap` is called first where events behind `after` are gone.
   */
  subscribe(
    listener: (event: ServiceEvent) => void,
    options?: { after?: string | undefined; kinds?: readonly string[]; gap?: () => void },
  ): Disposable;
}

/** The service. Methods throw (or reject with) {@linkcode ServiceError} for what cannot be. */
export interface Service {
  inventory(): InventoryDocument;
  /** The last look, with programs and health; null before the first. */
  status(): StatusDocument | null;
  health(): ServiceHealth;
  scheduler(): SchedulerView;
  changeScheduler(change: SchedulerChange): Promise<SchedulerView>;
  sessions(): SessionView[];
  history(query: HistoryQuery): Promise<HistoryView>;
  /** What the power manager does. */
  power(): PowerView;
  /** Sets the counters that the service keeps to zero: looks, launches of programs. */
  resetStats(): void;
  logs(query: LogQuery): LogLine[];
  config(): ConfigView;
  reload(): Promise<ConfigView>;
  settings(gpu: string): ControlView;
  plan(request: ControlRequest): ControlPlanView;
  /** @param seconds after which it is taken back unless confirmed; a minute for risky ones where absent. */
  apply(token: string, seconds?: number): ControlEntryView;
  confirm(gpu: string, group: SettingGroup): ControlEntryView;
  revert(gpu: string, group: SettingGroup): ControlEntryView;
  changes(): ControlEntryView[];
  benchRuns(): BenchRunView[];
  startBench(request: BenchRequest): BenchRunView;
  cancelBench(id: string): BenchRunView;
  /** The report document of a run that is done. */
  benchReport(id: string): unknown;
  readonly events: EventSource;
}
