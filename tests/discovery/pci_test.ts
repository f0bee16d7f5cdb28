import assert from "node:assert/strict";
import { discover } from "../../lib/discovery/mod.ts";
import { memoryRegions, nameFromList } from "../../lib/discovery/pci.ts";
import { judgeFunction } from "../../lib/discovery/pci_functions.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import {
  drmNode,
  pciFunction,
  type PciFunctionFiles,
  Tree,
  type TreeFiles,
} from "../sysfs/tree.ts";

function gpusOf(files: TreeFiles): Gpu[] {
  using tree = new Tree(files);
  return discover({ sysroot: tree.sysroot }).gpus;
}

/** The one GPU of a host with this function alone, a VGA controller unless told otherwise. */
function gpuOf(of: Partial<PciFunctionFiles> & { more?: TreeFiles }): Gpu {
  const [gpu, ...others] = gpusOf(pciFunction({
    at: "pci0000:00/0000:00:01.0/0000:01:00.0",
    class: "0x030000",
    vendor: "0x1002",
    device: "0x67df",
    ...of,
  }));
  assert.ok(gpu);
  assert.deepEqual(others, []);
  return gpu;
}

Deno.test("discover() finds nothing below an empty root, and says where it looked", () => {
  using tree = new Tree();
  const { gpus, sources } = discover({ sysroot: tree.sysroot });
  assert.deepEqual(gpus, []);
  for (const source of sources) assert.notEqual(source.state, "ok", source.name);
  assert.match(sources.find(({ name }) => name === "pci")?.reason ?? "", /\/sys\/bus\/pci/);
});

Deno.test("discover() keeps a GPU of an unknown vendor, without a name but with its ids", () => {
  const gpu = gpuOf({ vendor: "0x0731", device: "0x7200" });
  assert.equal(gpu.vendor, "other");
  assert.equal(gpu.kind, "unknown");
  assert.equal(gpu.name, null);
  assert.equal(gpu.vendor_id, "0x0731");
  assert.match(gpu.absent.name ?? "", /0x0731:0x7200 is in no list/);
  assert.match(gpu.absent.driver ?? "", /no kernel driver is bound/);
});

Deno.test("discover() names Moore Threads' cards", () => {
  const gpu = gpuOf({ vendor: "0x1ed5", device: "0x0201", driver: "mtgpu" });
  assert.equal(gpu.vendor, "mthreads");
  assert.equal(gpu.name, "Moore Threads MTT S80");
  assert.equal(gpu.driver, "mtgpu");
  assert.equal(gpu.kind, "discrete");
});

Deno.test("discover() counts a card's audio function, and a network card, for no GPU", () => {
  const gpus = gpusOf({
    ...pciFunction({
      at: "pci0000:00/0000:01:00.0",
      class: "0x030000",
      vendor: "0x1002",
      device: "0x67df",
    }),
    ...pciFunction({
      at: "pci0000:00/0000:01:00.1",
      class: "0x040300",
      vendor: "0x1002",
      device: "0xaaf0",
    }),
    ...pciFunction({
      at: "pci0000:00/0000:02:00.0",
      class: "0x020000",
      vendor: "0x8086",
      device: "0x1533",
    }),
  });
  assert.deepEqual(gpus.map((gpu) => gpu.id), ["pci:0000:01:00.0"]);
});

/** What is left of a function when nothing is said of it. */
const FUNCTION = {
  class: 0x120000,
  driver: undefined,
  isBehindDisplay: false,
  isVirtualFunction: false,
  hasCard: false,
};

Deno.test("judgeFunction() takes a processing accelerator for a GPU by its vendor and its driver", () => {
  const judge = (vendor: number, driver?: string) =>
    judgeFunction({ ...FUNCTION, vendor, driver })?.gpu;
  assert.equal(judge(0x1002, "amdgpu"), true); // MI300X
  assert.equal(judge(0x1002), true);
  assert.equal(judge(0x1002, "vfio-pci"), true);
  assert.equal(judge(0x1002, "gim"), true); // AMD's driver for virtual machines
  assert.equal(judge(0x1002, "pci-pf-stub"), true);
  assert.equal(judge(0x1d94), true); // Hygon
  assert.equal(judge(0x8086, "intel_vpu"), false); // NPU
  assert.equal(judge(0x1022, "amdxdna"), false); // NPU
  assert.equal(judge(0x1da3, "habanalabs"), false);
  assert.equal(judge(0x1da3), false);
});

