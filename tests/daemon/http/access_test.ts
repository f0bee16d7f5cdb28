import assert from "node:assert/strict";
import { fixture, problemOf, TOKEN } from "./fixture.ts";

const SCHEDULER = "http://localhost/api/v1/scheduler";
const BEARER = { authorization: `Bearer ${TOKEN}` };

/** A change, or a read where there is no body. */
function request(headers: Record<string, string>, body: string | null = "{}"): Request {
  return new Request(SCHEDULER, {
    method: body === null ? "GET" : "PUT",
    body,
    headers: { host: "localhost:7474", "content-type": "application/json", ...headers },
  });
}

Deno.test("refusal() lets reads pass without a token, and changes with it", async () => {
  const { askTcp } = fixture();
  assert.equal((await askTcp(request({}, null))).status, 200);
  assert.equal((await askTcp(request(BEARER))).status, 200);
  assert.equal((await askTcp(request({ authorization: `bearer  ${TOKEN}` }))).status, 200);
});

for (
  const [what, authorization] of [
    ["without a token", ""],
    ["with a wrong token", `Bearer ${"f".repeat(TOKEN.length)}`],
    ["with the beginning of the token", `Bearer ${TOKEN.slice(0, -1)}`],
    ["with more than the token", `Bearer ${TOKEN}0`],
    ["with the token of another scheme", `Basic ${TOKEN}`],
    ["with the token alone", TOKEN],
  ] as const
) {
  Deno.test(`refusal() refuses changes ${what}`, async () => {
    const { askTcp, service } = fixture();
    const response = await askTcp(request({ authorization }));
    assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="mvgal"');
    await problemOf(response, 401);
    assert.deepEqual(service.asked, []);
  });
}

Deno.test("refusal() refuses every change where there is no token", async () => {
  const { askTcp } = fixture({ rules: { token: null } });
  await problemOf(await askTcp(request(BEARER)), 401);
  await problemOf(await askTcp(request({ authorization: "Bearer null" })), 401);
  assert.equal((await askTcp(request({}, null))).status, 200);
});

Deno.test("refusal() asks for the token for reads where that is wanted, health and metrics too", async () => {
  const { askTcp } = fixture({ rules: { requireTokenForReads: true } });
  await problemOf(await askTcp(request({}, null)), 401);
  for (const path of ["/metrics", "/openapi.json", "/api/v1/events", "/"]) {
    const read = new Request(`http://localhost${path}`, { headers: { host: "localhost" } });
    await problemOf(await askTcp(read), 401);
  }
  assert.equal((await askTcp(request(BEARER, null))).status, 200);
});

for (
  const host of ["localhost", "LOCALHOST:1", "127.0.0.1:7474", "[::1]:7474", "Gpu.Example:7474"]
) {
  Deno.test(`refusal() knows the service as ${host}`, async () => {
    const { askTcp } = fixture({ rules: { hosts: ["gpu.example"] } });
    assert.equal((await askTcp(request({ host }, null))).status, 200);
  });
}

for (
  const host of [
    "",
    "evil.example",
    "localhost.evil.example",
    "evil.example:7474",
    "localhost:7474@evil.example",
    "127.0.0.1.evil.example",
    "[::1",
    "[::1].evil.example",
    "gpu.example.evil",
  ]
) {
  Deno.test(`refusal() refuses the name ${host || "that is missing"}, reads too`, async () => {
    const { askTcp } = fixture({ rules: { hosts: ["gpu.example"] } });
    await problemOf(await askTcp(request({ ...BEARER, host })), 421);
    await problemOf(await askTcp(request({ host }, null)), 421);
  });
}

for (
  const headers of [
    { origin: "http://evil.example" },
    { origin: "http://localhost:8080" },
    { origin: "null" },
    { origin: "" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site", origin: "http://localhost:7474" },
  ]
) {
  Deno.test(`refusal() refuses changes by pages with ${JSON.stringify(headers)}`, async () => {
    const { askTcp, service } = fixture();
    await problemOf(
      await askTcp(request({ ...BEARER, ...headers } as Record<string, string>)),
      403,
    );
    assert.deepEqual(service.asked, []);
  });
}

for (
  const headers of [
    { origin: "http://localhost:7474" },
    { "sec-fetch-site": "same-origin", origin: "http://localhost:7474" },
    { "sec-fetch-site": "none" },
  ]
) {
  Deno.test(`refusal() takes changes by its own pages with ${JSON.stringify(headers)}`, async () => {
    const { askTcp } = fixture();
    const own = request({ ...BEARER, ...headers } as Record<string, string>);
    assert.equal((await askTcp(own)).status, 200);
  });
}

Deno.test("refusal() takes every method but GET and HEAD for a change", async () => {
  const { askTcp } = fixture();
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const asked = new Request(SCHEDULER, { method, headers: { host: "localhost" } });
    await problemOf(await askTcp(asked), 401);
  }
});

Deno.test("createApp() answers 429 with Retry-After above the rate, and forgets no one for it", async () => {
  const { askTcp, ask } = fixture({ perSecond: 2 });
  for (let i = 0; i < 4; i++) assert.equal((await askTcp(request({}, null))).status, 200);
  const refused = await askTcp(request({}, null));
  assert.equal(refused.headers.get("retry-after"), "1");
  await problemOf(refused, 429);
  // The Unix socket has no limit.
  assert.equal((await ask("GET", "/api/v1/scheduler")).status, 200);
});
