import assert from "node:assert/strict";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname ?? ".", "capture_program.ts");

/** What `capture_program.ts` says of a case: here the test runner would print into what is captured. */
function run(name: string) {
  const args = ["run", "-A", "--no-check", PROGRAM, name];
  const { stdout } = new Deno.Command(Deno.execPath(), { args }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("captureOutput() keeps what C code prints, buffered or not", () => {
  const { value, printed } = run("prints");
  assert.equal(value, 7);
  assert.deepEqual(printed.split("\n").sort(), ["from a buffer", "from a system call"]);
});

Deno.test("captureOutput() says nothing where nothing was printed", () => {
  assert.deepEqual(run("nothing"), { value: "x", printed: "" });
});

Deno.test("captureOutput() puts standard output and error back, and leaves no descriptor behind", () => {
  const { before, inside, after, thrown, left } = run("restores");
  assert.notEqual(inside, before[0]);
  assert.deepEqual(after, before);
  assert.equal(thrown, "from within");
  assert.equal(left, 0);
});

Deno.test("captureOutput() keeps the beginning of much text", () => {
  assert.equal(run("much"), 4095);
});
