import assert from "node:assert/strict";
import { type LevelZero, openLevelZero } from "../../ffi/level_zero.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";

const DEVICES = `
api_version 0x10006
driver_version 17002026
device
name Intel(R) Arc(TM) B580 Graphics
type 1
vendor 0x8086
id 0xe20b
flags 0
uuid 86800be2000000000300000000000000
pci 0000:03:00.0
instance
bytes 12168933376
instance
bytes 1024
device
name Intel(R) UHD Graphics
type 1
vendor 0x8086
flags 1
`;

/** Runs `body` with a fake Level Zero that shows `description`. */
function withLevelZero(
  description: string,
  body: (ze: LevelZero) => void,
  options: FakeOptions = {},
): void {
  using fake = fakeLibrary("level_zero", description, options);
  const opened = openLevelZero({ sonames: [fake.path] });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using ze = opened.ze;
  body(ze);
}

/** The devices of the only driver. */
function devicesOf(ze: LevelZero) {
  const [driver] = ze.drivers;
  assert.ok(driver !== undefined);
  return { driver, devices: ze.devices(driver) };
}

compilerTest(
  "LevelZero lists drivers and devices and reads their properties",
  () =>
    withLevelZero(DEVICES, (ze) => {
      const { driver, devices } = devicesOf(ze);
      assert.equal(ze.apiVersion(driver), "1.6");
      assert.equal(ze.driverVersion(driver), 17002026);
      const [card, integrated] = devices;
      assert.ok(card !== undefined && integrated !== undefined && devices.length === 2);
      const { uuid, ...properties } = ze.properties(card);
      assert.deepEqual(properties, {
        type: "gpu",
        name: "Intel(R) Arc(TM) B580 Graphics",
        vendorId: 0x8086,
        deviceId: 0xe20b,
        integrated: false,
      });
      assert.deepEqual([uuid.length, uuid[0], uuid[8]], [16, 0x86, 0x03]);
      assert.deepEqual(ze.memorySizes(card), [12168933376n, 1024n]);
      assert.deepEqual(ze.pciAddress(card), { domain: 0, bus: 3, device: 0, function: 0 });
      assert.equal(ze.properties(integrated).integrated, true);
      assert.deepEqual(ze.memorySizes(integrated), []);
      assert.throws(() => ze.pciAddress(integrated), {
        name: "ZeError",
        message: "zeDevicePciGetPropertiesExt: ZE_RESULT_ERROR_UNSUPPORTED_FEATURE",
      });
    }),
);

compilerTest(
  "LevelZero works with a loader from before zeInitDrivers",
  () =>
    withLevelZero(DEVICES, (ze) => {
      const { devices: [card] } = devicesOf(ze);
      assert.ok(card !== undefined);
      assert.equal(ze.properties(card).name, "Intel(R) Arc(TM) B580 Graphics");
      assert.throws(() => ze.pciAddress(card), /UNSUPPORTED_FEATURE \(old loader\)/);
    }, { variant: "old" }),
);

compilerTest("openLevelZero() throws where the loader finds no driver", () => {
  using fake = fakeLibrary("level_zero", "fail zeInit 0x78000001\n");
  assert.throws(() => openLevelZero({ sonames: [fake.path] }), {
    name: "ZeError",
    message: "zeInitDrivers: ZE_RESULT_ERROR_UNINITIALIZED",
  });
});

Deno.test("openLevelZero() says why there is no loader", () => {
  assert.equal(openLevelZero({ sonames: ["libmvgal-none.so.1"] }).state, "absent");
});
