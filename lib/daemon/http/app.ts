/**
 * The API as one function from requests to answers.
 *
 * @module
 */

import { OpenAPIHono } from "@hono/zod-openapi";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { oneLine } from "../one_line.ts";
import { type Service, ServiceError } from "../service_api.ts";
import { type AccessRules, refusal, SECURITY_HEADERS } from "./access.ts";
import { API_PAGE_STYLE, type ApiDocument, apiPage } from "./api_page.ts";
import type { EventStreams } from "./event_stream.ts";
import { limitBody } from "./limit_body.ts";
import { metricsFormat, metricsText } from "./metrics.ts";
import { problemResponse } from "./problem.ts";
import type { RateLimit } from "./rate_limit.ts";
import { addRoutes, API } from "./routes.ts";
import { loadAnswers } from "./schemas/lazy.ts";

/** Something that is served beside the API: the dashboard's files. */
export interface Asset {
  body: Uint8Array<ArrayBuffer>;
  type: string;
  etag: string;
}

/** What the API is made of. */
export interface AppOptions {
  service: Service;
  streams: EventStreams;
  /** By path; undefined for one that there is not. */
  assets?: (path: string) => Asset | undefined;
  processMetrics: boolean;
  bodyLimit: number;
  /** Told of what should not have happened. */
  log: (level: "warning" | "error", text: string) => void;
}

/** Who asks. */
export interface Client {
  /** The address, for the limits of rates; undefined for the Unix socket, whose clients have the file's rights. */
  address: string | undefined;
}

/** How clients over TCP are held back. */
export interface TcpRules {
  access: AccessRules;
  rate: RateLimit;
}

/** Answers requests. Never rejects. */
export type App = (request: Request, client: Client) => Promise<Response>;

/** What the API's document says of it. */
const ABOUT =
  "The GPUs of this host. Changes over TCP need the token. A value that is not known is " +
  "null, and absent, where there is such a field, says why. Units are at the end of the names.";

/** A JSON pointer (RFC 6901). */
function pointerTo(path: readonly PropertyKey[]): string {
  return `/${
    path.map((each) => String(each).replaceAll("~", "~0").replaceAll("/", "~1")).join("/")
  }`;
}

function openApiApp({ service, streams }: AppOptions): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = result.error.issues.map(({ path, message }) => ({
        pointer: pointerTo(path),
        detail: message,
      }));
      const [first] = errors;
      const what = first === undefined ? "" : `: ${first.pointer}: ${first.detail}`;
      return problemResponse(400, `the request does not make sense${what}`, { errors });
    },
  });
  addRoutes(app, service, streams);
  // Of 70 schemas: they are made once, and not before somebody asks.
  let document: Promise<string> | undefined, page: Promise<string> | undefined;
  const describe = async () => {
    const { event } = await loadAnswers();
    // No route refers to it but by an extension.
    app.openAPIRegistry.register("Event", event);
    return JSON.stringify(app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "mvgal", version: service.health().version, description: ABOUT },
      servers: [{ url: "/" }],
    }));
  };
  const described = () => document ??= describe();
  app.get("/openapi.json", async (c) => {
    return c.body(await described(), 200, { "content-type": "application/json" });
  });
  app.get("/docs", async (c) => {
    page ??= described().then((text) => apiPage(JSON.parse(text) as ApiDocument));
    return c.body(await page, 200, { "content-type": "text/html; charset=utf-8" });
  });
  app.get("/docs.css", (c) => c.body(API_PAGE_STYLE, 200, { "content-type": "text/css" }));
  return app;
}

/** Methods under which a path has a route. */
function allowedMethods(app: Hono, path: string): string[] {
  const methods = app.routes.filter((route) => route.method !== "ALL")
    .filter((route) => {
      const pattern = route.path.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&")
        .replaceAll(/:\w+(\{[^}]*\})?/g, "[^/]+");
      return new RegExp(`^${pattern}$`).test(path);
    }).map((route) => route.method);
  return [...new Set(methods.includes("GET") ? ["HEAD", ...methods] : methods)].sort();
}

/** What became wrong, as an answer. */
function failure(error: unknown, log: AppOptions["log"]): Response {
  if (error instanceof ServiceError) return problemResponse(error.status, error.message);
  // The router's own: a body that is no JSON.
  if (error instanceof HTTPException) {
    return problemResponse(error.status, oneLine(error.message || "the request makes no sense"));
  }
  log("error", `a request failed: ${oneLine(error)}`);
  return problemResponse(500, "this should not have happened: the service's log says more");
}

/** Puts the API together. */
export function createApp(options: AppOptions, tcp?: TcpRules): App {
  const { service, assets = () => undefined, processMetrics, bodyLimit, log } = options;
  const app = openApiApp(options);
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => {
    const { ready } = service.health();
    return ready ? c.text("ok\n") : problemResponse(503, "no look at the GPUs was taken lately");
  });
  const scrapes = new Map<string, { of: unknown; ready: boolean; text: string }>();
  app.get("/metrics", (c) => {
    const { format, type } = metricsFormat(c.req.header("accept") ?? "");
    // Between two looks it is the same, until none comes any more: many may scrape.
    const of = service.status(), { ready } = service.health();
    let scrape = scrapes.get(format);
    if (scrape === undefined || scrape.of !== of || scrape.ready !== ready || of === null) {
      scrape = { of, ready, text: metricsText(service, format, processMetrics) };
      scrapes.set(format, scrape);
    }
    return c.body(scrape.text, 200, { "content-type": type });
  });
  app.get(API, (c) => c.redirect("/docs"));
  app.notFound((c) => {
    const path = c.req.path;
    const asset = c.req.method === "GET" || c.req.method === "HEAD" ? assets(path) : undefined;
    if (asset !== undefined) {
      const headers = { etag: asset.etag, "cache-control": "no-cache", "content-type": asset.type };
      return c.req.header("if-none-match") === asset.etag
        ? new Response(null, { status: 304, headers })
        : new Response(asset.body, { headers });
    }
    const allowed = allowedMethods(app as unknown as Hono, path);
    return allowed.length === 0
      ? problemResponse(404, "nothing is here: /docs has what there is")
      : problemResponse(405, `only ${allowed.join(", ")} here`, {
        headers: { allow: allowed.join(", ") },
      });
  });
  app.onError((error) => failure(error, log));

  const answer = async (request: Request, client: Client): Promise<Response> => {
    if (tcp !== undefined && client.address !== undefined) {
      const wait = tcp.rate.take(client.address);
      if (wait > 0) {
        return problemResponse(429, "too many requests: come again later", {
          headers: { "retry-after": String(wait) },
        });
      }
      const refused = refusal(request, tcp.access);
      if (refused !== undefined) return refused;
    }
    const limited = await limitBody(request, bodyLimit);
    if (limited instanceof Response) return limited;
    return await app.fetch(limited);
  };
  return async (request, client) => {
    let response: Response;
    try {
      response = await answer(request, client);
    } catch (error) {
      response = failure(error, log);
    }
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
    return response;
  };
}
