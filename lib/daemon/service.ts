/**
 * The service: its parts put together.
 *
 * @module
 */

import type { InventoryDocument } from "../discovery/inventory.ts";
import type { SettingGroup } from "../control/setting.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { StatusDocument } from "../render/status_document.ts";
import type { BenchDesk } from "./bench_desk.ts";
import type { ControlDesk } from "./control_desk.ts";
import { currentInventory } from "./current_inventory.ts";
import type { EventHub } from "./events.ts";
import type { InventoryDesk } from "./inventory_desk.ts";
import type { ServiceLog } from "./log.ts";
import { oneLine } from "./one_line.ts";
import { SampleEvents } from "./sample_event.ts";
import type { Sampling } from "./sampling.ts";
import {
  type BenchRequest,
  type BenchRunView,
  type ConfigView,
  type ControlEntryView,
  type ControlPlanView,
  type ControlRequest,
  type ControlView,
  type EventSource,
  type HistoryQuery,
  type HistoryView,
  type LogLine,
  type LogQuery,
  type PowerView,
  type SchedulerChange,
  type SchedulerView,
  type Service,
  ServiceError,
  type ServiceHealth,
  type SessionView,
} from "./service_api.ts";

/** Keeps what was sampled. */
export interface HistoryPart extends Disposable {
  record(document: StatusDocument): void;
  /** @throws {ServiceError} by rejection. */
  query(query: HistoryQuery): Promise<HistoryView>;
  /** Why nothing is kept; null where all is well. */
  readonly degraded: string | null;
}

/** Programs with a shim in them, and how their work is spread. */
export interface SchedulingPart extends Disposable {
  /** Told of each look. */
  looked(document: StatusDocument, gpus: readonly Gpu[]): void;
  sessions(): SessionView[];
  view(): SchedulerView;
  /** @throws {ServiceError} */
  change(change: SchedulerChange): SchedulerView;
  /** Resolves when what was changed is on the disk, or cannot be: see `degraded`. */
  saved(): Promise<void>;
  /** Counts from now on. */
  resetStats(): void;
  readonly degraded: string | null;
}

/** Saves power, within what its policy allows. */
export interface PowerPart extends AsyncDisposable {
  looked(document: StatusDocument): void;
  view(): PowerView;
}

/** The running configuration. */
export interface ConfigPart {
  view(): ConfigView;
  /** Reads the file again, and applies it. One that is wrong changes nothing; the view says what. */
  reload(): Promise<ConfigView>;
}

/** The parts of a service. Those that are undefined are switched off. */
export interface ServiceParts {
  version: string;
  /** Directory of the dump that is shown; null for this host. */
  sysroot: string | null;
  log: ServiceLog;
  events: EventHub;
  inventory: InventoryDesk;
  control: ControlDesk;
  bench: BenchDesk;
  config: ConfigPart;
  scheduling: SchedulingPart;
  history: HistoryPart | undefined;
  power: PowerPart;
  /** A clock that does not go back, in ms. */
  now?: () => number;
  /** Starts to sample. */
  sample(told: Pick<GpuService, "looked" | "changed" | "failed">): Promise<Sampling>;
}

/** After how many intervals without a look the service counts as stuck. */
const STUCK_INTERVALS = 10;

/** The service, as clients see it. Dispose it to end its parts. */
export class GpuService implements Service, AsyncDisposable {
  readonly #parts: ServiceParts;
  readonly #startedAt = new Date().toISOString();
  #sampling: Sampling | undefined;
  readonly #samples = new SampleEvents();
  readonly #now: () => number;
  /** When the last look was taken that succeeded; at first when the service was started. */
  #lastLook: number;
  /** What failed last, so that it is said once. */
  readonly #said = new Map<string, string>();
  /** Parts around the service that do not work, and why. */
  readonly #degraded = new Map<string, string>();

