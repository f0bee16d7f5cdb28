/** The sources of single drivers: amdgpu, i915 and xe, NVIDIA's procfs, hwmon. */

import assert from "node:assert/strict";
import { parsePcieStates } from "../../lib/discovery/amdgpu.ts";
import { nodeAddresses, parseKfdProperties } from "../../lib/discovery/kfd.ts";
import { discover } from "../../lib/discovery/mod.ts";
import { parseNvidiaInformation, parseNvidiaVersion } from "../../lib/discovery/nvidia.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";

function gpuOf(vendor: string, device: string, driver: string, more: TreeFiles, rest = {}): Gpu {
  using tree = new Tree({
    ...pciFunction({
      at: "pci0000:00/0000:01:00.0",
      class: "0x030000",
      vendor,
      device,
      driver,
      more,
    }),
    ...rest,
  });
  const [gpu] = discover({ sysroot: tree.sysroot }).gpus;
  assert.ok(gpu);
  return gpu;
}

const amd = (more: TreeFiles) => gpuOf("0x1002", "0x744c", "amdgpu", more);

Deno.test("the amdgpu source refuses loads that are none", () => {
  assert.equal(amd({ gpu_busy_percent: "100" }).utilization_pct, 100);
  const reasons: [string, RegExp][] = [
    ["655", /655 %, which is no load/],
    ["-1", /-1 %, which is no load/],
    ["busy", /gpu_busy_percent/],
  ];
  for (const [text, reason] of reasons) {
    const gpu = amd({ gpu_busy_percent: text });
    assert.equal(gpu.utilization_pct, null);
    assert.match(gpu.absent.utilization_pct ?? "", reason);
  }
});

Deno.test("the amdgpu source judges loads as telemetry does: Raven's 100, and what is rounded up", () => {
  const raven = gpuOf("0x1002", "0x15d8", "amdgpu", { gpu_busy_percent: "100" });
  assert.equal(raven.utilization_pct, null);
  assert.match(raven.absent.utilization_pct ?? "", /Raven family/);
  assert.equal(amd({ gpu_busy_percent: "101" }).utilization_pct, 100);
});

Deno.test("the amdgpu source refuses sizes that are none, and more used than there is", () => {
  assert.equal(amd({ mem_info_vram_total: "0" }).vram_total_bytes, null);
  assert.equal(amd({ mem_info_vram_total: "9007199254740991" }).vram_total_bytes, null);
  const gpu = amd({ mem_info_vram_total: "1000", mem_info_vram_used: "1001" });
  assert.equal(gpu.vram_total_bytes, 1000);
  assert.equal(gpu.vram_used_bytes, null);
  assert.match(gpu.absent.vram_used_bytes ?? "", /more than the VRAM/);
});

Deno.test("parsePcieStates() reads amdgpu's table and which row is current", () => {
  assert.deepEqual(parsePcieStates("0: 2.5GT/s, x1 81Mhz \n1: 8.0GT/s, x8 619Mhz *"), [
    { gen: 1, width: 1, current: false },
    { gen: 3, width: 8, current: true },
  ]);
  assert.deepEqual(parsePcieStates("0: ?GT/s, x16\nnonsense\n1: 8.0GT/s, x3"), []);
});

Deno.test("the amdgpu source decides on no link where stars are on states that differ", () => {
  const gpu = amd({ pp_dpm_pcie: "0: 2.5GT/s, x16 *\n1: 16.0GT/s, x16 *" });
  assert.equal(gpu.pcie_link_gen, null);
  assert.equal(gpu.pcie_link_gen_max, 4);
  const same = amd({ pp_dpm_pcie: "0: 16.0GT/s, x16 78Mhz *\n1: 16.0GT/s, x16 156Mhz *" });
  assert.equal(same.pcie_link_gen, 4);
});

Deno.test("the amdgpu source takes the board's name from the board's own memory", () => {
  const gpu = amd({ product_name: "AMD Instinct MI210" });
  assert.equal(gpu.board_name, "AMD Instinct MI210");
  assert.equal(gpu.sources.board_name, "sysfs:product_name");
});

Deno.test("parseKfdProperties() leaves out lines that hold no number", () => {
  const properties = parseKfdProperties(
    "simd_count 24\nname gfx\nhive_id 99999999999999999999\n x 1",
  );
  assert.deepEqual([...properties], [["simd_count", 24], ["x", 1]]);
});

Deno.test("nodeAddresses() reads bus, device and function, beside or below a partition's number", () => {
  const addresses = (text: string) => nodeAddresses(parseKfdProperties(text));
  assert.deepEqual(addresses("location_id 2560\ndomain 0"), ["0000:0a:00.0"]);
  assert.deepEqual(addresses("location_id 49923\ndomain 2"), ["0002:c3:00.3", "0002:c3:00.0"]);
  assert.deepEqual(addresses("location_id 0\ndomain 7"), ["0007:00:00.0"]);
  assert.deepEqual(addresses(`location_id ${0x70000500}\ndomain 0`), ["0000:05:00.0"]);
  assert.deepEqual(addresses(`location_id ${0xf0000500}\ndomain 0`), ["0000:05:00.0"]);
  assert.deepEqual(addresses("simd_count 4"), []);
});

