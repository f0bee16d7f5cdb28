import assert from "node:assert/strict";
import { unknownFacts } from "../../lib/gpu/gpu.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import type { HostCudaGpu } from "../../lib/launch/cuda_gpus.ts";
import { planRun, type RunHost, type RunRequest } from "../../lib/launch/plan.ts";
import { RunRequestError } from "../../lib/launch/limit_option.ts";
import { groupPath, readGroup } from "../../lib/session/group_file.ts";
import { Tree } from "../sysfs/tree.ts";

const UUID = (i: number) => `GPU-0000000${i}-0000-0000-0000-000000000000`;

function listedGpu(index: number, vendor: "amd" | "nvidia"): Gpu {
  return {
    ...unknownFacts(),
    id: `pci:0000:0${index}:00.0`,
    index,
    vendor,
    name: `${vendor} ${index}`,
    pci_slot: `0000:0${index}:00.0`,
    uuid: vendor === "nvidia" ? UUID(index) : null,
    seen_by: [],
    apis: {},
    enabled: true,
    sources: {},
    absent: {},
  } as Gpu;
}

/** A host with an AMD GPU first, and three of NVIDIA's: 1, 2 and 3 of the listing. */
const LISTED = [listedGpu(0, "amd"), ...[1, 2, 3].map((i) => listedGpu(i, "nvidia"))];

class FakeHost implements RunHost {
  readonly tree = new Tree();
  readonly shimPath: string | null = "/opt/libmvgal_cuda.so";
  values: Record<string, string>;
  looks: { load: boolean }[] = [];

  constructor(values: Record<string, string> = {}) {
    this.values = values;
  }

  env = (name: string) => this.values[name];
  runtime = () => this.tree.directory;
  shim = () => ({ state: "ready" as const, path: "/opt/libmvgal_cuda.so" });
  openclPool = () => ({
    state: "ready" as const,
    loaders: ["/opt/libmvgal_opencl_loader.so", "/opt/libmvgal_opencl_name.so"],
    vendors: "/opt/opencl",
  });

  gpus(options: { load: boolean }) {
    this.looks.push(options);
    const gpus = LISTED.filter(({ vendor }) => vendor === "nvidia").map((gpu): HostCudaGpu => ({
      gpu,
      uuid: gpu.uuid ?? "",
      id: gpu.id,
      memory_total_bytes: options.load ? 100 : null,
      memory_used_bytes: options.load ? 60 - 10 * gpu.index : null,
      utilization_pct: options.load ? 0 : null,
    }));
    return { gpus, listed: LISTED, note: null };
  }

  [Symbol.dispose](): void {
    this.tree[Symbol.dispose]();
  }
}

function plan(host: RunHost, request: Partial<RunRequest>): Record<string, string> {
  return Object.fromEntries(
    planRun({ pool: false, workConserving: false, ...request }, host).variables,
  );
}

const LD_PRELOAD = "/opt/libmvgal_cuda.so";

Deno.test("planRun() of limits for all GPUs looks at none", () => {
  using host = new FakeHost();
  assert.deepEqual(plan(host, { vram: "8GiB", sm: "30" }), {
    LD_PRELOAD,
    MVGAL_VRAM_LIMIT: "8589934592",
    MVGAL_SM_LIMIT: "30%",
  });
  assert.deepEqual(host.looks, []);
});

Deno.test("planRun() gives limits by GPU their UUIDs, the indices being those of the listing", () => {
  using host = new FakeHost();
  assert.equal(
    plan(host, { vram: "1=4k,16k,pci:0000:03:00.0=none" })["MVGAL_VRAM_LIMIT"],
    `16384,${UUID(1)}=4096,${UUID(3)}=none`,
  );
  assert.equal(
    plan(host, { sm: "nvidia=20" })["MVGAL_SM_LIMIT"],
    [1, 2, 3]
      .map((i) => `${UUID(i)}=20%`).join(","),
  );
  assert.throws(() => plan(host, { sm: "0=20" }), /0 is no GPU that CUDA can use/);
  assert.throws(() => plan(host, { sm: "7=20" }), /no GPU is '7'/);
});

