import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { findCycles, type Import, parseInfo } from "../../scripts/imports/graph.ts";
import { findBreaches } from "../../scripts/imports/rules.ts";

const SCRIPT = new URL("../../scripts/check_imports.ts", import.meta.url).pathname;

/** Runs scripts/check_imports.ts on a repository of the given files. */
async function check(files: Record<string, string>) {
  const root = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries({ "deno.json": "{}", ...files })) {
      Deno.mkdirSync(join(root, dirname(name)), { recursive: true });
      Deno.writeTextFileSync(join(root, name), text);
    }
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", SCRIPT, root],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function edge(from: string, to: string, more: Partial<Import> = {}): Import {
  return { from, to, specifier: to, line: 1, dynamic: false, ...more };
}

Deno.test("check_imports.ts passes a tree in which all imports point down", async () => {
  const { code, text } = await check({
    "main.ts": `import "./lib/cli/run.ts";`,
    "lib/cli/run.ts": `import "../gpu/gpu.ts"; import "../daemon/serve.ts";`,
    "lib/daemon/serve.ts": `import "../discovery/drm.ts";`,
    "lib/discovery/drm.ts": `import "../../ffi/libdrm.ts"; import type { A } from "../gpu/gpu.ts";
      export let a: A;`,
    "lib/gpu/gpu.ts": `export type A = 1;`,
    "ffi/libdrm.ts": `import "node:fs";`,
  });
  assert.equal(text, "imports: 6 files, no cycle, no wrong direction\n");
  assert.equal(code, 0);
});

Deno.test("check_imports.ts fails on a cycle, on a wrong direction and on a package", async () => {
  const { code, text } = await check({
    "mod.ts": `import "./lib/pool/a.ts";`,
    "lib/pool/a.ts": `import { b } from "./b.ts"; export type A = typeof b;`,
    "lib/pool/b.ts": `import "./c.ts"; export const b = 1;`,
    "lib/pool/c.ts": `\nimport type { A } from "./a.ts";\nexport let a: A;`,
    "ffi/libc.ts": `\n\nexport * from "../lib/gpu/gpu.ts";`,
    "lib/gpu/gpu.ts": `import process from "node:process"; process;`,
    "scripts/gen.ts": `import "npm:yaml";`,
  });
  assert.deepEqual(text.trimEnd().split("\n").sort(), [
    `ffi/libc.ts:3: imports "../lib/gpu/gpu.ts": ffi/ imports nothing of lib/`,
    `import cycle: lib/pool/a.ts -> lib/pool/b.ts -> lib/pool/c.ts -> lib/pool/a.ts`,
    `lib/gpu/gpu.ts:1: imports "node:process": lib/gpu/ imports nothing from outside itself but packages`,
    `scripts/gen.ts:1: imports "npm:yaml": packages are named in deno.json alone`,
  ]);
  assert.equal(code, 1);
});

Deno.test("check_imports.ts fails on an import of a file that is not there", async () => {
  const { code, text } = await check({ "main.ts": `import "./lib/gone.ts";` });
  assert.match(text, /gone\.ts/);
  assert.notEqual(code, 0);
});

const BREACHES: [from: string, to: string][] = [
  ["ffi/nvml.ts", "lib/gpu/gpu.ts"],
  ["lib/gpu/gpu.ts", "lib/sysfs/sysroot.ts"],
  ["lib/gpu/gpu.ts", "ffi/nvml.ts"],
  ["lib/gpu/gpu.ts", "node:fs"],
  ["lib/render/table.ts", "lib/cli/info.ts"],
  ["lib/daemon/serve.ts", "lib/cli/info.ts"],
  ["lib/pool/fence.ts", "lib/daemon/serve.ts"],
  ["lib/cli/info.ts", "ffi/nvml.ts"],
  ["lib/schedule/random.ts", "ffi/libc.ts"],
  ["main.ts", "ffi/libc.ts"],
  ["lib/cli/info.ts", "main.ts"],
  ["tests/main_test.ts", "main.ts"],
  ["lib/spirv/module.ts", "scripts/gen.ts"],
  ["mod.ts", "tests/fakes/gpu.ts"],
];

for (const [from, to] of BREACHES) {
  Deno.test(`findBreaches() refuses ${from} -> ${to}`, () => {
    assert.notEqual(findBreaches([edge(from, to)]).length, 0);
  });
}

Deno.test("findBreaches() lets every backend import ffi/, and tests import all but main.ts", () => {
  const backends = ["discovery", "telemetry", "control", "pool", "bench", "session", "launch"];
  const edges = [
    ...backends.map((name) => edge(`lib/${name}/a.ts`, "ffi/libc.ts")),
    edge("tests/a_test.ts", "ffi/libc.ts"),
    edge("tests/a_test.ts", "lib/cli/info.ts"),
    edge("tests/a_test.ts", "scripts/gen.ts"),
    edge("lib/cli/info.ts", "npm:/commander@15.1.0", { specifier: "commander" }),
    edge("lib/gpu/closest.ts", "npm:/fastest-levenshtein@1.0.16", { specifier: "closest" }),
  ];
  assert.deepEqual(findBreaches(edges), []);
});

Deno.test("findCycles() finds a file that imports itself, and each of two cycles once", () => {
  const edges = [
    edge("a", "a"),
    edge("b", "c"),
    edge("c", "b"),
    edge("d", "b"),
    edge("e", "d"),
  ];
  assert.deepEqual(findCycles(edges), [["a", "a"], ["b", "c", "b"]]);
});

Deno.test("findCycles() does not follow dynamic imports", () => {
  assert.deepEqual(findCycles([edge("a", "b", { dynamic: true }), edge("b", "a")]), []);
});

Deno.test("parseInfo() throws on a specifier that is not in the import map", () => {
  const span = { start: { line: 4, character: 0 } };
  const json = JSON.stringify({
    modules: [{
      specifier: "file:///r/a.ts",
      dependencies: [{ specifier: "left-pad", code: { error: "not mapped", span } }],
    }],
  });
  assert.throws(() => parseInfo(json, "/r"), /a\.ts:5: cannot resolve "left-pad": not mapped/);
});
