import assert from "node:assert/strict";
import { join } from "node:path";
import { openProcessSweep, type ProcessSweepOptions } from "../../lib/telemetry/processes.ts";
import type { ExternalList } from "../../lib/telemetry/processes/merge.ts";
import { Tree } from "../sysfs/tree.ts";
import {
  ADRENO,
  AMD,
  amdgpu,
  ARC,
  NVIDIA,
  type ProcessFiles,
  processFiles,
  recorded,
} from "./processes/proc_tree.ts";

const SECOND = 1000;
const GPUS = [AMD, ARC, ADRENO, NVIDIA];
const RENDER = "/dev/dri/renderD128";

/** A host in a directory, with a clock that tests set. */
class Host implements Disposable {
  readonly tree = new Tree({
    "etc/passwd": "root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/home/ana:",
  });
  clock = 0;

  constructor(...processes: ProcessFiles[]) {
    this.set(...processes);
  }

  /** Adds processes, or puts others in the place of those of the same pids. */
  set(...processes: ProcessFiles[]): void {
    for (const each of processes) {
      this.end(each.pid);
      this.tree.add(processFiles(each));
    }
  }

  end(pid: number): void {
    try {
      Deno.removeSync(join(this.tree.directory, "proc", String(pid)), { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Changes what the kernel says of a descriptor. */
  fdinfo(pid: number, fd: number, text: string): void {
    this.tree.add({ [`proc/${pid}/fdinfo/${fd}`]: text });
  }

  open(options: Partial<ProcessSweepOptions> = {}) {
    const sweep = openProcessSweep({
      sysroot: this.tree.sysroot,
      gpus: GPUS,
      now: () => this.clock,
      ...options,
    });
    return {
      /** Sweeps `ms` after the sweep before. */
      after: (ms: number) => {
        this.clock += ms;
        return sweep.sweep();
      },
      [Symbol.dispose]: () => sweep[Symbol.dispose](),
    };
  }

  [Symbol.dispose](): void {
    this.tree[Symbol.dispose]();
  }
}

function client(pid: number, fdinfo: string, more: Partial<ProcessFiles> = {}): ProcessFiles {
  return { pid, open: { 5: { target: RENDER, fdinfo } }, ...more };
}

Deno.test("sweep() tells who uses which GPU, how much of it, and since the second sweep how busy", () => {
  using host = new Host(
    client(100, amdgpu(7, { gfx: 1e9, dma: 0 }, 2048), {
      name: "game",
      command: "/opt/game\0--fast\0",
      cgroup: `0::/system.slice/docker-${"0123456789abcdef".repeat(4)}.scope`,
    }),
    { pid: 101, name: "shell" },
  );
  using sweep = host.open();
  const first = sweep.after(0);
  assert.equal(first.partial, null);
  assert.deepEqual(first.processes, [{
    gpu: "pci:0000:0a:00.0",
    pid: 100,
    name: "game",
    command: "/opt/game --fast",
    uid: 1000,
    user: "ana",
    container: "0123456789ab",
    kinds: [],
    engine_utilization_pct: null,
    utilization_pct: null,
    memory_bytes: { vram: 2048 * 1024, gtt: 64 * 1024 },
    vram_bytes: 2048 * 1024,
    sources: ["fdinfo"],
  }]);
  host.fdinfo(100, 5, amdgpu(7, { gfx: 1.4e9, dma: 0.1e9 }));
  const [process] = sweep.after(SECOND).processes;
  assert.deepEqual(process?.engine_utilization_pct, { gfx: 40, copy: 10 });
  // The busiest engine, not the sum: engines work at the same time.
  assert.equal(process?.utilization_pct, 40);
});

Deno.test("sweep() counts a client once, over duplicated descriptors and both of a GPU's nodes", () => {
  using host = new Host({
    pid: 100,
    open: {
      5: { target: RENDER, fdinfo: amdgpu(7, { gfx: 0 }) },
      6: { target: RENDER, fdinfo: amdgpu(7, { gfx: 0 }) },
      9: { target: "/dev/dri/card0", fdinfo: amdgpu(8, { gfx: 0 }, 512) },
    },
  });
  using sweep = host.open();
  assert.equal(sweep.after(0).processes[0]?.vram_bytes, (1024 + 512) * 1024);
  for (const fd of [5, 6]) host.fdinfo(100, fd, amdgpu(7, { gfx: 0.3e9 }));
  host.fdinfo(100, 9, amdgpu(8, { gfx: 0.2e9 }));
  const list = sweep.after(SECOND).processes;
  assert.equal(list.length, 1);
  assert.equal(list[0]?.utilization_pct, 50);
});

Deno.test("sweep() counts a client that logind passed on to its compositor as the compositor's", () => {
  using host = new Host(
    client(50, amdgpu(7), { name: "systemd-logind", start: 10 }),
    client(100, amdgpu(7), { name: "gnome-shell", start: 500 }),
    client(60, amdgpu(9), { name: "systemd", start: 20 }),
  );
  using sweep = host.open();
  const names = sweep.after(0).processes.map(({ name }) => name);
  // A broker is listed where nobody else holds what it has open.
  assert.deepEqual(names, ["systemd", "gnome-shell"]);
});

Deno.test("sweep() counts a client that a program's children inherited as the program's", () => {
  using host = new Host(
    client(300, amdgpu(7, { gfx: 0 }), { name: "python3", start: 900 }),
    client(200, amdgpu(7, { gfx: 0 }), { name: "python3", start: 1000 }),
    client(301, amdgpu(7, { gfx: 0 }), { name: "python3", start: 1001 }),
  );
  using sweep = host.open();
  sweep.after(0);
  for (const pid of [200, 300, 301]) host.fdinfo(pid, 5, amdgpu(7, { gfx: 0.5e9 }));
  const list = sweep.after(SECOND).processes;
  assert.deepEqual(list.map(({ pid, utilization_pct }) => [pid, utilization_pct]), [[300, 50]]);
});

Deno.test("sweep() gives an engine no more than 100, whatever clients add up to", () => {
  using host = new Host({
    pid: 100,
    open: {
      5: { target: RENDER, fdinfo: amdgpu(7, { gfx: 0 }) },
      6: { target: RENDER, fdinfo: amdgpu(8, { gfx: 0 }) },
    },
  });
  using sweep = host.open();
  sweep.after(0);
  host.fdinfo(100, 5, amdgpu(7, { gfx: 0.8e9 }));
  host.fdinfo(100, 6, amdgpu(8, { gfx: 0.9e9 }));
  assert.equal(sweep.after(SECOND).processes[0]?.engine_utilization_pct?.gfx, 100);
});

Deno.test("sweep() stays with the larger value while a counter has fallen", () => {
  using host = new Host(client(100, amdgpu(7, { gfx: 5e9 })));
  using sweep = host.open();
  const gfx = () => sweep.after(SECOND).processes[0]?.engine_utilization_pct?.gfx;
  sweep.after(0);
  host.fdinfo(100, 5, amdgpu(7, { gfx: 4.8e9 }));
  assert.equal(gfx(), 0);
  host.fdinfo(100, 5, amdgpu(7, { gfx: 5.25e9 }));
  assert.equal(gfx(), 25);
});

Deno.test("sweep() takes a counter that amdgpu does not print while it is 0 for 0", () => {
  using host = new Host(client(100, amdgpu(7)));
  using sweep = host.open();
  assert.equal(sweep.after(0).processes[0]?.utilization_pct, null);
  assert.equal(sweep.after(SECOND).processes[0]?.utilization_pct, 0);
  host.fdinfo(100, 5, amdgpu(7, { gfx: 0.5e9 }));
  assert.deepEqual(sweep.after(SECOND).processes[0]?.engine_utilization_pct, { gfx: 50 });
});

Deno.test("sweep() mixes no counters of processes that have had the same pid", () => {
  using host = new Host(client(100, amdgpu(7, { gfx: 1e9 }), { name: "old", start: 5 }));
  using sweep = host.open();
  sweep.after(0);
  host.set(client(100, amdgpu(12, { gfx: 1.5e9 }), { name: "new", start: 6 }));
  const [process] = sweep.after(SECOND).processes;
  assert.equal(process?.name, "new");
  assert.equal(process?.utilization_pct, null);
});

Deno.test("sweep() does without a process that ends while it looks, and finds a descriptor that moved", () => {
  using host = new Host(client(100, amdgpu(7)), client(101, amdgpu(8)), client(102, amdgpu(9)));
  using sweep = host.open();
  assert.equal(sweep.after(0).processes.length, 3);
  // Still listed in /proc, its files gone: as between two calls.
  for (const part of ["fd", "fdinfo", "stat"]) {
    Deno.removeSync(join(host.tree.directory, "proc/100", part), { recursive: true });
  }
  host.end(101);
  host.set({ pid: 102, open: { 11: { target: RENDER, fdinfo: amdgpu(9) } } });
  // At the same time, so that it is nobody's turn.
  assert.deepEqual(sweep.after(0).processes.map(({ pid }) => pid), [102]);
});

Deno.test("sweep() notices that a descriptor is another file now", () => {
  using host = new Host(client(100, amdgpu(7)));
  using sweep = host.open();
  assert.equal(sweep.after(0).processes.length, 1);
  Deno.removeSync(join(host.tree.directory, "proc/100/fd/5"));
  host.tree.add({
    "proc/100/fd/5": { link: "/dev/null" },
    "proc/100/fdinfo/5": recorded("silent"),
  });
  assert.deepEqual(sweep.after(0).processes, []);
});

Deno.test("sweep() finds a new process at once, and a device opened later within five seconds", () => {
  using host = new Host(...Array.from({ length: 20 }, (_, index) => ({ pid: 100 + index })));
  using sweep = host.open();
  assert.equal(sweep.after(0).processes.length, 0);
  host.set(client(200, amdgpu(7)));
  assert.deepEqual(sweep.after(SECOND).processes.map(({ pid }) => pid), [200]);
  // The same process, so that nothing but its turn shows it.
  host.tree.add({
    "proc/119/fd/5": { link: RENDER },
    "proc/119/fdinfo/5": amdgpu(8),
  });
  const seen = [1, 2, 3, 4, 5].map(() => sweep.after(SECOND).processes.length);
  assert.equal(seen.at(-1), 2);
});

Deno.test("sweep() reads xe by cycles and how many engines there are", () => {
  const at = (rcs: number, ccs: number, total: number) =>
    recorded("xe").replace(/(drm-cycles-rcs:\t)\d+/, `$1${rcs}`)
      .replace(/(drm-cycles-ccs:\t)\d+/, `$1${ccs}`)
      .replace(/(drm-total-cycles-\w+:\t)\d+/g, `$1${total}`);
  const target = "/dev/dri/renderD129";
  using host = new Host({ pid: 100, open: { 5: { target, fdinfo: at(0, 0, 1000) } } });
  using sweep = host.open();
  sweep.after(0);
  host.fdinfo(100, 5, at(19_200, 19_200 * 2, 1000 + 19_200 * 4));
  const [process] = sweep.after(SECOND).processes;
  assert.equal(process?.gpu, ARC.id);
  assert.deepEqual(process?.engine_utilization_pct, {
    gfx: 25,
    compute: 12.5,
    copy: 0,
    decode: 0,
    other: 0,
  });
  assert.equal(process?.vram_bytes, 23992 * 1024);
});

Deno.test("sweep() shows the percentages of the older amdgpu as they are", () => {
  using host = new Host(client(100, recorded("amdgpu-5.14")));
  using sweep = host.open();
  const [process] = sweep.after(0).processes;
  assert.equal(process?.utilization_pct, 12.05);
  assert.deepEqual(process?.engine_utilization_pct, { gfx: 12.05, compute: 3.75, copy: 0.07 });
  assert.equal(process?.vram_bytes, 183500 * 1024);
});

Deno.test("sweep() knows a GPU that is not on PCI by its device file", () => {
  const target = "/dev/dri/renderD130";
  using host = new Host({ pid: 100, open: { 5: { target, fdinfo: recorded("msm") } } });
  using sweep = host.open();
  const [process] = sweep.after(0).processes;
  assert.equal(process?.gpu, ADRENO.id);
  assert.equal(process?.vram_bytes, null);
});

Deno.test("sweep() keeps apart functions of one card, and leaves out GPUs that are not asked for", () => {
  using host = new Host(
    client(100, amdgpu(7).replace("0a:00.0", "0a:00.1")),
    client(101, amdgpu(8)),
    {
      pid: 102,
      open: { 5: { target: "/dev/dri/renderD140", fdinfo: amdgpu(9).replace("0a", "0b") } },
    },
  );
  const other = {
    ...AMD,
    id: "pci:0000:0a:00.1",
    pci_slot: "0000:0a:00.1",
    render_node: null,
    drm_node: null,
  };
  using sweep = host.open({ gpus: [AMD, other] });
  assert.deepEqual(
    sweep.after(0).processes.map(({ pid, gpu }) => [pid, gpu]),
    [[101, AMD.id], [100, other.id]],
  );
});

Deno.test("sweep() opens no fdinfo of a GPU that sleeps, and still tells who holds it open", () => {
  using host = new Host({
    pid: 100,
    open: { 5: { target: "/dev/dri/renderD129", fdinfo: recorded("xe") } },
  });
  host.tree.add({ "sys/bus/pci/devices/0000:03:00.0/power/runtime_status": "suspended" });
  using sweep = host.open();
  const [process] = sweep.after(0).processes;
  assert.equal(process?.pid, 100);
  assert.equal(process?.gpu, ARC.id);
  assert.deepEqual(process?.sources, ["fd"]);
  assert.equal(process?.vram_bytes, null);
  assert.equal(process?.utilization_pct, null);
  assert.deepEqual(process?.memory_bytes, {});
  host.tree.add({ "sys/bus/pci/devices/0000:03:00.0/power/runtime_status": "active" });
  assert.deepEqual(sweep.after(SECOND).processes[0]?.sources, ["fdinfo"]);
});

Deno.test("sweep() reads no fdinfo of a node of an unknown GPU while any GPU sleeps", () => {
  using host = new Host({
    pid: 100,
    open: { 5: { target: "/dev/dri/renderD177", fdinfo: amdgpu(7) } },
  });
  using sweep = host.open();
  assert.equal(sweep.after(0).processes.length, 1);
  host.tree.add({ "sys/bus/pci/devices/0000:03:00.0/power/runtime_status": "suspended" });
  assert.equal(sweep.after(SECOND).processes.length, 0);
});

Deno.test("sweep() lists a process once that holds a client and a silent file of the same GPU", () => {
  using host = new Host({
    pid: 100,
    open: {
      5: { target: "/dev/dri/card0" },
      6: { target: RENDER, fdinfo: amdgpu(7) },
    },
  });
  using sweep = host.open();
  assert.deepEqual(sweep.after(0).processes.map(({ sources }) => sources), [["fdinfo"]]);
});

Deno.test("sweep() lists holders of a silent driver's device file, but no broker", () => {
  using host = new Host(
    client(100, recorded("silent")),
    client(101, recorded("silent"), { name: "systemd-logind" }),
    { pid: 102, open: { 7: { target: "/dev/nvidia0" } } },
    { pid: 103, open: { 7: { target: "/dev/nvidiactl" } } },
  );
  using sweep = host.open();
  assert.deepEqual(
    sweep.after(0).processes.map(({ pid, gpu, sources }) => [pid, gpu, sources]),
    [[100, AMD.id, ["fd"]], [102, NVIDIA.id, ["fd"]]],
  );
});

const NVML: ExternalList = {
  source: "nvml",
  complete: [NVIDIA.id],
  processes: [
    { gpu: NVIDIA.id, pid: 102, kinds: ["compute"], vram_bytes: 4096, utilization_pct: 130 },
    { gpu: "pci:0000:99:00.0", pid: 102, kinds: ["compute"], vram_bytes: 1 },
    { gpu: NVIDIA.id, pid: 4242, kinds: ["graphics"], vram_bytes: null },
  ],
  pids: "host",
  partial: null,
};

Deno.test("sweep() joins other sources by GPU and pid, and takes their lists for whole", () => {
  using host = new Host(
    { pid: 102, name: "train", open: { 7: { target: "/dev/nvidia0" } } },
    { pid: 103, name: "nvidia-persiste", open: { 7: { target: "/dev/nvidia0" } } },
  );
  using sweep = host.open({ externals: [{ read: () => NVML }] });
  const { processes, partial } = sweep.after(0);
  assert.equal(partial, null);
  assert.deepEqual(
    processes.map((
      { pid, name, kinds, vram_bytes, utilization_pct, sources },
    ) => [pid, name, kinds, vram_bytes, utilization_pct, sources]),
    [
      [102, "train", ["compute"], 4096, 100, ["nvml"]],
      // The driver lists it; that it has no entry in /proc is no reason to deny it.
      [4242, null, ["graphics"], null, null, ["nvml"]],
    ],
  );
});

Deno.test("sweep() passes on what other sources could not list", () => {
  using host = new Host({ pid: 1 });
  using sweep = host.open({
    externals: [{ read: () => ({ ...NVML, partial: "nvml: no permission" }) }],
  });
  assert.equal(sweep.after(0).partial, "nvml: no permission");
});

Deno.test("sweep() never says that a process holds more than the GPU has", () => {
  const fdinfo = (client: number) => amdgpu(client, {}, 6 * 2 ** 20);
  using host = new Host({
    pid: 100,
    open: { 5: { target: RENDER, fdinfo: fdinfo(7) }, 6: { target: RENDER, fdinfo: fdinfo(8) } },
  });
  using sweep = host.open();
  assert.equal(sweep.after(0).processes[0]?.vram_bytes, 8 * 2 ** 30);
});

Deno.test("sweep() reads no links, FIFOs and devices in the place of a dump's files", () => {
  using host = new Host(client(100, amdgpu(7)));
  const at = (name: string) => join(host.tree.directory, "proc/100", name);
  Deno.removeSync(at("fdinfo/5"));
  Deno.symlinkSync("/proc/self/stat", at("fdinfo/5"));
  Deno.removeSync(at("cmdline"));
  const { success } = new Deno.Command("mkfifo", { args: [at("cmdline")] }).outputSync();
  assert.ok(success);
  using sweep = host.open();
  const { processes } = sweep.after(0);
  assert.deepEqual(processes, []);
});

Deno.test("openProcessSweep() without /proc lists what other sources tell, and says what is missing", () => {
  using tree = new Tree({ "sys/kernel": "" });
  using sweep = openProcessSweep({
    sysroot: tree.sysroot,
    gpus: [NVIDIA],
    now: () => 0,
    externals: [{ read: () => NVML }],
  });
  const { processes, partial } = sweep.sweep();
  assert.deepEqual(processes.map(({ pid }) => pid), [102, 4242]);
  assert.match(
    partial ?? "",
    /open files of all processes not looked at: .* has no directory proc/,
  );
});
