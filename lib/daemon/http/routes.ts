/**
 * The API: what can be asked under which path.
 *
 * @module
 */

import {
  createRoute,
  type OpenAPIHono,
  type RouteConfig,
  type RouteHandler,
  z,
} from "@hono/zod-openapi";
import { findGpu } from "../find_gpu.ts";
import type { Service } from "../service_api.ts";
import { EVENT_STREAM_HEADERS, type EventStreams } from "./event_stream.ts";
import { problemResponse } from "./problem.ts";
import { answer } from "./schemas/lazy.ts";
import { problem } from "./schemas/problem.ts";
import * as requests from "./schemas/request.ts";
import { gpuViews, statsView } from "./views.ts";

/** Where the API begins. */
export const API = "/api/v1";

const PROBLEM = {
  default: {
    description: "What is wrong",
    content: { "application/problem+json": { schema: problem } },
  },
};

type AnswerName = Parameters<typeof answer>[0];

function answers<K extends AnswerName>(name: K, description: string) {
  return {
    200: { description, content: { "application/json": answer(name) } },
    ...PROBLEM,
  };
}

function body<T extends z.ZodType>(schema: T) {
  return { content: { "application/json": { schema } }, required: true };
}

/** A route that reads, without parameters. */
function read<K extends AnswerName>(path: string, summary: string, name: K) {
  return createRoute({
    method: "get",
    path: `${API}${path}`,
    summary,
    responses: answers(name, summary),
  });
}

/**
 * Adds a route. Its schemas check what comes in; what goes out is the service's own data, whose types are not
 * those of the schemas: tests hold them together.
 */
function add<R extends RouteConfig>(
  app: OpenAPIHono,
  route: R,
  handler: (context: Parameters<RouteHandler<R>>[0]) => Response | Promise<Response>,
): void {
  const needsBody = route.request?.body?.required === true;
  const checked: typeof handler = (c) =>
    needsBody && c.req.raw.body === null
      // The schema has been asked about {} then, which may well be what it takes.
      ? problemResponse(400, "this needs a body: give it as application/json")
      : handler(c);
  app.openapi(route, checked as unknown as RouteHandler<R>);
}

