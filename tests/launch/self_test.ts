import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { programName, selfCommand, shimPath } from "../../lib/launch/self.ts";

const ROOT = resolve(import.meta.dirname ?? ".", "../..");

Deno.test("programName() is mvgal when Deno runs the source", () => {
  assert.equal(programName(), "mvgal");
});

Deno.test("selfCommand() runs main.ts when Deno runs the source", () => {
  assert.deepEqual(selfCommand(), [
    Deno.execPath(),
    "run",
    "--allow-all",
    join(ROOT, "main.ts"),
  ]);
});

Deno.test("shimPath() finds a shim in MVGAL_SHIM_DIR, and no shim that is nowhere", () => {
  const directory = Deno.makeTempDirSync();
  const before = Deno.env.get("MVGAL_SHIM_DIR");
  try {
    Deno.writeTextFileSync(join(directory, "libmvgal_some.so"), "");
    Deno.env.set("MVGAL_SHIM_DIR", directory);
    assert.equal(shimPath("some"), join(directory, "libmvgal_some.so"));
    assert.equal(shimPath("none"), undefined);
  } finally {
    if (before === undefined) Deno.env.delete("MVGAL_SHIM_DIR");
    else Deno.env.set("MVGAL_SHIM_DIR", before);
    Deno.removeSync(directory, { recursive: true });
  }
});