Deno.test("judgeFunction() takes Hygon's co-processors for GPUs, and no others", () => {
  const judge = (vendor: number) =>
    judgeFunction({ ...FUNCTION, class: 0x0b4000, vendor, driver: "hydcu" })?.gpu;
  assert.equal(judge(0x1d94), true);
  assert.equal(judge(0x8086), undefined); // Intel's QuickAssist
});

Deno.test("judgeFunction() takes what has a card for a GPU, whatever its class", () => {
  const judge = (code: number, driver: string) =>
    judgeFunction({ ...FUNCTION, class: code, vendor: 0x9999, driver, hasCard: true })?.gpu;
  assert.equal(judge(0x0b4000, "metax"), true);
  assert.equal(judge(0x120000, "metax"), true);
  assert.equal(judge(0x120000, "intel_vpu"), false);
});

Deno.test("discover() finds the ids of a GPU of an unusual class by its card", () => {
  const at = "pci0000:00/0000:00:01.1/0000:07:00.0";
  const [gpu] = gpusOf({
    ...pciFunction({ at, class: "0x0b4000", vendor: "0x9999", device: "0x6210", driver: "metax" }),
    ...drmNode(at, "card0", 0),
  });
  assert.equal(gpu?.vendor_id, "0x9999");
  assert.equal(gpu?.driver, "metax");
  assert.equal(gpu?.drm_node, "/dev/dri/card0");
});

Deno.test("judgeFunction() leaves out the second head of a card, and keeps virtual functions", () => {
  const judge = (isBehindDisplay: boolean, driver?: string, isVirtualFunction = false) =>
    judgeFunction({
      class: 0x038000,
      vendor: 0x8086,
      driver,
      isBehindDisplay,
      isVirtualFunction,
      hasCard: false,
    })?.gpu;
  assert.equal(judge(false), true);
  assert.equal(judge(true), false);
  assert.equal(judge(true, "i915"), true);
  assert.equal(judge(true, undefined, true), true);
});

Deno.test("discover() leaves out a function 1 behind a display of its vendor, and no other", () => {
  const found = (first: { class: string; vendor: string }) =>
    gpusOf({
      ...pciFunction({ at: "pci0000:00/0000:00:02.0", device: "0x5b60", ...first }),
      ...pciFunction({
        at: "pci0000:00/0000:00:02.1",
        class: "0x038000",
        vendor: "0x1002",
        device: "0x5b70",
      }),
    }).map(({ id }) => id);
  const both = ["pci:0000:00:02.0", "pci:0000:00:02.1"];
  assert.deepEqual(found({ class: "0x030000", vendor: "0x1002" }), both.slice(0, 1));
  assert.deepEqual(found({ class: "0x030000", vendor: "0x10de" }), both);
  assert.deepEqual(found({ class: "0x010802", vendor: "0x1002" }), both.slice(1));
});

Deno.test("discover() notes processing accelerators that are no GPU", () => {
  using tree = new Tree(pciFunction({
    at: "pci0000:00/0000:00:0b.0",
    class: "0x120000",
    vendor: "0x8086",
    device: "0x7d1d",
    driver: "intel_vpu",
  }));
  const { gpus, sources } = discover({ sysroot: tree.sysroot });
  assert.deepEqual(gpus, []);
  assert.match(sources[0]?.note ?? "", /0000:00:0b\.0 .* intel_vpu is no GPU driver/);
});

Deno.test("discover() shows virtual functions as such, behind the GPUs", () => {
  const at = "pci0000:00/0000:00:02.0";
  const gpus = gpusOf({
    ...pciFunction({
      at,
      class: "0x030000",
      vendor: "0x8086",
      device: "0x4680",
      driver: "i915",
      more: { sriov_totalvfs: "7", sriov_numvfs: "1", virtfn0: { link: "../0000:00:02.1" } },
    }),
    ...pciFunction({
      at: "pci0000:00/0000:00:02.1",
      class: "0x030000",
      vendor: "0x8086",
      device: "0x4680",
      driver: "vfio-pci",
      more: { physfn: { link: "../0000:00:02.0" } },
    }),
    ...pciFunction({
      at: "pci0000:00/0000:00:01.0/0000:01:00.0",
      class: "0x030000",
      vendor: "0x10de",
      device: "0x2704",
    }),
  });
  assert.deepEqual(gpus.map((gpu) => gpu.id), [
    "pci:0000:00:02.0",
    "pci:0000:01:00.0",
    "pci:0000:00:02.1",
  ]);
  assert.deepEqual(gpus[0]?.sriov, {
    role: "pf",
    total_vfs: 7,
    num_vfs: 1,
    physical_function: null,
  });
  assert.equal(gpus[2]?.sriov?.role, "vf");
  assert.equal(gpus[2]?.sriov?.physical_function, "0000:00:02.0");
  assert.equal(gpus[2]?.kind, "virtual");
});

