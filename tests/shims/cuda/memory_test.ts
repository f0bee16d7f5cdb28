/** What CUDA memory is charged for, and what is shown of it: over the fake driver. */

import assert from "node:assert/strict";
import { hostClock } from "../../../lib/control/clock.ts";
import { groupUse, parseGroup } from "../../../lib/session/group.ts";
import { compilerTest } from "../../fakes/cc.ts";
import {
  type FakeCudaDriver,
  fakeCudaDriver,
  type FakeCudaOptions,
} from "../../fakes/cuda_driver.ts";
import { GroupDirectory, type Sanitizer, SANITIZER_LIBRARIES, shimProgram } from "./shim.ts";

const MIB = 2 ** 20;
const LIMIT = 256 * MIB;
/** Of the fake's first GPU. */
const GPU = "pci:0000:10:00.0";
const UUID = "GPU-00c0ffee-0000-4000-8000-000000000000";

interface World extends Disposable {
  driver: FakeCudaDriver;
  directory: GroupDirectory;
}

function world(options: Partial<FakeCudaOptions> = {}): World {
  const driver = fakeCudaDriver({
    devices: [{ memory: 1024 * MIB }, { memory: 1024 * MIB }],
    overhead: 0,
    ...options,
  });
  const directory = new GroupDirectory([
    { gpu: GPU, memory_limit_bytes: BigInt(LIMIT), compute_pct: 100 },
  ]);
  return {
    driver,
    directory,
    [Symbol.dispose]() {
      driver[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}

/** The environment of a process of its own, and of one of a group. */
const OWN = { MVGAL_VRAM_LIMIT: `${LIMIT}`, MVGAL_GROUP: "" };
const GROUPED = { MVGAL_VRAM_LIMIT: "" };

function command(
  { driver, directory }: World,
  args: readonly (string | number)[],
  env: Record<string, string>,
  sanitizer: Sanitizer | null,
): Deno.Command {
  return new Deno.Command(shimProgram("memory_program", sanitizer), {
    args: args.map(String),
    env: {
      ...directory.env,
      LD_LIBRARY_PATH: driver.directory,
      // Programs that end without giving back what they have are what is tested.
      ASAN_OPTIONS: "detect_leaks=0",
      ...env,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(
  world: World,
  args: readonly (string | number)[],
  env: Record<string, string> = OWN,
  sanitizer: Sanitizer | null = "address,undefined",
): Promise<{ stdout: string; stderr: string }> {
  const child = command(world, args, env, sanitizer).spawn();
  await child.stdin.close();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 0, text);
  return { stdout: new TextDecoder().decode(stdout).trim(), stderr: text };
}

function memoryTest(
  name: string,
  fn: () => void | Promise<void>,
  sanitizer: Sanitizer = "address,undefined",
): void {
  compilerTest(name, fn, { libraries: SANITIZER_LIBRARIES[sanitizer] });
}

for (
  const [scene, what] of [
    ["plain", "cuMemAlloc, its pitch and managed kin are charged, refused and freed to the byte"],
    ["arrays", "arrays and mipmaps are charged by format, channels and extents"],
    ["async", "memory pools are charged for what they have of the GPU, used or not"],
    ["blocks", "cuMemCreate is charged until all its handles and mappings are gone"],
    ["contexts", "memory goes with its context"],
  ] as const
) {
  for (const [whose, env] of [["a process", OWN], ["a group", GROUPED]] as const) {
    memoryTest(`${what}, in the limit of ${whose}`, async () => {
      using at = world();
      await run(at, [scene], env);
      const reading = parseGroup(Deno.readFileSync(at.directory.file));
      assert.ok(reading.state === "group");
      assert.equal(reading.group.members.length, env === GROUPED ? 1 : 0);
    });
  }
}

memoryTest("the driver is not asked for what is over the limit", async () => {
  using at = world();
  await run(at, ["over"]);
  assert.equal(at.driver.calls("cuMemAllocAsync"), 0);
  assert.equal(at.driver.calls("cuMemAlloc_v2"), 0);
});

memoryTest("allocations that the driver refuses stay charged for nothing", async () => {
  using at = world();
  for (
    const name of [
      ...["cuMemAlloc_v2", "cuMemAllocManaged", "cuMemAllocPitch_v2", "cuArrayCreate_v2"],
      ...["cuMemCreate", "cuMemAllocAsync"],
    ]
  ) at.driver.fail(name, 999);
  await run(at, ["failing"]);
});

memoryTest(
  "cuMemGetInfo, cuDeviceTotalMem and NVML show the limit, and what is used of it",
  async () => {
    using at = world();
    assert.equal((await run(at, ["shown"])).stdout, `${LIMIT} 0 ${10 * MIB}`);
    assert.equal((await run(at, ["shown"], GROUPED)).stdout, `${LIMIT} 0 ${10 * MIB}`);
    const free = { MVGAL_VRAM_LIMIT: "", MVGAL_GROUP: "" };
    assert.equal((await run(at, ["nvml"], free)).stdout, `${1024 * MIB} 0`);
  },
);

memoryTest(
  "NVML without CUDA shows the limit by ordinal and UUID, and what the group uses",
  async () => {
    using at = world();
    const child = command(at, ["hold", 30], GROUPED, null).spawn();
    await child.stdout.getReader().read();
    assert.equal((await run(at, ["nvml"], GROUPED)).stdout, `${LIMIT} ${30 * MIB}`);
    child.kill("SIGKILL");
    await child.status;
    assert.equal((await run(at, ["nvml"], GROUPED)).stdout, `${LIMIT} 0`);
    const shown = async (limits: string, env: Record<string, string> = {}) =>
      Number(
        (await run(at, ["nvml"], { ...OWN, MVGAL_VRAM_LIMIT: limits, ...env })).stdout
          .split(" ")[0],
      ) / MIB;
    assert.equal(await shown("0=64MiB"), 64);
    assert.equal(await shown("1=64MiB"), 1024);
    assert.equal(await shown("1=64MiB", { CUDA_VISIBLE_DEVICES: "1,0" }), 64);
    assert.equal(await shown("0=64MiB", { CUDA_VISIBLE_DEVICES: "1" }), 1024);
    assert.equal(await shown("1=64MiB", { CUDA_VISIBLE_DEVICES: `1, ${UUID.slice(0, 12)}` }), 64);
    assert.equal(await shown(`${UUID.toLowerCase()}=64MiB`, { CUDA_VISIBLE_DEVICES: "1" }), 64);
  },
);

memoryTest("what the driver itself needs counts against the limit", async () => {
  using at = world({ overhead: 40 * MIB });
  assert.equal((await run(at, ["shown"])).stdout, `${LIMIT} ${40 * MIB} ${50 * MIB}`);
  // Where NVML says nothing it is not known.
  at.driver.fail("nvmlDeviceGetComputeRunningProcesses_v3", 3);
  const { stdout, stderr } = await run(at, ["shown"], { ...OWN, MVGAL_LOG: "1" });
  assert.equal(stdout, `${LIMIT} 0 ${10 * MIB}`);
  assert.match(stderr, /^mvgal: .*contexts and modules are not counted$/m);
});

memoryTest("16 processes that allocate at once stay within their group's limit", async () => {
  using at = world();
  await run(at, ["race", 16, 60], GROUPED);
  const reading = parseGroup(Deno.readFileSync(at.directory.file));
  assert.ok(reading.state === "group");
  assert.equal(groupUse(reading.group, hostClock.startTime)[0]?.used_bytes, 0);
});

for (const sanitizer of ["thread", "address,undefined"] as const) {
  memoryTest(`threads that allocate at once are without races (${sanitizer})`, async () => {
    using at = world(sanitizer === "thread" ? { sanitize: "thread" } : {});
    await run(at, ["threads"], OWN, sanitizer);
  }, sanitizer);
}

memoryTest("a program under ENABLE_MVGAL=0 is not limited", async () => {
  using at = world();
  const { stdout } = await run(at, ["shown"], { ...OWN, ENABLE_MVGAL: "0" });
  assert.match(stdout, new RegExp(`^${1024 * MIB} `));
});
