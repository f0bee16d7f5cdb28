import assert from "node:assert/strict";
import { ClDeviceType, type OpenCl, openOpenCl } from "../../ffi/opencl.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";

const NEEDS = { headers: ["CL/cl_ext.h"] };

const DEVICES = `
text_902 AMD Accelerated Parallel Processing
device
u64_1000 4
text_102b   gfx1030
u32_1001 0x1002
u64_101f 17163091968
bytes_106a 00112233445566778899aabbccddeeff
bytes_410f 01000000030000000000000002000000
bytes_4037 010000000000000000000000000000000000000000060001
device
u64_1000 4
bytes_4037 020000000000000000000000000000000000000000060001
`;

/** Runs `body` with a fake OpenCL that shows `description`. */
function withOpenCl(description: string, body: (cl: OpenCl) => void): void {
  using fake = fakeLibrary("opencl", description);
  const opened = openOpenCl({ sonames: [fake.path] });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using cl = opened.cl;
  body(cl);
}

/** The only platform, and its devices. */
function contents(cl: OpenCl) {
  const [platform] = cl.platforms();
  assert.ok(platform !== undefined);
  return { platform, devices: cl.devices(platform) };
}

compilerTest(
  "OpenCl lists platforms and devices and reads their properties",
  () =>
    withOpenCl(DEVICES, (cl) => {
      const { platform, devices } = contents(cl);
      assert.equal(cl.platformText(platform, "NAME"), "AMD Accelerated Parallel Processing");
      assert.equal(devices.length, 2);
      const [device] = devices;
      assert.ok(device !== undefined);
      assert.equal(cl.u64(device, "TYPE"), ClDeviceType.GPU);
      assert.equal(cl.text(device, "NAME"), "gfx1030");
      assert.equal(cl.u32(device, "VENDOR_ID"), 0x1002);
      assert.equal(cl.u64(device, "GLOBAL_MEM_SIZE"), 17163091968n);
      assert.equal(cl.uuid(device)[15], 0xff);
    }),
  NEEDS,
);

compilerTest("OpenCl reads PCI addresses of two extensions", () =>
  withOpenCl(DEVICES, (cl) => {
    const { devices: [device, other] } = contents(cl);
    assert.ok(device !== undefined && other !== undefined);
    assert.deepEqual(cl.pciBusInfo(device), { domain: 1, bus: 3, device: 0, function: 2 });
    assert.deepEqual(cl.topologyAmd(device), { bus: 6, device: 0, function: 1 });
    assert.equal(cl.topologyAmd(other), null);
  }), NEEDS);

compilerTest("a ClError has OpenCL's own name", () =>
  withOpenCl(DEVICES, (cl) => {
    const { devices: [device] } = contents(cl);
    assert.ok(device !== undefined);
    assert.throws(() => cl.text(device, "DRIVER_VERSION"), {
      name: "ClError",
      message: "clGetDeviceInfo(DRIVER_VERSION): CL_INVALID_VALUE",
    });
  }), NEEDS);

compilerTest(
  "OpenCl refuses a property of another size than it has",
  () =>
    withOpenCl(DEVICES.replace("u32_1001", "u64_1001"), (cl) => {
      const { devices: [device] } = contents(cl);
      assert.ok(device !== undefined);
      assert.throws(() => cl.u32(device, "VENDOR_ID"), /8 bytes in place of 4/);
    }),
  NEEDS,
);

compilerTest(
  "OpenCl has no platforms where no driver is installed, and no devices where there are none",
  () => {
    withOpenCl("none\n", (cl) => assert.deepEqual(cl.platforms(), []));
    withOpenCl("text_902 x\n", (cl) => assert.deepEqual(contents(cl).devices, []));
  },
  NEEDS,
);

Deno.test("openOpenCl() says why there is no ICD loader", () => {
  assert.equal(openOpenCl({ sonames: ["libmvgal-none.so.1"] }).state, "absent");
});
