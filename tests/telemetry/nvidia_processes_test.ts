import assert from "node:assert/strict";
import {
  newestSamples,
  nvmlProcesses,
  type NvmlProcessLook,
} from "../../lib/telemetry/nvidia_processes.ts";
import { NvidiaProcessSource } from "../../lib/telemetry/nvidia_process_source.ts";
import { NvmlShare } from "../../lib/telemetry/nvml_share.ts";
import { compilerTest } from "../fakes/cc.ts";
import { fakeLibrary, type FakeOptions } from "../fakes/library.ts";
import { describedGpu } from "./described_gpu.ts";

const MIB = 1048576;
/** µs since 1970. */
const NOW = 1_700_000_000_000_000n;
const GPU = describedGpu({ vendor: "nvidia", driver: "nvidia", pci_slot: "0000:06:00.0" });

/** What a look at a GPU with these lines gives. */
function look(
  lines: string,
  since?: bigint,
  options: FakeOptions = {},
): NvmlProcessLook {
  using fake = fakeLibrary("nvml", `device\npci 0000:06:00.0\n${lines}`, options);
  const lease = new NvmlShare({ sonames: [fake.path] }).acquire();
  assert.ok(typeof lease !== "string");
  using held = lease;
  const device = held.library.device(GPU);
  assert.ok(typeof device !== "string");
  return nvmlProcesses(held.library, device, { since, now: NOW });
}

const UNKNOWN_SHARES = { sm_pct: null, mem_pct: null, enc_pct: null, dec_pct: null };

compilerTest("nvmlProcesses() joins the three lists by pid, with memory once", () => {
  const { processes, partial } = look(
    `process graphics 7 ${3 * MIB}\nprocess compute 7 ${3 * MIB}\nprocess compute 9 ${MIB}\n` +
      `process mps 12 ${2 * MIB}\nprocess graphics 30 ${MIB}\n`,
  );
  assert.deepEqual(processes, [
    { pid: 7, kinds: ["graphics", "compute"], vram_bytes: 3 * MIB, ...UNKNOWN_SHARES },
    { pid: 9, kinds: ["compute"], vram_bytes: MIB, ...UNKNOWN_SHARES },
    { pid: 12, kinds: ["compute"], vram_bytes: 2 * MIB, ...UNKNOWN_SHARES },
    { pid: 30, kinds: ["graphics"], vram_bytes: MIB, ...UNKNOWN_SHARES },
  ]);
  assert.equal(partial, null);
});

compilerTest("nvmlProcesses() has no memory where the driver does not tell it", () => {
  const { processes } = look(
    `process compute 9 n/a\nprocess compute 10 9223372036854775794\nprocess compute 11 0\n`,
  );
  assert.deepEqual(processes.map(({ vram_bytes }) => vram_bytes), [null, null, 0]);
  const both = look(`process graphics 9 n/a\nprocess compute 9 ${MIB}\n`);
  assert.equal(both.processes[0]?.vram_bytes, MIB);
});

compilerTest("nvmlProcesses() adds the memory of a program's MIG instances up", () => {
  const { processes } = look(
    `process compute 9 ${MIB} 1 0\nprocess compute 9 ${
      2 * MIB
    } 2 0\nprocess graphics 9 ${MIB} 1 0\n`,
  );
  assert.equal(processes[0]?.vram_bytes, 3 * MIB);
});

