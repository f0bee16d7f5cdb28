import assert from "node:assert/strict";
import { join } from "node:path";

const SCRIPT = new URL("../../scripts/test.ts", import.meta.url).pathname;

/** Runs scripts/test.ts on the given test modules; the exit status and the lines of standard output. */
async function runTests(files: Record<string, string>, ...args: string[]) {
  const directory = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(files)) {
      Deno.writeTextFileSync(join(directory, name), text);
    }
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", SCRIPT, ...args, directory],
      stdin: "null",
      stderr: "null",
      env: { NO_COLOR: "1" },
    }).output();
    return { code, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("scripts/test.ts ends with the counts, after the names of what was skipped", async () => {
  const { code, lines } = await runTests({
    "a_test.ts": `Deno.test("one", () => {});
      Deno.test({ name: "two (skipped: no GPU)", ignore: true, fn() {} });`,
  });
  assert.equal(lines.at(-1), "1 passed, 0 failed, 1 skipped");
  assert.match(lines.at(-2) ?? "", /^skipped: .*a_test\.ts: two \(skipped: no GPU\)$/);
  assert.equal(code, 0);
});

Deno.test("scripts/test.ts fails on a failing test", async () => {
  const { code, lines } = await runTests({
    "a_test.ts": `Deno.test("one", () => { throw new Error("no"); });
      Deno.test("two", () => {});`,
  });
  assert.equal(lines.at(-1), "1 passed, 1 failed, 0 skipped");
  assert.equal(code, 1);
});

Deno.test("scripts/test.ts fails on a module that does not load", async () => {
  const { code, lines } = await runTests({
    "a_test.ts": `Deno.test("one", () => {});`,
    "b_test.ts": `throw new Error("not loaded");`,
  });
  assert.equal(lines.at(-1), "1 passed, 1 failed, 0 skipped");
  assert.match(lines.at(-2) ?? "", /^failed: deno test ended with status 1, and no test failed/);
  assert.equal(code, 1);
});

Deno.test("scripts/test.ts fails on a type error", async () => {
  const { code, lines } = await runTests({
    "a_test.ts": `Deno.test("one", () => { const x: number = "1"; console.log(x); });`,
  });
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.equal(code, 1);
});

Deno.test("scripts/test.ts fails when the test process is killed", async () => {
  const { code, lines } = await runTests({
    "a_test.ts": `Deno.test("one", () => { Deno.kill(Deno.pid, "SIGKILL"); });`,
  });
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.match(lines.join("\n"), /was ended by SIGKILL$/m);
  assert.equal(code, 1);
});

Deno.test("scripts/test.ts --filter runs the tests that match", async () => {
  const { code, lines } = await runTests(
    {
      "a_test.ts": `Deno.test("one", () => {}); Deno.test("two", () => {});`,
      "b_test.ts": `Deno.test("three", () => { throw new Error("not to be run"); });`,
    },
    "--filter",
    "two",
  );
  assert.equal(lines.at(-1), "1 passed, 0 failed, 0 skipped");
  assert.equal(code, 0);
});

Deno.test("scripts/test.ts --beside runs modules once, in a second process", async () => {
  const beside = Deno.makeTempDirSync();
  try {
    const tells = (name: string) => `Deno.test("${name}", () => console.log("pid", Deno.pid));`;
    Deno.writeTextFileSync(join(beside, "b_test.ts"), tells("two"));
    const { code, lines } = await runTests({ "a_test.ts": tells("one") }, "--beside", beside);
    assert.equal(lines.at(-1), "2 passed, 0 failed, 0 skipped");
    const pids = lines.filter((line) => line.startsWith("pid "));
    assert.equal(new Set(pids).size, 2, lines.join("\n"));
    assert.equal(code, 0);
    Deno.writeTextFileSync(join(beside, "b_test.ts"), `throw new Error("not loaded");`);
    const failed = await runTests({ "a_test.ts": tells("one") }, "--beside", beside);
    assert.equal(failed.lines.at(-1), "1 passed, 1 failed, 0 skipped");
    assert.match(failed.lines.join("\n"), /not loaded/);
    assert.equal(failed.code, 1);
  } finally {
    Deno.removeSync(beside, { recursive: true });
  }
});

Deno.test("scripts/test.ts fails on a path that is not there", async () => {
  const { code, lines } = await runTests({}, "/nonexistent");
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.equal(code, 1);
});

Deno.test("scripts/test.ts ends a run that hangs", async () => {
  const { code, lines } = await runTests(
    {
      "a_test.ts": `Deno.test("one", () => { while (true); });`,
    },
    "--limit",
    "0.02",
  );
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.match(lines.join("\n"), /^test: no end after 0\.02 minutes/m);
  assert.equal(code, 1);
});
