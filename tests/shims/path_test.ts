import assert from "node:assert/strict";
import { join } from "node:path";
import { compile, compilerTest } from "../fakes/cc.ts";

const source = join(import.meta.dirname ?? ".", "..", "..", "shims", "path", "path.c");

function library(): string {
  return compile({
    name: "libmvgal_path.so",
    source: { file: source },
    args: ["-shared", "-fPIC", "-fvisibility=hidden"],
  });
}

const NAMES = ["PATH", "LD_PRELOAD", "LD_LIBRARY_PATH"] as const;

/** The search paths of a program after `depth` execs, each with the shim in it. */
async function paths(env: Record<string, string>, depth = 1): Promise<Record<string, string>> {
  const print = NAMES.map((name) => `echo "${name}=\${${name}-unset}"`).join(";");
  const script = `n=$1; if [ $n -gt 1 ]; then exec /bin/sh "$0" $((n - 1)); fi; ${print}`;
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, script);
  try {
    const { stdout } = await new Deno.Command("/bin/sh", {
      args: [file, String(depth)],
      env: { ...env, LD_PRELOAD: [library(), env.LD_PRELOAD].filter(Boolean).join(":") },
      clearEnv: true,
      stderr: "null", // The loader complains of the libraries that are not there.
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    return Object.fromEntries(lines.map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1).replace(`${library()}`, "SHIM")];
    }));
  } finally {
    await Deno.remove(file);
  }
}

compilerTest("libmvgal_path.so changes nothing where no variable asks for it", async () => {
  const env = { PATH: ":/bin::/usr/bin:", LD_LIBRARY_PATH: "/x:/x" };
  assert.deepEqual(await paths(env), { ...env, LD_PRELOAD: "SHIM" });
});

compilerTest("libmvgal_path.so puts elements behind and before each search path", async () => {
  assert.deepEqual(
    await paths({
      PATH: "/bin",
      TF_PATH: "/behind:/behind2",
      TF_PREPEND_PATH: "/before:/before2",
      TF_LD_PRELOAD: "/none1.so /none2.so",
      TF_PREPEND_LD_PRELOAD: "/none0.so",
      TF_PREPEND_LD_LIBRARY_PATH: "/first",
      TF_LD_LIBRARY_PATH: "/last",
    }),
    {
      PATH: "/before:/before2:/bin:/behind:/behind2",
      LD_PRELOAD: "/none0.so:SHIM:/none1.so:/none2.so",
      LD_LIBRARY_PATH: "/first:/last",
    },
  );
});

compilerTest("libmvgal_path.so adds nothing again from exec to exec", async () => {
  const env = {
    PATH: "/bin",
    TF_PATH: "/a:/b",
    TF_PREPEND_PATH: "/c:/d:/c",
    TF_LD_PRELOAD: "/none1.so:/none2.so",
    TF_LD_LIBRARY_PATH: "/e:/f",
  };
  assert.deepEqual(await paths(env, 4), await paths(env, 1));
  assert.equal((await paths(env, 4)).PATH, "/c:/d:/bin:/a:/b");
});

compilerTest("libmvgal_path.so adds what is missing of several elements alone", async () => {
  const { PATH, LD_LIBRARY_PATH } = await paths({
    PATH: "/a:/bin:/ab",
    TF_PATH: "/b:/a:/bin",
    LD_LIBRARY_PATH: "/with space",
    TF_LD_LIBRARY_PATH: "/with space:/other space",
  });
  assert.equal(PATH, "/a:/bin:/ab:/b");
  assert.equal(LD_LIBRARY_PATH, "/with space:/other space");
});

compilerTest(
  "libmvgal_path.so takes any values, under AddressSanitizer and UndefinedBehaviorSanitizer",
  async () => {
    const program = compile({
      name: "path_program",
      source: `#include <stdio.h>
#include <stdlib.h>
int main(void) { const char *path = getenv("LD_LIBRARY_PATH"); puts(path ? path : "unset"); }`,
      args: [source, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
      includes: [source],
    });
    const run = async (old: string, behind: string, before: string) => {
      const env = {
        LD_LIBRARY_PATH: old,
        TF_LD_LIBRARY_PATH: behind,
        TF_PREPEND_LD_LIBRARY_PATH: before,
      };
      const { success, stdout, stderr } = await new Deno.Command(program, { env, clearEnv: true })
        .output();
      assert.ok(success, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout).trimEnd();
    };
    const values = ["", ":", "::/a:", "/a", "/a:/b", "/ab:/a", "/b::/c", ":".repeat(50)];
    for (const old of values) {
      for (const behind of values) {
        const once = await run(old, behind, "/b:/z");
        assert.equal(await run(once, behind, "/b:/z"), once, `${old} ${behind}`);
        const elements = once.split(":");
        for (const each of `${old}:${behind}:/b:/z`.split(":")) {
          assert.ok(elements.includes(each) || each === "");
        }
      }
    }
  },
  { libraries: ["libasan.so", "libubsan.so"] },
);
