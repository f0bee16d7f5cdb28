/** The order of work on shared data. */

import assert from "node:assert/strict";
import { Ordering } from "../../lib/pool/ordering.ts";

/** Work that notes when it begins and ends, and ends when it is told to. */
function workshop() {
  const ordering = new Ordering<object>();
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string, uses: [object, "r" | "w"][]) =>
    ordering.run(uses.map(([of, way]) => ({ of, writes: way === "w" })), async () => {
      log.push(`${name}+`);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      log.push(`${name}-`);
    });
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  const end = async (name: string) => {
    ends.get(name)?.();
    await turn();
  };
  return { ordering, log, start, end, turn };
}

Deno.test("Ordering lets readers run side by side, and writers alone", async () => {
  const { log, start, end, turn, ordering } = workshop();
  const data = {};
  start("write", [[data, "w"]]);
  start("read1", [[data, "r"]]);
  start("read2", [[data, "r"]]);
  start("again", [[data, "w"]]);
  await turn();
  assert.deepEqual(log, ["write+"]);
  await end("write");
  assert.deepEqual(log, ["write+", "write-", "read1+", "read2+"]);
  await end("read2");
  await end("read1");
  assert.deepEqual(log.slice(4), ["read2-", "read1-", "again+"]);
  await end("again");
  await ordering.idle();
});

Deno.test("Ordering holds nothing back that uses other data", async () => {
  const { log, start, end, turn } = workshop();
  const a = {}, b = {};
  start("a", [[a, "w"]]);
  start("b", [[b, "w"]]);
  start("both", [[a, "r"], [b, "w"]]);
  await turn();
  assert.deepEqual(log, ["a+", "b+"]);
  await end("a");
  assert.deepEqual(log, ["a+", "b+", "a-"]);
  await end("b");
  assert.deepEqual(log.slice(3), ["b-", "both+"]);
  await end("both");
});

Deno.test("Ordering goes on after work that failed, and idle() waits for what came meanwhile", async () => {
  const ordering = new Ordering<object>();
  const data = {};
  const failed = ordering.run([{ of: data, writes: true }], () => Promise.reject(new Error("no")));
  let late = false;
  const after = ordering.run([{ of: data, writes: true }], async () => {
    await Promise.resolve();
    ordering.run([{ of: data, writes: true }], async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      late = true;
    });
    return 7;
  });
  await assert.rejects(failed, /no/);
  assert.equal(await after, 7);
  await ordering.idle();
  assert.ok(late);
});
