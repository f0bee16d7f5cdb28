import assert from "node:assert/strict";
import { join } from "node:path";
import { compile, compiler, compilerTest } from "./cc.ts";
import { type FakeCudaDriver, fakeCudaDriver, type FakeCudaOptions } from "./cuda_driver.ts";

const here = import.meta.dirname ?? ".";
const MIB = 1 << 20;

const plain: FakeCudaOptions = {
  devices: [{ memory: 256 * MIB }, { memory: 128 * MIB }],
  overhead: 10 * MIB,
};

/** Builds it checked by sanitizers, where the compiler has them. */
const sanitize = "address,undefined";

function program(sanitizer: string | undefined = sanitize): string {
  const headers = [
    "cuda_driver_program.h",
    "cuda_driver_program_memory.h",
    "cuda_driver_program_graphs.h",
    "cuda_driver/abi.h",
  ];
  return compile({
    name: "cuda_driver_program",
    source: { file: join(here, "cuda_driver_program.c") },
    args: [
      "-D_GNU_SOURCE",
      "-g",
      "-pthread",
      "-Wno-strict-prototypes",
      ...(sanitizer === undefined
        ? []
        : [`-fsanitize=${sanitizer}`, "-fno-sanitize-recover=undefined"]),
    ],
    includes: headers.map((name) => join(here, name)),
  });
}

function start(
  fake: FakeCudaDriver,
  args: string[],
  { env = {}, sanitizer }: { env?: Record<string, string>; sanitizer?: string } = {},
) {
  return new Deno.Command(program(sanitizer), {
    args,
    env: { LD_LIBRARY_PATH: fake.directory, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(20_000),
  }).spawn();
}

type Running = ReturnType<typeof start>;

async function text(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return (await Array.fromAsync(stream.pipeThrough(new TextDecoderStream()))).join("");
}

/** Waits for its end, and asserts that all went well. */
async function end(running: Running): Promise<string> {
  const [{ success }, out, error] = await Promise.all([
    running.status,
    text(running.stdout),
    text(running.stderr),
  ]);
  assert.equal(error, "");
  assert.ok(success);
  return out;
}

async function run(
  fake: FakeCudaDriver,
  args: string[],
  options: Parameters<typeof start>[2] = {},
): Promise<string> {
  const running = start(fake, args, options);
  await running.stdin.close();
  return await end(running);
}

/** A process that has said that it is ready. `go()` gives it the word to go on. */
async function ready(fake: FakeCudaDriver, args: string[]) {
  const running = start(fake, args);
  const reader = running.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "ready\n");
  reader.releaseLock();
  return {
    running,
    async go(): Promise<string> {
      const writer = running.stdin.getWriter();
      await writer.write(new Uint8Array(1));
      await writer.close();
      return await end(running);
    },
    async kill(): Promise<void> {
      running.kill("SIGKILL");
      await running.stdin.close().catch(() => {});
      await Promise.all([running.status, running.stdout.cancel(), running.stderr.cancel()]);
    },
  };
}

const libraries = ["libasan.so", "libubsan.so"];

/** A scenario of the program that has to come through. */
function scenario(
  name: string,
  what: string,
  { driver = 13000, misuse = {} }: {
    driver?: number;
    misuse?: Partial<ReturnType<FakeCudaDriver["misuse"]>>;
  } = {},
): void {
  compilerTest(`fakeCudaDriver() ${what}`, async () => {
    using fake = fakeCudaDriver({ ...plain, driver, sanitize });
    await run(fake, [name]);
    assert.deepEqual(fake.misuse(), { unsynchronised: 0, illegal: 0, ...misuse });
  }, { libraries });
}

scenario("basics", "has devices and contexts");
scenario("memory", "has memory with limits, and refuses what was not allocated");
scenario("timeline", "runs kernels one after the other on a timeline");
scenario("kernels", "has kernels that touch memory, and faults beyond it", {
  misuse: { illegal: 1 },
});
scenario("callbacks", "calls host functions in their stream's order");
scenario("resolvers", "resolves functions by name, version and default stream");
scenario("old_driver", "lacks what came after its version", { driver: 11040 });
scenario("forked", "is not there for children of processes that use it");