Deno.test("the Intel source sums the tiles' memory, and takes no half of it", () => {
  const tiles = (second: string) =>
    gpuOf("0x8086", "0x0bd5", "xe", {
      "tile0/physical_vram_size_bytes": "68719476736",
      "tile1/physical_vram_size_bytes": second,
    }).vram_total_bytes;
  assert.equal(tiles("68719476736"), 137438953472);
  assert.equal(tiles("much"), null);
});

const INFORMATION = `Model: \t\t NVIDIA H200
IRQ:   \t\t 291
GPU UUID: \t GPU-b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f
Video BIOS: \t 96.00.bc.00.01
Bus Type: \t PCIe
DMA Size: \t 52 bits
DMA Mask: \t 0xfffffffffffff
Bus Location: \t 0000:01:00.0
Device Minor: \t 3
GPU Firmware: \t 550.54.15
GPU Excluded:\t No`;

Deno.test("the NVIDIA source reads model, UUID, device node and version from procfs", () => {
  const gpu = gpuOf("0x10de", "0x2335", "nvidia", {}, {
    "proc/driver/nvidia/gpus/0000:01:00.0/information": INFORMATION,
    "proc/driver/nvidia/version":
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n" +
      "GCC version:  gcc version 12.2.0",
  });
  assert.equal(gpu.name, "NVIDIA H200");
  assert.equal(gpu.uuid, "GPU-b15a0a1c-4b3d-0f21-9c5e-8a7b6c5d4e3f");
  assert.deepEqual(gpu.device_nodes, ["/dev/nvidia3"]);
  assert.equal(gpu.driver_version, "550.54.15");
  assert.equal(gpu.sources.uuid, "procfs:information");
});

Deno.test("parseNvidiaInformation() takes a UUID of question marks for none", () => {
  const text =
    "Model: \t X\nGPU UUID: \t GPU-????????-????-????-????-????????????\nDevice Minor: \t -1";
  assert.deepEqual(parseNvidiaInformation(text), {
    model: "X",
    uuid: undefined,
    minor: undefined,
  });
});

Deno.test("the NVIDIA source leaves the name to others where the driver has none", () => {
  const gpu = gpuOf("0x10de", "0x2335", "nvidia", {}, {
    "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t Unknown\nDevice Minor: \t 0",
  });
  assert.equal(gpu.name, "NVIDIA H200 SXM 141GB");
  assert.equal(gpu.sources.name, "pci.ids");
});

Deno.test("parseNvidiaVersion() reads the line of the open modules too", () => {
  assert.equal(
    parseNvidiaVersion(
      "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build  (root@x)",
    ),
    "570.124.06",
  );
  assert.equal(parseNvidiaVersion("GCC version: 12.2.0"), undefined);
});

const sensors = (files: Record<string, string>) =>
  gpuOf(
    "0x1002",
    "0x744c",
    "amdgpu",
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`hwmon/hwmon3/${name}`, text])),
  );

Deno.test("the hwmon source takes the sensor that stands for the GPU by its label", () => {
  const gpu = sensors({
    name: "amdgpu",
    temp1_input: "41000",
    temp1_label: "junction",
    temp2_input: "38500",
    temp2_label: "edge",
  });
  assert.equal(gpu.temperature_c, 38.5);
  assert.equal(gpu.sources.temperature_c, "hwmon:temp2_input");
  assert.equal(gpu.hwmon, "/sys/class/hwmon/hwmon3");
});

Deno.test("the hwmon source takes MI300's junction, since it has no edge", () => {
  const gpu = sensors({
    name: "amdgpu",
    temp2_input: "41000",
    temp2_label: "junction",
    temp3_input: "35000",
    temp3_label: "mem",
  });
  assert.equal(gpu.temperature_c, 41);
  assert.equal(gpu.sources.temperature_c, "hwmon:temp2_input");
});

Deno.test("the hwmon source takes no other sensor where none stands for the GPU", () => {
  const gpu = sensors({ name: "xe", temp3_input: "54000", temp3_label: "vram" });
  assert.equal(gpu.temperature_c, null);
  assert.match(gpu.absent.temperature_c ?? "", /no sensor/);
  const one = sensors({ name: "nouveau", temp1_input: "54000" });
  assert.equal(one.temperature_c, 54);
});

Deno.test("the hwmon source refuses temperatures that no chip has", () => {
  for (const text of ["-273150", "4000000", "warm"]) {
    assert.equal(sensors({ name: "radeon", temp1_input: text }).temperature_c, null, text);
  }
});

Deno.test("the hwmon source takes i915's directory for the device, and not those of its parts", () => {
  const gpu = gpuOf("0x8086", "0x56a0", "i915", {
    "hwmon/hwmon2/name": "i915_gt0",
    "hwmon/hwmon3/name": "i915",
    "hwmon/hwmon3/temp1_input": "47000",
  });
  assert.equal(gpu.hwmon, "/sys/class/hwmon/hwmon3");
  assert.equal(gpu.temperature_c, 47);
});
