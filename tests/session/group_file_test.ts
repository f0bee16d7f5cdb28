import assert from "node:assert/strict";
import { join } from "node:path";
import { joinGroup } from "../../lib/launch/join_group.ts";
import { encodeGroup, type GroupLimit } from "../../lib/session/group.ts";
import {
  changeGroup,
  groupNames,
  groupPath,
  makeGroup,
  readGroup,
  removeGroup,
} from "../../lib/session/group_file.ts";
import { field, RecordView } from "../../lib/session/fixed_layout.ts";
import { GROUP } from "../../lib/session/layout.ts";
import { ownRuntimeDirectory } from "../../lib/session/own_directory.ts";
import { Tree } from "../sysfs/tree.ts";

const A: GroupLimit = { gpu: "pci:0000:01:00.0", memory_limit_bytes: 8n, compute_pct: 30 };
const B: GroupLimit = { gpu: "pci:0000:02:00.0", memory_limit_bytes: null, compute_pct: 100 };

function limitsOf(runtime: string, name: string): readonly GroupLimit[] | undefined {
  const reading = readGroup(groupPath(runtime, name));
  return reading?.state === "group" ? reading.group.limits : undefined;
}

/** Writes a program into a slot, as a shim does. */
function occupy(runtime: string, name: string, pid: number): void {
  const path = groupPath(runtime, name);
  const bytes = Deno.readFileSync(path);
  const slot = new RecordView(GROUP, bytes).at("slots", 3);
  slot.setU32("pid", pid);
  slot.setU64("start_time", 5n);
  slot.setU64("used_bytes", 6n);
  Deno.writeFileSync(path, bytes);
  assert.equal(bytes.length, GROUP.size, String(field(GROUP, "slots").offset));
}