scenario("vmm", "maps memory of two devices and the host in one range");
scenario("no_access", "faults where memory is not mapped for the device", {
  misuse: { illegal: 1 },
});
scenario("unmap_early", "faults where memory is unmapped under running work", {
  misuse: { unsynchronised: 1 },
});
scenario("free_waits", "waits for running work where memory is freed");
scenario("shared_memory", "shares memory with other processes and counts it once");
scenario("pools", "has memory pools that grow, reuse and give back");
scenario("pointers", "tells what pointers point to");
scenario("arrays", "has arrays, which take memory");
scenario("external_memory", "imports memory and counts nothing for it");
scenario("capture", "captures streams into graphs");
scenario("capture_rules", "refuses what a capture forbids");
scenario("built_graph", "has graphs that are built and updated");

compilerTest("fakeCudaDriver() has no data races", async () => {
  using fake = fakeCudaDriver({ ...plain, sanitize: "thread" });
  await run(fake, ["threads"], { sanitizer: "thread" });
}, { libraries: ["libtsan.so"] });

compilerTest("fakeCudaDriver() shares a device's memory between processes", async () => {
  using fake = fakeCudaDriver({ ...plain, sanitize });
  const holder = await ready(fake, ["hold", "200"]);
  await run(fake, ["refuse", "60"]);
  const seen = await run(fake, ["observe"]);
  assert.equal(seen, `${210 * MIB} ${holder.running.pid}:${210 * MIB}\n`);
  await holder.kill();
  assert.equal(await run(fake, ["observe"]), "0\n");
  const next = await ready(fake, ["hold", "200"]);
  await next.go();
}, { libraries });

compilerTest("fakeCudaDriver() slices a device's time between processes", async () => {
  using fake = fakeCudaDriver({ ...plain, sanitize });
  const both = await Promise.all([ready(fake, ["contend"]), ready(fake, ["contend"])]);
  const times = (await Promise.all(both.map((one) => one.go()))).map(Number);
  // 200 ms of work each, of which all but the start and the end overlaps.
  for (const time of times) assert.ok(time > 250, `${times}`);
  const alone = await ready(fake, ["contend"]);
  const time = Number(await alone.go());
  assert.ok(time >= 200 && time < Math.min(...times), `${time} alone, ${times} together`);
}, { libraries });

compilerTest("fakeCudaDriver() counts calls, and fails those that it should", async () => {
  using fake = fakeCudaDriver({ ...plain, sanitize });
  fake.fail("cuMemAlloc_v2", 2, { after: 1, times: 1 });
  await run(fake, ["hold", "1"]).catch(() => {});
  assert.equal(fake.calls("cuMemAlloc_v2"), 1);
  await run(fake, ["refuse", "1"]);
  assert.equal(fake.calls("cuMemAlloc_v2"), 2);
  assert.equal(fake.calls("cuMemAlloc"), 0);
}, { libraries });

compilerTest("fakeCudaDriver() honours the variables that choose and order devices", async () => {
  using fake = fakeCudaDriver({
    devices: ["30", "10", "20"].map((bus) => ({ memory: MIB, pci: `0000:${bus}:00.0` })),
    sanitize,
  });
  const [a, b, c] = ["0000:30:00.0", "0000:10:00.0", "0000:20:00.0"];
  const order = async (env: Record<string, string>) =>
    (await run(fake, ["ordinals"], { env })).trim();
  assert.equal(await order({}), `${a} ${b} ${c}`);
  assert.equal(await order({ CUDA_DEVICE_ORDER: "PCI_BUS_ID" }), `${b} ${c} ${a}`);
  assert.equal(await order({ CUDA_VISIBLE_DEVICES: "2,0" }), `${c} ${a}`);
  assert.equal(
    await order({ CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: "2,0" }),
    `${a} ${b}`,
  );
  assert.equal(await order({ CUDA_VISIBLE_DEVICES: "1,9,0" }), b);
  assert.equal(await order({ CUDA_VISIBLE_DEVICES: "GPU-02c0,0" }), `${c} ${a}`);
}, { libraries });

Deno.test({
  name: `fakeCudaDriver() lacks the functions that are named${
    compiler ? "" : " (skipped: no C compiler)"
  }`,
  ignore: compiler === null,
  async fn() {
    using fake = fakeCudaDriver({ ...plain, missing: ["cuLaunchKernelEx"] });
    const { stdout } = await new Deno.Command("nm", { args: ["-D", fake.cuda] }).output();
    const names = new TextDecoder().decode(stdout);
    assert.match(names, / T cuLaunchKernel\n/);
    assert.doesNotMatch(names, / T cuLaunchKernelEx\n/);
  },
});
