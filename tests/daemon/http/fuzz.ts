/**
 * Whether the API answers whatever it is asked: in this process, and over TCP by a service that runs.
 *
 *     deno task fuzz:http [REQUESTS] [SEED]
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { App } from "../../../lib/daemon/http/app.ts";
import { documentOf, fixture } from "./fixture.ts";
import { type Document, type FuzzedRequest, fuzzedRequests } from "./fuzz_requests.ts";
import { fuzzSocket } from "./fuzz_socket.ts";

/** Longest time for one answer in ms: a hang, far above what any takes. */
const LIMIT_MS = 10_000;

function toRequest({ method, path, headers, body }: FuzzedRequest): Request {
  return new Request(`http://localhost${path}`, { method, headers, body });
}

async function answerOf(app: App, request: Request): Promise<Response> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), LIMIT_MS);
  });
  try {
    return await Promise.race([app(request, { address: undefined }), hang]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends so many requests, and gives how many were answered with which status. */
export async function fuzz(requests: number, seed?: number): Promise<Map<number, number>> {
  const it = fixture();
  const document = await documentOf<Document>(await it.ask("GET", "/openapi.json"));
  const counts = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fuzzedRequests(document), async (fuzzed) => {
      const { status, headers, body } = await answerOf(it.app, toRequest(fuzzed));
      counts.set(status, (counts.get(status) ?? 0) + 1);
      assert.ok(status < 500, `${status}: ${it.logged.at(-1)}`);
      const type = headers.get("content-type");
      if (status >= 400) assert.equal(type, "application/problem+json");
      else assert.ok(status === 200 || status === 302, `${status}`);
      await body?.cancel();
    }),
    { numRuns: requests, ...(seed !== undefined && { seed }) },
  );
  assert.deepEqual(it.logged, []);
  assert.equal(it.streams.count, 0);
  return counts;
}

function tell(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function summary(counts: Map<number, number>): string {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return sorted.map(([status, count]) => `${count} of ${status}`).join(", ");
}

if (import.meta.main) {
  const [requests = 20_000, seed] = Deno.args.map(Number);
  tell(`${requests} requests in this process: ${summary(await fuzz(requests, seed))}`);
  const { counts, longest_ms, rss_mib } = await fuzzSocket(requests, seed);
  tell(
    `${requests} requests over TCP: ${summary(counts)}; the longest took ${
      longest_ms.toFixed(0)
    } ms; ` +
      `${rss_mib.before.toFixed(0)} MiB resident before, ${rss_mib.after.toFixed(0)} after`,
  );
}