compilerTest(
  "nvmlProcesses() asks the instances where the whole GPU is refused in MIG mode",
  () => {
    const lists = ["Compute", "Graphics", "MPSCompute"]
      .map((list) => `fail nvmlDeviceGet${list}RunningProcesses_v3 4\n`).join("");
    const instances = `mig_slots 7\ninstance\nslot 0\nprocess compute 9 ${MIB}\n` +
      `instance\nslot 2\nprocess compute 9 ${4 * MIB}\nprocess compute 10 ${MIB}\n`;
    const { processes, partial, noShares } = look(
      `mig 1 1\nfail nvmlDeviceGetProcessUtilization 3\n${lists}${instances}`,
    );
    assert.deepEqual(processes.map(({ pid, vram_bytes }) => [pid, vram_bytes]), [
      [9, 5 * MIB],
      [10, MIB],
    ]);
    assert.equal(partial, null);
    assert.match(noShares ?? "", /GetProcessUtilization: NVML_ERROR_NOT_SUPPORTED/);
    const refused = look(lists);
    assert.deepEqual(refused.processes, []);
    assert.match(refused.partial ?? "", /NVML_ERROR_NO_PERMISSION/);
  },
);

compilerTest("nvmlProcesses() calls a list that a GPU does not have no gap", () => {
  const graphics = "fail nvmlDeviceGetGraphicsRunningProcesses_v3 3\n";
  assert.equal(look(graphics).partial, null);
  assert.equal(look("", undefined, { variant: "old" }).partial, null);
  assert.match(
    look("fail nvmlDeviceGetGraphicsRunningProcesses_v3 15\n").partial ?? "",
    /GPU_IS_LOST/,
  );
});

compilerTest("nvmlProcesses() reads lists of old drivers and of driver 535 alike", () => {
  const lines = `process compute 7 ${MIB}\nprocess compute 8 ${2 * MIB}\nprocess compute 9 n/a\n`;
  const memory = (text: string, options: FakeOptions = {}) =>
    look(text, undefined, options).processes.map(({ vram_bytes }) => vram_bytes);
  for (const size of [24, 32]) {
    assert.deepEqual(memory(`process_size ${size}\n${lines}`), [MIB, 2 * MIB, null]);
  }
  assert.deepEqual(memory(lines, { variant: "old" }), [MIB, 2 * MIB, null]);
});

compilerTest("nvmlProcesses() drops samples that are stale, of the future, or beyond 100", () => {
  const since = NOW - 2_000_000n;
  const lines = [7, 8, 9, 10, 11].map((pid) => `process compute ${pid} ${MIB}\n`).join("");
  const { processes, since: next, noShares } = look(
    `${lines}sample 7 ${NOW - 1_000_000n} 40 10 2 3\n` +
      `sample 7 ${NOW - 500_000n} 50 20 4 6\n` +
      `sample 8 ${since} 30 1 1 1\n` +
      `sample 9 ${NOW - 100n} 30 1 4294967295 1\n` +
      `sample 10 ${NOW + 3_600_000_000n} 30 1 1 1\nsample 99 ${NOW - 400_000n} 1 1 1 1\n`,
    since,
  );
  const [seven, ...others] = processes;
  assert.deepEqual(
    [seven?.sm_pct, seven?.mem_pct, seven?.enc_pct, seven?.dec_pct],
    [50, 20, 4, 6],
  );
  for (const other of others) assert.equal(other.sm_pct, null, `pid ${other.pid}`);
  assert.ok(!processes.some(({ pid }) => pid === 99), "a sample alone lists no program");
  assert.equal(next, NOW - 400_000n);
  assert.equal(noShares, null);
});

compilerTest(
  "nvmlProcesses() looks back over a second at first, and after the clock was set back",
  () => {
    const lines = `process compute 7 ${MIB}\n` +
      `sample 7 ${NOW - 1_500_000n} 90 1 1 1\nsample 7 ${NOW - 800_000n} 20 1 1 1\n`;
    assert.equal(look(lines).processes[0]?.sm_pct, 20);
    assert.equal(look(lines, NOW + 5_000_000n).processes[0]?.sm_pct, 20);
    assert.equal(look(lines, NOW - 700_000n).processes[0]?.sm_pct, null);
    assert.equal(look("", NOW - 700_000n).since, NOW - 700_000n);
  },
);

