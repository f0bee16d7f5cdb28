import assert from "node:assert/strict";
import fc from "fast-check";
import {
  NothingVisibleError,
  type PlacementGpu,
  type PlacementRequest,
  placeProgram,
} from "../../lib/launch/placement.ts";
import { visibleDevices, visibleEntries } from "../../lib/launch/visible_devices.ts";
import { STRATEGY_NAMES } from "../../lib/schedule/strategies.ts";

/** A GPU whose UUID begins with two digits of its number, twice the same. */
function gpu(i: number, more: Partial<PlacementGpu> = {}): PlacementGpu {
  const digit = i.toString(16);
  return {
    uuid: `GPU-${digit}${digit}000000-0000-0000-0000-00000000000${digit}`,
    id: `pci:0000:0${digit}:00.0`,
    memory_total_bytes: 100,
    memory_used_bytes: 0,
    utilization_pct: 0,
    ...more,
  };
}

const FOUR = [0, 1, 2, 3].map((i) => gpu(i));

/** Which GPUs a program would see: numbers among the four, in its own order. */
function seen(list: string | undefined): number[] {
  return visibleEntries(list, FOUR).map(({ gpu }) => FOUR.findIndex((each) => each === gpu));
}

Deno.test("visibleEntries() reads CUDA_VISIBLE_DEVICES as CUDA does", () => {
  const cases: [string | undefined, number[]][] = [
    [undefined, [0, 1, 2, 3]],
    ["", []],
    ["-1", []],
    ["NoDevFiles", []],
    ["2,1", [2, 1]],
    ["0,2,-1,1", [0, 2]],
    ["0,7,1", [0]],
    [" 3 , 1", [3, 1]],
    ["1gpu2,+2", [1, 2]],
    ["0,0", []],
    ["GPU-11,GPU-0", [1, 0]],
    [`${FOUR[2]?.uuid},GPU-nonsense,GPU-00`, [2]],
    ["GPU-", []],
    ["GPU-11,1", [1]],
    ["1,GPU-22", [1]],
    ["GPU-11,GPU-1100", []],
  ];
  for (const [list, expected] of cases) assert.deepEqual(seen(list), expected, list);
});

Deno.test("visibleEntries() keeps names of MIG instances, and the GPU of those that tell it", () => {
  const text = `MIG-${FOUR[1]?.uuid}/1/0,MIG-5c89852c-d268-c3f3-1b07-005d5ae1dc3f,0`;
  const entries = visibleEntries(text, FOUR);
  assert.deepEqual(entries.map(({ gpu }) => gpu?.id ?? null), ["pci:0000:01:00.0", null]);
  assert.equal(visibleDevices(entries), text.slice(0, -2));
});

const BASE: PlacementRequest = {
  gpus: FOUR,
  visible: undefined,
  chosen: null,
  strategy: null,
  last: null,
};

function placed(request: Partial<PlacementRequest>): number[] {
  return placeProgram({ ...BASE, ...request }).entries
    .map(({ gpu }) => FOUR.findIndex(({ uuid }) => uuid === gpu?.uuid));
}

Deno.test("placeProgram() leaves the variable alone where nothing is narrowed down", () => {
  assert.equal(placeProgram(BASE).visible, null);
  assert.equal(placeProgram({ ...BASE, visible: "3,1" }).visible, null);
  assert.equal(placeProgram({ ...BASE, strategy: "hybrid", visible: "0,1" }).visible, null);
  assert.equal(placeProgram({ ...BASE, visible: "", strategy: "single" }).visible, null);
});

Deno.test("placeProgram() keeps the order in which the user made GPUs visible", () => {
  const chosen = ["pci:0000:00:00.0", "pci:0000:03:00.0"];
  assert.deepEqual(placed({ visible: "3,2,0", chosen }), [3, 0]);
  assert.deepEqual(placed({ chosen }), [0, 3]);
});

Deno.test("placeProgram() takes turns by round_robin, over all GPUs that are asked for", () => {
  let last: string | null = null;
  const turns: number[] = [];
  for (const visible of [undefined, undefined, "1,3", "1,3", "1,3", undefined, "0,1"]) {
    const { entries, turn } = placeProgram({ ...BASE, visible, strategy: "round_robin", last });
    turns.push(FOUR.findIndex(({ uuid }) => uuid === entries[0]?.text));
    last = turn;
  }
  assert.deepEqual(turns, [0, 1, 3, 1, 3, 0, 1]);
});

