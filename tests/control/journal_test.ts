import assert from "node:assert/strict";
import { join } from "node:path";
import { ENTRY_SCHEMA, fateOf, type JournalEntry, parseEntry } from "../../lib/control/entry.ts";
import { FileJournal, stateDirectory } from "../../lib/control/journal.ts";
import { HostDevice } from "../../lib/control/device.ts";
import { hostClock } from "../../lib/control/clock.ts";
import { Tree } from "../sysfs/tree.ts";
import { TestClock } from "./clock.ts";

function entry(more: Partial<JournalEntry> = {}): JournalEntry {
  return {
    schema: ENTRY_SCHEMA,
    gpu: "pci:0000:01:00.0",
    group: "power",
    changes: [],
    steps: [],
    started: 0,
    applied: true,
    confirmed: false,
    deadline: { uptime_s: 2000, wall: "" },
    boot_id: "boot-1",
    writer: { pid: Deno.pid, start_time: hostClock.startTime(Deno.pid) ?? "" },
    failure: null,
    ...more,
  };
}

Deno.test("fateOf() decides by boot, confirmation, deadline and writer", () => {
  const clock = new TestClock();
  assert.equal(fateOf(entry(), clock), "keep");
  assert.equal(fateOf(entry({ deadline: { uptime_s: 1000, wall: "" } }), clock), "revert");
  assert.equal(fateOf(entry({ confirmed: true, deadline: null }), clock), "keep");
  assert.equal(fateOf(entry({ boot_id: "boot-0" }), clock), "forget");
  assert.equal(fateOf(entry({ applied: false, deadline: null }), clock), "keep");
  // The pid is another process's now.
  const recycled = { pid: Deno.pid, start_time: "1" };
  assert.equal(
    fateOf(entry({ applied: false, deadline: null, writer: recycled }), clock),
    "revert",
  );
  assert.equal(fateOf(entry({ writer: recycled }), clock), "keep");
});

Deno.test("FileJournal keeps one entry a GPU and group, and gives back what it was given", () => {
  using tree = new Tree();
  const journal = new FileJournal(join(tree.directory, "a/b"));
  assert.equal(journal.empty, true);
  assert.deepEqual(journal.entries(), []);
  journal.save(entry());
  journal.save(entry({ started: 1 }));
  journal.save(entry({ group: "fan" }));
  assert.equal(journal.empty, false);
  assert.deepEqual(journal.entries(), [entry({ group: "fan" }), entry({ started: 1 })]);
  journal.remove("pci:0000:01:00.0", "power");
  journal.remove("pci:0000:01:00.0", "power");
  assert.deepEqual(journal.entries().map(({ group }) => group), ["fan"]);
  const { mode } = Deno.statSync(journal.directory);
  assert.equal((mode ?? 0) & 0o777, 0o700);
});

Deno.test("FileJournal passes over what a killed process left half written", () => {
  using tree = new Tree();
  const journal = new FileJournal(tree.directory);
  journal.save(entry());
  const [name] = [...Deno.readDirSync(tree.directory)].map((file) => file.name);
  const whole = Deno.readTextFileSync(join(tree.directory, name ?? ""));
  Deno.writeTextFileSync(join(tree.directory, `${name}.new`), whole.slice(0, 50));
  assert.deepEqual(journal.entries(), [entry()]);
  journal.save(entry({ started: 2 }));
  assert.equal(journal.entries()[0]?.started, 2);
});

Deno.test("FileJournal writes no file outside of its directory, whatever a GPU is called", () => {
  using tree = new Tree();
  const journal = new FileJournal(join(tree.directory, "journal"));
  journal.save(entry({ gpu: "../../etc/x" }));
  assert.deepEqual([...Deno.readDirSync(tree.directory)].map(({ name }) => name), ["journal"]);
  assert.equal(journal.entries().length, 1);
});

Deno.test("parseEntry() takes no entry that is cut short or of another version", () => {
  const whole = JSON.stringify(entry());
  assert.deepEqual(parseEntry(whole), entry());
  for (let length = 0; length < whole.length; length += 7) {
    assert.equal(parseEntry(whole.slice(0, length)), undefined);
  }
  assert.equal(parseEntry(whole.replace("entry/1", "entry/2")), undefined);
  assert.equal(parseEntry(JSON.stringify({ ...entry(), group: "x" })), undefined);
  assert.equal(parseEntry(JSON.stringify({ ...entry(), steps: [{ undo: [] }] })), undefined);
});

Deno.test("HostDevice writes to sysfs alone, whatever a journal says", () => {
  using tree = new Tree({
    "etc/passwd": "root",
    "sys/devices/x/value": "1",
    "sys/class/x/out": { link: "../../../etc/passwd" },
  });
  const device = new HostDevice(tree.sysroot);
  device.perform({ kind: "write", path: "/sys/devices/x/value", text: "2" });
  assert.equal(Deno.readTextFileSync(join(tree.directory, "sys/devices/x/value")), "2\n");
  for (const path of ["/etc/passwd", "/sys/../etc/passwd", "/sys/class/x/out", "/sys/none"]) {
    assert.throws(() => device.perform({ kind: "write", path, text: "x" }), {
      name: "ControlError",
      message: /no such file/,
    });
  }
  assert.equal(Deno.readTextFileSync(join(tree.directory, "etc/passwd")), "root\n");
});

Deno.test("stateDirectory() is root's own, or below the user's home", () => {
  const env = (names: Record<string, string>) => (name: string) => names[name];
  if (Deno.uid() === 0) {
    assert.equal(stateDirectory(env({ XDG_STATE_HOME: "/home/a/state" })), "/var/lib/mvgal");
  } else {
    assert.equal(stateDirectory(env({ XDG_STATE_HOME: "/s" })), "/s/mvgal");
    assert.equal(stateDirectory(env({ HOME: "/home/a" })), "/home/a/.local/state/mvgal");
  }
});
