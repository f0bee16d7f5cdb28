import assert from "node:assert/strict";
import { openClSource } from "../../lib/discovery/opencl.ts";
import type { SourceReport } from "../../lib/discovery/source.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";

const NEEDS = { headers: ["CL/cl_ext.h"] };

/** Lines that describe a GPU with these extensions. */
const gpu = (extensions: string, lines = "") => `
device
u64_1000 4
text_102b gfx1030
text_102d 3581.0
text_102f OpenCL 2.0 AMD-APP
u32_1001 0x1002
u32_1035 0
u64_101f 17163091968
text_1030 ${extensions}
${lines}`;

const PLATFORM = "text_902 AMD Accelerated Parallel Processing\n";

/** A root with these PCI functions. */
class PciRoot implements Disposable {
  readonly sysroot: Sysroot;
  constructor(...functions: string[]) {
    const directory = Deno.makeTempDirSync();
    for (const name of functions) {
      Deno.mkdirSync(`${directory}/sys/bus/pci/devices/${name}`, { recursive: true });
    }
    this.sysroot = new Sysroot(directory);
  }
  [Symbol.dispose](): void {
    Deno.removeSync(this.sysroot.directory, { recursive: true });
  }
}

/** What the source reports of a fake that shows `description`, on a host with these PCI functions. */
function report(description: string, ...functions: string[]): SourceReport {
  using fake = fakeLibrary("opencl", description);
  using root = new PciRoot(...functions);
  return openClSource({ sonames: [fake.path], environment: () => undefined })
    .discover({ sysroot: root.sysroot, capture: false });
}

/** The first sighting. */
function only(description: string, ...functions: string[]) {
  const reported = report(description, ...functions);
  if (reported.state !== "ok") throw new Error(reported.reason);
  const [sighting] = reported.sightings;
  assert.ok(sighting !== undefined);
  return sighting;
}

compilerTest("openClSource() shows a GPU by cl_khr_pci_bus_info and cl_khr_device_uuid", () => {
  const sighting = only(
    PLATFORM + gpu(
      "cl_khr_fp64 cl_khr_icd cl_khr_pci_bus_info cl_khr_device_uuid",
      "bytes_410f 01000000030000000000000000000000\nbytes_106a 00112233445566778899aabbccddeeff",
    ),
  );
  assert.deepEqual(sighting.match, {
    pci: "0001:03:00.0",
    uuid: "00112233-4455-6677-8899-aabbccddeeff",
    name: "gfx1030",
  });
  assert.deepEqual(sighting.facts, {
    name: "gfx1030",
    kind: "discrete",
    vendor_id: "0x1002",
    pci_slot: "0001:03:00.0",
  });
  assert.deepEqual(sighting.api, {
    name: "opencl",
    device: {
      index: "0:0",
      name: "gfx1030",
      api_version: "2.0",
      driver: "AMD Accelerated Parallel Processing 3581.0",
      uuid: "00112233-4455-6677-8899-aabbccddeeff",
      capabilities: ["cl_khr_fp64", "cl_khr_pci_bus_info", "cl_khr_device_uuid"],
      memory_total_bytes: 17163091968,
    },
  });
}, NEEDS);

const AMD = PLATFORM + gpu(
  "cl_amd_device_attribute_query",
  "text_4038 AMD Radeon RX 6800\nbytes_4037 010000000000000000000000000000000000000000060001",
);

compilerTest(
  "openClSource() finds the domain that AMD's extension does not tell, where it is sure",
  () => {
    const sighting = only(AMD, "0000:00:02.0", "0004:06:00.1");
    assert.equal(sighting.match.pci, "0004:06:00.1");
    assert.equal(sighting.facts.name, "AMD Radeon RX 6800");
    const twice = only(AMD, "0000:06:00.1", "0004:06:00.1");
    assert.equal(twice.match.pci, undefined);
    assert.match(twice.absent?.pci_slot ?? "", /does not tell the PCI address/);
    assert.equal(only(AMD).match.pci, undefined);
  },
  NEEDS,
);

