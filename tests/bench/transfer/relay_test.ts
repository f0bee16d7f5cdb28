import assert from "node:assert/strict";
import { EFFORTS } from "../../../lib/bench/benchmark.ts";
import { RELAY_BENCHMARK } from "../../../lib/bench/transfer/relay.ts";
import { allDevicesTest } from "../../vulkan_devices.ts";
import { cudaDevice, softwareDevice, softwareTargets } from "./devices.ts";

allDevicesTest("sync.relay measures from one driver's device to another's, by every shape", () => {
  using owner = new DisposableStack();
  const [source, destination] = softwareTargets(owner).map(softwareDevice);
  assert.ok(source && destination);
  const pair = { source, destination };
  assert.equal(RELAY_BENCHMARK.unsupported(pair), undefined);
  for (const shape of RELAY_BENCHMARK.shapes(pair, EFFORTS.quick)) {
    using prepared = shape.prepare(EFFORTS.quick);
    const samples = prepared.sample();
    assert.ok(samples.length > 1);
    for (const sample of samples) assert.ok(sample > 0 && sample < 1e6, `${shape.name}: ${sample}`);
    prepared.verify();
  }
});

Deno.test("sync.relay is unsupported where Vulkan does not show both devices", () => {
  const device = cudaDevice("0000:01:00.0");
  assert.equal(
    RELAY_BENCHMARK.unsupported({ source: device, destination: device }),
    "Vulkan: no Vulkan driver shows this GPU",
  );
});
