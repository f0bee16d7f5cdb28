import assert from "node:assert/strict";
import { join } from "node:path";
import { whyNotMappable } from "../../ffi/program_mapping.ts";

const MODULE = new URL("../../ffi/program_mapping.ts", import.meta.url).href;

/** Runs a script in a mount namespace of its own, in an empty directory that is mounted noexec there. */
function inNoexec(script: string): Deno.CommandOutput {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-noexec-" });
  try {
    return new Deno.Command("unshare", {
      args: ["--mount", "sh", "-c", `mount -t tmpfs -o noexec none "$0" && ${script}`, directory],
    }).outputSync();
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Why nothing can be mounted here; undefined where it can. */
function missing(): string | undefined {
  try {
    return inNoexec("true").success ? undefined : "may not mount";
  } catch {
    return "no unshare";
  }
}

Deno.test("whyNotMappable() finds nothing wrong with a file that programs load, whatever its size", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const path = join(directory, "é x.so");
    Deno.writeTextFileSync(path, "");
    assert.equal(whyNotMappable(path), undefined);
    assert.equal(whyNotMappable(new URL(import.meta.url).pathname), undefined);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("whyNotMappable() says that a file cannot be opened", () => {
  assert.equal(whyNotMappable("/nonexistent/x"), "/nonexistent/x: it cannot be opened (errno 2)");
});

const lacks = missing();
const name = "whyNotMappable() tells of a file system mounted noexec";
Deno.test({
  name: lacks === undefined ? name : `${name} (skipped: ${lacks})`,
  ignore: lacks !== undefined,
  fn: () => {
    const program =
      `import { whyNotMappable } from "${MODULE}"; console.log(whyNotMappable(Deno.args[0]));`;
    const deno = `'${Deno.execPath()}' eval '${program}' "$0/x.so"`;
    const { stdout } = inNoexec(`touch "$0/x.so" && ${deno}`);
    assert.match(
      new TextDecoder().decode(stdout),
      /\/x\.so: it is on a file system mounted noexec/,
    );
  },
});
