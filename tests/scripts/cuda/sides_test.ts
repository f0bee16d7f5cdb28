/**
 * The two sides that `scripts/bench_cuda.ts` compares in one process: the driver's own functions, and the shim's.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { median } from "../../../lib/bench/statistics.ts";
import { SessionRegistry } from "../../../lib/session/registry.ts";
import { read, type Said } from "../../../scripts/cuda/rounds.ts";
import { compile, compilerTest } from "../../fakes/cc.ts";
import { fakeCudaDriver } from "../../fakes/cuda_driver.ts";

const HERE = import.meta.dirname ?? ".";
const SCRIPTS = join(HERE, "../../../scripts/cuda");
const ABI = join(HERE, "../../../shims/cuda");
const SHIM = join(HERE, "../../../build/shims/libmvgal_cuda.so");
const OWN = join(SCRIPTS, "own_dlsym.h");

async function loop(args: readonly string[], env: Record<string, string>): Promise<Said> {
  const program = compile({
    name: "launch_loop",
    source: { file: join(SCRIPTS, "launch_loop.c") },
    args: ["-O2", "-ldl"],
    includes: [OWN],
  });
  const child = new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("\n"));
  await writer.close();
  const { success, stdout } = await child.output();
  assert.ok(success);
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assert.equal(lines.pop(), ".");
  return read(lines);
}

compilerTest(
  "launch_loop finds what the shim adds on a driver that does nothing, and nothing without it",
  async () => {
    const driver = compile({
      name: "libcuda.so.1",
      source: { file: join(SCRIPTS, "empty_driver.c") },
      args: ["-O2", "-shared", "-fPIC"],
    });
    const directory = Deno.makeTempDirSync({ prefix: "mvgal-sides-" });
    try {
      const env = { LD_LIBRARY_PATH: dirname(driver), MVGAL_RUNTIME_DIR: directory };
      const args = ["10000", "0.2", "0.2", "0.1"];
      const added = ({ figures }: Said) =>
        figures.map((rounds) => median(rounds.map((each) => each.shim - each.driver)));
      const without = await loop(args, { ...env, LD_PRELOAD: "" });
      const with_ = await loop(args, { ...env, LD_PRELOAD: SHIM });
      assert.deepEqual([without.hooked, with_.hooked], [0, 1]);
      for (const [i, cost] of added(with_).entries()) {
        const error = Math.abs(added(without)[i] ?? NaN);
        assert.ok(
          error < cost / 2,
          `figure ${i}: ${error} ns without the shim, ${cost} ns with it`,
        );
      }
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
);

compilerTest(
  "launch_loop gives back what it allocates, each side its own, under a limit that is not reached",
  async () => {
    using fake = fakeCudaDriver({ devices: [{ memory: 1 << 26 }] });
    const { hooked, figures } = await loop(["20", "0.1", "0.05", "0.05"], {
      LD_LIBRARY_PATH: fake.directory,
      LD_PRELOAD: SHIM,
      MVGAL_RUNTIME_DIR: fake.directory,
      MVGAL_VRAM_LIMIT: "32MiB",
    });
    assert.equal(hooked, 1);
    assert.equal(figures.length, 3);
    assert.ok(fake.calls("cuLaunchKernel") > 0);
    assert.equal(fake.calls("cuMemAlloc_v2"), fake.calls("cuMemFree_v2"));
  },
);

const WAYS = ["dlopen", "dlopen-threads", "deepbind", "resolver11", "resolver12-threads"];

async function switched(way: string, preload: string): Promise<unknown[]> {
  const library = compile({
    name: "switch.so",
    source: { file: join(SCRIPTS, "switch.c") },
    args: ["-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread", `-I${ABI}`, "-ldl"],
    includes: [OWN, ...["hooks.h", "abi.h", "copies.h", "work.h"].map((name) => join(ABI, name))],
  });
  const program = compile({
    name: "switch_program",
    source: { file: join(HERE, "switch_program.c") },
    args: ["-O1", `-I${ABI}`, join(SCRIPTS, "find_driver.c"), "-ldl"],
    includes: ["find_driver.c", "driver.h"].map((name) => join(SCRIPTS, name)),
  });
  using fake = fakeCudaDriver({ devices: [{ memory: 1 << 26 }] });
  await using child = new Deno.Command(program, {
    args: [way],
    env: {
      LD_LIBRARY_PATH: fake.directory,
      LD_PRELOAD: [library, preload].join(":"),
      MVGAL_RUNTIME_DIR: fake.directory,
      MVGAL_VRAM_LIMIT: "8MiB",
    },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const said = await child.stdout.getReader().read();
  using registry = new SessionRegistry({ directories: { own: [fake.directory], foreign: [] } });
  const page = registry.look().sessions.find(({ pid }) => pid === child.pid)?.page;
  await child.stdin.close();
  return [
    new TextDecoder().decode(said.value).trim(),
    fake.calls(way.endsWith("threads") ? "cuLaunchKernel_ptsz" : "cuLaunchKernel"),
    page && Number(page.counters[0]?.launches),
  ];
}

for (const way of WAYS) {
  compilerTest(
    `switch.c lets launches past the shim and by it, memory always by it: ${way}`,
    async () => {
      // 100 of 112 were not seen by the shim; the limit of 8 MiB held where the switch was at the driver.
      assert.deepEqual(await switched(way, SHIM), ["5 0 2", 112, 12]);
    },
  );
}

compilerTest("switch.c has the driver on both sides where there is no shim", async () => {
  assert.deepEqual(await switched("resolver12", ""), ["5 0 0", 112, undefined]);
});
