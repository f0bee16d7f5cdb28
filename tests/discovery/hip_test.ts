import assert from "node:assert/strict";
import { hipSource } from "../../lib/discovery/hip.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";

const DEVICES = `
driver_version 60241133
device
name AMD Radeon RX 7900 XTX
uuid 60a7d2e0f1b3c4d5
pci 0000:03:00.0
memory 25753026560
attribute_10 1
attribute_16 0
attribute_24 1
attribute_88 0
device
name AMD Radeon 780M
pci 0000:c4:00.0
memory 33000000000
attribute_16 1
`;

/** What the source reports of a fake that shows `description`, with these variables set. */
function report(description: string, environment: Record<string, string> = {}) {
  using fake = fakeLibrary("hip", description);
  return hipSource({
    sonames: [fake.path],
    signs: [],
    environment: (name) => environment[name],
  }).discover({ sysroot: new Sysroot(), capture: false });
}

compilerTest("hipSource() shows devices", () => {
  const reported = report(DEVICES);
  assert.equal(reported.state, "ok");
  if (reported.state !== "ok") return;
  const [card, integrated] = reported.sightings;
  assert.deepEqual(card?.match, { pci: "0000:03:00.0", name: "AMD Radeon RX 7900 XTX" });
  assert.equal(card?.vendor_id, 0x1002);
  assert.equal(card?.facts.kind, "discrete");
  assert.deepEqual(card?.api, {
    name: "hip",
    device: {
      index: "0",
      name: "AMD Radeon RX 7900 XTX",
      api_version: "6.2.41133",
      driver: null,
      uuid: "GPU-60a7d2e0f1b3c4d5",
      capabilities: ["CooperativeLaunch", "ManagedMemory"],
      memory_total_bytes: 25753026560,
    },
  });
  assert.equal(integrated?.facts.kind, "integrated");
  assert.equal(integrated?.api?.device.memory_total_bytes, null);
  assert.equal(integrated?.api?.device.uuid, null);
});

compilerTest("hipSource() notes variables that may hide devices, and why it failed", () => {
  const hidden = report(DEVICES, { HIP_VISIBLE_DEVICES: "0", ROCR_VISIBLE_DEVICES: "1" });
  assert.equal(
    hidden.state === "ok" && hidden.note,
    "HIP_VISIBLE_DEVICES=0 ROCR_VISIBLE_DEVICES=1 may hide devices",
  );
  assert.deepEqual(report("\n"), { state: "failed", reason: "hipInit: hipErrorNoDevice" });
});

Deno.test("hipSource() says what is missing, the kernel driver before the library", () => {
  const sysroot = new Sysroot();
  const unloaded = hipSource({ signs: ["/dev/mvgal-none"] }).discover({ sysroot, capture: false });
  assert.equal(unloaded.state, "absent");
  if (unloaded.state === "absent") {
    assert.match(unloaded.reason, /^no \/dev\/mvgal-none: the amdgpu/);
  }
  const missing = hipSource({ sonames: ["libmvgal-none.so.6"], signs: [] }).discover({
    sysroot,
    capture: false,
  });
  assert.equal(missing.state, "absent");
  if (missing.state === "absent") assert.match(missing.reason, /it comes with ROCm/);
});