Deno.test("makeGroup() makes a group once, whole, and for its user alone", () => {
  using tree = new Tree();
  assert.equal(makeGroup(tree.directory, "jobs", [A, B]), true);
  assert.equal(makeGroup(tree.directory, "jobs", [B]), false);
  assert.deepEqual(limitsOf(tree.directory, "jobs"), [A, B]);
  assert.equal((Deno.statSync(groupPath(tree.directory, "jobs")).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual(groupNames(tree.directory), ["jobs"]);
  assert.throws(() => makeGroup(tree.directory, "../x", []), /is no name of a group/);
});

Deno.test("changeGroup() changes limits, and leaves what programs wrote", () => {
  using tree = new Tree();
  makeGroup(tree.directory, "jobs", [A, B]);
  occupy(tree.directory, "jobs", 77);
  const before = Deno.readFileSync(groupPath(tree.directory, "jobs"));
  changeGroup(
    tree.directory,
    "jobs",
    ({ limits }) => limits.map((limit) => ({ ...limit, memory_limit_bytes: 9n })),
  );
  const expected = new RecordView(GROUP, before.slice());
  for (const i of [0, 1]) expected.at("gpus", i).setU64("memory_limit_bytes", 9n);
  assert.deepEqual(Deno.readFileSync(groupPath(tree.directory, "jobs")), expected.bytes);
  assert.equal(changeGroup(tree.directory, "none", () => []), undefined);
  assert.throws(() => changeGroup(tree.directory, "jobs", () => [A]), RangeError);
  Deno.writeTextFileSync(join(tree.directory, "groups", "bad"), "x");
  assert.throws(() => changeGroup(tree.directory, "bad", () => []), /no group's: it has 1 bytes/);
});

Deno.test("readGroup() opens no link and no FIFO", () => {
  using tree = new Tree({ "groups/x": "", "groups/link": { link: "x" } });
  const { success } = new Deno.Command("mkfifo", { args: [join(tree.directory, "groups/fifo")] })
    .outputSync();
  assert.ok(success);
  const why = (name: string) => {
    const reading = readGroup(groupPath(tree.directory, name));
    return reading?.state === "none" ? reading.reason : reading;
  };
  assert.equal(why("link"), "it is a link");
  assert.equal(why("fifo"), "it is no regular file");
  assert.equal(why("nothing"), undefined);
});

Deno.test("removeGroup() removes a group in which no program lives", () => {
  using tree = new Tree();
  makeGroup(tree.directory, "jobs", [A]);
  occupy(tree.directory, "jobs", 77);
  assert.throws(() => removeGroup(tree.directory, "jobs", () => "5"), /has programs in it \(77\)/);
  assert.equal(removeGroup(tree.directory, "jobs", () => "6"), true);
  assert.equal(removeGroup(tree.directory, "jobs", () => "6"), false);
});

Deno.test("joinGroup() makes, joins, changes an empty group, and refuses to change one in use", () => {
  using tree = new Tree();
  const join = (asked: readonly GroupLimit[] | null, startTime = "0") =>
    joinGroup(tree.directory, "jobs", asked, [{ ...A, memory_limit_bytes: null }], () => startTime);
  join(null);
  assert.deepEqual(limitsOf(tree.directory, "jobs"), [{ ...A, memory_limit_bytes: null }]);
  join([A, B]);
  assert.deepEqual(limitsOf(tree.directory, "jobs"), [A]);
  occupy(tree.directory, "jobs", 77);
  join([A], "5");
  join(null, "5");
  assert.throws(
    () => join([{ ...A, compute_pct: 31 }], "5"),
    /'jobs' has programs in it and other limits \(pci:0000:01:00.0: 8 B, 30 %\): .*mvgal limit set jobs/,
  );
  join([{ ...A, compute_pct: 31 }], "6");
  assert.deepEqual(limitsOf(tree.directory, "jobs"), [{ ...A, compute_pct: 31 }]);
});

Deno.test("makeGroup() by programs at once makes one whole group", async () => {
  using tree = new Tree();
  const script = join(tree.directory, "make.ts");
  const module = new URL("../../lib/session/group_file.ts", import.meta.url);
  const bytes = encodeGroup([A]).length;
  Deno.writeTextFileSync(
    script,
    `import { groupPath, makeGroup, readGroup } from "${module}";
     let made = 0;
     for (let i = 0; i < 50; i++) {
       if (makeGroup(Deno.args[0]!, "g" + i, [${
      JSON.stringify({ ...A, memory_limit_bytes: null })
    }])) made++;
       if (readGroup(groupPath(Deno.args[0]!, "g" + i))?.state !== "group") Deno.exit(3);
     }
     console.log(made);`,
  );
  const run = () =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        script,
        tree.directory,
      ],
      stderr: "inherit",
    }).output();
  const outputs = await Promise.all(Array.from({ length: 4 }, run));
  assert.ok(outputs.every(({ success }) => success));
  const made = outputs.map(({ stdout }) => Number(new TextDecoder().decode(stdout)));
  assert.equal(made.reduce((sum, each) => sum + each, 0), 50);
  assert.equal(groupNames(tree.directory).length, 50);
  assert.equal(Deno.statSync(groupPath(tree.directory, "g0")).size, bytes);
});

Deno.test("ownRuntimeDirectory() is the one to which a shim writes", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assert.equal(ownRuntimeDirectory(env({ MVGAL_RUNTIME_DIR: "/x" }), 0, "groups"), "/x");
  const relative = ownRuntimeDirectory(env({ MVGAL_RUNTIME_DIR: "x" }), 0, "groups");
  assert.equal(relative, `${Deno.cwd()}/x`);
  assert.equal(ownRuntimeDirectory(env({ XDG_RUNTIME_DIR: "/r" }), 0, "groups"), "/run/mvgal");
  if (Deno.uid() === 0) return; // Root may write everywhere.
  assert.equal(ownRuntimeDirectory(env({ XDG_RUNTIME_DIR: "/r" }), 7, "groups"), "/r/mvgal");
  assert.equal(ownRuntimeDirectory(env({}), 7, "groups"), undefined);
});
