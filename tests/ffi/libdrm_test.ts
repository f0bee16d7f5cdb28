import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { openDrm } from "../../ffi/libdrm.ts";
import { openLibrary } from "../../ffi/library.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";

const CARD = `
driver amdgpu
description AMD GPU
version 3 57 0
node 2
bus 0
pci 0001:06:00.3
pci_ids 0x1002 0x73bf 0x1002 0x0e3a
`;

const NEEDS = { headers: ["xf86drm.h"], args: ["-I/usr/include/libdrm"] };

/** Runs `body` with libdrm, real or fake. */
function withDrm(sonames: readonly string[] | undefined, body: (drm: Opened) => void): void {
  const opened = openDrm(sonames === undefined ? {} : { sonames });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using drm = opened.drm;
  body(drm);
}
type Opened = Extract<ReturnType<typeof openDrm>, { state: "ok" }>["drm"];

/** How many structures of the fake are not freed. */
function held(path: string): number {
  const opened = openLibrary([path], { fake_held: { parameters: [], result: "i32" } });
  if (opened.state !== "ok") throw new Error(opened.reason);
  using library = opened.library;
  return library.symbols.fake_held();
}

compilerTest("Drm reads driver, node type and PCI function, and frees what it read", () => {
  using fake = fakeLibrary("libdrm", CARD);
  withDrm([fake.path], (drm) => {
    assert.deepEqual(drm.version(0), {
      name: "amdgpu",
      version: "3.57.0",
      description: "AMD GPU",
    });
    assert.equal(drm.nodeType(0), "render");
    assert.deepEqual(drm.pciDevice(0), {
      domain: 1,
      bus: 6,
      device: 0,
      function: 3,
      vendorId: 0x1002,
      deviceId: 0x73bf,
      subsystemVendorId: 0x1002,
      subsystemDeviceId: 0x0e3a,
    });
    assert.equal(held(fake.path), 0);
  });
}, NEEDS);

compilerTest("Drm.pciDevice() is null for a device on another bus, which is freed too", () => {
  using fake = fakeLibrary("libdrm", CARD.replace("bus 0", "bus 2"));
  withDrm([fake.path], (drm) => {
    assert.equal(drm.pciDevice(0), null);
    assert.equal(held(fake.path), 0);
  });
}, NEEDS);

const real = openDrm();
if (real.state === "ok") real.drm[Symbol.dispose]();
Deno.test({
  name: `the host's libdrm knows that /dev/null is no DRM node${
    real.state === "ok" ? "" : " (skipped: no libdrm.so.2)"
  }`,
  ignore: real.state !== "ok",
  fn() {
    const fd = openSync("/dev/null", "r");
    try {
      withDrm(undefined, (drm) => {
        assert.equal(drm.version(fd), null);
        assert.equal(drm.nodeType(fd), null);
        assert.equal(drm.pciDevice(fd), null);
      });
    } finally {
      closeSync(fd);
    }
  },
});

Deno.test("openDrm() says why there is no libdrm", () => {
  const opened = openDrm({ sonames: ["libmvgal-none.so.2"] });
  assert.equal(opened.state, "absent");
  if (opened.state === "absent") assert.match(opened.reason, /^libmvgal-none\.so\.2: cannot open/);
});
