import assert from "node:assert/strict";
import fc from "fast-check";
import { EventHub } from "../../lib/daemon/events.ts";
import type { ServiceEvent } from "../../lib/daemon/service_api.ts";

const change = (id: string) => ({ added: [id], removed: [] });
const idsOf = (events: readonly ServiceEvent[]) =>
  events.map(({ data }) => (data as { added: string[] }).added[0]);

Deno.test("EventHub gives events to who listens, in order, until it is disposed", () => {
  const hub = new EventHub({ life: "a", now: () => 0 });
  const seen: ServiceEvent[] = [];
  const listening = hub.subscribe((event) => seen.push(event));
  hub.publish("gpus", change("x"));
  hub.publish("gpus", change("y"));
  listening[Symbol.dispose]();
  hub.publish("gpus", change("z"));
  assert.deepEqual(idsOf(seen), ["x", "y"]);
  assert.deepEqual(seen.map(({ id }) => id), ["a-1", "a-2"]);
  assert.equal(seen[0]?.at, "1970-01-01T00:00:00.000Z");
  assert.equal(hub.listeners, 0);
});

Deno.test("EventHub gives each event once to who comes back, or tells of the gap", () => {
  fc.assert(fc.property(fc.nat(20), fc.nat(20), fc.nat(20), (before, away, since) => {
    const hub = new EventHub({ life: "a", kept: 8 });
    for (let i = 1; i <= before + away; i++) hub.publish("gpus", change(String(i)));
    let gaps = 0;
    const seen: ServiceEvent[] = [];
    hub.subscribe((event) => seen.push(event), { after: `a-${before}`, gap: () => gaps++ });
    for (let i = 1; i <= since; i++) hub.publish("gpus", change(String(before + away + i)));
    const missed = Math.min(away, 8);
    assert.equal(gaps, away > 8 ? 1 : 0);
    const first = before + away - missed + 1;
    const expected = Array.from({ length: missed + since }, (_, i) => String(first + i));
    assert.deepEqual(idsOf(seen), expected);
  }));
});

Deno.test("EventHub takes ids of another life, and what is no id, for a gap", () => {
  for (const after of ["b-1", "a-99", "a-", "a--1", "", "a-1e3", "1"]) {
    const hub = new EventHub({ life: "a" });
    hub.publish("gpus", change("x"));
    let gaps = 0;
    const seen: ServiceEvent[] = [];
    hub.subscribe((event) => seen.push(event), { after, gap: () => gaps++ });
    assert.deepEqual([gaps, seen.length], [1, 1], after);
  }
});

Deno.test("EventHub gives only the kinds that are wanted, and drops a listener that throws", () => {
  const hub = new EventHub();
  let calls = 0;
  hub.subscribe(() => {
    calls++;
    throw new Error("gone");
  });
  const seen: ServiceEvent[] = [];
  hub.subscribe((event) => seen.push(event), { kinds: ["config"] });
  hub.publish("gpus", change("x"));
  hub.publish("gpus", change("y"));
  assert.equal(calls, 1);
  assert.equal(seen.length, 0);
  assert.equal(hub.listeners, 1);
});
