import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

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

/** The files to which the links of a document lead. */
function* linkedFiles(path: string): Generator<string> {
  const text = Deno.readTextFileSync(join(root, path));
  for (const [, target = ""] of text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)) {
    if (!/^[a-z]+:/.test(target)) yield join(root, dirname(path), target);
  }
}

Deno.test("the links of README, CHANGELOG and docs lead to files", () => {
  const docs = [...Deno.readDirSync(join(root, "docs"))].map(({ name }) => name)
    .filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  for (const path of ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", ...docs]) {
    for (const file of linkedFiles(path)) assert.ok(existsSync(file), `${path}: ${file}`);
  }
});
