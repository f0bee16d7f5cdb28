import assert from "node:assert/strict";
import { groupName } from "../../lib/doctor/access.ts";
import { drmNode, pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";
import { contextOf, type DescribedLive, outcomesOf } from "./described_host.ts";

const AT = "pci0000:00/0000:01:00.0";

const gpu = (driver: string, vendor: string, more: TreeFiles = {}): TreeFiles => ({
  ...pciFunction({ at: AT, class: "0x030000", vendor, device: "0x1234", driver }),
  ...drmNode(AT, "card0", 0),
  ...drmNode(AT, "renderD128", 128),
  "etc/group": "root:x:0:\nvideo:x:44:ada\nrender:x:105:",
  ...more,
});

const AMD = () => gpu("amdgpu", "0x1002");
const RENDER = "/dev/dri/renderD128";

function says(files: TreeFiles, id: string, live: DescribedLive) {
  using tree = new Tree(files);
  return outcomesOf(id, contextOf(tree.sysroot, live))
    .map(({ state, subject, text, fix }) => [state, subject, text, fix]);
}

Deno.test("dri_access names the node's own group and the command to join it", () => {
  const refused = { [RENDER]: "permission denied" };
  const nodes = { [RENDER]: { gid: 105, mode: 0o660 } };
  assert.deepEqual(says(AMD(), "dri_access", { refused, nodes }), [[
    "problem",
    RENDER,
    "cannot be opened: permission denied",
    "sudo usermod -aG render ada, then log in again",
  ]]);
  const video = { [RENDER]: { gid: 44, mode: 0o660 } };
  assert.match(
    `${says(AMD(), "dri_access", { refused, nodes: video })[0]?.[3]}`,
    /^sudo usermod -aG video ada/,
  );
});

Deno.test("dri_access is fine where an access list lets the user in, whatever the group", () => {
  const nodes = { [RENDER]: { gid: 105, mode: 0o660 } };
  assert.deepEqual(says(AMD(), "dri_access", { nodes }), [
    ["ok", RENDER, "can be read and written", null],
  ]);
});

Deno.test("dri_access offers a rule of udev where no group may open the node", () => {
  const refused = { [RENDER]: "permission denied" };
  for (const owner of [{ gid: 0, mode: 0o660 }, { gid: 105, mode: 0o600 }]) {
    const [outcome] = says(AMD(), "dri_access", { refused, nodes: { [RENDER]: owner } });
    assert.match(`${outcome?.[3]}`, /^write KERNEL=="renderD\*", GROUP="render", MODE="0660" to /);
  }
});

Deno.test("dri_access does not send a user into a group that is theirs already", () => {
  const refused = { [RENDER]: "not permitted" };
  const nodes = { [RENDER]: { gid: 105, mode: 0o660 } };
  const [outcome] = says(AMD(), "dri_access", { refused, nodes, groups: [1000, 105] });
  assert.deepEqual([outcome?.[0], outcome?.[3]], ["problem", null]);
});

Deno.test("dri_access says how a container is given a node that it lacks", () => {
  const inside = { ...AMD(), ".dockerenv": "" };
  assert.deepEqual(says(inside, "dri_access", {}), [[
    "problem",
    RENDER,
    "there is no such file",
    "start the container with --device /dev/dri",
  ]]);
});

Deno.test("device_access warns of /dev/kfd alone where ROCm is not there", () => {
  assert.deepEqual(says(AMD(), "device_access", {}).map((outcome) => outcome.slice(0, 3)), [
    ["warning", "/dev/kfd", "there is no such file"],
  ]);
});

Deno.test("device_access mends NVIDIA's files by its module's option, not by udev", () => {
  const path = "/dev/nvidiactl";
  const found = says(gpu("nvidia", "0x10de"), "device_access", {
    refused: { [path]: "permission denied" },
    nodes: { [path]: { gid: 0, mode: 0o660 } },
  });
  assert.match(
    `${found.find(([, subject]) => subject === path)?.[3]}`,
    /NVreg_DeviceFileMode=0666/,
  );
});

Deno.test("engine_counters asks for CAP_PERFMON or a low perf_event_paranoid", () => {
  const intel = (level: string) =>
    gpu("i915", "0x8086", { "proc/sys/kernel/perf_event_paranoid": level });
  const state = (level: string, capabilities = 0n) =>
    says(intel(level), "engine_counters", { capabilities })[0]?.[0];
  assert.equal(state("2"), "warning");
  assert.equal(state("1"), "warning");
  assert.equal(state("0"), "ok");
  assert.equal(state("-1"), "ok");
  assert.equal(state("4", 1n << 38n), "ok");
  assert.equal(state("4", 1n << 21n), "ok");
  assert.equal(state("4", 1n << 37n), "warning");
  assert.equal(says(AMD(), "engine_counters", {})[0]?.[0], "skipped");
});

Deno.test("process_access names CAP_SYS_PTRACE and hidepid", () => {
  const hidden = {
    ...AMD(),
    "proc/self/mounts": "proc /proc proc rw,nosuid,hidepid=invisible 0 0",
  };
  const texts = says(hidden, "process_access", {}).map(([, , text]) => text);
  assert.deepEqual(texts, [
    "only your own programs are seen: no CAP_SYS_PTRACE",
    "/proc is mounted with hidepid=invisible: other users' programs are hidden",
  ]);
  assert.deepEqual(says(hidden, "process_access", { capabilities: 1n << 19n }), [
    ["ok", null, "all programs are seen", null],
  ]);
});

Deno.test("session_directory takes /run/mvgal, else XDG_RUNTIME_DIR, else says how to make one", () => {
  const run = { "run/mvgal/x": "", "run/user/1000/x": "" };
  const env = { XDG_RUNTIME_DIR: "/run/user/1000" };
  assert.equal(says(run, "session_directory", {})[0]?.[1], "/run/mvgal");
  const refused = { "/run/mvgal": "permission denied" };
  assert.equal(says(run, "session_directory", { refused, env })[0]?.[1], "/run/user/1000");
  const [none] = says(run, "session_directory", { refused });
  assert.deepEqual([none?.[0], none?.[3]], [
    "warning",
    "sudo install -d -o ada -m 0700 /run/mvgal",
  ]);
});

Deno.test("kernel_lockdown reads the mode in brackets", () => {
  const state = (text: string) =>
    says({ "sys/kernel/security/lockdown": text }, "kernel_lockdown", {})[0]?.[0];
  assert.equal(state("[none] integrity confidentiality"), "ok");
  assert.equal(state("none [integrity] confidentiality"), "warning");
  assert.equal(state("nonsense"), "skipped");
});

Deno.test("groupName() finds a group by its whole number", () => {
  assert.equal(groupName("a:x:1050:\nrender:x:105:ada", 105), "render");
  assert.equal(groupName("a:x:1050:", 105), undefined);
});