Deno.test("planRun() refuses what cannot be meant, and environments that no shim could read", () => {
  using host = new FakeHost();
  for (
    const request of [
      { vram: "8x" },
      { sm: "0" },
      { sm: "nothing=3" },
      { group: "../x" },
      { workConserving: true },
      { pool: true, strategy: "single" },
    ]
  ) {
    assert.throws(() => plan(host, request), RunRequestError, JSON.stringify(request));
  }
  host.values = { ENABLE_MVGAL: "0" };
  assert.throws(() => plan(host, { vram: "1G" }), /ENABLE_MVGAL=0 switches off what is asked for/);
  host.values = { CUDA_DEVICE_MEMORY_LIMIT_1: "lots" };
  assert.throws(() => plan(host, {}), /not started: CUDA_DEVICE_MEMORY_LIMIT_1=lots: .*unset it/);
  // What is given on the command line holds in place of the variable.
  host.values = { MVGAL_SM_LIMIT: "lots" };
  assert.equal(plan(host, { sm: "10" })["MVGAL_SM_LIMIT"], "10%");
});

Deno.test("planRun() narrows CUDA_VISIBLE_DEVICES down to what is asked for", () => {
  using host = new FakeHost({ CUDA_VISIBLE_DEVICES: "2,0" });
  assert.deepEqual(plan(host, { gpus: "!2" }), {
    LD_PRELOAD,
    MVGAL_GPUS: "!2",
    // CUDA's ordinals leave out the GPU of another vendor: 2 is index 3.
  });
  assert.deepEqual(plan(host, { gpus: "3" }), {
    LD_PRELOAD,
    MVGAL_GPUS: "3",
    CUDA_VISIBLE_DEVICES: UUID(3),
    MVGAL_PLACED: UUID(3),
  });
  assert.throws(() => plan(host, { gpus: "2" }), /CUDA_VISIBLE_DEVICES=2,0 leaves nothing of/);
  host.values = {};
  assert.throws(() => plan(host, { gpus: "amd" }), /no GPU that CUDA can use is pci:0000:00:00.0/);
});

Deno.test("planRun() places by strategy: by load, by memory, in turns kept between starts", () => {
  using host = new FakeHost();
  const placed = (request: Partial<RunRequest>) => plan(host, request)["CUDA_VISIBLE_DEVICES"];
  assert.equal(placed({ strategy: "task" }), UUID(3));
  assert.equal(placed({ strategy: "single" }), UUID(1));
  assert.equal(placed({ strategy: "hybrid" }), undefined);
  const turns = Array.from({ length: 4 }, () => placed({ strategy: "round_robin" }));
  assert.deepEqual(turns, [UUID(1), UUID(2), UUID(3), UUID(1)]);
  host.values = { MVGAL_STRATEGY: "round-robin" };
  assert.equal(placed({}), UUID(2));
  assert.equal(placed({ pool: true }), UUID(1));
});

Deno.test("planRun() shows a pooled program the first of its GPUs, and the shim all of them", () => {
  using host = new FakeHost();
  assert.deepEqual(plan(host, { pool: true }), {
    LD_PRELOAD,
    MVGAL_POOL: "1",
    MVGAL_POOL_GPUS: [1, 2, 3].map(UUID).join(","),
    CUDA_VISIBLE_DEVICES: UUID(1),
    MVGAL_PLACED: UUID(1),
  });
  host.values = { CUDA_VISIBLE_DEVICES: "2,0" };
  const { MVGAL_POOL_GPUS, CUDA_VISIBLE_DEVICES } = plan(host, { pool: true });
  assert.equal(MVGAL_POOL_GPUS, `${UUID(3)},${UUID(1)}`);
  assert.equal(CUDA_VISIBLE_DEVICES, UUID(3));
  // One GPU is what it is.
  host.values = {};
  const one = plan(host, { pool: true, gpus: "1" });
  assert.equal(one["MVGAL_POOL_GPUS"], undefined);
  assert.equal(one["CUDA_VISIBLE_DEVICES"], UUID(1));
});

Deno.test("planRun() in a program that was placed does not place it again, but as it is asked to", () => {
  using host = new FakeHost();
  const first = plan(host, { strategy: "round_robin", gpus: "1,2" });
  assert.equal(first["CUDA_VISIBLE_DEVICES"], UUID(1));
  host.values = first;
  const second = plan(host, {});
  assert.equal(second["CUDA_VISIBLE_DEVICES"], undefined);
  assert.equal(second["LD_PRELOAD"], LD_PRELOAD);
  assert.equal(plan(host, { strategy: "round_robin" })["CUDA_VISIBLE_DEVICES"], undefined);
  assert.throws(() => plan(host, { gpus: "2" }), /leaves nothing of/);
});

