import assert from "node:assert/strict";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { capture } from "./capture.ts";

async function script(shell: string): Promise<string> {
  const { status, stdout } = await capture(["completion", shell]);
  assert.equal(status, 0);
  return stdout;
}

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`mvgal completion ${shell} has every command and every option`, async () => {
    const text = await script(shell);
    for (const row of COMMANDS) {
      assert.ok(text.includes(row.name), row.name);
      for (const option of (await row.load()).options) {
        const name = /--([a-z-]+)/.exec(option.flags)?.[1] ?? assert.fail(option.flags);
        assert.match(text, new RegExp(shell === "fish" ? `-l ${name}\\b` : `--${name}\\b`));
      }
    }
  });
}

/** What bash offers after the words of a command line, the last of them unfinished. */
async function offered(...words: string[]): Promise<string[]> {
  const driver = `${await script("bash")}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mvgal; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", driver, "bash", ...words],
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

Deno.test("the bash script completes commands, options and values", async () => {
  assert.deepEqual(await offered("mvgal", "inf"), ["info"]);
  assert.ok((await offered("mvgal", "")).includes("dump"));
  assert.deepEqual(await offered("mvgal", "info", "--top"), ["--topology"]);
  assert.deepEqual(await offered("mvgal", "info", "--gpu", "nv"), ["nvidia"]);
  assert.deepEqual(await offered("mvgal", "completion", "b"), ["bash"]);
  assert.deepEqual(await offered("/usr/bin/mvgal-info", "--top"), ["--topology"]);
});
