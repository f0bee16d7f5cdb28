/**
 * A service that is not there, for tests of the dashboard: made-up GPUs behind the paths that it asks.
 *
 * @module
 */

import { EventHub } from "../../lib/daemon/events.ts";
import { SampleEvents } from "../../lib/daemon/sample_event.ts";
import type {
  BenchRunView,
  ControlEntryView,
  ControlPlanView,
  ControlRequest,
  LogLine,
  PowerView,
  SchedulerChange,
  SchedulerView,
  ServiceEvent,
} from "../../lib/daemon/service_api.ts";
import type { InventoryDocument } from "../../lib/discovery/inventory.ts";
import type { StatusDocument } from "../../lib/render/status_document.ts";
import type { BenchReport } from "../../lib/bench/report.ts";
import { asset, type Refusal, Refused, refused } from "./fake_answers.ts";
import {
  fakeHistory,
  fakeLog,
  fakePower,
  fakeReport,
  fakeRun,
  fakeSessions,
  fakeSettings,
} from "./fake_documents.ts";
import { FakeGpus, fakeInventory, idOf, SILENT } from "./fake_gpus.ts";

/** The token that changes need. */
export const TOKEN = "s3cret-t0ken";

/** How to start it. */
export interface FakeApiOptions {
  gpus?: number;
  programs?: number;
  /** Time between looks, in ms. */
  intervalMs?: number;
  /** Whether the history is there. */
  hasHistory?: boolean;
  /** The service's clock minus the browser's, in ms. */
  clockAheadMs?: number;
}

/** The fake. Its state goes on while it is down. */
export class FakeApi implements AsyncDisposable {
  readonly #options: Required<FakeApiOptions>;
  events: EventHub;
  /** Asked of each request for the API: whether, and how, it is refused. */
  refuse: (path: string, authorization: string | null) => Refusal | null = () => null;
  /** Answers wait for these before they are sent, after they were written. */
  readonly holds = new Map<string, Promise<void>>();
  /** Ids of GPUs that are not there. */
  readonly gone = new Set<string>();
  readonly #gpus: FakeGpus;
  readonly requests: { method: string; path: string; body: unknown; after: string | null }[] = [];
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #port = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #samples = new SampleEvents();
  #looks = true;
  scheduler: SchedulerView;
  changes: ControlEntryView[] = [];
  runs: BenchRunView[];
  log: LogLine[];
  power: PowerView;
  /** `[power]` of the configuration. */
  readonly powerConfig = { enabled: true, enable_parking: true, thermal_threshold: 85 };
  #plan: ControlRequest | undefined;

