/**
 * The facts of each real dump, read off its files by hand. A value that a dump's files do not hold, or
 * hold and do not mean, is null here.
 */

import assert from "node:assert/strict";
import { discover } from "../../lib/discovery/mod.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS } from "../sysfs/tree.ts";

interface Expected {
  /** What the name must contain. */
  named: RegExp;
  facts: Partial<Gpu>;
  /** Facts of which the reason for being absent must say this. */
  absent?: Partial<Record<keyof Gpu, RegExp>>;
}

const GIB = 1024 ** 3;

const FACTS: Record<string, Expected> = {
  "a380-xe": {
    named: /Arc A380/,
    facts: {
      id: "pci:0000:08:00.0",
      vendor: "intel",
      kind: "discrete",
      vendor_id: "0x8086",
      device_id: "0x56a5",
      subsystem_vendor_id: "0x1849",
      subsystem_device_id: "0x6004",
      revision: "0x05",
      class_code: "0x030000",
      driver: "xe",
      drm_node: "/dev/dri/card0",
      hwmon: "/sys/class/hwmon/hwmon0",
      local_cpus: "0-15",
      power_state: "active",
      temperature_c: 56,
      memory_kind: "dedicated",
      // The files say 2.5 GT/s x1, of the link inside the card.
      pcie_link_gen: null,
      pcie_link_width: null,
      pcie_link_gen_max: null,
      pcie_link_width_max: null,
      pcie_path: [],
      numa_node: null,
      vram_total_bytes: null,
      vram_used_bytes: null,
      utilization_pct: null,
    },
    absent: {
      pcie_link_gen: /inside the card/,
      numa_node: /no NUMA node/,
      vram_total_bytes: /xe driver has no file/,
    },
  },
  "b580": {
    named: /Arc B580/,
    facts: {
      id: "pci:0000:09:00.0",
      vendor: "intel",
      kind: "discrete",
      device_id: "0xe20b",
      subsystem_vendor_id: "0x8086",
      subsystem_device_id: "0x1100",
      revision: "0x00",
      driver: "xe",
      drm_node: "/dev/dri/card1",
      hwmon: "/sys/class/hwmon/hwmon2",
      temperature_c: 54, // pkg, not one of the fifteen others
      pcie_link_gen: null,
      pcie_link_width: null,
      vram_total_bytes: null,
      power_state: "active",
    },
    absent: { pcie_link_gen: /inside the card/ },
  },
  "hd7870": {
    named: /Radeon HD 7870/,
    facts: {
      id: "pci:0000:01:00.0",
      vendor: "amd",
      kind: "discrete",
      device_id: "0x6818",
      subsystem_vendor_id: "0x174b",
      subsystem_device_id: "0xe217",
      driver: "radeon",
      drm_node: "/dev/dri/card0",
      hwmon: "/sys/class/hwmon/hwmon3",
      temperature_c: 27,
      pcie_link_gen: 3,
      pcie_link_width: 1,
      pcie_link_at: "0000:01:00.0",
      pcie_link_gen_max: null,
      vram_total_bytes: null,
      utilization_pct: null,
      revision: null,
      power_state: null,
    },
    absent: { revision: /no file revision/, pcie_link_gen_max: /no file max_link_speed/ },
  },
  "phoenix": {
    named: /780M/,
    facts: {
      id: "pci:0000:64:00.0",
      vendor: "amd",
      kind: "integrated",
      device_id: "0x15bf",
      subsystem_vendor_id: "0x17aa",
      subsystem_device_id: "0x50da",
      revision: "0xdd",
      driver: "amdgpu",
      drm_node: "/dev/dri/card1",
      hwmon: "/sys/class/hwmon/hwmon6",
      temperature_c: 25,
      utilization_pct: 0,
      memory_kind: "shared",
      vram_total_bytes: 4 * GIB,
      vram_used_bytes: 1272893440,
      vram_visible_bytes: 4 * GIB,
      pcie_link_gen: 4,
      pcie_link_width: 16,
      local_cpus: "0-15",
      power_state: "active",
    },
  },
  "rtx4080": {
    named: /GeForce RTX 4080/,
    facts: {
      id: "pci:0000:09:00.0",
      vendor: "nvidia",
      kind: "discrete",
      vendor_id: "0x10de",
      device_id: "0x2704",
      subsystem_vendor_id: "0x1462",
      subsystem_device_id: "0x5110",
      driver: "nvidia",
      drm_node: "/dev/dri/card1",
      pcie_link_gen: 2,
      pcie_link_width: 16,
      pcie_link_gen_max: null,
      hwmon: null,
      uuid: null,
      vram_total_bytes: null,
      temperature_c: null,
    },
    absent: { vram_total_bytes: /NVML/, temperature_c: /NVML/ },
  },
  "rx580": {
    named: /RX 580/,
    facts: {
      id: "pci:0000:09:00.0",
      vendor: "amd",
      kind: "discrete",
      device_id: "0x67df",
      subsystem_vendor_id: "0x1da2",
      subsystem_device_id: "0xe387",
      revision: "0xe7",
      driver: "amdgpu",
      drm_node: "/dev/dri/card0",
      hwmon: "/sys/class/hwmon/hwmon4",
      temperature_c: 44,
      utilization_pct: 11,
      vram_total_bytes: 4 * GIB,
      vram_used_bytes: 512 * 1024 ** 2,
      vram_visible_bytes: 256 * 1024 ** 2,
      pcie_link_gen: 3, // pp_dpm_pcie: there is no current_link_speed
      pcie_link_width: 16,
      pcie_link_gen_max: 3,
      pcie_link_width_max: 16,
      local_cpus: "0-15",
      power_state: null,
    },
  },
  "rx6600": {
    named: /RX 6600/,
    facts: {
      id: "pci:0000:12:00.0",
      vendor: "amd",
      kind: "discrete",
      device_id: "0x73ff",
      subsystem_vendor_id: "0x1458",
      subsystem_device_id: "0x2334",
      driver: "amdgpu",
      drm_node: "/dev/dri/card1",
      hwmon: "/sys/class/hwmon/hwmon4",
      temperature_c: 28, // edge
      utilization_pct: 0,
      // pp_dpm_pcie: the GPU's own files say 16 GT/s x16, of the link inside the card.
      pcie_link_gen: 3,
      pcie_link_width: 8,
      pcie_link_gen_max: 3,
      pcie_link_width_max: 8,
      vram_total_bytes: null,
    },
    absent: { vram_total_bytes: /no file mem_info_vram_total/ },
  },
  "rx7900xtx": {
    named: /RX 7900 XTX?/,
    facts: {
      id: "pci:0000:03:00.0",
      vendor: "amd",
      kind: "discrete",
      device_id: "0x744c",
      subsystem_vendor_id: "0x1da2",
      subsystem_device_id: "0xe471",
      driver: "amdgpu",
      drm_node: "/dev/dri/card0",
      hwmon: "/sys/class/hwmon/hwmon8",
      temperature_c: 53,
      utilization_pct: 3,
      pcie_link_gen: 4, // three states are starred, all of them 16 GT/s x16
      pcie_link_width: 16,
      vram_total_bytes: null,
    },
  },
  "rx9070": {
    named: /RX 9070/,
    facts: {
      id: "pci:0000:03:00.0",
      vendor: "amd",
      kind: "discrete",
      device_id: "0x7550",
      subsystem_vendor_id: "0x1da2",
      subsystem_device_id: "0x2490",
      driver: "amdgpu",
      drm_node: "/dev/dri/card1",
      hwmon: "/sys/class/hwmon/hwmon2",
      temperature_c: 48,
      utilization_pct: 25,
      pcie_link_gen: 4, // not the 32 GT/s of the GPU's own files
      pcie_link_width: 16,
      pcie_link_gen_max: 4,
      vram_total_bytes: null,
    },
  },
  "strixpoint": {
    named: /880M|890M/,
    facts: {
      id: "pci:0000:c1:00.0",
      vendor: "amd",
      kind: "integrated",
      device_id: "0x150e",
      subsystem_vendor_id: "0x17aa",
      subsystem_device_id: "0x3801",
      revision: "0xc4",
      class_code: "0x038000",
      driver: "amdgpu",
      drm_node: "/dev/dri/card1",
      hwmon: "/sys/class/hwmon/hwmon6",
      temperature_c: 38,
      utilization_pct: 3,
      vram_total_bytes: 512 * 1024 ** 2,
      vram_used_bytes: 514580480,
      vram_visible_bytes: 512 * 1024 ** 2,
      pcie_link_gen: 4,
      pcie_link_width: 16,
      local_cpus: "0-19",
    },
  },
  "tigerlake": {
    named: /Iris Xe/,
    facts: {
      id: "pci:0000:00:02.0",
      vendor: "intel",
      kind: "integrated",
      device_id: "0x9a49",
      subsystem_vendor_id: "0x17aa",
      subsystem_device_id: "0x3f19",
      driver: "xe",
      drm_node: "/dev/dri/card0",
      memory_kind: "shared",
      pcie_path: ["0000:00:02.0"],
      pcie_link_gen: null, // "Unknown", 0 lanes
      pcie_link_width: null,
      vram_total_bytes: null,
      hwmon: null,
      temperature_c: null,
    },
    absent: { pcie_link_gen: /current_link_speed/, vram_total_bytes: /uses the host's/ },
  },
  "vega56": {
    named: /Vega/,
    facts: {
      id: "pci:0000:0b:00.0",
      vendor: "amd",
      kind: "discrete",
      device_id: "0x687f",
      subsystem_vendor_id: "0x1043",
      subsystem_device_id: "0x0555",
      revision: "0xc3",
      driver: "amdgpu",
      drm_node: "/dev/dri/card0",
      hwmon: "/sys/class/hwmon/hwmon4",
      temperature_c: 38,
      utilization_pct: 0,
      vram_total_bytes: 8573157376,
      vram_used_bytes: 16613376,
      vram_visible_bytes: 256 * 1024 ** 2,
      pcie_link_gen: 3,
      pcie_link_width: 16,
      power_state: "active",
    },
  },
};

for (const [name, { named, facts, absent = {} }] of Object.entries(FACTS)) {
  Deno.test(`discover() tells what the files of ${name} say`, () => {
    const { gpus, notes } = discover({ sysroot: new Sysroot(`${DUMPS}${name}`) });
    assert.equal(gpus.length, 1);
    const [gpu] = gpus;
    assert.ok(gpu);
    assert.match(gpu.name ?? "", named);
    for (const [fact, expected] of Object.entries(facts)) {
      assert.deepEqual(gpu[fact as keyof Gpu], expected, fact);
    }
    for (const [fact, reason] of Object.entries(absent)) {
      assert.match(gpu.absent[fact as keyof Gpu["absent"]] ?? "", reason, fact);
    }
    assert.deepEqual(notes, []);
  });
}

Deno.test("every dump has its facts checked", () => {
  const dumps = [...Deno.readDirSync(DUMPS)].filter((entry) => entry.isDirectory);
  assert.deepEqual(dumps.map((entry) => entry.name).sort(), Object.keys(FACTS).sort());
});

Deno.test("discover() gives each fact a source or a reason, never both", () => {
  for (const name of Object.keys(FACTS)) {
    for (const gpu of discover({ sysroot: new Sysroot(`${DUMPS}${name}`) }).gpus) {
      for (const fact of Object.keys(gpu.sources)) {
        assert.ok(!(fact in gpu.absent), `${name}: ${fact} is known and absent`);
        assert.notEqual(gpu[fact as keyof Gpu], null, `${name}: ${fact}`);
      }
      for (const [fact, value] of Object.entries(gpu)) {
        if (value === null) {
          assert.ok(gpu.absent[fact as keyof Gpu["absent"]], `${name}: no reason for ${fact}`);
        }
      }
    }
  }
});

Deno.test("discover() loads no library under a sysroot, and says so", () => {
  const { sources } = discover({ sysroot: new Sysroot(`${DUMPS}rx580`) });
  for (const source of sources.filter((one) => one.reads === "library")) {
    assert.equal(source.state, "skipped", source.name);
    assert.match(source.reason ?? "", /--sysroot/);
  }
});
