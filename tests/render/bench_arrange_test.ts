import assert from "node:assert/strict";
import { arrange, unmeasured } from "../../lib/render/bench_arrange.ts";
import { deviceLabels } from "../../lib/render/bench_devices.ts";
import { letterOf, pairWords } from "../../lib/render/bench_pairs.ts";
import { withoutSizes } from "../../lib/render/bench_sweeps.ts";
import { sampleReport } from "./sample_report.ts";

Deno.test("deviceLabels() numbers devices of one name, and no others", () => {
  const { context } = sampleReport("h200", 2);
  const tags = deviceLabels(context.devices, []).map(({ tag }) => tag);
  assert.deepEqual(tags, ["Sample Processor 9000", "NVIDIA H200 #0", "NVIDIA H200 #1"]);
});

Deno.test("deviceLabels() has devices that only benchmarks name, and no text that a terminal obeys", () => {
  const report = sampleReport("software", 1);
  const [entry] = report.benchmarks;
  assert.ok(entry);
  const labels = deviceLabels([], [{ ...entry, device: "pci:\x1b[2J", peer: "other" }]);
  assert.deepEqual(labels.map(({ id, name, device }) => [id, name, device]), [
    ["pci:\x1b[2J", "pci:\ufffd[2J", null],
    ["other", "other", null],
  ]);
});

Deno.test("withoutSizes() takes sizes out of names, and leaves types alone", () => {
  assert.equal(withoutSizes("memory.read_4mib"), "memory.read");
  assert.equal(withoutSizes("read, 4 MiB"), "read");
  assert.equal(withoutSizes("read, 1.5 GiB working set"), "read");
  assert.equal(withoutSizes("compute.fp32"), "compute.fp32");
  assert.equal(withoutSizes("int8 dot"), "int8 dot");
});

Deno.test("arrange() puts the steps of a sweep together and leaves the main figure where it is", () => {
  const { plain, staircases } = arrange(sampleReport("h200", 2));
  assert.deepEqual(
    staircases.map(({ device, title, steps }) => [device.tag, title, steps.length]),
    [
      ["NVIDIA H200 #0", "read", 11],
      ["NVIDIA H200 #0", "copy", 11],
      ["NVIDIA H200 #1", "read", 11],
      ["NVIDIA H200 #1", "copy", 11],
    ],
  );
  const sizes = staircases[0]?.steps.map(({ bytes }) => bytes) ?? [];
  assert.deepEqual(sizes, sizes.toSorted((a, b) => a - b));
  assert.deepEqual(
    plain.filter(({ name }) => name.startsWith("memory.read")).map(({ name }) => name),
    ["memory.read", "memory.read"],
  );
});

Deno.test("arrange() takes steps of one name for a sweep, and a single size for none", () => {
  const report = sampleReport("software", 1);
  const [entry] = report.benchmarks.filter(({ name }) => name === "memory.read");
  assert.ok(entry);
  const step = (bytes: number) => ({ ...entry, parameters: { working_set_bytes: bytes } });
  const two = arrange({ ...report, benchmarks: [step(1024), step(4096)] });
  assert.equal(two.staircases.length, 1);
  assert.equal(two.plain.length, 0);
  const one = arrange({ ...report, benchmarks: [step(1024)] });
  assert.equal(one.staircases.length, 0);
  assert.equal(one.plain.length, 1);
});

Deno.test("arrange() makes matrices of pairs: rows send, columns receive", () => {
  const report = sampleReport("h200", 8);
  const { matrices, plain } = arrange(report);
  assert.ok(plain.every(({ peer }) => peer === null));
  const peer = matrices.find(({ key }) => key === "transfer.peer");
  assert.ok(peer);
  assert.equal(peer.devices.length, 8);
  assert.equal(peer.cells.flat().filter((cell) => cell !== null).length, 56);
  peer.cells.forEach((row, from) =>
    row.forEach((cell, to) => {
      assert.equal(cell === null, from === to);
      assert.equal(cell?.entry.device ?? null, cell && peer.devices[from]?.id);
      assert.equal(cell?.entry.peer ?? null, cell && peer.devices[to]?.id);
    })
  );
  assert.deepEqual(peer.paths, [
    "CUDA peer copy, by the source",
    "CUDA copy through the host, by the driver",
  ]);
  const [failed, dmaBuf] = peer.refusals;
  assert.deepEqual(failed?.pairs, [[5, 6]]);
  assert.equal(failed?.state, "failed");
  assert.equal(pairWords(dmaBuf?.pairs ?? [], peer), "55 of 56 pairs");
});

Deno.test("arrange() shows what was measured from one end of a pair in both directions", () => {
  const { matrices } = arrange(sampleReport("software", 2));
  const duplex = matrices.find(({ key }) => key === "transfer.peer_duplex");
  assert.equal(duplex?.cells[0]?.[1]?.figure, duplex?.cells[1]?.[0]?.figure);
  const relay = matrices.find(({ key }) => key === "sync.relay");
  assert.notEqual(relay?.cells[0]?.[1]?.figure, relay?.cells[1]?.[0]?.figure);
});

Deno.test("letterOf() goes on after z", () => {
  assert.deepEqual([0, 25, 26, 27, 52].map(letterOf), ["a", "z", "aa", "ab", "ba"]);
});

Deno.test("unmeasured() gathers what ended alike", () => {
  const groups = unmeasured(sampleReport("h200", 8).benchmarks);
  assert.deepEqual(groups.map(({ state, entries }) => [state, entries.length]).sort(), [
    ["failed", 1],
    ["unsupported", 8],
  ]);
});
