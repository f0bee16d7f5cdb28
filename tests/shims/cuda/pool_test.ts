/**
 * Pooled memory of the CUDA shim, over a driver that holds its callers to the rules of the real one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { compile, compilerTest } from "../../fakes/cc.ts";
import { type FakeCudaDriver, fakeCudaDriver } from "../../fakes/cuda_driver.ts";

const HERE = import.meta.dirname ?? ".";
const SHIM = join(HERE, "../../../shims");
const BUILT = join(HERE, "../../../build/shims");

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

function commonFlags(flags: readonly string[]): string[] {
  return ["-g", "-O1", ...flags, "-pthread", `-I${join(SHIM, "cuda")}`];
}

/** Runs one of the tests of `pool_program.c` on cards of 64 MiB each. */
function run(test: string, flags: readonly string[], env: Record<string, string>): void {
  const headers = [...files(HERE, /^pool_.*\.h$/), ...files(join(SHIM, "cuda"), /\.h$/)];
  const driver = driverLibrary(flags);
  const sources = [
    ...files(HERE, /^pool_(program_.*|pass|lent)\.c$/),
    ...files(join(SHIM, "cuda"), /^(pool.*|real|devices|forks|say)\.c$/),
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
    env: {
      LD_LIBRARY_PATH: dirname(driver),
      FAKE_CARDS: "64,64,64",
      MVGAL_POOL_GPUS: "5,6,7",
      ...env,
    },
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
  { test: "devices", says: "shows one GPU with all memory" },
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

const MIB = 1 << 20;

/** So many cards; `peers` of the first. */
function cards(count: number, peers?: readonly number[], memory = 64 * MIB): FakeCudaDriver {
  return fakeCudaDriver({
    devices: Array.from({ length: count }, (_, i) => ({
      memory,
      pci: `0000:0${i + 1}:00.0`,
      ...(i === 0 && peers !== undefined && { peers }),
    })),
    overhead: 0,
  });
}

/** Three cards; `peers` of the first. */
function threeCards(peers?: readonly number[], memory = 64 * MIB): FakeCudaDriver {
  return cards(3, peers, memory);
}

/** What a program prints with the shim before it, which sees the first card alone. */
async function runWhole(
  driver: FakeCudaDriver,
  env: Record<string, string>,
  args: readonly (string | number)[],
  between: (child: Deno.ChildProcess) => void = () => {},
  name = "pool_whole",
): Promise<{ lines: string[]; errors: string }> {
  const program = compile({
    name,
    source: { file: join(HERE, `${name}.c`) },
    args: ["-pthread", "-ldl"],
  });
  const directory = Deno.makeTempDirSync();
  try {
    const made = new Deno.Command("make", { args: ["-s", "-C", SHIM] }).outputSync();
    assert.equal(made.code, 0, new TextDecoder().decode(made.stderr));
    const child = new Deno.Command(program, {
      args: args.map(String),
      env: {
        LD_LIBRARY_PATH: driver.directory,
        LD_PRELOAD: join(BUILT, "libmvgal_cuda.so"),
        MVGAL_RUNTIME_DIR: directory,
        CUDA_VISIBLE_DEVICES: "0",
        MVGAL_POOL_GPUS: "0,1,2",
        ...env,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const errors = new Response(child.stderr).text();
    const lines: string[] = [];
    const input = child.stdin.getWriter();
    for await (const line of createInterface({ input: Readable.fromWeb(child.stdout) })) {
      lines.push(line);
      if (!line.startsWith("after")) continue;
      between(child);
      await input.write(new TextEncoder().encode("\n"));
    }
    await input.close().catch(() => {});
    const { code } = await child.status;
    assert.equal(code, 0, await errors);
    return { lines, errors: await errors };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** The lenders of a driver that are there: processes whose environment names its directory. */
function lenders(driver: FakeCudaDriver): number[] {
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name)).filter((pid) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/comm`) === "mvgal-lender\n" &&
        Deno.readTextFileSync(`/proc/${pid}/environ`).includes(driver.directory);
    } catch {
      return false;
    }
  });
}

compilerTest("the CUDA shim pools for a program that knows nothing of it", async () => {
  using driver = threeCards();
  const pooled = await runWhole(driver, { MVGAL_POOL: "1" }, [115]);
  assert.deepEqual(pooled, {
    lines: [
      "GPUs: 1 of 192 MiB",
      "before: 0, 186 of 192 MiB",
      "allocated: 0",
      "wrong: 0",
      "allocated: 0, 70 of 192 MiB",
      "freed: 0",
      "after: 0, 186 of 192 MiB",
    ],
    errors: "",
  });
  const plain = await runWhole(driver, {}, [115]);
  assert.deepEqual(plain, {
    lines: ["GPUs: 1 of 64 MiB", "before: 0, 64 of 64 MiB", "allocated: 2"],
    errors: "",
  });
  assert.deepEqual(driver.misuse(), { unsynchronised: 0, illegal: 0 });
});

for (const [count, times] of [[2, 1.8], [4, 3.5], [8, 7]] as const) {
  compilerTest(`the CUDA shim pools ${times} of ${count} GPUs for one allocation`, async () => {
    using driver = cards(count);
    const env = { MVGAL_POOL: "1", MVGAL_POOL_GPUS: [...Array(count).keys()].join() };
    const { lines, errors } = await runWhole(driver, env, [times * 64]);
    assert.equal(errors, "");
    assert.equal(lines[0], `GPUs: 1 of ${count * 64} MiB`);
    assert.deepEqual(lines.slice(2, 4), ["allocated: 0", "wrong: 0"]);
    assert.equal(lines.at(-1), lines[1]?.replace("before", "after"));
    assert.deepEqual(driver.misuse(), { unsynchronised: 0, illegal: 0 });
    const plain = await runWhole(driver, {}, [times * 64]);
    assert.equal(plain.lines.at(-1), "allocated: 2");
  });
}

compilerTest("the CUDA shim pools within the limits of each GPU", async () => {
  using driver = threeCards();
  const one = await runWhole(driver, { MVGAL_POOL: "1", MVGAL_VRAM_LIMIT: "1=20MiB" }, [130]);
  assert.deepEqual(one.lines, [
    "GPUs: 1 of 148 MiB",
    "before: 0, 142 of 148 MiB",
    "allocated: 0",
    "wrong: 0",
    "allocated: 0, 12 of 148 MiB",
    "freed: 0",
    "after: 0, 142 of 148 MiB",
  ]);
  const all = await runWhole(driver, { MVGAL_POOL: "1", MVGAL_VRAM_LIMIT: "20MiB" }, [60]);
  assert.deepEqual(all.lines, [
    "GPUs: 1 of 60 MiB",
    "before: 0, 54 of 60 MiB",
    "allocated: 2",
  ]);
});

compilerTest(
  "the CUDA shim pools on when its lender is killed, and leaves none behind",
  async () => {
    using driver = threeCards();
    const killed: number[] = [];
    const { lines } = await runWhole(driver, { MVGAL_POOL: "1" }, [115, 4], () => {
      for (const pid of lenders(driver)) {
        Deno.kill(pid, "SIGKILL");
        killed.push(pid);
      }
    });
    assert.equal(lines.filter((line) => line === "wrong: 0").length, 4);
    assert.equal(lines.at(-1), "after: 0, 186 of 192 MiB");
    assert.equal(new Set(killed).size, 4);
    for (let i = 0; lenders(driver).length > 0; i++) {
      assert.ok(i < 200, "the lender outlives its program");
      await new Promise((wake) => setTimeout(wake, 50));
    }
  },
);

compilerTest("the CUDA shim leaves out GPUs that the first cannot reach, and says so", async () => {
  using driver = threeCards([1]);
  const { lines, errors } = await runWhole(driver, { MVGAL_POOL: "1" }, [100]);
  assert.equal(lines[0], "GPUs: 1 of 128 MiB");
  assert.equal(lines.at(-1), "after: 0, 124 of 128 MiB");
  assert.equal(
    errors,
    "mvgal: 1 of 3 GPUs are left out of the pool: the first cannot reach their memory\n",
  );
});

compilerTest(
  "the CUDA shim does not pool where the program's GPU is not the pool's first",
  async () => {
    using driver = threeCards();
    const other = await runWhole(
      driver,
      { MVGAL_POOL: "1", MVGAL_POOL_GPUS: "1,2" },
      [100],
    );
    assert.deepEqual(other.lines, ["GPUs: 1 of 64 MiB", "before: 0, 64 of 64 MiB", "allocated: 2"]);
    assert.match(other.errors, /^mvgal: memory is not pooled: the program's GPU is not the first/);
    const several = await runWhole(
      driver,
      { MVGAL_POOL: "1", CUDA_VISIBLE_DEVICES: "0,1" },
      [100],
    );
    assert.equal(several.lines.at(-1), "allocated: 2");
    assert.match(several.errors, /^mvgal: memory is not pooled: the program sees 2 GPUs; /);
  },
);

compilerTest(
  "the CUDA shim says why it does not pool where the lender finds no driver",
  async () => {
    using driver = threeCards();
    driver.fail("cuDeviceCanAccessPeer", 0, { times: 0 });
    const { lines, errors } = await runWhole(
      driver,
      { MVGAL_POOL: "1", MVGAL_POOL_GPUS: "0,9" },
      [100],
    );
    assert.equal(lines.at(-1), "allocated: 2");
    assert.equal(errors, "");
  },
);

compilerTest("the CUDA shim brings what kernels read again and again near, and back", async () => {
  using driver = threeCards(undefined, 256 * MIB);
  const { lines, errors } = await runWhole(
    driver,
    { MVGAL_POOL: "1" },
    [],
    undefined,
    "near_program",
  );
  assert.equal(errors, "");
  const [first, ...others] = lines;
  assert.match(first ?? "", /^at first: 7\d\d MiB$/);
  assert.deepEqual(others, [
    "wrong sums: 0",
    "wrong bytes: 0",
    "wrong bytes: 0",
    "wrong bytes: 0",
    "wrong bytes: 0",
    "wrong bytes: 0",
    "wrong beside: 0",
    first?.replace("first", "last"),
  ]);
  // 60 MiB in pieces of 2, brought and sent back: each takes the handle of what it replaces.
  assert.ok(driver.calls("cuMemRetainAllocationHandle") >= 40);
  assert.deepEqual(driver.misuse(), { unsynchronised: 0, illegal: 0 });
});
