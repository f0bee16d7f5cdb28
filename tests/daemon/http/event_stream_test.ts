import assert from "node:assert/strict";
import { EventStreams } from "../../../lib/daemon/http/event_stream.ts";
import { EVENT_KINDS } from "../../../lib/daemon/service_api.ts";
import { FakeService } from "../fake_service.ts";
import { fixture } from "./fixture.ts";
import { messages } from "./messages.ts";

Deno.test("EventStreams numbers what happens, and sends it once to each", async () => {
  const service = new FakeService();
  const streams = new EventStreams(service.events);
  const answers = [streams.respond(undefined, undefined), streams.respond(undefined, undefined)];
  assert.equal(streams.count, 2);
  service.tick();
  service.tick();
  for (const response of answers) {
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const got = await messages(response, 2);
    assert.deepEqual(got.map(({ id, event }) => [id, event]), [
      ["fake-2", "sample"],
      ["fake-3", "sample"],
    ]);
    const { at, data } = JSON.parse(got[0]?.data ?? "");
    assert.ok(Number.isFinite(Date.parse(at)));
    assert.equal(data.gpus.length, 8);
    assert.equal(data.processes, undefined);
  }
  assert.equal(streams.count, 0);
  assert.equal(service.events.listeners, 0);
});

Deno.test("EventStreams says something before anything happens", async () => {
  const streams = new EventStreams(new FakeService().events);
  const reader = streams.respond(undefined, undefined).body?.getReader();
  const first = await reader?.read();
  assert.equal(new TextDecoder().decode(first?.value), "retry: 2000\n\n");
  await reader?.cancel();
});

Deno.test("EventStreams sends those who come back what they missed, then what happens", async () => {
  const service = new FakeService();
  const streams = new EventStreams(service.events);
  for (let i = 0; i < 4; i++) service.tick();
  const response = streams.respond("fake-3", undefined);
  service.tick();
  const got = await messages(response, 3);
  assert.deepEqual(got.map(({ id }) => id), ["fake-4", "fake-5", "fake-6"]);
});

for (const [what, after] of [["forgotten", "fake-2"], ["of another life", "old-4"]] as const) {
  Deno.test(`EventStreams tells of a gap behind an event that is ${what}`, async () => {
    const service = new FakeService({ kept: 2 });
    const streams = new EventStreams(service.events);
    for (let i = 0; i < 4; i++) service.tick();
    const got = await messages(streams.respond(after, undefined), 3);
    assert.deepEqual(got.map(({ id, event }) => [id, event]), [
      [undefined, "gap"],
      ["fake-4", "sample"],
      ["fake-5", "sample"],
    ]);
  });
}

Deno.test("EventStreams tells of no gap behind the last of what is forgotten", async () => {
  const service = new FakeService({ kept: 2 });
  const streams = new EventStreams(service.events);
  for (let i = 0; i < 4; i++) service.tick();
  const got = await messages(streams.respond("fake-3", undefined), 2);
  assert.deepEqual(got.map(({ id }) => id), ["fake-4", "fake-5"]);
});

Deno.test("EventStreams sends only the kinds that are wanted", async () => {
  const service = new FakeService();
  const streams = new EventStreams(service.events);
  const response = streams.respond(undefined, ["scheduler"]);
  service.tick();
  await service.changeScheduler({ strategy: "afr" });
  service.tick();
  await service.changeScheduler({ strategy: "sfr" });
  const got = await messages(response, 2);
  assert.deepEqual(got.map(({ event }) => event), ["scheduler", "scheduler"]);
});

Deno.test("EventStreams cuts off a client that does not read, and keeps no more for it", async () => {
  const service = new FakeService();
  const streams = new EventStreams(service.events);
  const response = streams.respond(undefined, undefined);
  let sent = 0;
  while (streams.count > 0 && sent < 10_000) {
    service.tick();
    sent++;
  }
  assert.ok(sent < 10_000, "nobody was cut off");
  assert.equal(service.events.listeners, 0);
  // What waits is still there, and is whole.
  const got = await messages(response, Infinity);
  assert.ok(got.length > 0 && got.length <= sent);
  for (const { data } of got) JSON.parse(data ?? "");
  assert.ok(got.reduce((sum, { data = "" }) => sum + data.length, 0) < (1 << 20) + (64 << 10));
});

Deno.test("EventStreams cuts off a client whose past alone is too much, and leaves no listener", async () => {
  const service = new FakeService({ gpus: 64, kept: 200 });
  for (let i = 0; i < 200; i++) service.tick();
  const streams = new EventStreams(service.events);
  const response = streams.respond("old-1", undefined);
  assert.equal(streams.count, 0);
  assert.equal(service.events.listeners, 0);
  await response.body?.cancel();
});

Deno.test("EventStreams ends all streams, and those that come afterwards", async () => {
  const service = new FakeService();
  const streams = new EventStreams(service.events);
  const open = streams.respond(undefined, undefined);
  service.tick();
  streams.closeAll();
  const late = streams.respond("fake-1", undefined);
  assert.equal(streams.count, 0);
  assert.equal(service.events.listeners, 0);
  assert.deepEqual((await messages(open, Infinity)).map(({ id }) => id), ["fake-2"]);
  assert.deepEqual((await messages(late, Infinity)).map(({ id }) => id), ["fake-2"]);
});

Deno.test("createApp() takes Last-Event-ID and kinds, and keeps no stream for HEAD", async () => {
  const { app, ask, streams, service } = fixture();
  const head = await ask("HEAD", "/api/v1/events");
  assert.equal(head.headers.get("content-type"), "text/event-stream");
  assert.equal(streams.count, 0);
  service.tick();
  const back = new Request("http://localhost/api/v1/events?kinds=sample", {
    headers: { "last-event-id": "fake-1" },
  });
  const got = await messages(await app(back, { address: undefined }), 1);
  assert.deepEqual(got.map(({ id }) => id), ["fake-2"]);
  const every = await ask("GET", `/api/v1/events?kinds=${EVENT_KINDS.join(",")}`);
  assert.equal(every.status, 200);
  await every.body?.cancel();
  assert.equal(streams.count, 0);
});
