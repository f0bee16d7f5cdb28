import assert from "node:assert/strict";
import { describeMissed, readView } from "../../../lib/telemetry/processes/partial.ts";
import { ProcFiles } from "../../../lib/telemetry/processes/proc_files.ts";
import { openProcessSweep } from "../../../lib/telemetry/processes.ts";
import { Sysroot } from "../../../lib/sysfs/sysroot.ts";
import { NVIDIA } from "./proc_tree.ts";

const UNSHARE = ["--pid", "--fork", "--mount-proc"];

/** Whether a process may have a pid namespace of its own here. */
function mayUnshare(): boolean {
  try {
    return new Deno.Command("unshare", { args: [...UNSHARE, "true"], stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** A program in a pid namespace of its own, where NVML lists the host's pid 1: there it is the program itself. */
const PROGRAM = `
import { Sysroot } from "${new URL("../../../lib/sysfs/sysroot.ts", import.meta.url)}";
import { openProcessSweep } from "${new URL(
  "../../../lib/telemetry/processes.ts",
  import.meta.url,
)}";
const gpu = ${JSON.stringify(NVIDIA)};
const use = { gpu: gpu.id, pid: 1, kinds: ["compute"], vram_bytes: 5 };
const read = () => ({ source: "nvml", complete: [gpu.id], processes: [use], pids: "host", partial: null });
using sweep = openProcessSweep({
  sysroot: new Sysroot(), gpus: [gpu], now: () => 0, externals: [{ read }],
});
console.log(JSON.stringify(sweep.sweep()));
`;

Deno.test({
  name: "sweep() in a container takes no program there for one of the same pid on the host" +
    (mayUnshare() ? "" : " (skipped: no pid namespaces for this user)"),
  ignore: !mayUnshare(),
  fn() {
    const { stdout, stderr } = new Deno.Command("unshare", {
      args: [...UNSHARE, Deno.execPath(), "eval", "--ext=ts", "--no-check", PROGRAM],
    }).outputSync();
    const errors = new TextDecoder().decode(stderr);
    const { processes, partial } = JSON.parse(new TextDecoder().decode(stdout) || `"${errors}"`);
    assert.equal(processes.length, 1, errors);
    assert.equal(processes[0].pid, 1);
    assert.equal(processes[0].name, null);
    assert.equal(processes[0].command, null);
    assert.equal(processes[0].vram_bytes, 5);
    assert.match(partial, /outside this container are not seen/);
    assert.match(partial, /1 program has no name, since the driver gives the host's pids/);
  },
});

Deno.test("readView() takes a dump for what it shows", () => {
  const view = readView(new Sysroot("/nowhere"));
  assert.deepEqual(view, { ownPidNamespace: false, hidepid: null });
  assert.equal(describeMissed({ ...view, root: false, denied: 0, foreign: 0, sources: [] }), null);
});

Deno.test("ProcFiles.descriptors() tells sets of descriptors apart, and not where they lead", () => {
  const root = Deno.makeTempDirSync({ prefix: "mvgal-descriptors-" });
  try {
    const links: Record<number, [fd: number, target: string][]> = {
      1: [[0, "/dev/null"], [3, "/dev/null"]],
      2: [[0, "/dev/null"], [3, "/dev/dri/renderD128"]],
      3: [[0, "/dev/null"], [4, "/dev/null"]],
      4: [[0, "/dev/null"], [3, "/dev/null"], [4, "/dev/null"]],
      5: [],
    };
    for (const [pid, of] of Object.entries(links)) {
      Deno.mkdirSync(`${root}/proc/${pid}/fd`, { recursive: true });
      for (const [fd, target] of of) Deno.symlinkSync(target, `${root}/proc/${pid}/fd/${fd}`);
    }
    using proc = new ProcFiles(new Sysroot(root));
    const [one, two, ...others] = [1, 2, 3, 4, 5].map((pid) => proc.descriptors(pid));
    assert.equal(one, two);
    assert.equal(new Set([one, ...others]).size, 4);
    assert.equal(proc.descriptors(1), one);
    assert.equal(proc.descriptors(6), -1);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("ProcFiles lists this process and its open files on the running host", () => {
  using proc = new ProcFiles(new Sysroot());
  const pids: number[] = [];
  proc.pids(pids);
  assert.ok(pids.includes(Deno.pid));
  using file = Deno.openSync("/etc/passwd");
  const targets: string[] = [];
  assert.equal(
    proc.forEachLink(Deno.pid, (_, target, length) => {
      targets.push(new TextDecoder().decode(target.subarray(0, length)));
    }),
    "ok",
  );
  assert.ok(targets.includes(Deno.realPathSync("/etc/passwd")), targets.join());
  if (proc.countsOpenFiles) {
    const before = proc.openFileCount(Deno.pid);
    using _another = Deno.openSync("/etc/passwd");
    assert.equal(proc.openFileCount(Deno.pid), before + 1);
  }
  assert.ok(file);
  assert.equal(proc.forEachLink(2 ** 31 - 1, () => {}), "gone");
  assert.equal(
    proc.text(Deno.pid, "comm")?.trim(),
    Deno.readTextFileSync("/proc/self/comm").trim(),
  );
});

Deno.test("sweep() does not list the process that asks, and finds another with the same file open", async () => {
  // A device file of a GPU by its path alone: in a container it need not be a device.
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-held-" });
  const node = `${directory}/dri/renderD128`;
  Deno.mkdirSync(`${directory}/dri`);
  Deno.writeTextFileSync(node, "");
  using _own = Deno.openSync(node);
  const other = new Deno.Command("sh", {
    args: ["-c", 'exec 9<"$0"; echo; exec sleep 60', node],
    stdout: "piped",
  })
    .spawn();
  try {
    const reader = other.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const gpus = [{ ...NVIDIA, id: "a", render_node: "/dev/dri/renderD128" }];
    const options = { sysroot: new Sysroot(), gpus, now: () => 0 };
    const sources = (except?: null) => {
      using sweep = openProcessSweep(except === undefined ? options : { ...options, except });
      return sweep.sweep().processes.filter(({ pid }) => pid === Deno.pid || pid === other.pid)
        .map(({ pid }) => pid);
    };
    assert.deepEqual(sources(), [other.pid]);
    assert.deepEqual(sources(null), [Deno.pid, other.pid].sort((a, b) => a - b));
  } finally {
    other.kill("SIGKILL");
    await other.status;
    Deno.removeSync(directory, { recursive: true });
  }
});
