/**
 * Requests made from the API's own document, over TCP to a service that runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Agent, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import fc from "fast-check";
import { resident } from "../../../scripts/daemon/process_cost.ts";
import { ServiceProcess, statePath } from "../service_process.ts";
import { type Document, type FuzzedRequest, fuzzedRequests } from "./fuzz_requests.ts";
import { freePort } from "./prometheus.ts";

const SYSROOT = join(
  import.meta.dirname ?? ".",
  ...["..", "..", "fixtures", "sysroots", "rx7900xtx"],
);

/** Longest time for one answer in ms: a hang, far above what any takes. */
const LIMIT_MS = 5000;

/** Requests that are under way together. */
const TOGETHER = 8;

/** What came of it. */
export interface SocketFuzz {
  /** How many were answered with which status. */
  counts: Map<number, number>;
  /** Longest time for one answer in ms. */
  longest_ms: number;
  /** Of the service. */
  rss_mib: { before: number; after: number };
}

/** How requests are sent. */
interface Sender {
  port: number;
  token: string;
  /** Keeps connections. */
  agent: Agent;
}

/** Reads an answer to its end; a stream of events has none. */
async function read(response: IncomingMessage): Promise<void> {
  if (response.headers["content-type"] === "text/event-stream") response.destroy();
  else for await (const _ of response);
}

/** Sends a request, on a connection that is kept or on one of its own. */
async function send(
  { port, token, agent }: Sender,
  { method, path, headers, body }: FuzzedRequest,
  kept: boolean,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request({
    host: "127.0.0.1",
    port,
    method,
    path,
    headers: {
      ...Object.fromEntries(headers),
      authorization: `Bearer ${token}`,
      // For methods that have no body as a rule node:http says nothing, and sends it all the same.
      ...(body !== null && { "content-length": new TextEncoder().encode(body).length }),
    },
    agent: kept ? agent : false,
  }, resolve);
  sent.on("error", reject);
  const timer = setTimeout(() => sent.destroy(new Error("no answer")), LIMIT_MS);
  try {
    sent.end(body ?? undefined);
    const response = await promise;
    await read(response);
    return response;
  } catch (error) {
    throw new Error(`${method} ${path}: ${error}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Benchmarks would run on this host: that they can be started is tried in one process, on a service of none. */
function startsBenchmark({ method, path }: FuzzedRequest): boolean {
  return method === "POST" && /^\/api\/v1\/bench(\?|$)/.test(path);
}

/** Starts a service that shows a dump, and sends it so many requests; it must be well after them. */
export async function fuzzSocket(requests: number, seed?: number): Promise<SocketFuzz> {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-fuzz-" });
  const port = freePort(), agent = new Agent({ keepAlive: true, maxSockets: TOGETHER });
  try {
    await using service = await ServiceProcess.start({
      directory,
      sysroot: SYSROOT,
      config: `[http]\nlisten = 127.0.0.1:${port}\nrate_limit_per_s = 0\n`,
    });
    const token = Deno.readTextFileSync(join(statePath(directory), "http.token")).trim();
    const sender = { port, token, agent };
    const document = await service.client.get<Document>("/openapi.json");
    const counts = new Map<number, number>();
    let longest_ms = 0;
    const one = fc.tuple(
      fuzzedRequests(document).filter((each) => !startsBenchmark(each)),
      fc.boolean(),
    );
    const before = resident(service.pid).now;
    await fc.assert(
      fc.asyncProperty(
        fc.array(one, { minLength: TOGETHER, maxLength: TOGETHER }),
        async (together) => {
          await Promise.all(together.map(async ([fuzzed, kept]) => {
            const begin = performance.now();
            const { statusCode = 0, headers } = await send(sender, fuzzed, kept);
            longest_ms = Math.max(longest_ms, performance.now() - begin);
            counts.set(statusCode, (counts.get(statusCode) ?? 0) + 1);
            assert.ok(
              statusCode > 0 && statusCode < 500,
              `${statusCode}: ${fuzzed.method} ${fuzzed.path}`,
            );
            // Of the gate, which knows no documents.
            if (statusCode < 400 || statusCode === 431) return;
            assert.equal(
              headers["content-type"],
              "application/problem+json",
              `${statusCode}: ${fuzzed.method} ${fuzzed.path}`,
            );
          }));
        },
      ),
      { numRuns: Math.ceil(requests / TOGETHER), ...(seed !== undefined && { seed }) },
    );
    const after = resident(service.pid).now;
    const { service: { ready } } = await service.client.get<{ service: { ready: boolean } }>(
      "/api/v1/health",
    );
    assert.ok(ready);
    assert.doesNotMatch(service.log(), /a request failed|turned away/);
    return { counts, longest_ms, rss_mib: { before, after } };
  } finally {
    agent.destroy();
    Deno.removeSync(directory, { recursive: true });
  }
}
