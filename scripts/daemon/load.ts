// deno-lint-ignore-file no-console -- it prints its report
/**
 * Loads a service: by requests of all kinds at a steady rate, whether those before are answered or not, or by
 * listeners to its events. Prints a report in JSON; listeners print `ready` first.
 *
 *     deno run -A scripts/daemon/load.ts PLAN
 *
 * @module
 */

import {
  type ListenPlan,
  type ListenReport,
  type RequestPlan,
  type RequestReport,
  spreadOf,
} from "./load_report.ts";
import { RawConnection } from "./raw_http.ts";

/** Requests, and how many of 100 each is. */
const MIX: readonly { share: number; name: string; method?: "PUT"; path(): string }[] = [
  { share: 20, name: "gpus", path: () => "/api/v1/gpus" },
  { share: 18, name: "stats", path: () => "/api/v1/stats" },
  { share: 10, name: "status", path: () => "/api/v1/status" },
  { share: 8, name: "processes", path: () => "/api/v1/processes" },
  { share: 8, name: "sessions", path: () => "/api/v1/sessions" },
  {
    share: 5,
    name: "history",
    path: () =>
      `/api/v1/history?metric=utilization_pct,power_w,temperature_c&from=${Date.now() - 600_000}`,
  },
  { share: 5, name: "metrics", path: () => "/metrics" },
  { share: 8, name: "logs", path: () => "/api/v1/logs" },
  { share: 12, name: "scheduler", path: () => "/api/v1/scheduler" },
  { share: 5, name: "health", path: () => "/api/v1/health" },
  { share: 1, name: "PUT scheduler", method: "PUT", path: () => "/api/v1/scheduler" },
];

/** The mix, spread so that a rare kind does not come at once. */
const ORDER = MIX.flatMap((kind) =>
  Array.from({ length: kind.share }, (_, index) => ({ kind, at: (index + 0.5) / kind.share }))
).sort((a, b) => a.at - b.at).map(({ kind }) => kind);

const PUT_BODIES = [40, 60].map((priority) =>
  JSON.stringify({ strategy: "round_robin", gpus: [{ id: "0", priority }] })
);

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

function count(into: Record<string, number>, what: string): void {
  into[what] = (into[what] ?? 0) + 1;
}

/** A connection on which nothing was asked for longer may be closed by the service just now, in ms. */
const MOST_IDLE_MS = 30_000;

/** The connection that was used last, of those that the service keeps open. */
function takeIdle(idle: { connection: RawConnection; since: number }[]): RawConnection | undefined {
  const last = idle.pop();
  if (last === undefined || performance.now() - last.since < MOST_IDLE_MS) return last?.connection;
  // All others were used before it.
  for (const { connection } of [last, ...idle.splice(0)]) connection[Symbol.dispose]();
  return undefined;
}

/** Asks at a steady rate until the time is over. */
async function request(plan: RequestPlan): Promise<RequestReport> {
  const idle: { connection: RawConnection; since: number }[] = [];
  const due: number[] = [], sent: number[] = [], late: number[] = [];
  const byPath: Record<string, number[]> = {};
  const errors: Record<string, number> = {};
  const running = new Set<Promise<void>>();
  const json = "content-type: application/json\r\n" +
    (plan.token === null ? "" : `authorization: Bearer ${plan.token}\r\n`);
  const one = async (index: number, at: number) => {
    const kind = ORDER[index % ORDER.length];
    if (kind === undefined) return;
    const began = performance.now();
    late.push(began - at);
    let connection: RawConnection | undefined;
    try {
      connection = takeIdle(idle) ?? await RawConnection.open(plan.place);
      const body = PUT_BODIES[Math.floor(index / ORDER.length) % 2] ?? "";
      const { status } = kind.method === "PUT"
        ? await connection.ask("PUT", kind.path(), json, body)
        : await connection.ask("GET", kind.path());
      const now = performance.now();
      due.push(now - at);
      sent.push(now - began);
      (byPath[kind.name] ??= []).push(now - began);
      if (status !== 200) count(errors, `${status} ${kind.name}`);
      idle.push({ connection, since: now });
    } catch (error) {
      connection?.[Symbol.dispose]();
      count(errors, `${kind.name}: ${error instanceof Error ? error.message : error}`);
    }
  };
  const from = performance.now();
  const all = Math.round(plan.seconds * plan.perSecond);
  for (let index = 0; index < all; index++) {
    const at = from + 1000 * index / plan.perSecond;
    const ahead = at - performance.now();
    if (ahead > 0) await wait(ahead);
    const asked = one(index, at).finally(() => running.delete(asked));
    running.add(asked);
  }
  await Promise.race([Promise.allSettled([...running]), wait(10_000)]);
  if (running.size > 0) errors["no answer"] = running.size;
  for (const { connection } of idle) connection[Symbol.dispose]();
  return {
    seconds: plan.seconds,
    requests: all,
    due_ms: spreadOf(due),
    sent_ms: spreadOf(sent),
    by_path: Object.fromEntries(
      Object.entries(byPath).map(([name, times]) => [name, spreadOf(times)]),
    ),
    late_ms: spreadOf(late),
    errors,
  };
}