Deno.test("planRun() keeps the limits of a group in its file, and not in the environment", () => {
  using host = new FakeHost();
  const variables = plan(host, { group: "jobs", vram: "16k,1=none", sm: "2=50" });
  assert.deepEqual(variables, {
    LD_PRELOAD,
    MVGAL_GROUP: "jobs",
    MVGAL_RUNTIME_DIR: host.tree.directory,
  });
  const reading = readGroup(groupPath(host.tree.directory, "jobs"));
  assert.ok(reading?.state === "group");
  assert.deepEqual(
    reading.group.limits.map((limit) => [limit.gpu, limit.memory_limit_bytes, limit.compute_pct]),
    [
      ["pci:0000:01:00.0", null, 100],
      ["pci:0000:02:00.0", 16384n, 50],
      ["pci:0000:03:00.0", 16384n, 100],
    ],
  );
  assert.deepEqual(plan(host, { group: "jobs" }), variables);
});

Deno.test("planRun() without a shim starts what needs none, and says so", () => {
  using host = new FakeHost();
  const bare: RunHost = Object.assign(Object.create(host), {
    shim: () => ({ state: "absent" as const, reason: "no shim here" }),
    gpus: host.gpus.bind(host),
  });
  const { variables, notes } = planRun({ pool: false, workConserving: false, gpus: "1" }, bare);
  assert.deepEqual(Object.keys(Object.fromEntries(variables)).sort(), [
    "CUDA_VISIBLE_DEVICES",
    "MVGAL_GPUS",
    "MVGAL_PLACED",
  ]);
  assert.match(notes.join(), /no shim here; the program starts without it/);
  for (const request of [{ vram: "1G" }, { sm: "3" }, { pool: true }, { group: "x" }]) {
    assert.throws(() => plan(bare, request), /what is asked for needs the shim: no shim here/);
  }
});

const WITH_LOADER = `${LD_PRELOAD}:/opt/libmvgal_opencl_loader.so:/opt/libmvgal_opencl_name.so`;

Deno.test("planRun() of an OpenCL pool shows it alone, and tells it what the program would have seen", () => {
  using host = new FakeHost();
  const pooled = {
    LD_PRELOAD: WITH_LOADER,
    OCL_ICD_VENDORS: "/opt/opencl",
    MVGAL_OPENCL_VENDORS: "",
  };
  assert.deepEqual(plan(host, { openclPool: true }), pooled);
  host.values = { OCL_ICD_VENDORS: "/mine", OCL_ICD_FILENAMES: "/lib/other.so" };
  assert.deepEqual(plan(host, { openclPool: true }), {
    ...pooled,
    MVGAL_OPENCL_VENDORS: "/mine",
    OCL_ICD_FILENAMES: "",
  });
  // In a pooled program's shell.
  host.values = {
    OCL_ICD_VENDORS: "/opt/opencl",
    MVGAL_OPENCL_VENDORS: "/mine",
    LD_PRELOAD: `/old${LD_PRELOAD}:/old/libmvgal_opencl_loader.so`,
  };
  assert.deepEqual(plan(host, { openclPool: true }), {
    LD_PRELOAD: WITH_LOADER,
    OCL_ICD_VENDORS: "/opt/opencl",
  });
});

Deno.test("planRun() of an OpenCL pool leaves the program all GPUs, whatever the strategy", () => {
  using host = new FakeHost();
  assert.deepEqual(plan(host, { openclPool: true, strategy: "task" }), {
    LD_PRELOAD: WITH_LOADER,
    OCL_ICD_VENDORS: "/opt/opencl",
    MVGAL_OPENCL_VENDORS: "",
    MVGAL_STRATEGY: "task",
  });
});

Deno.test("planRun() refuses an OpenCL pool without the shim, or switched off", () => {
  using host = new FakeHost({ ENABLE_MVGAL: "0" });
  assert.throws(() => plan(host, { openclPool: true }), /ENABLE_MVGAL=0 switches off/);
  const without: RunHost = Object.assign(Object.create(host), {
    env: () => undefined,
    openclPool: () => ({ state: "absent", reason: "it is not built" }),
  });
  assert.throws(() => plan(without, { openclPool: true }), /--opencl-pool needs.*it is not built/);
});
