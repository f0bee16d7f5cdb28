/** That looking for GPUs wakes none. */

import assert from "node:assert/strict";
import { discover, type Discovery } from "../../lib/discovery/mod.ts";
import { collectDump } from "../../lib/dump/collect.ts";
import type { Source } from "../../lib/discovery/source.ts";
import type { Vendor } from "../../lib/gpu/vendor.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { drmNode, pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";

/** A root that notes what is read below it. */
class RecordingSysroot extends Sysroot {
  readonly reads: string[] = [];

  override bytes(path: string, limit?: number): Uint8Array | undefined {
    this.reads.push(path);
    return super.bytes(path, limit);
  }
}

const AT = "pci0000:00/0000:00:01.0/0000:01:00.0";

/** A GPU with all that would wake it, in a state. */
function gpu(vendor: string, device: string, driver: string, status: string): TreeFiles {
  return {
    ...pciFunction({
      at: AT,
      class: "0x030000",
      vendor,
      device,
      driver,
      more: {
        "power/runtime_status": status,
        config: new Uint8Array(256),
        current_link_speed: "16.0 GT/s PCIe",
        current_link_width: "16",
        max_link_speed: "16.0 GT/s PCIe",
        max_link_width: "16",
        mem_info_vram_total: "8589934592",
        mem_info_vram_used: "1048576",
        gpu_busy_percent: "3",
        pp_dpm_pcie: "0: 16.0GT/s, x16 *",
        "hwmon/hwmon3/name": driver,
        "hwmon/hwmon3/temp1_input": "40000",
        "drm/card0/lmem_total_bytes": "8589934592",
      },
    }),
    ...drmNode(AT, "card0", 0),
    "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t NVIDIA Test",
    "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  x",
  };
}

/** What wakes: everything that the hardware itself has to answer. */
const WAKING =
  /\/(config|rom|vpd|resource\d.*|(current|max)_link_\w+|gpu_busy_percent|mem_info_vram_used|pp_\w+|gpu_metrics|\w+_input|\w+_average|lmem_\w+|information)$/;

const DRIVERS: [vendor: string, device: string, driver: string][] = [
  ["0x1002", "0x744c", "amdgpu"],
  ["0x8086", "0x56a5", "xe"],
  ["0x8086", "0x56a5", "i915"],
  ["0x10de", "0x2704", "nvidia"],
  ["0x10de", "0x1b80", "nouveau"],
];

for (const [vendor, device, driver] of DRIVERS) {
  for (const status of ["suspended", "suspending"]) {
    Deno.test(`discover() reads nothing that wakes a GPU of ${driver} that is ${status}`, () => {
      using tree = new Tree(gpu(vendor, device, driver, status));
      const sysroot = new RecordingSysroot(tree.directory);
      const [found] = discover({ sysroot }).gpus;
      assert.deepEqual(sysroot.reads.filter((path) => WAKING.test(path)), []);
      assert.equal(found?.power_state, status);
      for (const fact of ["temperature_c", "utilization_pct", "pcie_link_gen"] as const) {
        assert.equal(found?.[fact], null, fact);
      }
      assert.match(found?.absent.pcie_link_gen ?? "", /sleeps.*--wake/);
    });
  }
}

Deno.test("discover() still tells what the driver knows of a sleeping GPU without waking it", () => {
  using tree = new Tree(gpu("0x1002", "0x744c", "amdgpu", "suspended"));
  const [found] = discover({ sysroot: tree.sysroot }).gpus;
  assert.equal(found?.vram_total_bytes, 8589934592);
  assert.equal(found?.vram_used_bytes, null);
  assert.equal(found?.hwmon, "/sys/class/hwmon/hwmon3");
  assert.match(found?.absent.temperature_c ?? "", /sleeps/);
});

Deno.test("discover() reads everything of a GPU that is awake, or with wake", () => {
  using awake = new Tree(gpu("0x1002", "0x67df", "amdgpu", "active"));
  using asleep = new Tree(gpu("0x1002", "0x67df", "amdgpu", "suspended"));
  for (
    const options of [{ sysroot: awake.sysroot }, { sysroot: asleep.sysroot, wake: true }]
  ) {
    const [found] = discover(options).gpus;
    assert.equal(found?.temperature_c, 40);
    assert.equal(found?.utilization_pct, 3);
    assert.equal(found?.pcie_link_gen, 4);
    assert.equal(found?.vram_used_bytes, 1048576);
  }
});

Deno.test("collectDump() reads nothing that wakes a sleeping GPU", () => {
  for (const [vendor, device, driver] of DRIVERS) {
    using tree = new Tree(gpu(vendor, device, driver, "suspended"));
    const sysroot = new RecordingSysroot(tree.directory);
    const dump = collectDump(sysroot);
    assert.deepEqual(sysroot.reads.filter((path) => WAKING.test(path)), [], driver);
    assert.deepEqual(dump.asleep, ["0000:01:00.0"]);
  }
});

/** A source of files that sees one GPU, asleep or not. */
function fileSource(vendorId: number, power: "suspended" | "active"): Source {
  return {
    name: "pci",
    reads: "files",
    vendors: "any",
    discover: () => ({
      state: "ok",
      sightings: [{
        match: { pci: "0000:01:00.0" },
        fallback_id: "pci:0000:01:00.0",
        vendor_id: vendorId,
        facts: { power_state: power, kind: "discrete" },
      }],
    }),
  };
}

/** Whether a library for GPUs of `vendors` is asked on a host with this GPU. */
function isAsked(
  vendors: "any" | readonly Vendor[],
  file: Source,
  wake = false,
): { asked: boolean; discovery: Discovery } {
  let asked = false;
  const library: Source = {
    name: "library",
    reads: "library",
    vendors,
    discover() {
      asked = true;
      return { state: "ok", sightings: [] };
    },
  };
  const discovery = discover({ sources: [library, file], wake });
  return { asked, discovery };
}

const NVIDIA = 0x10de;
const AMD = 0x1002;

Deno.test("discover() asks no library that would wake a sleeping GPU, and says which", () => {
  const { asked, discovery } = isAsked(["nvidia"], fileSource(NVIDIA, "suspended"));
  assert.equal(asked, false);
  const [outcome] = discovery.sources;
  assert.equal(outcome?.state, "skipped");
  assert.match(outcome?.reason ?? "", /would wake pci:0000:01:00\.0 .*--wake/);
  assert.equal(isAsked("any", fileSource(AMD, "suspended")).asked, false);
});

Deno.test("discover() asks libraries that open other vendors' GPUs, or wake nobody", () => {
  assert.equal(isAsked(["nvidia"], fileSource(AMD, "suspended")).asked, true);
  assert.equal(isAsked(["nvidia"], fileSource(NVIDIA, "active")).asked, true);
  assert.equal(isAsked("any", fileSource(NVIDIA, "suspended"), true).asked, true);
});
