/** Trying launches that are not proved safe: on copies, merged where no two parts changed the same. */

import assert from "node:assert/strict";
import type { LogicalBuffer } from "../../lib/pool/buffer.ts";
import type { LogicalDevice } from "../../lib/pool/logical_device.ts";
import { allDevicesTest } from "../vulkan_devices.ts";
import { LOCAL, openSoftwarePool, sameWordKernel, word, words } from "./pool_devices.ts";
import { atomicKernel, permutedKernel } from "./speculation_kernels.ts";

const GROUPS = 37, COUNT = GROUPS * LOCAL;

/** A permutation of all places that mixes them well: 1009 is prime, and no factor of the number. */
const permuted = (i: number) => (i * 1009 + 17) % COUNT;

interface Bound extends Disposable {
  perm: LogicalBuffer;
  data: LogicalBuffer;
  bindings: { binding: number; buffer: LogicalBuffer }[];
}

/** A buffer of places, and one that is changed at them, with `i` at each `i`. */
async function bound(
  device: LogicalDevice,
  place: (i: number) => number,
  flags: string[] = [],
): Promise<Bound> {
  const perm = device.allocate(4 * COUNT), data = device.allocate(4 * COUNT, flags);
  await perm.write(words(COUNT, place));
  await data.write(words(COUNT, (i) => i));
  return {
    perm,
    data,
    bindings: [{ binding: 0, buffer: perm }, { binding: 1, buffer: data }],
    [Symbol.dispose]() {
      perm[Symbol.dispose]();
      data[Symbol.dispose]();
    },
  };
}

for (const ownMemory of [false, true]) {
  const where = ownMemory ? "memory of the members' own" : "the host's pages";
  allDevicesTest(
    `LogicalDevice.dispatch() merges what parts changed at permuted places, in ${where}`,
    async () => {
      await using device = await openSoftwarePool({
        strategy: "sfr",
        speculate: true,
        ownMemory,
      });
      const kernel = device.createKernel({ words: permutedKernel() });
      using made = await bound(device, permuted, ["HOST_VALID"]);
      let expected = (i: number) => i;
      for (let round = 0; round < 3; round++) {
        const before = expected;
        expected = (i) => (3 * before(i) + round) >>> 0;
        const { speculated, speculation, split, parts, reason } = await device.dispatch(
          kernel,
          [GROUPS, 1, 1],
          made.bindings,
          word(round),
        );
        // Later one may be too slow for a group of so few.
        assert.ok(speculated || round > 0, `${speculation}: ${reason}`);
        assert.ok(split || round > 0, reason);
        assert.match(speculation ?? "", /^(no two members changed the same|not tried: )/);
        assert.equal(parts.reduce((sum, { start, end }) => sum + end - start, 0), GROUPS);
        assert.deepEqual(await made.data.read(), words(COUNT, expected));
      }
    },
  );
}

allDevicesTest(
  "LogicalDevice.dispatch() runs whole what two parts change, from then on",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr" });
    const kernel = device.createKernel({ words: permutedKernel("set") });
    // Each place is changed by work-groups of all parts, to the same.
    using made = await bound(device, (i) => i % LOCAL);
    const options = { ...word(5), speculate: true };
    const expected = words(COUNT, (i) => i < LOCAL ? 5 : i);
    const told = () => device.explain(kernel, [GROUPS, 1, 1], made.bindings, options);
    assert.equal(told().verdict.kind, "whole");
    assert.match(told().text, /\ntried in parts on copies, which are merged/);
    const first = await device.dispatch(kernel, [GROUPS, 1, 1], made.bindings, options);
    assert.equal(first.speculated, false);
    assert.match(
      first.speculation ?? "",
      /^it was run whole, as more than one member changed byte \d+ of buffer 2 /,
    );
    assert.equal(first.parts.length, 1);
    assert.deepEqual(await made.data.read(), expected);
    const again = await device.dispatch(kernel, [GROUPS, 1, 1], made.bindings, options);
    assert.equal(again.speculated, false);
    assert.match(again.speculation ?? "", /^it is known to conflict: /);
    assert.deepEqual(await made.data.read(), expected);
    assert.match(told().speculation ?? "", /^it is known to conflict: /);
    // Another size class is another matter.
    const small = await device.dispatch(kernel, [3, 1, 1], made.bindings, {
      ...options,
      ...word(6),
    });
    assert.match(small.speculation ?? "", /as more than one member changed/);
  },
);

