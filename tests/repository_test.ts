import assert from "node:assert/strict";
import { join } from "node:path";

const root = join(import.meta.dirname ?? ".", "..");

/** Runs Deno in the repository; what it printed where it failed, undefined where it did not. */
function complaint(...args: string[]): string | undefined {
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    env: { NO_COLOR: "1" },
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return success ? undefined : text(stdout) + text(stderr);
}

Deno.test("the tree is formatted", () => {
  assert.equal(complaint("fmt", "--check"), undefined);
});

Deno.test("the tree passes lint", () => {
  assert.equal(complaint("lint"), undefined);
});

Deno.test("the tree type checks", () => {
  assert.equal(complaint("check", "main.ts", "mod.ts", "scripts", "tests"), undefined);
});

Deno.test("imports make no cycle and point the right way", () => {
  assert.equal(complaint("run", "-A", "scripts/check_imports.ts"), undefined);
});