/** Listeners. */
class Listeners {
  readonly #plan: ListenPlan;
  readonly #connections: RawConnection[] = [];
  readonly #delays: number[] = [];
  readonly #samples: number[] = [];
  readonly #broken: Record<string, number> = {};
  #events = 0;
  #bytes = 0;
  #lost = 0;
  #isOver = false;

  constructor(plan: ListenPlan) {
    this.#plan = plan;
  }

  /** Opens all of them, and waits until each has had something. */
  async open(): Promise<void> {
    for (let index = 0; index < this.#plan.streams; index++) {
      const connection = await RawConnection.open(this.#plan.place);
      this.#connections.push(connection);
      await new Promise<void>((resolve) =>
        void this.#listen(index, connection, resolve).finally(resolve)
      );
    }
  }

  /** Counts samples from now on: all listen. */
  begin(): void {
    this.#samples.fill(0);
  }

  async #listen(index: number, connection: RawConnection, opened: () => void): Promise<void> {
    let last: number | undefined;
    this.#samples[index] = 0;
    try {
      for await (const event of connection.events("/api/v1/events")) {
        opened();
        const head = event.subarray(0, 160).toString("latin1");
        const [, number, kind] = /^id: [^-]+-(\d+)\nevent: (\w+)\n/.exec(head) ?? [];
        if (number === undefined) continue;
        if (last !== undefined) this.#lost += Number(number) - last - 1;
        last = Number(number);
        this.#events++;
        this.#bytes += event.length;
        if (kind === "sample") this.#samples[index] = (this.#samples[index] ?? 0) + 1;
        const at = /\ndata: \{"at":"([^"]+)"/.exec(head)?.[1];
        if (at !== undefined) this.#delays.push(Date.now() - Date.parse(at));
      }
      if (!this.#isOver) count(this.#broken, "ended");
    } catch (error) {
      if (!this.#isOver) {
        count(this.#broken, error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Stops, and tells. */
  end(): ListenReport {
    this.#isOver = true;
    for (const connection of this.#connections) connection[Symbol.dispose]();
    return {
      opened: this.#connections.length,
      broken: this.#broken,
      events: this.#events,
      bytes: this.#bytes,
      lost: this.#lost,
      samples_least: Math.min(...this.#samples),
      samples_most: Math.max(...this.#samples),
      delay_ms: spreadOf(this.#delays),
    };
  }
}

async function listen(plan: ListenPlan): Promise<ListenReport> {
  const listeners = new Listeners(plan);
  await listeners.open();
  listeners.begin();
  console.log("ready");
  await new Response(Deno.stdin.readable).arrayBuffer();
  // What is on its way comes.
  await wait(500);
  return listeners.end();
}

const plan: RequestPlan | ListenPlan = JSON.parse(Deno.args[0] ?? "");
console.log(JSON.stringify(plan.kind === "listen" ? await listen(plan) : await request(plan)));
Deno.exit(0);