  private constructor(options: FakeApiOptions) {
    this.#options = {
      gpus: 8,
      programs: 500,
      intervalMs: 1000,
      hasHistory: true,
      clockAheadMs: 0,
      ...options,
    };
    this.events = this.#hub();
    const { gpus, programs } = this.#options;
    this.#gpus = new FakeGpus(gpus, programs);
    this.scheduler = {
      strategy: "single",
      gpus: Array.from({ length: gpus }, (_, i) => ({
        id: idOf(i),
        enabled: i !== 4,
        priority: 50,
        weight: i === SILENT ? null : 1,
        weight_source: i === SILENT ? null : "bench 2026-01-01T00:00:00Z",
        load_pct: i === SILENT ? null : 10 * i,
        sessions: i === 0 ? 1 : 0,
      })),
    };
    this.runs = [fakeRun("bbbbbbbb-2", 20), fakeRun("aaaaaaaa-1", 90)];
    this.log = fakeLog(300, Date.now());
    this.power = fakePower(gpus);
  }

  /** Starts it on a free port of the loopback. */
  static start(options: FakeApiOptions = {}): FakeApi {
    const api = new FakeApi(options);
    api.up();
    api.#timer = setInterval(() => api.look(), api.#options.intervalMs);
    return api;
  }

  /** The service's clock, in ms since 1970. */
  now(): number {
    return Date.now() + this.#options.clockAheadMs;
  }

  #hub(): EventHub {
    return new EventHub({ life: crypto.randomUUID().slice(0, 8), now: () => this.now() });
  }

  /** Is another process from now on, that knows nothing of the events before. */
  async restart(): Promise<void> {
    await this.down();
    this.events = this.#hub();
    this.log = [];
    this.up();
  }

  /** Where it is. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Serves again, on the same port. */
  up(): void {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: this.#port, onListen: () => {} },
      (request) => this.#answer(request),
    );
    this.#port = this.#server.addr.port;
  }

  /** Is gone: connections are ended. */
  async down(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
    const server = this.#server;
    this.#server = undefined;
    await server?.shutdown();
  }

  /** Looks no more, though it is there; or does again. */
  setLooking(on: boolean): void {
    this.#looks = on;
  }

  #look(at: number): StatusDocument {
    const look = this.#gpus.look(at);
    return { ...look, gpus: look.gpus.filter(({ id }) => !this.gone.has(id)) };
  }

  /** GPUs come or go. */
  setGone(ids: readonly string[]): void {
    const before = new Set(this.gone);
    this.gone.clear();
    for (const id of ids) this.gone.add(id);
    const added = [...before].filter((id) => !this.gone.has(id));
    this.events.publish("gpus", { added, removed: ids.filter((id) => !before.has(id)) });
    this.look();
  }

  /** Publishes a look, at a time in ms since 1970. */
  look(at = this.now()): void {
    if (!this.#looks) return;
    const look = this.#look(at);
    this.events.publish("sample", this.#samples.next(look));
    if ((look.health?.events.length ?? 0) > 0) this.events.publish("health", look.health);
  }

  /** The power manager did something. */
  setPower(power: PowerView): void {
    this.power = power;
    this.events.publish("power", power);
  }

  /** Writes a line of the log. */
  say(line: Omit<LogLine, "id" | "at">): void {
    const whole = { id: this.log.length + 1, at: new Date(this.now()).toISOString(), ...line };
    this.log.push(whole);
    this.events.publish("log", whole);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.down();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith("/api/v1/")) return asset(pathname);
    const path = pathname.slice("/api/v1".length);
    const text = await request.text();
    const body: unknown = text === "" ? null : JSON.parse(text);
    const after = request.headers.get("last-event-id");
    this.requests.push({ method: request.method, path, body, after });
    const refusal = this.refuse(path, request.headers.get("authorization"));
    if (refusal !== null) return refused(refusal);
    try {
      if (path === "/events") return this.#stream(after);
      if (request.method !== "GET" && request.headers.get("authorization") !== `Bearer ${TOKEN}`) {
        throw new Refused(401, "changes need the token of this service");
      }
      const answer = Response.json(this.#handle(`${request.method} ${path}`, body, searchParams));
      await this.holds.get(path);
      return answer;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return refused({ status: error.status, detail: error.message });
    }
  }

  #handle(what: string, body: unknown, query: URLSearchParams): unknown {
    const settings = /^GET \/control\/(.+)$/.exec(what)?.[1];
    if (settings !== undefined) return fakeSettings(decodeURIComponent(settings));
    const report = /^GET \/bench\/(.+)$/.exec(what)?.[1];
    if (report !== undefined) return this.#report(report);
    const end = /^POST \/control\/[^/]+\/power\/(confirm|revert)$/.exec(what)?.[1];
    if (end !== undefined) return this.#ended(end === "confirm" ? "confirmed" : "reverted");
    switch (what) {
      case "GET /inventory":
        return this.#inventory();
      case "GET /status":
        return this.#look(this.now());
      case "GET /scheduler":
        return this.scheduler;
      case "PUT /scheduler":
        return this.#schedule(body as SchedulerChange);
      case "GET /sessions":
        return fakeSessions(this.now());
      case "GET /control":
        return this.changes;
      case "GET /bench":
        return this.runs;
      case "GET /logs":
        return { lines: this.log.slice(-Number(query.get("limit") ?? 100)) };
      case "GET /config":
        return {
          path: "/etc/mvgal/mvgal.conf",
          values: { power: this.powerConfig },
          loaded_at: new Date().toISOString(),
          problem: null,
        };
      case "GET /power":
        return this.power;
      case "GET /history":
        if (!this.#options.hasHistory) throw new Refused(503, "no history: the disk is full");
        return fakeHistory(query);
      case "POST /control/plan":
        return this.#planned(body as ControlRequest);
      case "POST /control/apply":
        return this.#applied((body as { seconds: number }).seconds);
      case "POST /bench":
        return this.#startBench();
      default:
        throw new Refused(404, `no ${what}`);
    }
  }

  #inventory(): InventoryDocument {
    const whole = fakeInventory(this.#options.gpus);
    return { ...whole, gpus: whole.gpus.filter(({ id }) => !this.gone.has(id)) };
  }

  #schedule(change: SchedulerChange): SchedulerView {
    this.scheduler = {
      strategy: change.strategy ?? this.scheduler.strategy,
      gpus: this.scheduler.gpus.map((gpu) => {
        const { enabled = gpu.enabled, priority = gpu.priority } = change.gpus?.find(({ id }) =>
          id === gpu.id
        ) ?? {};
        return { ...gpu, enabled, priority };
      }),
    };
    this.events.publish("scheduler", this.scheduler);
    return this.scheduler;
  }

  #report(id: string): BenchReport {
    if (!this.runs.some((run) => run.id === id)) throw new Refused(404, `no run ${id}`);
    // The older run was slower by a tenth.
    return fakeReport(id.startsWith("b") ? 1 : 0.9);
  }

  #planned(request: ControlRequest): ControlPlanView {
    this.#plan = request;
    return {
      token: "plan-1",
      gpu: request.gpu,
      group: request.group,
      changes: [{ setting: "power_cap_w", from: 700, to: 500, reset: false }],
      steps: ["nvmlDeviceSetPowerManagementLimit(500000): 500 W instead of 700 W"],
      actions: [],
      risky: request.group === "clocks",
      obstacles: [],
    };
  }

  #applied(seconds: number): ControlEntryView {
    if (this.#plan === undefined) throw new Refused(409, "no such plan: show it again");
    const entry: ControlEntryView = {
      gpu: this.#plan.gpu,
      group: this.#plan.group,
      changes: [{ setting: "power_cap_w", from: 700, to: 500, reset: false }],
      state: "pending",
      reverts_at: new Date(this.now() + seconds * 1000).toISOString(),
      message: null,
    };
    this.changes = [entry];
    this.events.publish("control", entry);
    return entry;
  }

  #ended(state: "confirmed" | "reverted"): ControlEntryView {
    const [entry] = this.changes;
    if (entry === undefined) throw new Refused(404, "no such change");
    const next = { ...entry, state, reverts_at: null };
    this.changes = state === "reverted" ? [] : [next];
    this.events.publish("control", next);
    return next;
  }

  #startBench(): BenchRunView {
    const run: BenchRunView = {
      id: "cccccccc-3",
      state: "running",
      started_at: new Date().toISOString(),
      ended_at: null,
      what: "memory.read",
      done: 3,
      total: 40,
      error: null,
    };
    this.runs = [run, ...this.runs];
    this.events.publish("bench", run);
    return run;
  }

  /** Ends the run that goes on. */
  endBench(): void {
    this.runs = this.runs.map((run) =>
      run.state === "running"
        ? { ...run, state: "done", what: null, done: 40, ended_at: new Date().toISOString() }
        : run
    );
    const [run] = this.runs;
    if (run !== undefined) this.events.publish("bench", run);
  }

  #stream(after: string | null): Response {
    const encoder = new TextEncoder();
    let subscription: Disposable | undefined;
    let own: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#streams.add(controller);
        const write = ({ id, kind, at, data }: ServiceEvent) =>
          controller.enqueue(
            encoder.encode(
              `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ at, data })}\n\n`,
            ),
          );
        controller.enqueue(encoder.encode(": hello\n\n"));
        const gap = () => controller.enqueue(encoder.encode("event: gap\ndata: {}\n\n"));
        subscription = this.events.subscribe(write, after === null ? {} : { after, gap });
      },
      cancel: () => {
        subscription?.[Symbol.dispose]();
        if (own !== undefined) this.#streams.delete(own);
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}
