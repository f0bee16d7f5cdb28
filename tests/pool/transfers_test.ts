/** How a logical device uses the ways between its members, and memory of their own. */

import assert from "node:assert/strict";
import type { CopyRuntime } from "../../ffi/copy_runtime.ts";
import { discover } from "../../lib/discovery/mod.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { LogicalDevice } from "../../lib/pool/logical_device.ts";
import { whyNoMemory } from "../../lib/pool/memory_check.ts";
import { compiler } from "../fakes/cc.ts";
import { fakeLibrary } from "../fakes/library.ts";
import { allDevicesTest, softwareEnvironment } from "../vulkan_devices.ts";
import { MISSING_DRIVERS } from "./fence_devices.ts";
import { inPlaceKernel, LOCAL, openSoftwarePool, word, words } from "./pool_devices.ts";
import { cudaDescription, failingAfter, fakeCuda } from "./transfer/fake_cuda.ts";

const GROUPS = 32, COUNT = GROUPS * LOCAL, BYTES = 4 * COUNT;

/** llvmpipe and SwiftShader, as GPUs of NVIDIA. */
function asNvidia(): Gpu[] {
  for (const [name, value] of Object.entries(softwareEnvironment())) Deno.env.set(name, value);
  const software = discover().gpus.filter(({ kind }) => kind === "software");
  const ofDriver = (driver: string) => software.find(({ name }) => name?.includes(driver));
  return [ofDriver("llvmpipe"), ofDriver("SwiftShader")].flatMap((gpu, i) =>
    gpu === undefined ? [] : [{
      ...gpu,
      id: `gpu-${i}`,
      vendor: "nvidia" as const,
      kind: "discrete" as const,
      pci_slot: `0000:0${i === 0 ? "6" : "a"}:00.0`,
    }]
  );
}

const missing = [...MISSING_DRIVERS, ...(compiler === null ? ["a C compiler"] : [])];

/** A logical device whose members reach each other by a fake CUDA. */
function peerTest(
  name: string,
  change: ((runtime: CopyRuntime) => CopyRuntime) | undefined,
  body: (device: LogicalDevice) => Promise<void>,
): void {
  Deno.test({
    name: missing.length === 0 ? name : `${name} (skipped: no ${missing.join(", ")})`,
    ignore: missing.length > 0,
    async fn() {
      using fake = fakeLibrary("cuda", cudaDescription());
      const program = new URL("transfer/peer_program.ts", import.meta.url).pathname;
      const command = [Deno.execPath(), "run", "-A", "--no-check", program, fake.path];
      await using device = await LogicalDevice.open({
        gpus: asNvidia(),
        ownMemory: true,
        strategy: "sfr",
        transfer: { runtimes: { openers: fakeCuda(fake.path, change) }, command: () => command },
      });
      await body(device);
    },
  });
}

/** Lets each member in turn triple a buffer and add one, so that it goes from one to the other. */
async function passAround(device: LogicalDevice, buffer: ReturnType<LogicalDevice["allocate"]>) {
  const kernel = device.createKernel({ words: inPlaceKernel() });
  await buffer.write(words(COUNT, (i) => i));
  let copied = 0;
  for (const on of ["gpu-0", "gpu-1", "gpu-0"]) {
    const result = await device.dispatch(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer }], {
      ...word(1),
      on,
    });
    copied += result.parts.reduce((sum, { copied_bytes }) => sum + copied_bytes, 0);
    assert.deepEqual(buffer.placement(), [{ start: 0, end: BYTES, places: [on] }]);
  }
  assert.equal(copied, 3 * BYTES);
  assert.deepEqual(await buffer.read(), words(COUNT, (i) => 27 * i + 13));
}

