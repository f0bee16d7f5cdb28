import assert from "node:assert/strict";
import { commandOfProgram, COMMANDS, MISSING_LINKS } from "../../lib/cli/commands.ts";
import { VERSION } from "../../lib/cli/version.ts";
import { DUMPS } from "../sysfs/tree.ts";
import { capture } from "./capture.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

Deno.test("main() shows the version", async () => {
  const { status, stdout, stderr } = await capture(["--version"]);
  assert.deepEqual([status, stdout, stderr], [0, `mvgal ${VERSION}\n`, ""]);
});

Deno.test("main() lists all commands with --help", async () => {
  const { status, stdout } = await capture(["--help"]);
  assert.equal(status, 0);
  for (const row of COMMANDS) assert.match(stdout, new RegExp(`^  ${row.name} `, "m"));
});

Deno.test("main() shows help on stderr, as wrong usage, where no command is given", async () => {
  const { status, stdout, stderr } = await capture([]);
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^Usage: mvgal <command>/);
});

for (const row of COMMANDS) {
  Deno.test(`mvgal ${row.name} --help shows options and examples in 80 columns`, async () => {
    const { status, stdout } = await capture([row.name, "--help"]);
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`^Usage: mvgal ${row.name}`));
    assert.match(stdout, /\nExamples:\n {2}mvgal /);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    const module = await row.load();
    assert.equal(module.name, row.name);
    assert.equal(module.describe, row.describe);
    for (const { command } of module.examples) {
      assert.ok(command.startsWith(row.name), command);
    }
  });
}

const oneLine = /^mvgal: [^\n]+\n$/;

Deno.test("main() answers wrong usage with one line, a hint and the status 2", async () => {
  const cases: [string[], RegExp][] = [
    [["inof"], /unknown command 'inof' \(Did you mean info\?\)/],
    [["help", "inof"], /unknown command 'inof' \(Did you mean info\?\)/],
    [["help", "nope"], /unknown command 'nope' \(see mvgal --help\)/],
    [["info", "--jsn"], /unknown option '--jsn' \(Did you mean --json\?\)/],
    [["info", "--gpu"], /--gpu <selector>' argument missing/],
    [["info", "extra"], /too many arguments/],
    [["info", "--gpu", "nvdia"], /Did you mean nvidia\?/],
    [["completion", "ksh"], /ksh.*bash, zsh, fish/],
    [["--nonsense"], /unknown option '--nonsense'/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await capture(args);
    assert.equal(status, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, oneLine);
    assert.match(stderr, message);
  }
});

Deno.test("main() shows the control characters of what was typed, and keeps to one line", async () => {
  const typed = "a\nb\x1b[31m\u202e";
  for (const args of [[typed], ["config", "get", typed], ["info", "--gpu", typed]]) {
    const { status, stderr } = await capture(args);
    assert.equal(status, 2);
    assert.match(stderr, oneLine);
    assert.ok(stderr.includes("'a\\nb\\x1b[31m\\u{202e}'"), stderr);
  }
  const run = await capture(["run", "--", typed]);
  assert.equal(run.status, 127);
  assert.match(run.stderr, /^mvgal: cannot start 'a\\nb\\x1b\[31m\\u\{202e\}': [^\n]+\n$/);
});

Deno.test("the executable says that it is standard output that is full", async () => {
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", '"$0" run -A --no-check "$1" --version >/dev/full', Deno.execPath(), MAIN],
  }).output();
  assert.deepEqual([code, new TextDecoder().decode(stderr)], [
    1,
    "mvgal: cannot write to standard output: No space left on device\n",
  ]);
});

Deno.test("main() answers what could not be done with one line and the status 1", async () => {
  const missing = await capture(["info", "--sysroot", "/nonexistent"]);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, oneLine);
  assert.match(missing.stderr, /'\/nonexistent' is no directory: .*tar -xf/);
  const nobody = await capture(["info", "--gpu", "7", "--sysroot", `${DUMPS}rx580`]);
  assert.equal(nobody.status, 1);
  assert.match(nobody.stderr, /no GPU is '7': there is 0 AMD Radeon RX 580/);
});

Deno.test("main() shows a stack trace only with MVGAL_DEBUG=1", async () => {
  const args = ["info", "--sysroot", "/nonexistent"];
  assert.doesNotMatch((await capture(args)).stderr, /\n {4}at /);
  assert.match((await capture(args, { env: { MVGAL_DEBUG: "1" } })).stderr, /\n {4}at /);
});

Deno.test("main() is the linked command under the command's old name", async () => {
  assert.equal(commandOfProgram("mvgal-info")?.name, "info");
  assert.equal(commandOfProgram("mvgal"), undefined);
  const program = "mvgal-info";
  const env = { MVGAL_SYSROOT: `${DUMPS}rx580` };
  assert.equal((await capture(["--count"], { program, env })).stdout, "1\n");
  assert.match((await capture(["--help"], { program })).stdout, /^Usage: mvgal-info \[options\]/);
  assert.match((await capture(["--help"], { program })).stdout, /\n {2}mvgal-info --json/);
  assert.match((await capture(["--jsn"], { program })).stderr, /^mvgal-info: unknown option/);
});

Deno.test("main() is mvgal under any other name", async () => {
  const { stdout } = await capture(["--version"], { program: "mvgal-0.1.0-x86_64" });
  assert.equal(stdout, `mvgal ${VERSION}\n`);
});

Deno.test("main() says under an old name that there is no such command yet", async () => {
  for (const program of MISSING_LINKS) {
    const { status, stdout, stderr } = await capture([], { program });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(
      stderr,
      new RegExp(`^mvgal: mvgal ${VERSION} has no ${program} yet: .*mvgal-info`),
    );
    assert.equal((await capture(["--version"], { program })).stdout, `mvgal ${VERSION}\n`);
  }
});

Deno.test("the executable ends quietly where its reader goes away", async () => {
  const shell = `"$0" run -A "$1" info --json --sysroot "$2" | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", shell, Deno.execPath(), MAIN, `${DUMPS}b580`],
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "0\n");
  assert.equal(new TextDecoder().decode(stderr), "");
});

Deno.test("the executable returns the exit status", async () => {
  const run = async (...args: string[]) =>
    (await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, ...args],
      stdout: "null",
      stderr: "null",
    }).output()).code;
  assert.deepEqual(
    await Promise.all([run("--version"), run("info", "--sysroot", "/nonexistent"), run("inof")]),
    [0, 1, 2],
  );
});
