import assert from "node:assert/strict";
import fc from "fast-check";
import { askFrom, listening, RawClient, TCP, until } from "./listening.ts";
import { TOKEN } from "./fixture.ts";

const GET = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n";
const LAST = "connection: close\r\n\r\n";

/** The API behind a gate with other limits. */
function behind(limits: NonNullable<typeof TCP.limits>) {
  return listening({ tcp: { ...TCP, limits } });
}

Deno.test("Gate passes requests, several on one connection too", async () => {
  await using it = await behind({});
  using client = await RawClient.to(it.port);
  for (let i = 0; i < 3; i++) {
    await client.say(`${GET}\r\n`);
    assert.match(await client.hear("ok\n") ?? "", /^HTTP\/1.1 200 OK/);
  }
  assert.deepEqual(it.server.connections, { open: 1, refused: 0 });
});

Deno.test("Gate passes a request that comes byte by byte", async () => {
  await using it = await behind({});
  const client = await RawClient.to(it.port);
  for (const letter of GET + LAST) await client.say(letter);
  assert.match(await client.hear() ?? "", /^HTTP\/1.1 200 OK/);
  client[Symbol.dispose]();
  await until(() => it.server.connections?.open === 0);
});

Deno.test("Gate closes connections that send no headers in time, and those that send them slowly", async () => {
  await using it = await behind({ headerMs: 100 });
  using silent = await RawClient.to(it.port);
  using slow = await RawClient.to(it.port);
  const trickle = setInterval(() => void slow.say("x"), 10);
  await slow.say("GET / HTTP/1.1\r\nx-");
  assert.equal(await silent.hear(), "");
  clearInterval(trickle);
  assert.ok(!await slow.hear());
  await until(() => it.server.connections?.open === 0);
});

Deno.test("Gate closes connections whose later requests, or bodies, come slowly", async () => {
  await using it = await behind({ idleMs: 150 });
  using later = await RawClient.to(it.port);
  using body = await RawClient.to(it.port);
  await later.say(`${GET}\r\n`);
  await later.hear("ok\n");
  await later.say("GET / HTTP/1.1\r\nx-");
  await body.say(
    "PUT /api/v1/scheduler HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
      `authorization: Bearer ${TOKEN}\r\ncontent-length: 1000\r\n\r\n{`,
  );
  const trickle = setInterval(() => {
    void later.say("x");
    void body.say(" ");
  }, 10);
  await until(() => it.server.connections?.open === 0);
  clearInterval(trickle);
  assert.deepEqual(it.service.asked, []);
});

Deno.test("Gate closes connections that ask nothing more", async () => {
  await using it = await behind({ idleMs: 50 });
  using client = await RawClient.to(it.port);
  await client.say(`${GET}\r\n`);
  await client.hear("ok\n");
  assert.equal(await client.hear(), "");
});

Deno.test("Gate turns away connections above the limit, and takes others when there is room", async () => {
  await using it = await behind({ connections: 4 });
  const clients = [];
  for (let i = 0; i < 4; i++) clients.push(await RawClient.to(it.port));
  await until(() => it.server.connections?.open === 4);
  using fifth = await RawClient.to(it.port);
  assert.ok(!await fifth.hear());
  assert.deepEqual(it.server.connections, { open: 4, refused: 1 });
  for (const client of clients) client[Symbol.dispose]();
  await until(() => it.server.connections?.open === 0);
  using sixth = await RawClient.to(it.port);
  await sixth.say(GET + LAST);
  assert.match(await sixth.hear() ?? "", /^HTTP\/1.1 200 OK/);
});

Deno.test("Gate leaves room for others where one peer has all that it may", async () => {
  await using it = await behind({ connections: 4, connectionsOfOne: 2 });
  using _one = await RawClient.to(it.port);
  using _two = await RawClient.to(it.port);
  await until(() => it.server.connections?.open === 2);
  using third = await RawClient.to(it.port);
  assert.ok(!await third.hear());
  assert.match(await askFrom("127.0.0.2", it.port), /^HTTP\/1.1 200 OK/);
  assert.deepEqual(it.logged, [
    "warning: 1 connection was turned away over TCP: 127.0.0.1 has 2",
  ]);
});

Deno.test("Gate says at once that a connection was turned away, and of the others but their number", async () => {
  await using it = await behind({ connections: 1, tellMs: 300 });
  using _client = await RawClient.to(it.port);
  await until(() => it.server.connections?.open === 1);
  for (let i = 0; i < 20; i++) {
    using refused = await RawClient.to(it.port);
    await refused.hear();
    if (i === 0) assert.equal(it.logged.length, 1);
  }
  await until(() => it.logged.length > 1);
  assert.deepEqual(it.logged, [
    "warning: 1 connection was turned away over TCP: there are 1",
    "warning: 19 connections were turned away over TCP: there are 1",
  ]);
});

Deno.test("Gate answers 431 to headers that are too large, while the client goes on sending", async () => {
  await using it = await behind({ headerBytes: 1000 });
  using client = await RawClient.to(it.port);
  // More than the buffers on the way hold: a reset would come before all of it is sent.
  assert.ok(await client.say(`${GET}x: ${"y".repeat(16 << 20)}\r\n\r\n`));
  assert.match(await client.hear() ?? "", /^HTTP\/1.1 431 .*\r\nconnection: close\r\n/);
  using fits = await RawClient.to(it.port);
  await fits.say(`${GET}x: ${"y".repeat(500)}\r\n${LAST}`);
  assert.match(await fits.hear() ?? "", /^HTTP\/1.1 200 OK/);
});

