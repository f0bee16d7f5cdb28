/**
 * The API over a fake service, without a socket.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { AccessRules } from "../../../lib/daemon/http/access.ts";
import { type App, type AppOptions, createApp } from "../../../lib/daemon/http/app.ts";
import { EventStreams } from "../../../lib/daemon/http/event_stream.ts";
import type { Problem } from "../../../lib/daemon/http/problem.ts";
import { RateLimit } from "../../../lib/daemon/http/rate_limit.ts";
import { FakeService } from "../fake_service.ts";

/** A token for changes over TCP. */
export const TOKEN = "0123456789abcdef0123456789abcdef";

/** What a test may ask. */
export interface Fixture {
  service: FakeService;
  streams: EventStreams;
  app: App;
  /** What was logged. */
  logged: string[];
  /** Asks as a client of the Unix socket does. */
  ask(method: string, path: string, body?: unknown): Promise<Response>;
  /** Asks as a client over TCP does. */
  askTcp(request: Request): Promise<Response>;
}

/** Puts the API together. */
export function fixture(
  { service = new FakeService(), rules = {}, perSecond = 0, ...options }:
    & Partial<AppOptions>
    & {
      service?: FakeService;
      rules?: Partial<AccessRules>;
      perSecond?: number;
    } = {},
): Fixture {
  const logged: string[] = [];
  const streams = new EventStreams(service.events);
  const all: AppOptions = {
    service,
    streams,
    processMetrics: false,
    bodyLimit: 1000,
    log: (level, text) => void logged.push(`${level}: ${text}`),
    ...options,
  };
  const app = createApp(all);
  const overTcp = createApp(all, {
    access: { token: TOKEN, requireTokenForReads: false, hosts: [], ...rules },
    rate: new RateLimit(perSecond, () => 0),
  });
  return {
    service,
    streams,
    app,
    logged,
    ask: (method, path, body) =>
      app(
        new Request(`http://localhost${path}`, {
          method,
          ...(body !== undefined && {
            body: JSON.stringify(body),
            headers: { "content-type": "application/json" },
          }),
        }),
        { address: undefined },
      ),
    askTcp: (request) => overTcp(request, { address: "127.0.0.1" }),
  };
}

/** The problem details of an answer, which must be some of that status. */
export async function problemOf(response: Response, status: number): Promise<Problem> {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = await response.json() as Problem;
  assert.equal(response.status, status, problem.detail);
  assert.equal(problem.status, status);
  assert.ok(problem.detail.length > 0 && !problem.detail.includes("\n"), problem.detail);
  return problem;
}

/** The document of an answer, which must be a good one. */
export async function documentOf<T = Record<string, unknown>>(response: Response): Promise<T> {
  assert.equal(response.status, 200, await response.clone().text());
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  return await response.json() as T;
}