compilerTest("openClSource() reads the PCI address by NVIDIA's extension", () => {
  const nvidia = PLATFORM + gpu("cl_nv_device_attribute_query", "u32_4008 0x81\nu32_4009 6");
  assert.equal(only(`${nvidia}\nu32_400a 2`).match.pci, "0002:81:06.0");
  assert.equal(only(nvidia, "0000:81:06.0").match.pci, "0000:81:06.0");
}, NEEDS);

compilerTest("openClSource() gives an integrated GPU no memory of its own", () => {
  const sighting = only(PLATFORM + gpu("").replace("u32_1035 0", "u32_1035 1"));
  assert.equal(sighting.facts.kind, "integrated");
  assert.equal(sighting.api?.device.memory_total_bytes, null);
}, NEEDS);

compilerTest("openClSource() leaves out custom devices", () => {
  const reported = report(PLATFORM + gpu("").replace("u64_1000 4", "u64_1000 16"));
  assert.deepEqual(reported, { state: "ok", sightings: [] });
}, NEEDS);

compilerTest("openClSource() says that no driver is installed", () => {
  const reported = report("none\n");
  assert.equal(reported.state, "ok");
  if (reported.state !== "ok") return;
  assert.deepEqual(reported.sightings, []);
  assert.match(reported.note ?? "", /^no OpenCL driver is installed/);
}, NEEDS);

compilerTest("openClSource() notes a platform that fails, and goes on", () => {
  assert.deepEqual(report("text_902 x\nfail clGetDeviceIDs -6\n"), {
    state: "ok",
    sightings: [],
    note: "platform 0: clGetDeviceIDs: CL_OUT_OF_HOST_MEMORY",
  });
}, NEEDS);

Deno.test("openClSource() says what is missing", () => {
  const missing = openClSource({ sonames: ["libmvgal-none.so.1"] })
    .discover({ sysroot: new Sysroot(), capture: false });
  assert.equal(missing.state, "absent");
  if (missing.state === "absent") assert.match(missing.reason, /Debian ocl-icd-libopencl1/);
});

/** What the host's OpenCL shows to a process of its own: drivers read their variables once a process. */
function hostReport(env: Record<string, string>): SourceReport {
  const module = (path: string) => JSON.stringify(import.meta.resolve(path));
  const script = `
    import { openCl } from ${module("../../lib/discovery/opencl.ts")};
    import { Sysroot } from ${module("../../lib/sysfs/sysroot.ts")};
    console.log(JSON.stringify(openCl.discover({ sysroot: new Sysroot(), capture: false })));`;
  const { stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", script],
    env,
  }).outputSync();
  const text = new TextDecoder().decode(stdout);
  if (text === "") return { state: "failed", reason: new TextDecoder().decode(stderr) };
  return JSON.parse(text);
}

const pocl = (() => {
  const reported = hostReport({ POCL_DEVICES: "pthread pthread" });
  const sightings = reported.state === "ok" ? reported.sightings : [];
  return sightings.filter(({ api }) =>
    api?.device.driver?.startsWith("Portable Computing Language")
  );
})();

Deno.test({
  name: `openClSource() shows PoCL's devices as software${
    pocl.length === 0 ? " (skipped: no PoCL)" : ""
  }`,
  ignore: pocl.length === 0,
  fn() {
    assert.equal(pocl.length, 2);
    const [first, second] = pocl;
    assert.equal(first?.facts.kind, "software");
    assert.equal(first?.match.software, true);
    assert.equal(first?.match.pci, undefined);
    assert.equal(first?.vendor_id, 0x10006);
    assert.match(first?.api?.device.api_version ?? "", /^[123]\.\d$/);
    assert.equal(first?.api?.device.memory_total_bytes, null);
    assert.notEqual(first?.fallback_id, second?.fallback_id);
  },
});
