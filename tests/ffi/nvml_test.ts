import assert from "node:assert/strict";
import { type Nvml, NvmlError, openNvml } from "../../ffi/nvml.ts";
import { openLibrary } from "../../ffi/library.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";

const TWO_GPUS = `
driver_version 550.54.15
cuda_version 12040

device
name NVIDIA A100-SXM4-40GB
uuid GPU-11111111-2222-3333-4444-555555555555
pci 0000:0a:00.0
pci_ids 0x10de 0x20b0 0x10de 0x1450
minor 3
memory 42949672960 500000000 1000000
temperature 41
utilization 17 5
power_mw 61250
power_limit 300000 400000
clocks 1095 1215 1410 1593
event_reasons 0x1004
cores 6912
bus_width 5120
compute_capability 8 0
ecc 1 0
pcie 1 8 4 16
mig 1 0
mig_slots 7
link_speed 26562
link0 1 5 2 0000:07:00.0
link1 0 5
link2 1 99 0 0000:0b:00.0
instance
slot 0
uuid MIG-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
name NVIDIA A100-SXM4-40GB MIG 3g.20gb
memory 20937965568 0 0
gpu_instance 1
compute_instance 0
instance
slot 2
uuid MIG-ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee
gpu_instance 5
compute_instance 0

device
name NVIDIA T4
pci 0001:81:00.0
fail nvmlDeviceGetTemperature 15
`;

/** Runs `body` with a fake NVML that shows `description`. */
function withNvml(
  description: string,
  body: (nvml: Nvml) => void,
  options: FakeOptions = {},
): void {
  using fake = fakeLibrary("nvml", description, options);
  const opened = openNvml({ sonames: [fake.path] });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  using nvml = opened.nvml;
  body(nvml);
}

compilerTest("Nvml reads what a GPU is and where", () =>
  withNvml(TWO_GPUS, (nvml) => {
    assert.equal(nvml.driverVersion(), "550.54.15");
    assert.equal(nvml.cudaVersion(), "12.4");
    assert.equal(nvml.deviceCount(), 2);
    const device = nvml.device(0);
    assert.equal(nvml.name(device), "NVIDIA A100-SXM4-40GB");
    assert.equal(nvml.uuid(device), "GPU-11111111-2222-3333-4444-555555555555");
    assert.equal(nvml.minorNumber(device), 3);
    assert.deepEqual(nvml.pciInfo(device), {
      busId: "00000000:0A:00.0",
      vendorId: 0x10de,
      deviceId: 0x20b0,
      subsystemVendorId: 0x10de,
      subsystemDeviceId: 0x1450,
    });
  }));

compilerTest("Nvml reads what a GPU does", () =>
  withNvml(TWO_GPUS, (nvml) => {
    const device = nvml.device(0);
    assert.equal(nvml.temperature(device), 41);
    assert.deepEqual(nvml.utilization(device), { gpu: 17, memory: 5 });
    assert.equal(nvml.powerUsage(device), 61250);
    assert.deepEqual(nvml.pcieLink(device, "now"), { generation: 1, width: 8 });
    assert.deepEqual(nvml.pcieLink(device, "max"), { generation: 4, width: 16 });
  }));

compilerTest(
  "Nvml reads clocks, what holds them back, and the size of the GPU",
  () =>
    withNvml(TWO_GPUS, (nvml) => {
      const [a100, t4] = [nvml.device(0), nvml.device(1)];
      assert.equal(nvml.clock(a100, "sm", "now"), 1095);
      assert.equal(nvml.clock(a100, "memory", "now"), 1215);
      assert.equal(nvml.clock(a100, "sm", "max"), 1410);
      assert.equal(nvml.clock(a100, "memory", "max"), 1593);
      assert.deepEqual(nvml.clockEventReasons(a100), ["sw_power_cap", "bit 12"]);
      assert.equal(nvml.cores(a100), 6912);
      assert.equal(nvml.memoryBusWidth(a100), 5120);
      assert.deepEqual(nvml.computeCapability(a100), { major: 8, minor: 0 });
      assert.deepEqual(nvml.eccMode(a100), { current: true, pending: false });
      assert.equal(nvml.powerLimit(a100), 300000);
      assert.equal(nvml.defaultPowerLimit(a100), 400000);
      assert.throws(() => nvml.clock(t4, "sm", "now"), { result: "NVML_ERROR_NOT_SUPPORTED" });
    }),
);

compilerTest(
  "Nvml.clockEventReasons() asks an older driver by the older name",
  () =>
    withNvml(TWO_GPUS, (nvml) => {
      assert.deepEqual(nvml.clockEventReasons(nvml.device(0)), ["sw_power_cap", "bit 12"]);
      assert.throws(() => nvml.cores(nvml.device(0)), {
        result: "NVML_ERROR_FUNCTION_NOT_FOUND",
      });
    }, { variant: "old" }),
);

compilerTest(
  "Nvml.memory() tells what the driver reserves apart from what is used",
  () =>
    withNvml(TWO_GPUS, (nvml) => {
      assert.deepEqual(nvml.memory(nvml.device(0)), {
        total: 42949672960,
        reserved: 500000000,
        used: 1000000,
        free: 42949672960 - 501000000,
      });
    }),
);

