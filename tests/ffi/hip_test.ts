import assert from "node:assert/strict";
import { openHip } from "../../ffi/hip.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";

compilerTest("Hip lists devices and reads their properties", () => {
  using fake = fakeLibrary(
    "hip",
    `
driver_version 60241133
device
name AMD Radeon RX 7900 XTX
uuid 60a7d2e0f1b3c4d5
pci 0000:03:00.0
memory 25753026560
attribute_16 0
attribute_24 1
`,
  );
  const opened = openHip({ sonames: [fake.path] });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using hip = opened.hip;
  assert.equal(hip.driverVersion(), 60241133);
  assert.deepEqual(hip.devices(), [0]);
  assert.equal(hip.name(0), "AMD Radeon RX 7900 XTX");
  assert.equal(hip.pciBusId(0), "0000:03:00.0");
  assert.equal(hip.totalMemory(0), 25753026560);
  assert.equal(String.fromCharCode(...hip.uuid(0)), "60a7d2e0f1b3c4d5");
  assert.equal(hip.attribute(0, "Integrated"), 0);
  assert.equal(hip.attribute(0, "ManagedMemory"), 1);
  assert.throws(() => hip.attribute(0, "WarpSize"), {
    name: "HipError",
    message: "hipDeviceGetAttribute(WarpSize): hipErrorInvalidValue",
  });
});

compilerTest("openHip() throws HIP's own name where it finds no device", () => {
  using fake = fakeLibrary("hip", "\n");
  assert.throws(() => openHip({ sonames: [fake.path] }), {
    name: "HipError",
    message: "hipInit: hipErrorNoDevice",
  });
});

Deno.test("openHip() says why there is no HIP", () => {
  assert.equal(openHip({ sonames: ["libmvgal-none.so.6"] }).state, "absent");
});
