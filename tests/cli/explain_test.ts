import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExplainedProgram } from "../../lib/pool/opencl_explain.ts";
import { compile, compilerTest } from "../fakes/cc.ts";
import { analysisFiles } from "../shims/opencl/analysis/split_check.ts";
import { objects } from "../shims/opencl/build.ts";
import { capture } from "./capture.ts";

/** The analysis alone, as libmvgal_opencl.so. */
function shims(): string {
  const path = compile({
    name: "libmvgal_opencl.so",
    source: "/* All of it is in the objects. */",
    args: ["-shared", ...objects("plain", ["opencl/analysis"]), "-Wl,--no-as-needed", "-lm"],
    includes: analysisFiles(),
  });
  return join(path, "..");
}

async function explain(source: string | { file: string }, ...args: string[]) {
  const directory = await Deno.makeTempDir();
  const before = Deno.env.get("MVGAL_SHIM_DIR");
  Deno.env.set("MVGAL_SHIM_DIR", shims());
  try {
    const file = typeof source === "string" ? join(directory, "k.cl") : source.file;
    if (typeof source === "string") await Deno.writeTextFile(file, source);
    return await capture(["explain", file, ...args]);
  } finally {
    if (before === undefined) Deno.env.delete("MVGAL_SHIM_DIR");
    else Deno.env.set("MVGAL_SHIM_DIR", before);
    await Deno.remove(directory, { recursive: true });
  }
}

const SOURCE = `__kernel void rows(__global float *out, int width) {
  int x = get_global_id(0), y = get_global_id(1);
  if (x < width) out[y * width + x] = SCALE;
}
__kernel void count(__global int *n, __global const int *in) {
	if (in[get_global_id(0)]) atomic_inc(n);
}
`;

compilerTest("mvgal explain says what each work-group writes, and of which launch", async () => {
  const { status, stdout, stderr } = await explain(
    SOURCE,
    "-DSCALE=2",
    "--global",
    "64x32",
    "--local",
    "8x4",
    "--arg",
    "width=60",
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^rows: may be split in y, between any two of 8 groups of 4$/m);
  assert.match(stdout, /^ {2}out: writes 960 bytes from 960 \* group on$/m);
  assert.match(stdout, /^ {2}launch: global 64x32, local 8x4, width = 60$/m);
});

compilerTest("mvgal explain shows the line that decides, and what to do about it", async () => {
  const { status, stdout, stderr } = await explain(SOURCE, "-D", "SCALE=1");
  assert.equal(status, 0, stderr);
  const lines = stdout.split("\n");
  const at = lines.findIndex((line) => line.startsWith("count: runs whole (atomic): atomic_inc"));
  assert.ok(at >= 0, stdout);
  assert.equal(lines[at + 1], "  k.cl:6: \tif (in[get_global_id(0)]) atomic_inc(n);");
  assert.equal(lines[at + 2], `${" ".repeat(10)}\t${" ".repeat(26)}^`);
  assert.match(lines[at + 3] ?? "", /^ {2}to split it: /);
  assert.match(lines[at + 4] ?? "", /\(assumed: --global, --local, --arg\)$/);
});

compilerTest("mvgal explain --json prints one object that names its schema", async () => {
  const { status, stdout } = await explain(SOURCE, "--json", "-DSCALE=1", "--global=8x8");
  assert.equal(status, 0);
  const { schema, error, kernels } = JSON.parse(stdout);
  assert.deepEqual([schema, error], ["mvgal.explain/1", null]);
  assert.deepEqual(
    kernels.map((
      { name, verdict, rule, at }: Record<string, unknown>,
    ) => [name, verdict, rule, at]),
    [["rows", "split", undefined, undefined], ["count", "whole", "atomic", {
      line: 6,
      column: 28,
    }]],
  );
});

compilerTest("mvgal explain names the place of what cannot be read", async () => {
  const broken = await explain("\n#if 1 +\n#endif\n");
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /k\.cl:2:1: #if: it ends too early/);
  const skipped = await explain("struct s { int a : 3; };\n__kernel void k(void) {}\n");
  assert.equal(skipped.status, 0);
  assert.match(skipped.stdout, /stepped over: a bit-field at ':'\n {2}k\.cl:1: struct s/);
});