compilerTest(
  "Nvml takes older versions of functions from an older driver",
  () =>
    withNvml(TWO_GPUS, (nvml) => {
      const device = nvml.device(0);
      assert.equal(nvml.cudaVersion(), "12.4");
      assert.equal(nvml.pciInfo(device).busId, "0000:0A:00.0");
      assert.equal(nvml.pciInfo(device).subsystemDeviceId, 0x1450);
      assert.deepEqual(nvml.memory(device), {
        total: 42949672960,
        used: 501000000,
        free: 42949672960 - 501000000,
        reserved: null,
      });
      assert.throws(() => nvml.migMode(device), {
        name: "NvmlError",
        call: "nvmlDeviceGetMigMode",
        result: "NVML_ERROR_FUNCTION_NOT_FOUND",
      });
    }, { variant: "old" }),
);

compilerTest(
  "Nvml.temperature() asks the newer function where the older one is gone",
  () =>
    withNvml(
      TWO_GPUS.replace("temperature 41", "temperature -7"),
      (nvml) => assert.equal(nvml.temperature(nvml.device(0)), -7),
      { variant: "new" },
    ),
);

compilerTest("Nvml.memory() asks the older function where the newer one is refused", () =>
  withNvml(
    TWO_GPUS.replace("minor 3", "fail nvmlDeviceGetMemoryInfo_v2 25"),
    (nvml) => assert.equal(nvml.memory(nvml.device(0)).used, 501000000),
  ));

compilerTest("Nvml reads NVLinks", () =>
  withNvml(TWO_GPUS, (nvml) => {
    const device = nvml.device(0);
    assert.equal(nvml.nvlinkActive(device, 0), true);
    assert.equal(nvml.nvlinkActive(device, 1), false);
    assert.equal(nvml.nvlinkVersion(device, 0), 3.1);
    assert.equal(nvml.nvlinkVersion(device, 2), null);
    assert.equal(nvml.nvlinkSpeed(device, 0), 26562);
    assert.throws(() => nvml.nvlinkSpeed(device, 3), { result: "NVML_ERROR_NOT_SUPPORTED" });
    assert.equal(nvml.nvlinkRemoteType(device, 0), "switch");
    assert.equal(nvml.nvlinkRemoteType(device, 2), "gpu");
    assert.equal(nvml.nvlinkRemoteBusId(device, 2), "00000000:0B:00.0");
    assert.throws(() => nvml.nvlinkActive(device, 3), { result: "NVML_ERROR_NOT_SUPPORTED" });
  }));

compilerTest("Nvml lists MIG instances across gaps", () =>
  withNvml(TWO_GPUS, (nvml) => {
    const device = nvml.device(0);
    assert.deepEqual(nvml.migMode(device), { current: true, pending: false });
    const instances = nvml.migDevices(device);
    assert.deepEqual(instances.map((instance) => nvml.uuid(instance)), [
      "MIG-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
      "MIG-ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee",
    ]);
    assert.deepEqual(instances.map((instance) => nvml.migInstance(instance).gpuInstance), [1, 5]);
    assert.equal(instances[0] && nvml.memory(instances[0]).total, 20937965568);
  }));

compilerTest("an NvmlError has NVML's own name and words", () =>
  withNvml(TWO_GPUS, (nvml) => {
    const device = nvml.device(1);
    assert.throws(() => nvml.temperature(device), (error) => {
      assert.ok(error instanceof NvmlError);
      assert.equal(error.code, 15);
      assert.equal(
        error.message,
        "nvmlDeviceGetTemperature: NVML_ERROR_GPU_IS_LOST (GPU is lost)",
      );
      return true;
    });
    assert.throws(() => nvml.uuid(device), /NVML_ERROR_NOT_SUPPORTED/);
    assert.throws(() => nvml.device(2), /NVML_ERROR_INVALID_ARGUMENT/);
  }));

compilerTest("openNvml() throws where the library does not start, and closes it", () => {
  using fake = fakeLibrary("nvml", "fail nvmlInit_v2 9\n");
  assert.throws(() => openNvml({ sonames: [fake.path] }), {
    name: "NvmlError",
    message: "nvmlInit_v2: NVML_ERROR_DRIVER_NOT_LOADED (Driver Not Loaded)",
  });
  assert.ok(!Deno.readTextFileSync("/proc/self/maps").includes(fake.path));
});

compilerTest("Nvml shuts the library down when it is disposed", () => {
  using fake = fakeLibrary("nvml", TWO_GPUS);
  const opened = openNvml({ sonames: [fake.path] });
  assert.equal(opened.state, "ok");
  if (opened.state !== "ok") return;
  const beside = openLibrary([fake.path], {
    nvmlDeviceGetCount_v2: { parameters: ["buffer"], result: "i32" },
  });
  if (beside.state !== "ok") throw new Error(beside.reason);
  const count = () => beside.library.symbols.nvmlDeviceGetCount_v2(new Uint32Array(1));
  assert.equal(count(), 0);
  opened.nvml[Symbol.dispose]();
  assert.equal(count(), 1, "NVML_ERROR_UNINITIALIZED");
  beside.library[Symbol.dispose]();
  assert.ok(!Deno.readTextFileSync("/proc/self/maps").includes(fake.path));
  assert.throws(() => opened.nvml.deviceCount(), /is closed/);
});

Deno.test("openNvml() says why there is no NVML", () => {
  const opened = openNvml({ sonames: ["libmvgal-none.so.1"] });
  assert.equal(opened.state, "absent");
  if (opened.state === "absent") assert.equal(opened.present, false);
});
