import assert from "node:assert/strict";
import { nvmlSource } from "../../lib/discovery/nvml.ts";
import type { SourceReport } from "../../lib/discovery/source.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";

const GPU = `
device
name NVIDIA H200
uuid GPU-B15A0A1C-4B3D-0F21-9C5E-8A7B6C5D4E3F
pci 0000:06:00.0
pci_ids 0x10de 0x2335 0x10de 0x18be
minor 0
memory 150754820096 600000000 4194304
temperature 34
utilization 12 3
pcie 2 8 5 16
mig 0 0
link0 1 6 2 0000:07:00.0
link1 1 6 0 0001:0b:00.0
link2 0 6 2 0000:07:00.0
link4 1 6 1 0002:00:00.0
`;
const OTHER = GPU.replace("0000:06", "0000:07").replace("B15A", "B15B").replace(
  "minor 0",
  "minor 1",
);

/** What the source reports of a fake that shows `description`. */
function report(
  description: string,
  options: FakeOptions = {},
): SourceReport {
  using fake = fakeLibrary("nvml", description, options);
  return nvmlSource({ sonames: [fake.path], signs: [] })
    .discover({ sysroot: new Sysroot(), capture: false });
}

/** The sightings of a report that has some. */
function sightings(description: string, options: FakeOptions = {}) {
  const reported = report(description, options);
  if (reported.state !== "ok") throw new Error(reported.reason);
  return reported.sightings;
}

/** The first sighting. */
function only(description: string, options: FakeOptions = {}) {
  const [sighting] = sightings(description, options);
  assert.ok(sighting !== undefined);
  return sighting;
}

compilerTest("nvmlSource() shows a GPU with all that NVML knows", () => {
  const sighting = only(`driver_version 580.95.05\n${GPU}`);
  assert.deepEqual(sighting.match, {
    pci: "0000:06:00.0",
    uuid: "b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f",
    name: "NVIDIA H200",
  });
  assert.equal(sighting.vendor_id, 0x10de);
  assert.deepEqual(sighting.facts, {
    name: "NVIDIA H200",
    uuid: "GPU-B15A0A1C-4B3D-0F21-9C5E-8A7B6C5D4E3F",
    driver_version: "580.95.05",
    pci_slot: "0000:06:00.0",
    vendor_id: "0x10de",
    device_id: "0x2335",
    subsystem_vendor_id: "0x10de",
    subsystem_device_id: "0x18be",
    device_nodes: ["/dev/nvidia0"],
    pcie_link_gen: 2,
    pcie_link_width: 8,
    pcie_link_at: "0000:06:00.0",
    pcie_link_gen_max: 5,
    pcie_link_width_max: 16,
    vram_total_bytes: 150754820096,
    vram_used_bytes: 4194304,
    memory_kind: "dedicated",
    temperature_c: 34,
    utilization_pct: 12,
    mig_enabled: false,
    peer_links: [
      { link: 0, active: true, remote: "0000:07:00.0", remote_type: "switch", version: 4 },
      { link: 1, active: true, remote: "0001:0b:00.0", remote_type: "gpu", version: 4 },
      { link: 2, active: false, remote: null, remote_type: "unknown", version: 4 },
      { link: 4, active: true, remote: "0002:00:00.0", remote_type: "cpu", version: 4 },
    ],
  });
  assert.deepEqual(sighting.absent, {});
  assert.equal(sighting.sources?.temperature_c, "nvml:nvmlDeviceGetTemperature");
});

compilerTest("nvmlSource() leaves out what NVML refuses, and says why", () => {
  const sighting = only("device\nname NVIDIA GB10\npci 000f:01:00.0\nmig 1 1\n");
  assert.deepEqual(Object.keys(sighting.facts).sort(), [
    "device_id",
    "mig_enabled",
    "name",
    "pci_slot",
    "subsystem_device_id",
    "subsystem_vendor_id",
    "vendor_id",
  ]);
  assert.equal(sighting.match.pci, "000f:01:00.0");
  assert.equal(sighting.facts.mig_enabled, true);
  const refused = "NVML_ERROR_NOT_SUPPORTED (Not Supported)";
  const memory = `nvmlDeviceGetMemoryInfo_v2: ${refused}`;
  assert.deepEqual(sighting.absent, {
    uuid: `nvmlDeviceGetUUID: ${refused}`,
    device_nodes: `nvmlDeviceGetMinorNumber: ${refused}`,
    pcie_link_gen: `nvmlDeviceGetCurrPcieLinkGeneration: ${refused}`,
    pcie_link_width: `nvmlDeviceGetCurrPcieLinkGeneration: ${refused}`,
    pcie_link_gen_max: `nvmlDeviceGetMaxPcieLinkGeneration: ${refused}`,
    pcie_link_width_max: `nvmlDeviceGetMaxPcieLinkGeneration: ${refused}`,
    vram_total_bytes: memory,
    vram_used_bytes: memory,
    memory_kind: memory,
    temperature_c: `nvmlDeviceGetTemperature: ${refused}`,
    utilization_pct: `nvmlDeviceGetUtilizationRates: ${refused}`,
    peer_links: `nvmlDeviceGetNvLinkState: ${refused}`,
  });
});

