/**
 * A service that is not there, for tests of the dashboard: made-up GPUs behind the paths that it asks.
 *
 * @module
 */

import { sampleReport } from "../render/sample_report.ts";
import { EventHub } from "../../lib/daemon/events.ts";
import type {
  BenchRunView,
  ControlEntryView,
  ControlPlanView,
  ControlRequest,
  HistoryView,
  LogLine,
  PowerView,
  SchedulerChange,
  SchedulerView,
  ServiceEvent,
  SessionView,
} from "../../lib/daemon/service_api.ts";
import { loadWebAssets } from "../../lib/daemon/web_assets.ts";
import { fakeLog, fakePower, fakeSettings } from "./fake_documents.ts";
import { FakeGpus, fakeInventory, idOf, SILENT } from "./fake_gpus.ts";

/** What the page may do: as little as the service's own policy lets it. */
const POLICY =
  "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'";

/** The token that changes need. */
export const TOKEN = "s3cret-t0ken";

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How to start it. */
export interface FakeApiOptions {
  gpus?: number;
  programs?: number;
  /** Time between looks, in ms. */
  intervalMs?: number;
  /** Whether the history is there. */
  hasHistory?: boolean;
}

/** The fake. Its state goes on while it is down. */
export class FakeApi implements AsyncDisposable {
  readonly #options: Required<FakeApiOptions>;
  readonly events = new EventHub();
  readonly #gpus: FakeGpus;
  readonly requests: { method: string; path: string; body: unknown; after: string | null }[] = [];
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #port = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
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
    this.#options = { gpus: 8, programs: 500, intervalMs: 1000, hasHistory: true, ...options };
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
    const run = (id: string, minutes: number): BenchRunView => ({
      id,
      state: "done",
      started_at: new Date(Date.now() - minutes * 60_000).toISOString(),
      ended_at: new Date(Date.now() - minutes * 60_000 + 42_000).toISOString(),
      what: null,
      done: 40,
      total: 40,
      error: null,
    });
    this.runs = [run("bbbbbbbb-2", 20), run("aaaaaaaa-1", 90)];
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

  /** Publishes a look now. */
  look(): void {
    if (!this.#looks) return;
    const look = this.#gpus.look(Date.now());
    const { processes: _, partial: __, ...sample } = look;
    this.events.publish("sample", sample);
    if ((look.health?.events.length ?? 0) > 0) this.events.publish("health", look.health);
  }

  /** The power manager did something. */
  setPower(power: PowerView): void {
    this.power = power;
    this.events.publish("power", power);
  }

  /** Writes a line of the log. */
  say(line: Omit<LogLine, "id" | "at">): void {
    const whole = { id: this.log.length + 1, at: new Date().toISOString(), ...line };
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
    try {
      if (path === "/events") return this.#stream(after);
      if (request.method !== "GET" && request.headers.get("authorization") !== `Bearer ${TOKEN}`) {
        throw new Refused(401, "changes need the token of this service");
      }
      return Response.json(this.#handle(`${request.method} ${path}`, body, searchParams));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { status, message } = error;
      return Response.json({ title: "Refused", status, detail: message }, {
        status,
        headers: { "content-type": "application/problem+json" },
      });
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
        return fakeInventory(this.#options.gpus);
      case "GET /status":
        return this.#gpus.look(Date.now());
      case "GET /scheduler":
        return this.scheduler;
      case "PUT /scheduler":
        return this.#schedule(body as SchedulerChange);
      case "GET /sessions":
        return this.#sessions();
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
        return this.#history(query);
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

  #sessions(): SessionView[] {
    return [{
      id: "4711.99",
      pid: 4711,
      command: "train.py",
      since: new Date(Date.now() - 3_600_000).toISOString(),
      api: "cuda",
      strategy: "hybrid",
      gpus: [idOf(0), idOf(1)],
      placed_on: idOf(0),
      placed_because: "the least busy",
      counters: [{ gpu: idOf(0), bytes: 5e9, launches: 12_345, splits: 678, busy_ms: 9000 }],
      whole: [{ reason: "atomics on global memory", count: 12 }],
    }];
  }

  #report(id: string): unknown {
    if (!this.runs.some((run) => run.id === id)) throw new Refused(404, `no run ${id}`);
    const report = sampleReport("h200", 3);
    if (id.startsWith("b")) return report;
    // The older run was slower by a tenth.
    for (const entry of report.benchmarks) {
      if (entry.median !== null) entry.median *= 0.9;
      entry.samples = entry.samples.map((sample) => sample * 0.9);
    }
    return report;
  }

  #history(query: URLSearchParams): HistoryView {
    if (!this.#options.hasHistory) throw new Refused(503, "no history: the disk is full");
    const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
    const step = Math.max(1000, (to - from) / 200);
    const metrics = (query.get("metric") ?? "").split(",");
    const tops: Record<string, number> = { vram_used_bytes: 1.2e11, core_clock_mhz: 1980 };
    return {
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      step_s: step / 1000,
      gap_s: 2 * step / 1000,
      gpus: [],
      series: (query.has("gpu") ? [query.get("gpu") ?? ""] : [idOf(0), idOf(1)]).flatMap((gpu) =>
        metrics.filter((name) => name !== "fan_pct" && name !== "temperature_hotspot_c")
          .map((metric) => ({
            gpu,
            metric,
            points: Array.from({ length: 200 }, (_, i) => {
              const mean = (tops[metric] ?? 80) * (0.5 + 0.4 * Math.sin(i / 12));
              return {
                at: new Date(from + i * step).toISOString(),
                mean,
                min: mean * 0.9,
                max: mean * 1.1,
              };
              // A hole in the middle: the service did not run.
            }).filter((_, i) => i < 80 || i > 110),
          }))
      ),
    };
  }

  #planned(request: ControlRequest): ControlPlanView {
    this.#plan = request;
    return {
      token: "plan-1",
      gpu: request.gpu,
      group: request.group,
      changes: [{ setting: "power_cap_w", from: 700, to: 500, reset: false }],
      steps: ["nvmlDeviceSetPowerManagementLimit(500000): 500 W instead of 700 W"],
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
      reverts_at: new Date(Date.now() + seconds * 1000).toISOString(),
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
        subscription = this.events.subscribe(write, after === null ? {} : { after });
      },
      cancel: () => {
        subscription?.[Symbol.dispose]();
        if (own !== undefined) this.#streams.delete(own);
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}

function asset(path: string): Response {
  const assets = loadWebAssets();
  if (assets.state === "absent") return new Response(assets.reason, { status: 503 });
  const found = assets.files.get(path);
  if (found === undefined) return new Response("no such file", { status: 404 });
  return new Response(found.body, {
    headers: { "content-type": found.type, "content-security-policy": POLICY, etag: found.etag },
  });
}