Deno.test("newestSamples() does not care for the order", () => {
  const sample = { pid: 1, sm: 1, memory: 0, encoder: 0, decoder: 0 };
  const [early, late] = [{ ...sample, timestamp: 5n }, { ...sample, sm: 2, timestamp: 6n }];
  for (const samples of [[early, late], [late, early]]) {
    assert.equal(newestSamples(samples, 0n, 10n).get(1)?.sm, 2);
  }
});

compilerTest("NvidiaProcessSource lists the programs of the GPUs that are followed", () => {
  using fake = fakeLibrary(
    "nvml",
    `device\npci 0000:06:00.0\nprocess compute 7 ${MIB}\nsample 7 ${NOW - 10n} 40 1 5 6\n` +
      `process graphics 8 n/a\nprocess graphics 9 0\nprocess compute 9 0\n` +
      `sample 9 ${NOW - 10n} 70 1 0 0\n` +
      `device\npci 0000:07:00.0\nprocess compute 7 ${2 * MIB}\n` +
      `device\npci 0000:08:00.0\nfail * 15\n`,
  );
  const share = new NvmlShare({ sonames: [fake.path] });
  using source = new NvidiaProcessSource(share, { now: () => NOW });
  assert.deepEqual(source.read().processes, []);
  assert.equal(share.users, 0);
  const gpu = (slot: string) => ({ ...GPU, id: `pci:${slot}`, pci_slot: slot });
  const [six, seven, eight] = ["0000:06:00.0", "0000:07:00.0", "0000:08:00.0"].map(gpu);
  assert.ok(six && seven && eight);
  source.follow([six, seven, describedGpu({ vendor: "amd", driver: "amdgpu" })]);
  assert.equal(share.users, 1);
  const list = source.read();
  assert.equal(list.source, "nvml");
  assert.equal(list.pids, "host");
  assert.equal(list.partial, null);
  assert.deepEqual(list.complete, ["pci:0000:06:00.0", "pci:0000:07:00.0"]);
  assert.deepEqual(list.processes, [
    {
      gpu: "pci:0000:06:00.0",
      pid: 7,
      kinds: ["compute"],
      engine_utilization_pct: { encode: 5, decode: 6, compute: 40 },
      utilization_pct: 40,
      memory_bytes: { vram: MIB },
      vram_bytes: MIB,
    },
    {
      gpu: "pci:0000:06:00.0",
      pid: 8,
      kinds: ["graphics"],
      engine_utilization_pct: null,
      utilization_pct: null,
      memory_bytes: {},
      vram_bytes: null,
    },
    {
      gpu: "pci:0000:06:00.0",
      pid: 9,
      kinds: ["graphics", "compute"],
      engine_utilization_pct: { encode: 0, decode: 0 },
      utilization_pct: 70,
      memory_bytes: { vram: 0 },
      vram_bytes: 0,
    },
    {
      gpu: "pci:0000:07:00.0",
      pid: 7,
      kinds: ["compute"],
      engine_utilization_pct: null,
      utilization_pct: null,
      memory_bytes: { vram: 2 * MIB },
      vram_bytes: 2 * MIB,
    },
  ]);
  // What was seen before is not shown again as new.
  assert.equal(source.read().processes[0]?.utilization_pct, null);
  source.follow([seven, eight]);
  const other = source.read();
  assert.deepEqual(other.complete, ["pci:0000:07:00.0"]);
  assert.match(other.partial ?? "", /^pci:0000:08:00\.0: .*GPU_IS_LOST/);
  source.follow([]);
  assert.equal(share.users, 0, "no GPU is kept awake");
  assert.deepEqual(source.read().processes, []);
});

Deno.test("NvidiaProcessSource says why there is no NVML", () => {
  using source = new NvidiaProcessSource(new NvmlShare({ sonames: ["libmvgal-none.so.1"] }));
  source.follow([GPU]);
  assert.match(source.read().partial ?? "", /libmvgal-none\.so\.1/);
});