Deno.test("discover() takes a GPU whose driver allows no virtual function for no physical function", () => {
  const gpu = gpuOf({ driver: "xe", more: { sriov_totalvfs: "0", sriov_numvfs: "0" } });
  assert.equal(gpu.sriov?.role, "none");
});

Deno.test("discover() lists a server's management display behind its GPUs", () => {
  const gpus = gpusOf({
    ...pciFunction({
      at: "pci0000:00/0000:00:1c.0/0000:02:00.0/0000:03:00.0",
      class: "0x030000",
      vendor: "0x1a03",
      device: "0x2000",
      driver: "ast",
    }),
    ...pciFunction({
      at: "pci0000:40/0000:40:01.0/0000:41:00.0",
      class: "0x030200",
      vendor: "0x10de",
      device: "0x2335",
      driver: "nvidia",
    }),
  });
  assert.deepEqual(gpus.map((gpu) => [gpu.index, gpu.vendor, gpu.kind]), [
    [0, "nvidia", "discrete"],
    [1, "aspeed", "display"],
  ]);
});

Deno.test("discover() knows a processor's GPU that a virtual machine has behind a bridge", () => {
  const gpu = gpuOf({ vendor: "0x8086", device: "0x3e92", driver: "i915" });
  assert.equal(gpu.kind, "integrated");
  assert.equal(gpu.memory_kind, "shared");
});

Deno.test("discover() lists the console of a virtual machine behind its GPUs", () => {
  const gpus = gpusOf({
    ...pciFunction({
      at: "pci0000:00/0000:00:03.0",
      class: "0x030000",
      vendor: "0x1d0f",
      device: "0x1111",
    }),
    ...pciFunction({
      at: "pci0000:50/0000:53:00.0",
      class: "0x030200",
      vendor: "0x10de",
      device: "0x2330",
      driver: "nvidia",
    }),
  });
  assert.deepEqual(gpus.map((gpu) => [gpu.index, gpu.id, gpu.kind]), [
    [0, "pci:0000:53:00.0", "discrete"],
    [1, "pci:0000:00:03.0", "display"],
  ]);
});

Deno.test("discover() reads place: NUMA node, CPUs, IOMMU group, the path of bridges", () => {
  const gpu = gpuOf({
    more: {
      numa_node: "1",
      local_cpulist: "0-15,32-47",
      iommu_group: { link: "../../../../kernel/iommu_groups/27" },
    },
  });
  assert.equal(gpu.numa_node, 1);
  assert.equal(gpu.local_cpus, "0-15,32-47");
  assert.equal(gpu.iommu_group, 27);
  assert.deepEqual(gpu.pcie_path, ["0000:00:01.0", "0000:01:00.0"]);
});

Deno.test("discover() makes no NUMA node of -1, nor of nonsense", () => {
  const none = gpuOf({ more: { numa_node: "-1" } });
  assert.equal(none.numa_node, null);
  assert.match(none.absent.numa_node ?? "", /no NUMA node/);
  assert.equal(gpuOf({ more: { numa_node: "4096" } }).numa_node, null);
  assert.equal(gpuOf({ more: { local_cpulist: "all of them" } }).local_cpus, null);
});

Deno.test("discover() makes no ids of values that are none", () => {
  const gpu = gpuOf({
    vendor: "0x11002",
    more: { revision: "0x100", subsystem_vendor: "0xffff", subsystem_device: "0x0000" },
  });
  assert.equal(gpu.vendor_id, null);
  assert.equal(gpu.revision, null);
  assert.equal(gpu.subsystem_vendor_id, null);
  assert.equal(gpu.subsystem_device_id, null);
});

Deno.test("discover() never takes a BAR for VRAM", () => {
  const resource = "0x00000000d0000000 0x00000000dfffffff 0x000000000014220c";
  const gpu = gpuOf({ more: { resource } });
  assert.equal(gpu.vram_total_bytes, null);
  assert.equal(gpu.vram_visible_bytes, null);
  assert.match(gpu.absent.vram_visible_bytes ?? "", /size of the VRAM/);
});

