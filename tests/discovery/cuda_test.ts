import assert from "node:assert/strict";
import { cudaSource } from "../../lib/discovery/cuda.ts";
import type { SourceReport } from "../../lib/discovery/source.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";

const DEVICES = `
driver_version 13000
device
name NVIDIA H200
uuid b15a0a1c4b3d0f219c5e8a7b6c5d4e3f
pci 0000:06:00.0
memory 150109880320
attribute_18 0
attribute_75 9
attribute_76 0
attribute_41 1
attribute_95 1
attribute_102 1
attribute_103 0
device
name Orin
uuid 00000000000000000000000000000000
memory 64000000000
attribute_18 1
fail cuDeviceGetPCIBusId 801
`;

/** What the source reports of a fake that shows `description`, with these variables set. */
function report(description: string, environment: Record<string, string> = {}): SourceReport {
  using fake = fakeLibrary("cuda", description);
  return cudaSource({
    sonames: [fake.path],
    signs: [],
    environment: (name) => environment[name],
  }).discover({ sysroot: new Sysroot(), capture: false });
}

compilerTest("cudaSource() shows devices with their place, UUID and capabilities", () => {
  const reported = report(DEVICES);
  assert.equal(reported.state, "ok");
  if (reported.state !== "ok") return;
  assert.equal(reported.note, undefined);
  const [card] = reported.sightings;
  assert.deepEqual(card?.match, {
    pci: "0000:06:00.0",
    uuid: "b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f",
    name: "NVIDIA H200",
  });
  assert.deepEqual(card?.facts, {
    name: "NVIDIA H200",
    pci_slot: "0000:06:00.0",
    kind: "discrete",
  });
  assert.deepEqual(card?.api, {
    name: "cuda",
    device: {
      index: "0",
      name: "NVIDIA H200",
      api_version: "13.0",
      driver: null,
      uuid: "b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f",
      capabilities: [
        "sm_90",
        "UNIFIED_ADDRESSING",
        "COOPERATIVE_LAUNCH",
        "VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED",
      ],
      memory_total_bytes: 150109880320,
    },
  });
});

compilerTest(
  "cudaSource() gives no memory of its own and no UUID to a device that has none",
  () => {
    const reported = report(DEVICES);
    assert.equal(reported.state, "ok");
    if (reported.state !== "ok") return;
    const orin = reported.sightings[1];
    assert.deepEqual(orin?.match, { name: "Orin" });
    assert.equal(orin?.facts.kind, "integrated");
    assert.equal(orin?.absent?.pci_slot, "cuDeviceGetPCIBusId: CUDA_ERROR_NOT_SUPPORTED");
    assert.equal(orin?.api?.device.memory_total_bytes, null);
    assert.equal(orin?.api?.device.uuid, null);
    assert.deepEqual(orin?.api?.device.capabilities, []);
  },
);

compilerTest("cudaSource() notes that CUDA_VISIBLE_DEVICES may hide devices", () => {
  const reported = report(DEVICES, { CUDA_VISIBLE_DEVICES: "0,1" });
  assert.equal(
    reported.state === "ok" && reported.note,
    "CUDA_VISIBLE_DEVICES=0,1 may hide devices",
  );
});

compilerTest("cudaSource() reports no device as a failure, unless the user hid them all", () => {
  const none = "driver_version 13000\n";
  assert.deepEqual(report(none), {
    state: "failed",
    reason: "cuInit: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)",
  });
  assert.deepEqual(report(none, { CUDA_VISIBLE_DEVICES: "" }), {
    state: "ok",
    sightings: [],
    note: "CUDA_VISIBLE_DEVICES= may hide devices",
  });
});

Deno.test("cudaSource() says what is missing", () => {
  const sysroot = new Sysroot();
  const missing = cudaSource({ sonames: ["libmvgal-none.so.1"], signs: [] }).discover({
    sysroot,
    capture: false,
  });
  assert.equal(missing.state, "absent");
  const unloaded = cudaSource({ signs: ["/dev/mvgal-none"] }).discover({ sysroot, capture: false });
  assert.deepEqual(unloaded, {
    state: "absent",
    reason: "no NVIDIA kernel driver is loaded (no /dev/mvgal-none)",
  });
});