compilerTest("mvgal explain refuses sizes and numbers that are none", async () => {
  assert.equal((await explain(SOURCE, "--global", "0")).status, 2);
  assert.equal((await explain(SOURCE, "--arg", "width")).status, 2);
  assert.match((await capture(["explain", "/nowhere.cl"])).stderr, /there is no such file/);
});

compilerTest("mvgal explain refuses numbers of which it could not take account", async () => {
  const cases: [string, string][] = [
    ["nope=3", "--arg nope: no kernel has an argument of this name"],
    ["widthh=3", "--arg widthh: no kernel has an argument of this name (did you mean width?)"],
    ["out=3", "--arg out: this argument is no whole number"],
    [
      "width=99999999999999999999999",
      "--arg 'width=99999999999999999999999': 9007199254740991 is the most, with either sign",
    ],
    [`${"n".repeat(48)}=1`, `--arg '${"n".repeat(48)}=1': names of up to 47 characters are known`],
  ];
  for (const [arg, message] of cases) {
    const { status, stdout, stderr } = await explain(SOURCE, "-DSCALE=1", "--arg", arg);
    assert.deepEqual([status, stdout, stderr], [2, "", `mvgal: ${message}\n`]);
  }
  const float = await explain("__kernel void k(float f) {}", "--arg", "f=1");
  assert.match(float.stderr, /--arg f: this argument is no whole number/);
  const hex = await explain(SOURCE, "-DSCALE=1", "--arg", "width=-0x10");
  assert.match(hex.stdout, /width = -16/);
});

Deno.test("mvgal explain reads no more than a program has, of a device and of a pipe", async () => {
  const { status, stderr } = await capture(["explain", "/dev/zero"]);
  assert.deepEqual([status, stderr], [
    1,
    "mvgal: cannot read /dev/zero: it has more than 67108864 bytes\n",
  ]);
});

const MODULES = join(import.meta.dirname ?? ".", "..", "shims", "opencl", "spirv");

compilerTest("mvgal explain says of SPIR-V what it says of the source", async () => {
  const verdicts = async (file: string) => {
    const { status, stdout, stderr } = await explain({ file: join(MODULES, file) }, "--json");
    assert.equal(status, 0, stderr);
    const { kernels }: ExplainedProgram = JSON.parse(stdout);
    return kernels.map(({ name, verdict, dimension, rule, hidden, global, local, args }) => ({
      ...{ name, verdict, dimension, rule, hidden, global, local },
      args: args.map(({ type, kind, writes, reads }) => ({
        kind,
        isPointer: type.endsWith("*"),
        ...verdict === "split" ? { writes, reads } : {},
      })),
    }));
  };
  const source = await verdicts("kernels.cl");
  assert.deepEqual(source.map(({ verdict }) => verdict).sort(), [
    ...Array<string>(5).fill("split"),
    ...Array<string>(3).fill("whole"),
  ]);
  for (const file of ["optimised.spv", "plain.spv"]) {
    assert.deepEqual(await verdicts(file), source, file);
  }
});

compilerTest("mvgal explain names the instruction of SPIR-V that decides", async () => {
  const { status, stdout, stderr } = await explain({ file: join(MODULES, "plain.spv") });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^histogram: runs whole \(atomic\): OpAtomicIIncrement works on memory/m);
  assert.match(stdout, /^ {2}plain\.spv: OpAtomicIIncrement at word [0-9]+$/m);
});

compilerTest("mvgal explain refuses SPIR-V that is none for OpenCL, or is cut off", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, "k.spv");
    const bytes = await Deno.readFile(join(MODULES, "plain.spv"));
    await Deno.writeFile(file, bytes.subarray(0, bytes.length - 8));
    const cut = await explain({ file });
    assert.equal(cut.status, 1);
    assert.match(cut.stderr, /k\.spv: a (block|function) has no end/);
    // OpMemoryModel Logical: what Vulkan takes.
    const words = new Uint32Array(bytes.buffer.slice(0));
    const at = words.findIndex((word, i) => i >= 5 && word === (3 << 16 | 14));
    words[at + 1] = 0;
    await Deno.writeFile(file, new Uint8Array(words.buffer));
    const other = await explain({ file });
    assert.equal(other.status, 1);
    assert.match(other.stderr, /its addresses have no 64 bits/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
