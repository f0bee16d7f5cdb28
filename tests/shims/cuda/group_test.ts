/** The accounts of a group of processes: `shims/cuda/group.c`. */

import assert from "node:assert/strict";
import { hostClock } from "../../../lib/control/clock.ts";
import { groupUse, parseGroup } from "../../../lib/session/group.ts";
import { compilerTest } from "../../fakes/cc.ts";
import { GroupDirectory, partsProgram, type Sanitizer, SANITIZER_LIBRARIES } from "./shim.ts";

const GPU = "pci:0000:01:00.0";
const LIMIT = 1_000_003;

function driver(sanitizer: Sanitizer | null): string {
  return partsProgram("group_driver", ["group", "group_file", "process", "say"], sanitizer);
}

function groupTest(
  name: string,
  fn: () => void | Promise<void>,
  sanitizer: Sanitizer = "address,undefined",
): void {
  compilerTest(name, fn, { libraries: SANITIZER_LIBRARIES[sanitizer] });
}

function group(limit = LIMIT): GroupDirectory {
  return new GroupDirectory([{ gpu: GPU, memory_limit_bytes: BigInt(limit), compute_pct: 100 }]);
}

/** Runs the driver, and gives what it said on stderr. */
function run(
  args: readonly (string | number)[],
  { directory, sanitizer = "address,undefined" }: {
    directory: GroupDirectory;
    sanitizer?: Sanitizer | null;
  },
): string {
  const [what, ...rest] = args;
  const { code, stderr } = new Deno.Command(driver(sanitizer), {
    args: [String(what), String(LIMIT), ...rest.map(String)],
    env: directory.env,
    stdout: "null",
  }).outputSync();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 0, text);
  return text;
}

/** What `lib/session` reads of the file. */
function read(directory: GroupDirectory) {
  const reading = parseGroup(Deno.readFileSync(directory.file));
  assert.ok(reading.state === "group");
  return reading.group;
}

groupTest("group_take() of 16 processes at once is never over, and no byte is lost", () => {
  using directory = group();
  run(["race", 16, 1000], { directory });
  assert.equal(groupUse(read(directory), hostClock.startTime)[0]?.used_bytes, 0);
});

groupTest("group_take() has what processes killed at any time had", () => {
  using directory = group();
  run(["kill", 6, 60], { directory });
});

groupTest("group_take() of a child after fork goes by a slot of its own", () => {
  using directory = group();
  run(["fork"], { directory });
});

groupTest("group_take() keeps a process within its own limit, and overflows nowhere", () => {
  using directory = group();
  run(["own"], { directory });
});

groupTest("group_take() refuses a process for which there is no slot, and says so once", () => {
  using directory = group();
  const said = run(["slots", 64], { directory, sanitizer: null });
  assert.deepEqual(said.match(/^mvgal: .*no slot.*$/gm)?.length, 1, said);
});

groupTest("group_take() after exec does not count what the program before had", () => {
  using directory = group();
  run(["exec"], { directory });
});

groupTest("group_take() gives up on a lock that stays taken, and says so", () => {
  using directory = group();
  assert.match(
    run(["stuck", directory.file], { directory }),
    /^mvgal: group tests: another process has held its lock/m,
  );
});

groupTest("group_take() by threads is without races", () => {
  using directory = group();
  run(["threads", 8], { directory, sanitizer: "thread" });
}, "thread");

for (
  const [what, spoil] of [
    ["that is gone", (path) => Deno.removeSync(path)],
    ["that was cut", (path) => Deno.truncateSync(path, 100)],
    ["of something else", (path) => Deno.writeFileSync(path, new Uint8Array(23616))],
  ] as [string, (path: string) => void][]
) {
  groupTest(`group_take() with a file ${what} goes on without its limits, and says so once`, () => {
    using directory = group();
    spoil(directory.file);
    const said = run(["unlimited"], { directory });
    assert.equal(said.match(/^mvgal: group tests: .* not kept$/gm)?.length, 1, said);
  });
}

groupTest("groupUse() tells what a process has taken, until it is killed", async () => {
  using directory = group();
  const child = new Deno.Command(driver(null), {
    args: ["hold", "12345"],
    env: directory.env,
    stdout: "piped",
  }).spawn();
  await child.stdout.getReader().read();
  const use = () => groupUse(read(directory), hostClock.startTime)[0];
  assert.deepEqual(use(), { used_bytes: 12345, free_bytes: BigInt(LIMIT - 12345) });
  child.kill("SIGKILL");
  await child.status;
  assert.deepEqual(use(), { used_bytes: 0, free_bytes: BigInt(LIMIT) });
});
