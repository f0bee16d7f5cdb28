import assert from "node:assert/strict";
import { join } from "node:path";

const SCRIPT = new URL("../../scripts/build.ts", import.meta.url).pathname;

/** Runs scripts/build.ts with an environment; the exit status and standard output. */
async function build(env: Record<string, string>, ...args: string[]) {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, ...args],
    env,
  }).output();
  return { code, text: new TextDecoder().decode(stdout) };
}

Deno.test("scripts/build.ts says that there is no C compiler, and ends with 0", async () => {
  const { code, text } = await build({ PATH: "/nonexistent", CC: "" });
  assert.match(
    text,
    /^build: shims are not built: no C compiler .*; mvgal runs without them\nbuild: /,
  );
  assert.equal(code, 0);
});

Deno.test("scripts/build.ts says that there is no make, and ends with 0", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(join(directory, "cc"), "");
    const { code, text } = await build({ PATH: directory, CC: "" });
    assert.match(text, /^build: shims are not built: no make .*; mvgal runs without them\nbuild: /);
    assert.equal(code, 0);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
