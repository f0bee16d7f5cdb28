import assert from "node:assert/strict";
import { hasKfd, openKfd } from "../../../lib/telemetry/processes/kfd.ts";
import { openProcessSweep } from "../../../lib/telemetry/processes.ts";
import { Tree, type TreeFiles } from "../../sysfs/tree.ts";
import { AMD, amdgpu, ARC, processFiles } from "./proc_tree.ts";

const KFD = "sys/class/kfd/kfd";

/** A node as `kfd_topology.c` writes it: the GPU at 0000:0a:00.0 is bus 10 at location 2560. */
function node(index: number, gpuId: number, location: number): TreeFiles {
  return {
    [`${KFD}/topology/nodes/${index}/gpu_id`]: String(gpuId),
    [`${KFD}/topology/nodes/${index}/properties`]:
      `cpu_cores_count 0\nsimd_count 64\nlocation_id ${location}\ndomain 0\nvendor_id 4098`,
  };
}

Deno.test("openKfd() tells of memory by pid and GPU, parts of one GPU added up", () => {
  using tree = new Tree({
    ...node(0, 0, 0),
    ...node(1, 51, 2560),
    ...node(2, 52, 2561),
    ...node(3, 53, 9999),
    [`${KFD}/proc/100/pasid`]: "32770",
    [`${KFD}/proc/100/vram_51`]: "4096",
    [`${KFD}/proc/100/vram_52`]: "8192",
    [`${KFD}/proc/100/vram_53`]: "77",
    [`${KFD}/proc/100/sdma_51`]: "5",
    [`${KFD}/proc/101/vram_51`]: "not a number",
  });
  assert.ok(hasKfd(tree.sysroot));
  const list = openKfd(tree.sysroot, [AMD, ARC]).read();
  assert.equal(list.pids, "host");
  assert.deepEqual(list.processes, [
    { gpu: AMD.id, pid: 100, kinds: ["compute"], vram_bytes: 12288 },
    { gpu: AMD.id, pid: 101, kinds: ["compute"], vram_bytes: null },
  ]);
});

Deno.test("openKfd() knows a GPU that was added since", () => {
  using tree = new Tree({ ...node(0, 0, 0), [`${KFD}/proc/100/vram_51`]: "4096" });
  const kfd = openKfd(tree.sysroot, [AMD]);
  assert.deepEqual(kfd.read().processes, []);
  tree.add(node(1, 51, 2560));
  assert.equal(kfd.read().processes.length, 1);
});

Deno.test("sweep() joins KFD's memory with fdinfo's: parts of one another, never a sum", () => {
  using tree = new Tree({
    ...node(1, 51, 2560),
    [`${KFD}/proc/100/vram_51`]: String(3 * 2 ** 20),
    ...processFiles({
      pid: 100,
      open: { 5: { target: "/dev/dri/renderD128", fdinfo: amdgpu(7, {}, 1024) } },
    }),
  });
  using sweep = openProcessSweep({ sysroot: tree.sysroot, gpus: [AMD], now: () => 0 });
  const { processes } = sweep.sweep();
  assert.equal(processes.length, 1);
  assert.equal(processes[0]?.vram_bytes, 3 * 2 ** 20);
  assert.deepEqual(processes[0]?.kinds, ["compute"]);
  assert.deepEqual(processes[0]?.sources, ["fdinfo", "kfd"]);
});
