import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { containerOf } from "../../../lib/telemetry/processes/container.ts";
import {
  Identities,
  parseCommandLine,
  parseStat,
  parseUid,
} from "../../../lib/telemetry/processes/identity.ts";
import { ownerOf } from "../../../lib/telemetry/processes/owner.ts";
import { ProcFiles } from "../../../lib/telemetry/processes/proc_files.ts";
import { parsePasswd, UserNames } from "../../../lib/telemetry/processes/users.ts";
import { Tree } from "../../sysfs/tree.ts";
import { processFiles, statText } from "./proc_tree.ts";

Deno.test("parseStat() reads names that hold brackets, spaces and line feeds", () => {
  assert.deepEqual(parseStat(statText({ pid: 7, name: "a) S (b\n", start: 1234 })), {
    name: "a) S (b ",
    kernelThread: false,
    start: 1234,
  });
  assert.equal(parseStat(statText({ pid: 7, kernelThread: true }))?.kernelThread, true);
});

Deno.test("parseStat() knows this very process, and refuses what is no such text", () => {
  const own = parseStat(Deno.readTextFileSync("/proc/self/stat"));
  assert.equal(own?.name, Deno.readTextFileSync("/proc/self/comm").trim());
  assert.equal(own?.kernelThread, false);
  assert.ok((own?.start ?? 0) > 0);
  for (const text of ["", "7 program S 1", ")(", "7 (a) S 1 2"]) {
    assert.equal(parseStat(text), undefined);
  }
  fc.assert(fc.property(fc.string(), (text) => void parseStat(text)));
});

Deno.test("parseCommandLine() joins arguments, and lets no terminal be told anything", () => {
  assert.equal(parseCommandLine("/bin/a\0-b\0c d\0"), "/bin/a -b c d");
  assert.equal(parseCommandLine("a\x1b[2J\nb\0"), "a [2J b");
  assert.equal(parseCommandLine(""), null);
  assert.equal(parseCommandLine("\0\0"), null);
});

Deno.test("parseUid() takes the real user's id", () => {
  assert.equal(parseUid("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n"), 1000);
  assert.equal(parseUid("Name:\tx\n"), null);
});

Deno.test("containerOf() knows the groups that container tools make, of both versions", () => {
  const id = "3f2a".repeat(16);
  const short = "3f2a3f2a3f2a";
  const groups: [string, string | undefined][] = [
    [`0::/system.slice/docker-${id}.scope`, short],
    [`0::/../../docker-${id}.scope/init`, short],
    [`12:devices:/docker/${id}\n11:cpu,cpuacct:/docker/${id}`, short],
    [
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b_2.slice/cri-containerd-${id}.scope`,
      short,
    ],
    [`5:memory:/kubepods/besteffort/pod0f-1/${id}`, short],
    [`0::/kubepods.slice/crio-${id}.scope`, short],
    [
      `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`,
      short,
    ],
    [`0::/docker/${"0".repeat(64)}/kubelet/kubepods/pod1/${id}`, short],
    [`4:pids:/\n0::/machine.slice/libpod-conmon-${id}.scope`, undefined],
    [`0::/kubepods.slice/crio-conmon-${id}.scope`, undefined],
    ["0::/lxc.payload.web-1/system.slice/cron.service", "web-1"],
    ["9:cpuset:/lxc/web-2", "web-2"],
    ["0::/lxc.monitor.web-1", undefined],
    ["0::/user.slice/user-1000.slice/session-2.scope", undefined],
    ["0::/", undefined],
    ["", undefined],
    [`0::/docker/${id}0`, undefined],
  ];
  for (const [text, container] of groups) assert.equal(containerOf(text), container, text);
});

Deno.test("parsePasswd() takes the first name of an id, and passes over what is no entry", () => {
  const names = parsePasswd(
    "root:x:0:0:root:/root:/bin/sh\n# c\ntoor:x:0:0::\n:x:5:5::\na:x:b:1\nana:x:1000:1",
  );
  assert.deepEqual([...names], [[0, "root"], [1000, "ana"]]);
});

Deno.test("UserNames.refresh() notices a changed file, and a missing one", () => {
  using tree = new Tree({ "etc/passwd": "ana:x:1000:" });
  const users = new UserNames(tree.directory);
  users.refresh();
  assert.equal(users.name(1000), "ana");
  assert.equal(users.name(1), null);
  tree.add({ "etc/passwd": "beatrix:x:1000:" });
  users.refresh();
  assert.equal(users.name(1000), "beatrix");
  Deno.removeSync(join(tree.directory, "etc/passwd"));
  users.refresh();
  assert.equal(users.name(1000), null);
});

Deno.test("Identities.of() reads a program anew that took another's place, by pid or by exec", () => {
  using tree = new Tree(processFiles({ pid: 5, name: "sh", start: 1, command: "sh\0" }));
  using proc = new ProcFiles(tree.sysroot);
  const identities = new Identities(proc, new UserNames(tree.directory));
  const command = () => {
    const known = identities.of(5, 0);
    identities.endSweep();
    return known?.identity.command;
  };
  assert.equal(command(), "sh");
  tree.add({ "proc/5/cmdline": "other" });
  // Nothing tells that it has changed, and it is not read each time.
  assert.equal(command(), "sh");
  tree.add({ "proc/5/stat": statText({ pid: 5, name: "exec", start: 1 }) });
  assert.equal(command(), "other");
  tree.add({
    "proc/5/cmdline": "third",
    "proc/5/stat": statText({ pid: 5, name: "exec", start: 2 }),
  });
  assert.equal(command(), "third");
  Deno.removeSync(join(tree.directory, "proc/5/stat"));
  assert.equal(command(), undefined);
});

Deno.test("ownerOf() passes over brokers, then takes who started first", () => {
  const holder = (pid: number, name: string, start: number) => ({ pid, name, start });
  const logind = holder(1, "systemd-logind", 5);
  const shell = holder(9, "gnome-shell", 70);
  const child = holder(4, "gnome-shell", 80);
  assert.equal(ownerOf([child, logind, shell]), shell);
  assert.equal(ownerOf([logind]), logind);
  assert.equal(ownerOf([]), undefined);
  assert.equal(ownerOf([holder(8, "a", 5), holder(7, "a", 5)])?.pid, 7);
});
