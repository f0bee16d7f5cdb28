import assert from "node:assert/strict";
import { journalSink, plainSink, ServiceLog } from "../../lib/daemon/log.ts";

Deno.test("ServiceLog writes lines of its level, and keeps them for queries", () => {
  let written = "";
  const log = new ServiceLog(plainSink((text) => written += text), undefined, { now: () => 0 });
  log.write("debug", "sampler", "not taken");
  log.write("info", "power", "capped", "gpu-1");
  log.write("error", "http", "port taken");
  assert.equal(
    written,
    "1970-01-01T00:00:00.000Z info power: capped\n1970-01-01T00:00:00.000Z error http: port taken\n",
  );
  const texts = (query: Parameters<typeof log.lines>[0]) =>
    log.lines(query).map(({ text }) => text);
  assert.deepEqual(texts({}), ["capped", "port taken"]);
  assert.deepEqual(texts({ level: "warning" }), ["port taken"]);
  assert.deepEqual(texts({ part: "power" }), ["capped"]);
  assert.deepEqual(texts({ gpu: "gpu-1" }), ["capped"]);
  assert.deepEqual(texts({ after: 1 }), ["port taken"]);
  assert.deepEqual(texts({ limit: 1 }), ["port taken"]);
  assert.deepEqual(texts({ after: 0, limit: 1 }), ["capped"]);
});

Deno.test("ServiceLog keeps the last lines alone, and makes control characters visible", () => {
  const log = new ServiceLog(() => {}, undefined, { kept: 2 });
  for (const text of ["a", "b", "c\n<3>forged\x1b[2J"]) log.write("info", "x", text);
  assert.deepEqual(log.lines().map(({ id, text }) => [id, text]), [
    [2, "b"],
    [3, "c\ufffd<3>forged\ufffd[2J"],
  ]);
});

Deno.test("ServiceLog keeps and publishes a line that cannot be written", () => {
  const published: string[] = [];
  const log = new ServiceLog(() => {
    throw new Error("EPIPE");
  }, ({ text }) => published.push(text));
  log.write("warning", "history", "the disk is full");
  assert.deepEqual(published, ["the disk is full"]);
  assert.equal(log.lines().length, 1);
});

Deno.test("journalSink() begins lines with their priority", () => {
  let written = "";
  const log = new ServiceLog(journalSink((text) => written += text), undefined, { level: "debug" });
  for (const level of ["debug", "info", "warning", "error"] as const) log.write(level, "p", level);
  assert.equal(written, "<7>p: debug\n<6>p: info\n<4>p: warning\n<3>p: error\n");
});
