import assert from "node:assert/strict";
import type { TelemetryDriver } from "../../lib/telemetry/driver.ts";
import type { Reading } from "../../lib/telemetry/metrics.ts";
import { discover } from "../../lib/discovery/mod.ts";
import { nextLook, sample, watch } from "../../lib/telemetry/watch.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS } from "../sysfs/tree.ts";
import { describedGpu } from "./described_gpu.ts";

/** A driver that counts what is done with it: the temperature is the number of the look. */
function countingDriver() {
  const counts = { opened: 0, looks: 0, closed: 0 };
  const driver: TelemetryDriver = {
    name: "counting",
    claims: () => true,
    open() {
      counts.opened++;
      return {
        read: (): Reading => ({
          values: { temperature_c: ++counts.looks, utilization_pct: 50 },
          sources: { temperature_c: "test" },
          absent: {},
        }),
        lost: () => undefined,
        [Symbol.dispose]: () => void counts.closed++,
      };
    },
  };
  return { counts, drivers: [driver], gpus: [describedGpu({ pci_slot: "0000:06:00.0" })] };
}

const EMPTY = new Sysroot("/nonexistent");

Deno.test("sample() looks twice, gives the second look and closes what it opened", async () => {
  const { counts, ...rest } = countingDriver();
  const { at, gpus } = await sample({ ...rest, sysroot: EMPTY, interval: 50 });
  assert.ok(at > 1e12);
  assert.deepEqual(gpus.map(({ id, state, temperature_c }) => [id, state, temperature_c]), [
    ["pci:0000:06:00.0", "ok", 2],
  ]);
  assert.deepEqual(counts, { opened: 1, looks: 2, closed: 1 });
});

Deno.test("sample() finds the GPUs of a dump by itself", async () => {
  const { gpus } = await sample({ sysroot: new Sysroot(`${DUMPS}vega56`), interval: 50 });
  assert.deepEqual(gpus.map(({ id, temperature_c }) => [id, temperature_c]), [
    ["pci:0000:0b:00.0", 38],
  ]);
});

Deno.test("sample() throws the reason of a signal, and closes what it opened", async () => {
  const { counts, ...rest } = countingDriver();
  const abort = new AbortController();
  const promise = sample({ ...rest, sysroot: EMPTY, interval: 1e6, signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(promise, /enough/);
  assert.deepEqual(counts, { opened: 1, looks: 1, closed: 1 });
  await assert.rejects(sample({ ...rest, signal: abort.signal }), /enough/);
  assert.equal(counts.opened, 1);
});

Deno.test("watch() looks again and again, and closes everything when the loop is left", async () => {
  const { counts, ...rest } = countingDriver();
  const seen: (number | null | undefined)[] = [];
  for await (const { gpus } of watch({ ...rest, sysroot: EMPTY, interval: 50 })) {
    seen.push(gpus[0]?.temperature_c);
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(counts, { opened: 1, looks: 3, closed: 1 });
});

Deno.test("watch() ends without an error when its signal is aborted, also between looks", async () => {
  const { counts, ...rest } = countingDriver();
  const abort = new AbortController();
  let looks = 0;
  for await (
    const _ of watch({ ...rest, sysroot: EMPTY, interval: 1e6, signal: abort.signal })
  ) {
    looks++;
    queueMicrotask(() => abort.abort());
  }
  assert.equal(looks, 1);
  assert.deepEqual(counts, { opened: 1, looks: 1, closed: 1 });
});

Deno.test("watch() looks not once with a signal that was aborted before", async () => {
  const { counts, ...rest } = countingDriver();
  for await (const _ of watch({ ...rest, signal: AbortSignal.abort() })) assert.fail("looked");
  assert.equal(counts.opened, 0);
});

Deno.test("watch() closes everything when the loop throws", async () => {
  const { counts, ...rest } = countingDriver();
  await assert.rejects(async () => {
    for await (const _ of watch({ ...rest, sysroot: EMPTY })) throw new Error("in the loop");
  }, /in the loop/);
  assert.equal(counts.closed, 1);
});

Deno.test("watch() refuses an interval that is none before the loop begins", () => {
  for (const interval of [49, 0, -1, NaN, Infinity]) {
    assert.throws(() => watch({ interval }), RangeError);
  }
});

Deno.test("nextLook() leaves out looks that are late already", () => {
  assert.equal(nextLook(1000, 1001, 100), 1100);
  assert.equal(nextLook(1000, 1100, 100), 1100);
  assert.equal(nextLook(1000, 1101, 100), 1200);
  assert.equal(nextLook(1000, 1730, 100), 1800);
});

Deno.test("watch() takes the GPUs that it is given", async () => {
  const sysroot = new Sysroot(`${DUMPS}rx580`);
  const { gpus } = discover({ sysroot });
  for await (const { gpus: samples } of watch({ sysroot, gpus })) {
    assert.deepEqual(samples.map(({ id }) => id), gpus.map(({ id }) => id));
    break;
  }
});