/** A JSON answer whose form the schema tells, and the types of the service keep. */
function json(value: unknown): Response {
  return new Response(JSON.stringify(value), {
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}

function readRoutes(app: OpenAPIHono, service: Service): void {
  add(
    app,
    read("/gpus", "The GPUs and what they do", "gpuViews"),
    () => json(gpuViews(service)),
  );
  add(
    app,
    createRoute({
      method: "get",
      path: `${API}/gpus/{gpu}`,
      summary: "One GPU",
      request: { params: requests.gpuParameter },
      responses: answers("gpuView", "The GPU"),
    }),
    (c) => json(findGpu(gpuViews(service), c.req.valid("param").gpu)),
  );
  add(
    app,
    read("/stats", "The GPUs together", "statsView"),
    () => json(statsView(service, Date.now())),
  );
  add(
    app,
    read("/inventory", "What the GPUs are", "inventory"),
    () => json(service.inventory()),
  );
  add(
    app,
    read("/status", "The last look; null before the first", "lastStatus"),
    () => json(service.status()),
  );
  add(
    app,
    read("/topology", "How the GPUs are connected", "topology"),
    () => json(service.inventory().topology),
  );
  add(
    app,
    createRoute({
      method: "get",
      path: `${API}/processes`,
      summary: "The programs that use GPUs",
      request: { query: requests.processesQuery },
      responses: answers("processesView", "The programs"),
    }),
    (c) => {
      const { gpu } = c.req.valid("query");
      const { processes = [], partial = null, gpus = [] } = service.status() ?? {};
      const wanted = gpu === undefined ? undefined : findGpu(gpus, gpu).id;
      return json({
        processes: processes.filter((each) => wanted === undefined || each.gpu === wanted),
        partial,
      });
    },
  );
  add(
    app,
    read("/sessions", "The programs that run with mvgal", "sessions"),
    () => json(service.sessions()),
  );
  add(
    app,
    read("/health", "How the GPUs and the service are", "healthView"),
    () => json({ service: service.health(), gpus: service.status()?.health ?? null }),
  );
  add(
    app,
    read("/power", "What the power manager does", "power"),
    () => json(service.power()),
  );
  add(
    app,
    createRoute({
      method: "get",
      path: `${API}/history`,
      summary: "What the GPUs did",
      request: { query: requests.historyQuery },
      responses: answers("historyView", "The series"),
    }),
    async (c) => {
      const { gpu: gpus, metric: metrics, ...rest } = c.req.valid("query");
      return json(await service.history({ ...rest, gpus, metrics }));
    },
  );
  add(
    app,
    createRoute({
      method: "get",
      path: `${API}/logs`,
      summary: "The service's log",
      request: { query: requests.logQuery },
      responses: answers("logView", "The lines"),
    }),
    (c) => json({ lines: service.logs(c.req.valid("query")) }),
  );
}

function schedulerRoutes(app: OpenAPIHono, service: Service): void {
  add(
    app,
    read("/scheduler", "How work is spread", "schedulerView"),
    () => json(service.scheduler()),
  );
  add(
    app,
    createRoute({
      method: "put",
      path: `${API}/scheduler`,
      summary: "Change how work is spread; what is absent stays",
      request: { body: body(requests.schedulerChange) },
      responses: answers("schedulerView", "As it is now"),
    }),
    async (c) => json(await service.changeScheduler(c.req.valid("json"))),
  );
  add(
    app,
    createRoute({
      method: "post",
      path: `${API}/stats/reset`,
      summary: "Count from zero",
      responses: answers("statsView", "The GPUs together"),
    }),
    () => {
      service.resetStats();
      return json(statsView(service, Date.now()));
    },
  );
  add(
    app,
    read("/config", "The configuration that holds", "config"),
    () => json(service.config()),
  );
  add(
    app,
    createRoute({
      method: "post",
      path: `${API}/config/reload`,
      summary: "Read the configuration again",
      responses: answers("config", "What holds, and what was wrong"),
    }),
    async () => json(await service.reload()),
  );
}

function controlRoutes(app: OpenAPIHono, service: Service): void {
  add(
    app,
    read("/control", "Changes that can be taken back", "controlEntries"),
    () => json(service.changes()),
  );
  add(
    app,
    createRoute({
      method: "get",
      path: `${API}/control/{gpu}`,
      summary: "The settings of a GPU",
      request: { params: requests.gpuParameter },
      responses: answers("settings", "The settings"),
    }),
    (c) => json(service.settings(c.req.valid("param").gpu)),
  );
  add(
    app,
    createRoute({
      method: "post",
      path: `${API}/control/plan`,
      summary: "What a change would do; nothing is written",
      request: { body: body(requests.controlRequest) },
      responses: answers("controlPlan", "The plan"),
    }),
    (c) => json(service.plan(c.req.valid("json"))),
  );
  add(
    app,
    createRoute({
      method: "post",
      path: `${API}/control/apply`,
      summary: "Make a change that was planned",
      request: { body: body(requests.applyRequest) },
      responses: answers("controlEntry", "The change"),
    }),
    (c) => {
      const { token, seconds } = c.req.valid("json");
      return json(service.apply(token, seconds));
    },
  );
  for (const action of ["confirm", "revert"] as const) {
    add(
      app,
      createRoute({
        method: "post",
        path: `${API}/control/{gpu}/{group}/${action}`,
        summary: action === "confirm" ? "Keep a change" : "Take a change back",
        request: { params: requests.settingParameters },
        responses: answers("controlEntry", "The change"),
      }),
      (c) => {
        const { gpu, group } = c.req.valid("param");
        return json(service[action](gpu, group));
      },
    );
  }
}

function benchRoutes(app: OpenAPIHono, service: Service): void {
  const params = { params: requests.runParameter };
  add(
    app,
    read("/bench", "The last benchmark runs", "benchRuns"),
    () => json(service.benchRuns()),
  );
  add(
    app,
    createRoute({
      method: "post",
      path: `${API}/bench`,
      summary: "Start a benchmark run",
      request: { body: body(requests.benchRequest) },
      responses: answers("benchRun", "The run"),
    }),
    (c) => json(service.startBench(c.req.valid("json"))),
  );
  add(
    app,
    createRoute({
      method: "get",
      path: `${API}/bench/{run}`,
      summary: "The report of a run that is done",
      request: params,
      responses: answers("benchReport", "The report"),
    }),
    (c) => json(service.benchReport(c.req.valid("param").run)),
  );
  add(
    app,
    createRoute({
      method: "delete",
      path: `${API}/bench/{run}`,
      summary: "End a run, which keeps what it has measured",
      request: params,
      responses: answers("benchRun", "The run"),
    }),
    (c) => json(service.cancelBench(c.req.valid("param").run)),
  );
}

/** Adds all routes of the API. */
export function addRoutes(app: OpenAPIHono, service: Service, streams: EventStreams): void {
  readRoutes(app, service);
  schedulerRoutes(app, service);
  controlRoutes(app, service);
  benchRoutes(app, service);
  add(
    app,
    createRoute({
      method: "get",
      path: `${API}/events`,
      summary: "What happens, as server-sent events",
      request: {
        query: requests.eventsQuery,
        headers: z.object({
          "last-event-id": z.string().max(100).optional().openapi({
            description: "The last event that the client has: those behind it come first",
          }),
        }),
      },
      responses: {
        200: {
          description: "Events, as the HTML standard has them in a stream",
          content: {
            "text/event-stream": {
              schema: z.string(),
              "x-item-schema": { $ref: "#/components/schemas/Event" },
            },
          },
        },
        ...PROBLEM,
      },
    }),
    (c) => {
      const { kinds } = c.req.valid("query");
      // Nobody would read the stream, and nothing end it.
      if (c.req.method === "HEAD") return new Response(null, { headers: EVENT_STREAM_HEADERS });
      return streams.respond(c.req.valid("header")["last-event-id"], kinds);
    },
  );
}
