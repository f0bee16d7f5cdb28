/**
 * The schemas' types are those of the service: the compiler holds them together, field by field.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { z } from "@hono/zod-openapi";
import type { BenchReport } from "../../../lib/bench/report.ts";
import type { Problem } from "../../../lib/daemon/http/problem.ts";
import type * as answers from "../../../lib/daemon/http/schemas/answers.ts";
import type { problem } from "../../../lib/daemon/http/schemas/problem.ts";
import type * as requests from "../../../lib/daemon/http/schemas/request.ts";
import type { GpuView, statsView } from "../../../lib/daemon/http/views.ts";
import type * as api from "../../../lib/daemon/service_api.ts";
import type { InventoryDocument } from "../../../lib/discovery/inventory.ts";
import type { StatusDocument } from "../../../lib/render/status_document.ts";
import type { HealthReport } from "../../../lib/telemetry/health/report.ts";
import type { ProcessList } from "../../../lib/telemetry/process.ts";

/** A type as JSON has it: nothing is `readonly`, and what is undefined is absent. */
type Json<T> = T extends readonly (infer E)[] ? Json<E>[]
  : T extends object ? { -readonly [K in keyof T]: Json<Exclude<T[K], undefined>> }
  : T;

/** Whether two types are the same, what may be absent included: not only that each can stand for the other. */
type Same<A, B> = (<T>() => T extends Json<A> ? 1 : 2) extends (<T>() => T extends Json<B> ? 1 : 2)
  ? true
  : false;

/** What a schema lets through. */
type Out<K extends keyof typeof answers> = z.output<typeof answers[K]>;

/** What the service takes from a request that a schema let through. */
type Takes<K extends keyof typeof requests, T> = [Json<z.output<typeof requests[K]>>] extends
  [Json<T>] ? true : false;

/** An error of the compiler where one of them is false. */
type All<T extends Record<string, true>> = T;

type EventData = typeof answers.eventData;

type Events = {
  [K in keyof api.ServiceEvents]: Same<
    z.output<EventData[K]>,
    Exclude<api.ServiceEvents[K], undefined>
  >;
};

type Answers = {
  benchReport: Same<Out<"benchReport">, BenchReport>;
  benchRun: Same<Out<"benchRun">, api.BenchRunView>;
  config: Same<Out<"config">, api.ConfigView>;
  controlEntry: Same<Out<"controlEntry">, api.ControlEntryView>;
  controlPlan: Same<Out<"controlPlan">, api.ControlPlanView>;
  gpuView: Same<Out<"gpuView">, GpuView>;
  healthView: Same<Out<"healthView">, { service: api.ServiceHealth; gpus: HealthReport | null }>;
  historyView: Same<Out<"historyView">, api.HistoryView>;
  inventory: Same<Out<"inventory">, InventoryDocument>;
  logView: Same<Out<"logView">, { lines: api.LogLine[] }>;
  power: Same<Out<"power">, api.PowerView>;
  problem: Same<Omit<z.output<typeof problem>, "type">, Omit<Problem, "type">>;
  processesView: Same<Out<"processesView">, ProcessList>;
  schedulerView: Same<Out<"schedulerView">, api.SchedulerView>;
  sessions: Same<Out<"sessions">, api.SessionView[]>;
  settings: Same<Out<"settings">, api.ControlView>;
  statsView: Same<Out<"statsView">, ReturnType<typeof statsView>>;
  lastStatus: Same<Out<"lastStatus">, StatusDocument | null>;
  topology: Same<Out<"topology">, InventoryDocument["topology"]>;
};

type Requests = {
  benchRequest: Takes<"benchRequest", api.BenchRequest>;
  controlRequest: Takes<"controlRequest", api.ControlRequest>;
  logQuery: Takes<"logQuery", api.LogQuery>;
  schedulerChange: Takes<"schedulerChange", api.SchedulerChange>;
};

Deno.test("the schemas of the API have the types of the service, and the compiler says so", () => {
  const checked: All<Events & Answers & Requests> | undefined = undefined;
  assert.equal(checked, undefined);
});
