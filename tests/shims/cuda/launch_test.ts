/**
 * Launches on GPUs without a limit: each is counted once, on the GPU that it is for, however short its way.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { SessionRegistry } from "../../../lib/session/registry.ts";
import { compile, compilerTest } from "../../fakes/cc.ts";
import { fakeCudaDriver } from "../../fakes/cuda_driver.ts";

const HERE = import.meta.dirname ?? ".";
const SHIM = join(HERE, "../../../build/shims/libmvgal_cuda.so");

async function launchesOf(gpus: number, rounds: number): Promise<number[]> {
  const program = compile({
    name: "launch_program",
    source: { file: join(HERE, "launch_program.c") },
    args: ["-O1", "-ldl"],
  });
  using fake = fakeCudaDriver({ devices: Array(gpus).fill({ memory: 1 << 26 }) });
  await using child = new Deno.Command(program, {
    args: [String(gpus), String(rounds)],
    env: { LD_LIBRARY_PATH: fake.directory, LD_PRELOAD: SHIM, MVGAL_RUNTIME_DIR: fake.directory },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const said = await child.stdout.getReader().read();
  assert.equal(new TextDecoder().decode(said.value), "done\n");
  using registry = new SessionRegistry({ directories: { own: [fake.directory], foreign: [] } });
  const counters = registry.look().sessions.find(({ pid }) => pid === child.pid)?.page.counters;
  await child.stdin.close();
  assert.equal(fake.calls("cuLaunchKernel"), 2 * gpus * rounds);
  return (counters ?? []).map(({ launches }) => Number(launches));
}

for (const gpus of [1, 3]) {
  compilerTest(`launches without a limit are counted once, on each of ${gpus} GPUs`, async () => {
    const rounds = 20_011;
    assert.deepEqual(await launchesOf(gpus, rounds), Array(gpus).fill(2 * rounds));
  });
}