Deno.test("placeProgram() takes by task the GPU with the least memory in use and work", () => {
  const gpus = [
    gpu(0, { memory_used_bytes: 50, utilization_pct: 10 }),
    gpu(1, { memory_used_bytes: 20, utilization_pct: 30 }),
    gpu(2, { memory_used_bytes: 0, utilization_pct: null }),
    gpu(3, { memory_used_bytes: 10, utilization_pct: 60 }),
  ];
  assert.deepEqual(placed({ gpus, strategy: "task" }), [1]);
  assert.deepEqual(placed({ gpus, strategy: "task", visible: "3,0" }), [0]);
});

Deno.test("placeProgram() takes by single the GPU with the most memory, the first of equal ones", () => {
  const gpus = [gpu(0), gpu(1, { memory_total_bytes: 200 }), gpu(2, { memory_total_bytes: 200 })];
  assert.deepEqual(placed({ gpus, strategy: "single" }), [1]);
  assert.deepEqual(placed({ strategy: "single" }), [0]);
});

Deno.test("placeProgram() says what leaves nothing", () => {
  const chosen = ["pci:0000:00:00.0"];
  assert.throws(
    () => placeProgram({ ...BASE, visible: "1", chosen }),
    {
      name: "NothingVisibleError",
      message: /CUDA_VISIBLE_DEVICES=1 leaves nothing of pci:0000:00/,
    },
  );
  assert.throws(
    () => placeProgram({ ...BASE, chosen: ["pci:0000:09:00.0"] }),
    /no GPU that CUDA can use is pci:0000:09:00.0: there is pci:0000:00/,
  );
  assert.throws(
    () => placeProgram({ ...BASE, visible: "MIG-5c89852c", chosen }),
    NothingVisibleError,
  );
  // Who shows a program no GPU means that, whatever is asked for.
  assert.deepEqual(placed({ visible: "-1", chosen }), []);
});

/** Lists as users write them, sound and not. */
const LIST = fc.option(
  fc.oneof(
    fc.array(fc.oneof(fc.integer({ min: -2, max: 6 }).map(String), fc.constantFrom("x", "", " 1")))
      .map((parts) => parts.join(",")),
    fc.shuffledSubarray(FOUR.map(({ uuid }) => uuid)).map((parts) => parts.join(",")),
    fc.array(fc.constantFrom("GPU-0", "GPU-11", "GPU-2", "GPU-", "GPU-33000000", "1"))
      .map((parts) => parts.join(",")),
  ),
  { nil: undefined },
);

const REQUEST = fc.record({
  gpus: fc.constant(FOUR),
  visible: LIST,
  chosen: fc.option(fc.subarray(FOUR.map(({ id }) => id), { minLength: 1 })),
  strategy: fc.option(fc.constantFrom(...STRATEGY_NAMES)),
  last: fc.option(fc.constantFrom(...FOUR.map(({ uuid }) => uuid), "GPU-gone")),
});

/** Places; undefined where nothing is left, which is no other error. */
function tried(request: PlacementRequest) {
  try {
    return placeProgram(request);
  } catch (error) {
    assert.ok(error instanceof NothingVisibleError);
    return undefined;
  }
}

Deno.test("placeProgram() shows GPUs that were visible and asked for, in their order, whatever it is given", () => {
  fc.assert(fc.property(REQUEST, (request) => {
    const result = tried(request);
    if (result === undefined) return;
    const before = visibleEntries(request.visible, FOUR).map(({ text }) => text);
    const after = result.entries.map(({ text }) => text);
    assert.deepEqual(before.filter((text) => after.includes(text)), after);
    for (const { gpu } of result.entries) {
      assert.ok(request.chosen === null || request.chosen.includes(gpu?.id ?? ""));
    }
    const isOfOne = ["round_robin", "task", "single"].includes(request.strategy ?? "");
    if (isOfOne) assert.ok(after.length <= 1);
    // CUDA reads back what was written.
    const list = result.visible ?? request.visible;
    assert.deepEqual(visibleEntries(list, FOUR).map(({ text }) => text), after);
  }));
});

Deno.test("placeProgram() of what it has placed changes nothing", () => {
  fc.assert(fc.property(REQUEST, (request) => {
    const first = tried(request);
    if (first === undefined || first.visible === null) return;
    const again = placeProgram({ ...request, visible: first.visible, last: first.turn });
    assert.equal(again.visible, null);
    assert.deepEqual(again.entries, first.entries);
  }));
});
