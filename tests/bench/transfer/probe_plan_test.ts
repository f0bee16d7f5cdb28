import assert from "node:assert/strict";
import type { DeviceReference, ProbeRequest } from "../../../lib/bench/transfer/probe.ts";
import { plannedProbeMs, probeRounds } from "../../../lib/bench/transfer/probe_plan.ts";
import { orderedPairs } from "../../../lib/bench/transfer/tasks.ts";

function reference(id: string, vendor: "nvidia" | "amd"): DeviceReference {
  return {
    gpu: { id, vendor, kind: "discrete", pci_slot: id, uuid: null, vram_total_bytes: null },
    vulkan: null,
  };
}

const DEVICES = [reference("a", "nvidia"), reference("b", "nvidia"), reference("c", "amd")];

const shared = (device: DeviceReference, peer: DeviceReference): ProbeRequest => ({
  kind: "shared_memory",
  handle: "dma_buf",
  mode: "pull",
  device,
  peer,
});

Deno.test("probeRounds() tries what hangs after what does not, each way by itself", () => {
  const [a, b] = DEVICES as [DeviceReference, DeviceReference];
  const rounds = probeRounds([
    ...orderedPairs(DEVICES).map(([from, to]) => shared(from, to)),
    { kind: "runtime_peer", runtime: "CUDA", device: a, peer: b },
    { kind: "runtime_peer", runtime: "CUDA", device: b, peer: a },
    ...DEVICES.map((device): ProbeRequest => ({ kind: "host_memory", device })),
  ]);
  assert.deepEqual(
    rounds.map((round) => round.map(({ way, requests }) => `${way}: ${requests.length}`)),
    [
      ["CUDA, nvidia to nvidia: 2", "host_memory, nvidia: 2", "host_memory, amd: 1"],
      [
        "dma_buf pull, nvidia to nvidia: 2",
        "dma_buf pull, nvidia to amd: 2",
        "dma_buf pull, amd to nvidia: 2",
      ],
    ],
  );
  assert.deepEqual(probeRounds([]), []);
});

Deno.test("plannedProbeMs() grows with devices, requests and rounds", () => {
  const two = plannedProbeMs(2, 2, 1);
  assert.ok(plannedProbeMs(8, 2, 1) > two && plannedProbeMs(2, 56, 1) > two);
  assert.equal(plannedProbeMs(2, 2, 2), 2 * two);
});