compilerTest(
  "nvmlSource() takes a total of 0 for memory shared with the host, not for a size",
  () => {
    const sighting = only("device\nname Thor\nmemory 0 0 0\n");
    assert.equal(sighting.facts.vram_total_bytes, undefined);
    assert.match(
      sighting.absent?.vram_total_bytes ?? "",
      /total of 0: memory shared with the host/,
    );
  },
);

compilerTest("nvmlSource() shows the other GPUs beside one that cannot be opened", () => {
  const reported = report(`${GPU}fail nvmlDeviceGetHandleByIndex_v2 15\n${OTHER}`);
  assert.equal(reported.state, "ok");
  if (reported.state !== "ok") return;
  assert.deepEqual(reported.sightings.map(({ match }) => match.pci), ["0000:07:00.0"]);
  assert.equal(reported.sightings[0]?.fallback_id, "nvml:1");
  assert.equal(
    reported.note,
    "GPU 0: nvmlDeviceGetHandleByIndex_v2: NVML_ERROR_GPU_IS_LOST (GPU is lost)",
  );
});

compilerTest("nvmlSource() keeps what is known of a GPU that was lost meanwhile", () => {
  const lost = "fail nvmlDeviceGetTemperature 15\nfail nvmlDeviceGetMemoryInfo_v2 15\n";
  const [gpu, other] = sightings(`${GPU}${lost}${OTHER}`);
  assert.equal(gpu?.facts.name, "NVIDIA H200");
  assert.match(gpu?.absent?.temperature_c ?? "", /NVML_ERROR_GPU_IS_LOST/);
  assert.match(gpu?.absent?.vram_total_bytes ?? "", /NVML_ERROR_GPU_IS_LOST/);
  assert.equal(other?.facts.temperature_c, 34);
});

compilerTest("nvmlSource() says what an old driver does not have", () => {
  const sighting = only(GPU, { variant: "old" });
  assert.equal(sighting.match.pci, "0000:06:00.0");
  assert.match(sighting.absent?.mig_enabled ?? "", /FUNCTION_NOT_FOUND \(old driver\)/);
  assert.equal(sighting.facts.vram_used_bytes, 604194304);
  assert.match(sighting.sources?.vram_used_bytes ?? "", /with what the driver reserves/);
  // Without the function that tells the type, the link is still there.
  assert.deepEqual(sighting.facts.peer_links?.[1], {
    link: 1,
    active: true,
    remote: "0001:0b:00.0",
    remote_type: "unknown",
    version: 4,
  });
});

compilerTest("nvmlSource() reports a library that does not start", () => {
  assert.deepEqual(report("fail nvmlInit_v2 9\n"), {
    state: "failed",
    reason: "nvmlInit_v2: NVML_ERROR_DRIVER_NOT_LOADED (Driver Not Loaded)",
  });
});

compilerTest("nvmlSource() keeps what the library prints out of the output", () => {
  using fake = fakeLibrary("nvml", `print hello from the driver\n${GPU}`);
  // In a process of its own: capturing takes what the test runner prints meanwhile, too.
  const module = (path: string) => JSON.stringify(import.meta.resolve(path));
  const code = `import { nvmlSource } from ${module("../../lib/discovery/nvml.ts")};
    import { Sysroot } from ${module("../../lib/sysfs/sysroot.ts")};
    const source = nvmlSource({ sonames: [${JSON.stringify(fake.path)}], signs: [] });
    console.log(JSON.stringify(source.discover({ sysroot: new Sysroot() })));`;
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["eval", code] }).outputSync();
  const reported = JSON.parse(new TextDecoder().decode(stdout)) as SourceReport;
  assert.equal(reported.state, "ok");
  if (reported.state !== "ok") return;
  assert.equal(reported.note, "the driver printed: hello from the driver");
});

Deno.test("nvmlSource() says what is missing where the driver is loaded without its library", () => {
  const reported = nvmlSource({ sonames: ["libmvgal-none.so.1"], signs: [] })
    .discover({ sysroot: new Sysroot(), capture: false });
  assert.equal(reported.state, "absent");
  if (reported.state !== "absent") return;
  assert.match(reported.reason, /^libmvgal-none\.so\.1: cannot open .*comes with NVIDIA's driver/);
});

compilerTest("nvmlSource() does not load the library where no NVIDIA driver is loaded", () => {
  using fake = fakeLibrary("nvml", GPU);
  const source = nvmlSource({ sonames: [fake.path] });
  const discover = (directory: string) =>
    source.discover({ sysroot: new Sysroot(directory) }).state;
  const directory = Deno.makeTempDirSync();
  try {
    assert.equal(discover(directory), "absent");
    Deno.mkdirSync(`${directory}/dev`);
    Deno.writeTextFileSync(`${directory}/dev/nvidiactl`, "");
    assert.equal(discover(directory), "ok");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