peerTest("P2P memory goes between members by the vendor's runtime", undefined, async (device) => {
  const { transfers } = device.properties;
  assert.deepEqual(transfers.map(({ from, to, tier }) => [from, to, tier]), [
    ["gpu-0", "gpu-1", "peer"],
    ["gpu-1", "gpu-0", "peer"],
  ]);
  const refused = transfers[0]?.refused ?? [];
  assert.deepEqual(refused.map(({ tier }) => tier), ["dma_buf", "opaque_fd"]);
  assert.ok(refused.every(({ reason }) => /^[^\n]{10,}$/.test(reason)));
  using buffer = device.allocate(BYTES, ["P2P"]);
  await passAround(device, buffer);
});

peerTest(
  "P2P memory says so when its way fails in use, where other memory takes the next",
  failingAfter(3),
  async (device) => {
    using plain = device.allocate(BYTES), direct = device.allocate(BYTES, ["P2P"]);
    const kernel = device.createKernel({ words: inPlaceKernel() });
    const onEach = async (buffer: typeof plain) => {
      for (const on of ["gpu-0", "gpu-1"]) {
        await device.dispatch(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer }], { ...word(1), on });
      }
    };
    let error: unknown;
    for (let round = 0; round < 5; round++) {
      await direct.write(words(COUNT, (i) => i));
      await onEach(direct).catch((thrown) => error ??= thrown);
      await plain.write(words(COUNT, (i) => i));
      await onEach(plain);
      assert.deepEqual(await plain.read(), words(COUNT, (i) => 9 * i + 4));
    }
    assert.match(String(error), /^Error: buffer 2 \(\d+ bytes\) is P2P, and the way from [^\n]+$/);
    assert.equal(device.properties.transfers[0]?.tier, "staging");
    assert.throws(() => device.allocate(64, ["P2P"]), /^RangeError: P2P memory cannot be had: /);
  },
);

allDevicesTest(
  "a buffer goes from member to member through the host, and stays off it",
  async () => {
    await using device = await openSoftwarePool({ ownMemory: true });
    const kernel = device.createKernel({ words: inPlaceKernel() });
    using buffer = device.allocate(BYTES);
    await buffer.write(words(COUNT, (i) => i));
    for (const { id } of device.members) {
      await device.dispatch(kernel, [GROUPS, 1, 1], [{ binding: 0, buffer }], {
        ...word(1),
        on: id,
      });
      assert.deepEqual(buffer.placement(), [{ start: 0, end: BYTES, places: [id] }]);
    }
    assert.ok(device.properties.transfers.every(({ tier }) => tier === "staging"));
    assert.deepEqual(await buffer.read(), words(COUNT, (i) => 9 * i + 4));
  },
);

allDevicesTest("REPLICATED memory of their own holds the same bytes on every member", async () => {
  await using device = await openSoftwarePool({ ownMemory: true, strategy: "sfr" });
  const kernel = device.createKernel({ words: inPlaceKernel() });
  using buffer = device.allocate(BYTES, ["REPLICATED"]);
  await buffer.write(words(COUNT, (i) => i));
  const { split } = await device.dispatch(
    kernel,
    [GROUPS, 1, 1],
    [{ binding: 0, buffer }],
    word(1),
  );
  assert.ok(split);
  const ids = device.members.map(({ id }) => id);
  for (const { places } of buffer.placement()) {
    assert.deepEqual(places.filter((place) => place !== "host"), ids);
  }
  assert.deepEqual(await buffer.read(), words(COUNT, (i) => 3 * i + 1));
});

Deno.test("whyNoMemory() compares with what the driver says is left now", () => {
  let available: number | null = 4096;
  const member = { name: "GPU", memory: () => ({ size: 8192, budget: 8000, available }) };
  assert.equal(whyNoMemory(member, 4096), undefined);
  assert.equal(whyNoMemory(member, 4097), "GPU has 4096 bytes of its memory left, not 4097");
  available = 0;
  assert.match(whyNoMemory(member, 4) ?? "", /has 0 bytes/);
  available = null;
  assert.equal(whyNoMemory(member, 1e15), undefined);
});