Deno.test("Gate lets a body of 1 GiB be refused at once, by its length", async () => {
  await using it = await behind({});
  using client = await RawClient.to(it.port);
  await client.say(
    "PUT /api/v1/scheduler HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
      `authorization: Bearer ${TOKEN}\r\ncontent-length: ${1 << 30}\r\n\r\n`,
  );
  assert.match(await client.hear() ?? "", /^HTTP\/1.1 413 /);
});

Deno.test("Gate lets a client send what it must before it reads its answer", async () => {
  await using it = await behind({});
  using client = await RawClient.to(it.port);
  const length = 16 << 20;
  assert.ok(
    await client.say(
      "PUT /api/v1/scheduler HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
        `authorization: Bearer ${TOKEN}\r\ncontent-length: ${length}\r\n\r\n${" ".repeat(length)}`,
    ),
  );
  assert.match(await client.hear() ?? "", /^HTTP\/1.1 413 /);
});

for (const framing of ["content-length", "chunked"] as const) {
  Deno.test(`Gate brings the answer to a client that goes on sending a body of 1 GiB, ${framing}`, async () => {
    await using it = await behind({});
    using client = await RawClient.to(it.port);
    await client.say(
      "PUT /api/v1/scheduler HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" +
        `authorization: Bearer ${TOKEN}\r\n` +
        (framing === "chunked"
          ? "transfer-encoding: chunked\r\n\r\n"
          : `content-length: ${1 << 30}\r\n\r\n`),
    );
    const head = framing === "chunked" ? "10000\r\n" : "";
    const tail = framing === "chunked" ? "\r\n" : "";
    const part = head + " ".repeat(1 << 16) + tail;
    let taken = 0;
    const saying = (async () => {
      for (let i = 0; i < 1 << 14; i++) {
        if (!await client.say(part)) return;
        taken += part.length;
      }
    })();
    assert.match(await client.hear("limit") ?? await client.hear() ?? "", /^HTTP\/1.1 413 /);
    client[Symbol.dispose]();
    await saying;
    assert.ok(taken < 1 << 30, `${taken}`);
    assert.deepEqual(it.service.asked, []);
  });
}

Deno.test("Gate closes a client that has closed its side, and one that is gone in the middle", async () => {
  await using it = await behind({});
  using half = await RawClient.to(it.port);
  await half.say(`${GET}\r\n`);
  await half.endSaying();
  await half.hear();
  using early = await RawClient.to(it.port);
  await early.endSaying();
  assert.equal(await early.hear(), "");
  const gone = await RawClient.to(it.port);
  await gone.say(
    "PUT /api/v1/scheduler HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n{",
  );
  gone[Symbol.dispose]();
  await until(() => it.server.connections?.open === 0);
});

Deno.test("Gate ends the stream of a client that is gone", async () => {
  await using it = await behind({});
  const client = await RawClient.to(it.port);
  await client.say("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await client.hear("retry");
  assert.equal(it.server.streams, 1);
  client[Symbol.dispose]();
  await until(() => it.server.streams === 0 && it.service.events.listeners === 0);
});

Deno.test("Gate speaks no HTTP/2, whose streams it could not limit", async () => {
  await using it = await behind({});
  using client = await RawClient.to(it.port);
  await client.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  assert.ok(!await client.hear());
});

Deno.test("Gate outlives 1,000 connections that say nothing, and answers meanwhile", async () => {
  await using it = await behind({ connections: 2000, headerMs: 500 });
  const clients: RawClient[] = [];
  for (let i = 0; i < 1000; i++) clients.push(await RawClient.to(it.port));
  using client = await RawClient.to(it.port);
  await client.say(GET + LAST);
  assert.match(await client.hear() ?? "", /^HTTP\/1.1 200 OK/);
  await until(() => it.server.connections?.open === 0);
  for (const each of clients) each[Symbol.dispose]();
});

Deno.test("Gate ends with connections open, and leaves none", async () => {
  const clients: RawClient[] = [];
  {
    await using it = await behind({});
    for (let i = 0; i < 3; i++) clients.push(await RawClient.to(it.port));
    await clients[1]?.say("GET / HTTP/1.1\r\n");
    await clients[2]?.say("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await clients[2]?.hear("retry");
  }
  for (const client of clients) {
    await client.hear();
    client[Symbol.dispose]();
  }
});

/** Requests that are nearly ones: pieces of good ones, put together anyhow. */
const malformed = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.array(
    fc.oneof(
      fc.constantFrom(
        "GET ",
        "PUT /api/v1/scheduler",
        "/healthz",
        " HTTP/1.1",
        " HTTP/9.9",
        "\r\n",
        "\n",
        "\r\n\r\n",
        "host: localhost",
        "host:",
        "content-length: 5",
        "content-length: -1",
        "content-length: 99999999999999999999",
        "transfer-encoding: chunked",
        "ffffffffffffffff\r\n",
        "0\r\n\r\n",
        "expect: 100-continue",
        "upgrade: websocket",
        "connection: upgrade",
        "\0",
        ": ",
      ),
      fc.string({ maxLength: 20 }),
    ),
    { maxLength: 20 },
  ).map((parts) => new TextEncoder().encode(parts.join(""))),
);

Deno.test("Gate outlives what is no HTTP, and answers nothing with 5xx", async () => {
  await using it = await behind({ headerMs: 20, idleMs: 40 });
  await fc.assert(
    fc.asyncProperty(malformed, async (bytes) => {
      using client = await RawClient.to(it.port);
      await client.say(bytes);
      assert.doesNotMatch(await client.hear() ?? "", /^HTTP\/1.1 5/);
    }),
    { numRuns: 60 },
  );
  using client = await RawClient.to(it.port);
  await client.say(GET + LAST);
  assert.match(await client.hear() ?? "", /^HTTP\/1.1 200 OK/);
  assert.deepEqual(it.logged, []);
});
