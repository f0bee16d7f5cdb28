import assert from "node:assert/strict";
import { levelZeroSource } from "../../lib/discovery/level_zero.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";

const DEVICES = `
api_version 0x10006
driver_version 17002026
device
name Intel(R) Arc(TM) B580 Graphics
type 1
vendor 0x8086
flags 0
uuid 86800be2000000000300000000000000
pci 0000:03:00.0
instance
bytes 12168933376
device
name Intel(R) AI Boost
type 5
vendor 0x8086
device
name Intel(R) UHD Graphics
type 1
vendor 0x8086
flags 1
pci 0000:00:02.0
instance
bytes 30000000000
`;

/** What the source reports of a fake that shows `description`. */
function report(
  description: string,
  { environment = {}, ...options }: FakeOptions & { environment?: Record<string, string> } = {},
) {
  using fake = fakeLibrary("level_zero", description, options);
  return levelZeroSource({ sonames: [fake.path], environment: (name) => environment[name] })
    .discover({ sysroot: new Sysroot(), capture: false });
}

compilerTest("levelZeroSource() shows GPUs, and nothing that is none", () => {
  const reported = report(DEVICES);
  assert.equal(reported.state, "ok");
  if (reported.state !== "ok") return;
  assert.equal(reported.sightings.length, 2);
  const [card, integrated] = reported.sightings;
  assert.deepEqual(card?.match, {
    pci: "0000:03:00.0",
    uuid: "86800be2-0000-0000-0300-000000000000",
    name: "Intel(R) Arc(TM) B580 Graphics",
  });
  assert.deepEqual(card?.api?.device, {
    index: "0:0",
    name: "Intel(R) Arc(TM) B580 Graphics",
    api_version: "1.6",
    driver: "Level Zero driver 17002026",
    uuid: "86800be2-0000-0000-0300-000000000000",
    capabilities: [],
    memory_total_bytes: 12168933376,
  });
  assert.equal(integrated?.api?.device.index, "0:2");
  assert.equal(integrated?.facts.kind, "integrated");
  assert.equal(integrated?.match.uuid, undefined);
  // The memory that an integrated GPU reports is the host's.
  assert.equal(integrated?.api?.device.memory_total_bytes, null);
});

compilerTest("levelZeroSource() says that an old loader does not tell the PCI address", () => {
  const reported = report(DEVICES, { variant: "old" });
  assert.equal(reported.state, "ok");
  if (reported.state !== "ok") return;
  assert.match(reported.sightings[0]?.absent?.pci_slot ?? "", /UNSUPPORTED_FEATURE \(old loader\)/);
  assert.equal(reported.sightings[0]?.facts.name, "Intel(R) Arc(TM) B580 Graphics");
});

compilerTest("levelZeroSource() notes a driver that fails, and variables that hide devices", () => {
  const reported = report("fail zeDeviceGet 0x70000001\n", {
    environment: { ZE_AFFINITY_MASK: "0" },
  });
  assert.deepEqual(reported, {
    state: "ok",
    sightings: [],
    note: "ZE_AFFINITY_MASK=0 may hide devices; " +
      "driver 0: zeDeviceGet: ZE_RESULT_ERROR_DEVICE_LOST",
  });
  assert.deepEqual(report("fail zeInit 0x78000001\n"), {
    state: "failed",
    reason: "zeInitDrivers: ZE_RESULT_ERROR_UNINITIALIZED",
  });
});

Deno.test("levelZeroSource() says what is missing", () => {
  const missing = levelZeroSource({ sonames: ["libmvgal-none.so.1"] })
    .discover({ sysroot: new Sysroot(), capture: false });
  assert.equal(missing.state, "absent");
  if (missing.state === "absent") assert.match(missing.reason, /the loader is Debian libze1/);
});