/** Of an H200: BAR 0 and BAR 2 are of 64 bits. */
const H200 = [
  "0x0000100012000000 0x0000100012ffffff 0x000000000014220c",
  "0x0000000000000000 0x0000000000000000 0x0000000000000000",
  "0x0000100000000000 0x000010000fffffff 0x000000000014220c",
  "0x0000000000000000 0x0000000000000000 0x0000000000000000",
  "0x0000100010000000 0x0000100011ffffff 0x000000000014220c",
].join("\n");

/** Of a card with resizable BAR on: 16 MiB of registers, then 32 GiB of VRAM. */
const LARGE = [
  "0x00000000a0000000 0x00000000a0ffffff 0x0000000000040200",
  "0x0000001000000000 0x00000017ffffffff 0x000000000014220c",
].join("\n");

Deno.test("memoryRegions() reads the kernel's resource lines, with the end inclusive", () => {
  const MIB = 1024 ** 2;
  assert.deepEqual(memoryRegions(H200), [
    { bar: 0, size: 16 * MIB },
    { bar: 2, size: 256 * MIB },
    { bar: 4, size: 32 * MIB },
  ]);
  assert.deepEqual(memoryRegions(LARGE)[1], { bar: 1, size: 32768 * MIB });
});

Deno.test("memoryRegions() leaves out I/O ports, the ROM, and nonsense", () => {
  const rom = "0x00000000fce00000 0x00000000fce3ffff 0x0000000000040200";
  assert.deepEqual(memoryRegions(`${"\n".repeat(6)}${rom}`), []);
  for (
    const line of [
      "0x000000000000d000 0x000000000000d0ff 0x0000000000040101",
      "0xffffffffffffffff 0x0000000000000000 0x0000000000000200",
      "0x0000000000000001 0xffffffffffffffff 0x0000000000000200",
      "0xd0000000 0xdfffffff",
      "garbage",
    ]
  ) assert.deepEqual(memoryRegions(line), [], line);
});

Deno.test("discover() tells how much of the VRAM the BAR shows, and at most all of it", () => {
  const visible = (lmem: string) =>
    gpuOf({
      vendor: "0x8086",
      device: "0x56a0",
      driver: "i915",
      more: { resource: LARGE, "drm/card0/lmem_total_bytes": lmem },
    }).vram_visible_bytes;
  assert.equal(visible("68719476736"), 32 * 1024 ** 3);
  assert.equal(visible("17179869184"), 16 * 1024 ** 3);
});

Deno.test("nameFromList() puts the vendor before the marketing name in brackets", () => {
  assert.equal(nameFromList(0x10de, "AD103 [GeForce RTX 4080]"), "NVIDIA GeForce RTX 4080");
  assert.equal(nameFromList(0x8086, "Battlemage G21 [Intel Graphics]"), "Intel Graphics");
  assert.equal(nameFromList(0x1002, "Phoenix1"), "AMD Phoenix1");
  assert.equal(nameFromList(0x0731, "JM7200 Series GPU"), "JM7200 Series GPU");
});

Deno.test("discover() prefers the host's own list of names, and takes the board's from it", () => {
  using tree = new Tree({
    ...pciFunction({
      at: "pci0000:00/0000:00:01.0/0000:01:00.0",
      class: "0x030000",
      vendor: "0x1002",
      device: "0xbeef",
      more: { subsystem_vendor: "0x1da2", subsystem_device: "0xe387" },
    }),
    "usr/share/hwdata/pci.ids": [
      "1002  Advanced Micro Devices, Inc. [AMD/ATI]",
      "\tbeef  Navi 99 [Radeon RX 9999]",
      "\t\t1da2 e387  NITRO+ RX 9999",
      "1da2  Sapphire Technology Limited",
      "C 00  Unclassified device",
    ].join("\n"),
  });
  const [gpu] = discover({ sysroot: tree.sysroot }).gpus;
  assert.equal(gpu?.name, "AMD Radeon RX 9999");
  assert.equal(gpu?.board_name, "Sapphire Technology Limited NITRO+ RX 9999");
});

Deno.test("discover() prefers the kernel module's version where it has one", () => {
  const files = pciFunction({
    at: "pci0000:00/0000:00:01.0/0000:01:00.0",
    class: "0x030000",
    vendor: "0x1002",
    device: "0x67df",
    driver: "amdgpu",
  });
  assert.equal(
    gpusOf({ ...files, "sys/module/amdgpu/version": "6.7.0" })[0]?.driver_version,
    "6.7.0",
  );
  assert.equal(gpusOf(files)[0]?.driver_version, null);
});