  private constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
    this.#lastLook = this.#now();
  }

  /** Starts the sampler. Rejects where GPUs cannot be looked for at all. */
  static async start(parts: ServiceParts): Promise<GpuService> {
    const service = new GpuService(parts);
    service.#sampling = await parts.sample(service);
    const { log } = parts;
    const { gpus } = service.#sampling;
    log.write("info", "sampler", `${gpus.length} GPU${gpus.length === 1 ? "" : "s"}`);
    parts.inventory.refresh();
    return service;
  }

  /** The GPUs that are looked at. */
  get gpus(): readonly Gpu[] {
    return this.#sampling?.gpus ?? [];
  }

  /** Whether looks are still taken; for a while after the start too, until the first has succeeded. */
  get isAlive(): boolean {
    const interval = this.#sampling?.intervalMs ?? 1000;
    return this.#now() - this.#lastLook < Math.max(5000, STUCK_INTERVALS * interval);
  }

  /**
   * For the sampler: a look at some GPUs; the first is taken before there is a sampler to ask for them. What a
   * part does with it is not the others' trouble.
   */
  looked(document: StatusDocument, gpus: readonly Gpu[]): void {
    this.#lastLook = this.#now();
    this.#said.delete("sampler");
    const { events, history, scheduling, power } = this.#parts;
    this.#each("history", () => history?.record(document));
    this.#each("sessions", () => scheduling.looked(document, gpus));
    this.#each("power", () => power.looked(document));
    const { health } = document;
    if (health !== undefined && health.events.length > 0) {
      for (const { edge, gpu, finding } of health.events) {
        const level = edge === "raised"
          ? finding.severity === "critical" ? "error" : "warning"
          : "info";
        const text = edge === "raised" ? finding.text : `over: ${finding.text}`;
        this.#parts.log.write(level, "health", text, gpu);
      }
      events.publish("health", health);
    }
    events.publish("sample", this.#samples.next(document));
  }

  #each(part: string, work: () => void): void {
    try {
      work();
      this.#said.delete(part);
    } catch (error) {
      this.#sayOnce(part, oneLine(error));
    }
  }

  #sayOnce(part: string, text: string): void {
    if (this.#said.get(part) === text) return;
    this.#said.set(part, text);
    this.#parts.log.write("error", part, text);
  }

  /** For what is around the service: a part of it does not work, and will not until the next start. */
  degrade(part: string, why: string): void {
    this.#degraded.set(part, why);
    this.#sayOnce(part, why);
  }

  /** For the sampler: GPUs came or went. */
  changed(change: { added: string[]; removed: string[] }): void {
    const { log, events, inventory, control } = this.#parts;
    for (const id of change.added) log.write("info", "sampler", `${id} is there`, id);
    for (const id of change.removed) log.write("warning", "sampler", `${id} is gone`, id);
    this.#each("control", () => {
      for (const { gpu, text } of control.gpusChanged(change)) {
        log.write("warning", "control", text, gpu);
      }
    });
    events.publish("gpus", change);
    inventory.refresh();
  }

  /** For the sampler: a look failed, or the search for GPUs. */
  failed(what: "look" | "rescan", why: string): void {
    this.#sayOnce("sampler", what === "look" ? why : `GPUs cannot be looked for: ${why}`);
  }

  /** Looks whether GPUs came or went; `anew` where something has happened to them. */
  async rescan(options = { anew: false }): Promise<void> {
    await this.#sampling?.rescan(options);
    if (options.anew) this.#parts.inventory.refresh();
  }

  /** Time from one look to the next, in ms. */
  set intervalMs(ms: number) {
    if (this.#sampling !== undefined) this.#sampling.intervalMs = ms;
  }

  inventory(): InventoryDocument {
    return currentInventory(this.#parts.inventory.document, this.status()?.gpus ?? []);
  }

  status(): StatusDocument | null {
    return this.#sampling?.last ?? null;
  }

  health(): ServiceHealth {
    const { version, sysroot, history, scheduling } = this.#parts;
    const degraded = Object.fromEntries(this.#degraded);
    const parts = { history, scheduler: scheduling };
    for (const [name, part] of Object.entries(parts)) {
      if (part?.degraded) degraded[name] = part.degraded;
    }
    const { looks = 0, missed = 0 } = this.#sampling?.counts ?? {};
    return {
      // Where the first look failed, nothing is known yet. A look at no GPUs is one.
      ready: this.status() !== null && this.isAlive,
      version,
      sysroot,
      pid: Deno.pid,
      started_at: this.#startedAt,
      degraded,
      interval_ms: this.#sampling?.intervalMs ?? 0,
      samples: looks,
      samples_missed: missed,
    };
  }

  scheduler(): SchedulerView {
    return this.#parts.scheduling.view();
  }

  async changeScheduler(change: SchedulerChange): Promise<SchedulerView> {
    const { scheduling, events, log } = this.#parts;
    const view = scheduling.change(change);
    // Who is answered can rely on it.
    await scheduling.saved();
    log.write("info", "scheduler", `changed: ${JSON.stringify(change)}`);
    events.publish("scheduler", view);
    return view;
  }

  sessions(): SessionView[] {
    return this.#parts.scheduling.sessions();
  }

  history(query: HistoryQuery): Promise<HistoryView> {
    const { history } = this.#parts;
    if (history !== undefined) return history.query(query);
    return Promise.reject(
      new ServiceError(503, "no history is kept: [history] enabled is false in the configuration"),
    );
  }

  power(): PowerView {
    return this.#parts.power.view();
  }

  resetStats(): void {
    this.#sampling?.resetCounts();
    this.#parts.scheduling.resetStats();
  }

  logs(query: LogQuery): LogLine[] {
    return this.#parts.log.lines(query);
  }

  config(): ConfigView {
    return this.#parts.config.view();
  }

  async reload(): Promise<ConfigView> {
    const { config, events, inventory, log } = this.#parts;
    const view = await config.reload();
    // Drivers may have been installed: that is no event of the kernel's.
    inventory.refresh();
    if (view.problem === null) log.write("info", "config", `read ${view.path ?? "defaults"}`);
    else log.write("error", "config", `not taken, the one before stays: ${view.problem}`);
    events.publish("config", view);
    return view;
  }

  settings(gpu: string): ControlView {
    return this.#parts.control.settings(gpu);
  }
  plan(request: ControlRequest): ControlPlanView {
    return this.#parts.control.plan(request);
  }
  apply(token: string, seconds?: number): ControlEntryView {
    return this.#parts.control.apply(token, seconds);
  }
  confirm(gpu: string, group: SettingGroup): ControlEntryView {
    return this.#parts.control.confirm(gpu, group);
  }
  revert(gpu: string, group: SettingGroup): ControlEntryView {
    return this.#parts.control.revert(gpu, group);
  }
  changes(): ControlEntryView[] {
    return this.#parts.control.changes();
  }
  benchRuns(): BenchRunView[] {
    return this.#parts.bench.runs();
  }
  startBench(request: BenchRequest): BenchRunView {
    return this.#parts.bench.start(request);
  }
  cancelBench(id: string): BenchRunView {
    return this.#parts.bench.cancel(id);
  }
  benchReport(id: string): unknown {
    return this.#parts.bench.report(id);
  }
  get events(): EventSource {
    return this.#parts.events;
  }

  /** Ends the parts: settings that the power manager made go back, the history is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { power, bench, scheduling, history } = this.#parts;
    this.#sampling?.[Symbol.dispose]();
    const ends = await Promise.allSettled([
      power[Symbol.asyncDispose](),
      bench[Symbol.asyncDispose](),
      scheduling.saved(),
    ]);
    for (const end of ends) {
      if (end.status === "rejected") this.#sayOnce("shutdown", oneLine(end.reason));
    }
    this.#each("sessions", () => scheduling[Symbol.dispose]());
    this.#each("history", () => history?.[Symbol.dispose]());
  }
}