allDevicesTest("a conflict leaves what was changed in place changed once", async () => {
  await using device = await openSoftwarePool({ strategy: "sfr", speculate: true });
  const kernel = device.createKernel({ words: permutedKernel() });
  // Every group changes one place that all do; all others are changed by one alone, or by none.
  const isShared = (i: number) => i % LOCAL === 0;
  using made = await bound(device, (i) => permuted(isShared(i) ? 0 : i));
  const { speculated } = await device.dispatch(kernel, [GROUPS, 1, 1], made.bindings, word(1));
  assert.equal(speculated, false);
  const after = new Uint32Array((await made.data.read()).buffer);
  for (let i = 1; i < COUNT; i++) {
    const at = permuted(i);
    assert.equal(after[at], isShared(i) ? at : 3 * at + 1);
  }
});

allDevicesTest(
  "LogicalDevice.dispatch() tries nothing that bytes do not tell, or too large",
  async () => {
    await using device = await openSoftwarePool({
      strategy: "sfr",
      speculate: true,
      speculationBytes: 8 * COUNT - 1,
    });
    const kernel = device.createKernel({ words: permutedKernel() });
    using made = await bound(device, permuted);
    const run = (each = kernel, options = {}) =>
      device.dispatch(each, [GROUPS, 1, 1], made.bindings, { ...word(1), ...options });
    assert.deepEqual(
      (({ speculated, speculation }) => [speculated, speculation])(await run()),
      [
        false,
        `copies for 2 members would take ${8 * COUNT} bytes, and ${8 * COUNT - 1} are allowed: ` +
        "raise speculationBytes",
      ],
    );
    assert.equal((await run(kernel, { speculate: false })).speculation, null);
    const atomic = device.createKernel({ words: atomicKernel() });
    assert.match((await run(atomic)).speculation ?? "", /the rule atomic is not seen/);
    assert.deepEqual(
      await made.data.read(0, 4),
      words(1, () => 4 + COUNT),
      "two rounds in place, and one of each invocation",
    );
  },
);

allDevicesTest(
  "LogicalDevice.dispatch() merges buffers that are bound twice, and in part",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr", speculate: true });
    using both = device.allocate(8 * COUNT);
    await both.write(words(2 * COUNT, (i) => i < COUNT ? permuted(i) : i - COUNT));
    const kernel = device.createKernel({ words: permutedKernel() });
    const bindings = [
      { binding: 0, buffer: both, offset: 0, size: 4 * COUNT },
      { binding: 1, buffer: both, offset: 4 * COUNT, size: 4 * COUNT },
    ];
    const { speculated, speculation } = await device.dispatch(
      kernel,
      [GROUPS, 1, 1],
      bindings,
      word(1),
    );
    assert.equal(speculated, true, speculation ?? "");
    assert.deepEqual(
      await both.read(),
      words(2 * COUNT, (i) => i < COUNT ? permuted(i) : 3 * (i - COUNT) + 1),
    );
  },
);

allDevicesTest("LogicalDevice.dispatch() does not speculate where no strategy splits", async () => {
  await using device = await openSoftwarePool({ strategy: "single", speculate: true });
  using out = device.allocate(4 * LOCAL);
  const kernel = device.createKernel({ words: sameWordKernel() });
  const result = await device.dispatch(kernel, [8, 1, 1], [{ binding: 0, buffer: out }], word(5));
  assert.equal(result.speculated, false);
  assert.match(result.speculation ?? "", /^not tried: /);
  assert.deepEqual(await out.read(0, 4), words(1, () => 5));
});

allDevicesTest(
  "LogicalDevice.dispatch() notes where merged bytes are, and where they are not",
  async () => {
    await using device = await openSoftwarePool({ strategy: "sfr", ownMemory: true });
    const kernel = device.createKernel({ words: permutedKernel() });
    using made = await bound(device, permuted, ["REPLICATED"]);
    const [one] = device.members;
    assert(one);
    const run = (options: { on?: string; speculate?: boolean }) =>
      device.dispatch(kernel, [GROUPS, 1, 1], made.bindings, { ...word(1), ...options });
    await run({ on: one.id });
    assert.equal((await run({ speculate: true })).speculated, true);
    const everywhere = ["host", ...device.members.map(({ id }) => id)];
    assert.deepEqual(made.data.placement().map(({ places }) => places), [everywhere]);
    // What the member held before counts no more.
    await run({ on: one.id });
    assert.deepEqual(await made.data.read(), words(COUNT, (i) => 27 * i + 13));
  },
);
