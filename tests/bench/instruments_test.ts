import assert from "node:assert/strict";
import { InstrumentPanel } from "../../lib/bench/instruments.ts";
import { type Gpu, unknownFacts } from "../../lib/gpu/gpu.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";
import { Tree } from "../sysfs/tree.ts";

const H200 = `
device
name NVIDIA H200
pci 0000:0a:00.0
temperature 41
power_mw 61250
power_limit 600000 700000
clocks 1755 3201 1980 3201
event_reasons 0x4
cores 16896
bus_width 6144
compute_capability 9 0
ecc 1 1
`;

function gpu(facts: Partial<Gpu>): Gpu {
  return {
    ...unknownFacts(),
    id: "pci:0000:0a:00.0",
    index: 0,
    vendor: "nvidia",
    seen_by: ["nvml"],
    apis: {},
    enabled: true,
    sources: {},
    absent: {},
    pci_slot: "0000:0a:00.0",
    ...facts,
  };
}

const NOTHING_SEEN = { core_mhz: null, memory_mhz: null };

compilerTest("InstrumentPanel reads conditions, limits and peaks of an NVIDIA GPU by NVML", () => {
  using fake = fakeLibrary("nvml", H200);
  using panel = new InstrumentPanel({ sonames: [fake.path] });
  const { conditions, peaks, environment } = panel.of(gpu({ name: "NVIDIA H200" }), undefined);
  assert.deepEqual(conditions?.read(), {
    core_mhz: 1755,
    memory_mhz: 3201,
    power_w: 61.25,
    temperature_c: 41,
    throttle_reasons: ["sw_power_cap"],
  });
  assert.deepEqual(environment, {
    driver_uuid: null,
    ecc_enabled: true,
    power_limit_w: 600,
    power_limit_default_w: 700,
  });
  assert.equal(peaks?.("memory_bandwidth", NOTHING_SEEN).rated?.value, 6144 / 8 * 2 * 3.201);
});

compilerTest(
  "nvmlConditions() says why a quantity is absent, and does not ask for it again",
  () => {
    using fake = fakeLibrary("nvml", `${H200}fail nvmlDeviceGetClockInfo 3\n`);
    using panel = new InstrumentPanel({ sonames: [fake.path] });
    const { conditions } = panel.of(gpu({}), undefined);
    assert.equal(conditions?.read().core_mhz, null);
    assert.equal(conditions?.read().power_w, 61.25);
    assert.match(conditions?.absent["core_mhz"] ?? "", /NVML_ERROR_NOT_SUPPORTED|Not Supported/);
  },
);

compilerTest(
  "InstrumentPanel does not open NVML for a GPU that discovery did not see there",
  () => {
    using fake = fakeLibrary("nvml", H200);
    using tree = new Tree();
    using panel = new InstrumentPanel({ sysroot: tree.sysroot, sonames: [fake.path] });
    const { conditions, peaks } = panel.of(
      gpu({ seen_by: ["pci"], name: "NVIDIA H200" }),
      undefined,
    );
    assert.equal(conditions, undefined);
    assert.match(peaks?.("fp32", NOTHING_SEEN).reason ?? "", /clock/);
  },
);

Deno.test("InstrumentPanel has no peaks for software devices, and links alone for unknown vendors", () => {
  using panel = new InstrumentPanel();
  assert.equal(panel.of(gpu({ kind: "software" }), undefined).peaks, undefined);
  const { peaks } = panel.of(gpu({ vendor: "mthreads", pci_slot: null }), undefined);
  assert.match(peaks?.("fp32", NOTHING_SEEN).reason ?? "", /nothing is known/);
  assert.match(peaks?.("link.host", NOTHING_SEEN).reason ?? "", /PCIe link is not known/);
});

compilerTest(
  "InstrumentPanel reads the links of NVIDIA GPUs by NVML, and knows pairs by them",
  () => {
    const device = (pci: string) =>
      `${H200.replace("0000:0a:00.0", pci)}pcie 5 16 5 16
link_speed 26562
link0 1 6 2 0000:05:00.0
link1 1 6 2 0000:05:00.0
`;
    using fake = fakeLibrary("nvml", `${device("0000:0a:00.0")}${device("0000:0b:00.0")}`);
    using tree = new Tree();
    using panel = new InstrumentPanel({ sysroot: tree.sysroot, sonames: [fake.path] });
    const peer_links = [0, 1].map((link) => ({
      link,
      active: true,
      remote: "0000:05:00.0",
      remote_type: "switch" as const,
      version: 4,
    }));
    const { peaks } = panel.of(gpu({ peer_links }), undefined);
    panel.of(gpu({ id: "pci:0000:0b:00.0", pci_slot: "0000:0b:00.0", peer_links }), undefined);
    const host = peaks?.("link.host", NOTHING_SEEN).rated;
    assert.equal(host?.formula, "32 GT/s x 16 lanes x 128/130 / 8");
    const pair = peaks?.("link.peer", NOTHING_SEEN, "pci:0000:0b:00.0").rated;
    assert.equal(pair?.value, 50);
    assert.match(pair?.source ?? "", /NVLink 4; active links by NVML; 26\.562 GB\/s on the wire/);
  },
);
