import assert from "node:assert/strict";
import fc from "fast-check";
import { EventParser } from "../../lib/daemon/web/core/sse.ts";

const TEXT =
  ': hello\n\nid: a-1\nevent: sample\ndata: {"x":1}\n\ndata: two\r\ndata:  lines\r\n\r\n' +
  "event: empty\n\nid: a-2\rdata: last\r\r\n";

const EVENTS = [
  { id: "a-1", kind: "sample", data: '{"x":1}' },
  { id: "a-1", kind: "message", data: "two\n lines" },
  { id: "a-2", kind: "message", data: "last" },
];

Deno.test("EventParser takes events with ids, kinds, several lines and comments", () => {
  assert.deepEqual(new EventParser().push(TEXT), EVENTS);
});

Deno.test("EventParser finds the same events wherever the stream is cut", () => {
  fc.assert(fc.property(fc.array(fc.nat(TEXT.length), { maxLength: 12 }), (cuts) => {
    const parser = new EventParser();
    const places = [0, ...cuts.sort((a, b) => a - b), TEXT.length];
    const events = places.slice(1).flatMap((end, i) => parser.push(TEXT.slice(places[i], end)));
    assert.deepEqual(events, EVENTS);
  }));
});

Deno.test("EventParser gives nothing of an event that is not whole", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push("id: 1\ndata: half"), []);
  assert.deepEqual(parser.push("\n"), []);
  assert.equal(parser.push("\n").length, 1);
});
