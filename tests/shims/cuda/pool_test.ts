/**
 * Pooled memory of the CUDA shim, over a driver that holds its callers to the rules of the real one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { compile, compilerTest } from "../../fakes/cc.ts";

const HERE = import.meta.dirname ?? ".";
const SHIM = join(HERE, "../../../shims");
const BUILT = join(HERE, "../../../build/tests/pool_shims");

/** Files of a directory whose names match, with their paths. */
function files(directory: string, pattern: RegExp): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name)
    .filter((name) => pattern.test(name)).sort().map((name) => join(directory, name));
}

const ADDRESS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
const THREAD = ["-fsanitize=thread"];

/** Compiles the driver of the tests. */
function driverLibrary(flags: readonly string[]): string {
  return compile({
    name: "libcuda.so.1",
    source: { file: join(HERE, "pool_driver.c") },
    args: [...commonFlags(flags), "-fPIC", "-shared", "-Wl,-Bsymbolic"],
    includes: [join(HERE, "pool_driver.h"), join(SHIM, "cuda", "abi.h")],
  });
}

/** The shim's limits.h is not the system's. */
function commonFlags(flags: readonly string[]): string[] {
  return ["-g", "-O1", ...flags, "-pthread", `-I${join(SHIM, "cuda")}`];
}

/** Runs one of the tests of `pool_program.c` on cards of 64 MiB each. */
function run(test: string, flags: readonly string[], env: Record<string, string>): void {
  const headers = [...files(HERE, /^pool_.*\.h$/), ...files(join(SHIM, "cuda"), /\.h$/)];
  const driver = driverLibrary(flags);
  const sources = [
    ...files(HERE, /^pool_(program_.*|pass)\.c$/),
    ...files(join(SHIM, "cuda"), /^(pool.*|real|devices|forks)\.c$/),
  ];
  const program = compile({
    name: "pool_program",
    source: { file: join(HERE, "pool_program.c") },
    args: [
      ...commonFlags(flags),
      ...[`-I${join(SHIM, "session")}`, `-I${join(SHIM, "include")}`, `-I${HERE}`],
      ...sources,
      "-ldl",
    ],
    includes: [...headers, ...sources],
  });
  const { code, stdout, stderr } = new Deno.Command(program, {
    args: [test],
    env: { LD_LIBRARY_PATH: dirname(driver), FAKE_CARDS: "64,64,64", ...env },
  }).outputSync();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, text);
  assert.match(text, /^done$/m);
}

const TESTS: readonly { test: string; says: string; env?: Record<string, string> }[] = [
  { test: "plan", says: "places every byte once, by room, evenly along the addresses" },
  { test: "arena", says: "gives small allocations places of their own" },
  { test: "one", says: "holds 1.8 cards in one allocation" },
  { test: "many", says: "holds 1.8 cards in allocations of any size" },
  { test: "local", says: "leaves to the driver what the own card has room for" },
  { test: "failures", says: "leaves nothing behind where a call of the driver fails" },
  { test: "fragments", says: "gives all room back in whatever order memory is freed" },
  { test: "threads", says: "serves threads at once" },
  { test: "stream order", says: "keeps what is freed on a stream until the stream is past it" },
  { test: "waits", says: "waits for work before it takes memory away" },
  { test: "attributes", says: "answers for an allocation as for one of the own GPU" },
  {
    test: "devices",
    says: "shows one GPU with all memory",
    env: { CUDA_VISIBLE_DEVICES: "5", MVGAL_POOL_GPUS: "5,6,7" },
  },
  { test: "copies", says: "copies and fills by pieces where the driver takes no more" },
  { test: "program's VMM", says: "spreads memory that the program maps itself" },
  { test: "contexts", says: "frees what a context leaves" },
  { test: "fork", says: "lets a child of a fork go on" },
  { test: "host", says: "takes host memory last", env: { MVGAL_POOL_HOST: String(32 << 20) } },
  { test: "limits", says: "counts each card's part against that card's limit" },
  {
    test: "unreached",
    says: "leaves out a card that the first cannot reach",
    env: { FAKE_UNREACHED: "2" },
  },
];

for (const { test, says, env = {} } of TESTS) {
  compilerTest(`pool ${says}`, () => run(test, [], env));
  compilerTest(`pool ${says}, under ASan and UBSan`, () => run(test, ADDRESS, env), {
    libraries: ["libasan.so", "libubsan.so"],
  });
}

for (const test of ["threads", "fork", "stream order"]) {
  compilerTest(`pool has no races: ${test}, under TSan`, () => run(test, THREAD, {}), {
    libraries: ["libtsan.so"],
  });
}

/** What `pool_whole.c` prints with the shim before it. */
function runWhole(env: Record<string, string>, mib: number): string[] {
  const driver = driverLibrary([]);
  const program = compile({
    name: "pool_whole",
    source: { file: join(HERE, "pool_whole.c") },
    args: ["-ldl"],
  });
  const directory = Deno.makeTempDirSync();
  try {
    const made = new Deno.Command("make", { args: ["-s", "-C", SHIM, `BUILD=${BUILT}`] })
      .outputSync();
    assert.equal(made.code, 0, new TextDecoder().decode(made.stderr));
    const { code, stdout } = new Deno.Command(program, {
      args: [`${mib}`],
      env: {
        LD_LIBRARY_PATH: dirname(driver),
        LD_PRELOAD: join(BUILT, "libmvgal_cuda.so"),
        FAKE_CARDS: "64,64,64",
        MVGAL_RUNTIME_DIR: directory,
        ...env,
      },
    }).outputSync();
    assert.equal(code, 0);
    return new TextDecoder().decode(stdout).trim().split("\n");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

compilerTest("the CUDA shim pools for a program that knows nothing of it", () => {
  assert.deepEqual(runWhole({ MVGAL_POOL: "1" }, 115), [
    "GPUs: 1 of 192 MiB",
    "before: 0, 186 of 192 MiB",
    "allocated: 0",
    "wrong: 0",
    "allocated: 0, 70 of 192 MiB",
    "freed: 0",
    "after: 0, 186 of 192 MiB",
  ]);
  assert.deepEqual(runWhole({}, 115), [
    "GPUs: 3 of 64 MiB",
    "before: 0, 64 of 64 MiB",
    "allocated: 2",
  ]);
});

compilerTest("the CUDA shim pools within the limits of each GPU", () => {
  assert.deepEqual(runWhole({ MVGAL_POOL: "1", MVGAL_VRAM_LIMIT: "1=20MiB" }, 130), [
    "GPUs: 1 of 148 MiB",
    "before: 0, 142 of 148 MiB",
    "allocated: 0",
    "wrong: 0",
    "allocated: 0, 12 of 148 MiB",
    "freed: 0",
    "after: 0, 142 of 148 MiB",
  ]);
  assert.deepEqual(runWhole({ MVGAL_POOL: "1", MVGAL_VRAM_LIMIT: "20MiB" }, 60), [
    "GPUs: 1 of 60 MiB",
    "before: 0, 54 of 60 MiB",
    "allocated: 2",
  ]);
});
