/** Random operations on fences against a model of what their states must be. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FenceMisuseError, type PoolFence, PoolFences } from "../../lib/pool/fence.ts";
import { FenceDevices, Gate, poolTest } from "./fence_devices.ts";

/** Something that holds a queue, or not any more. */
interface Hold {
  isOver(): boolean;
}

/** A fence of the model. */
interface ModelFence {
  phase: "idle" | "submitted" | "destroyed";
  /** What it waits for, while it is submitted. */
  holds: Hold[];
}

/** The model: fences, and what holds each queue, in the order of submission. */
interface Model {
  fences: ModelFence[];
  queues: Hold[][];
  /** How often each gate was shut while it is shut now, and its hold. */
  shut: ({ isOver: boolean } | undefined)[];
}

/** The fences and gates themselves, one of each for each of the model. */
interface Real {
  pool: PoolFences;
  fences: PoolFence[];
  gates: Gate[];
}

const isHeld = ({ holds }: ModelFence) => holds.some((hold) => !hold.isOver());

/** One operation: on the fence and the queue of some numbers, taken modulo how many there are. */
type Operation = (model: Model, real: Real, fence: number, queue: number) => Promise<void> | void;

/** An operation that is refused unless the fence is in one of some phases. */
function refusedUnless(
  allowed: (fence: ModelFence) => boolean,
  act: (fence: PoolFence, queue: number) => unknown,
  then: (model: Model, fence: ModelFence, queue: number) => void,
): Operation {
  return async (model, real, at, queue) => {
    const fence = model.fences[at];
    const actual = real.fences[at];
    if (fence === undefined || actual === undefined) return;
    // What nothing holds is signalled sooner or later: no refusal may hang on when.
    if (fence.phase === "submitted" && !isHeld(fence)) await actual.wait();
    if (allowed(fence)) {
      await act(actual, queue);
      then(model, fence, queue);
    } else {
      await assert.rejects(async () => await act(actual, queue), FenceMisuseError);
    }
  };
}

const isIdle = ({ phase }: ModelFence) => phase === "idle";
const isSubmitted = ({ phase }: ModelFence) => phase === "submitted";

const submitTo = (model: Model, fence: ModelFence, queues: readonly number[]) => {
  fence.phase = "submitted";
  fence.holds = queues.flatMap((queue) => model.queues[queue] ?? []);
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  create: (model, { pool, fences }) => {
    model.fences.push({ phase: "idle", holds: [] });
    fences.push(pool.create());
  },
  submit: refusedUnless(
    isIdle,
    (fence, index) => fence.submit({ index }),
    (model, fence, queue) => {
      submitTo(model, fence, [queue]);
    },
  ),
  submitAll: refusedUnless(isIdle, (fence) => fence.submitAll(), (model, fence) => {
    submitTo(model, fence, [...model.queues.keys()]);
  }),
  signal: refusedUnless(isIdle, (fence) => fence.signal(), (model, fence) => {
    submitTo(model, fence, []);
  }),
  waitOn: refusedUnless(
    isSubmitted,
    (fence, index) => fence.waitOn({ index }),
    (model, fence, queue) => {
      const holds = fence.holds;
      model.queues[queue]?.push({ isOver: () => holds.every((hold) => hold.isOver()) });
    },
  ),
  reset: refusedUnless(
    (fence) => fence.phase !== "destroyed" && !isHeld(fence),
    (fence) => fence.reset(),
    (_, fence) => Object.assign(fence, { phase: "idle", holds: [] }),
  ),
  destroy: refusedUnless(
    ({ phase }) => phase !== "destroyed",
    (fence) => fence.destroy(),
    (_, fence) => Object.assign(fence, { phase: "destroyed", holds: [] }),
  ),
  wait: async (model, real, at) => {
    const fence = model.fences[at];
    const actual = real.fences[at];
    if (fence === undefined || actual === undefined) return;
    if (!isSubmitted(fence)) await assert.rejects(actual.wait(), FenceMisuseError);
    else if (isHeld(fence)) assert.equal(await actual.wait(1), "timeout");
    else assert.equal(await actual.wait(), "signalled");
  },
  state: (model, real, at) => {
    const fence = model.fences[at];
    const actual = real.fences[at];
    if (fence === undefined || actual === undefined) return;
    if (fence.phase === "destroyed") assert.throws(() => actual.state(), FenceMisuseError);
    else if (fence.phase === "idle") assert.equal(actual.state(), "idle");
    else if (isHeld(fence)) assert.equal(actual.state(), "pending");
    else assert.match(actual.state(), /^(pending|signalled)$/);
  },
  shut: ({ shut, queues }, { gates }, _, queue) => {
    if (shut[queue] !== undefined) return;
    const hold = shut[queue] = { isOver: false };
    queues[queue]?.push({ isOver: () => hold.isOver });
    gates[queue]?.shut();
  },
  open: ({ shut }, { gates }, _, queue) => {
    const hold = shut[queue];
    if (hold === undefined) return;
    hold.isOver = true;
    shut[queue] = undefined;
    gates[queue]?.open();
  },
};

/** What makes a run interesting, more often than the rest. */
const OFTEN = ["create", "submit", "submit", "waitOn", "waitOn", "wait"];

const step = fc.record({
  name: fc.constantFrom(...Object.keys(OPERATIONS), ...OFTEN),
  fence: fc.nat(5),
  queue: fc.nat(2),
});

/** Operations one after the other; then all gates open, and all must be signalled. */
async function follow(
  devices: FenceDevices,
  steps: readonly { name: string; fence: number; queue: number }[],
) {
  const members = devices.distinct;
  // Closed after the pool: it waits for idle devices, and a queue may still wait for the pool's host.
  using gates = new DisposableStack();
  const opened = members.map((member) => gates.use(new Gate(member)));
  await using pool = new PoolFences(members);
  // Before the pool, else it would wait for a queue that a failed run left shut.
  using opening = new DisposableStack();
  opening.defer(() => opened.forEach((gate) => gate.open()));
  const real: Real = { pool, fences: [], gates: opened };
  const model: Model = { fences: [], queues: members.map(() => []), shut: [] };
  for (const { name, fence, queue } of steps) {
    const at = fence % Math.max(1, model.fences.length);
    await OPERATIONS[name]?.(model, real, at, queue % members.length);
  }
  assert.equal(real.pool.live, model.fences.filter(({ phase }) => phase !== "destroyed").length);
  for (const queue of members.keys()) OPERATIONS["open"]?.(model, real, 0, queue);
  for (const [at, fence] of model.fences.entries()) {
    if (isSubmitted(fence)) assert.equal(await real.fences[at]?.wait(), "signalled");
  }
}

poolTest("PoolFence follows the model of its states over random operations", async () => {
  using devices = new FenceDevices();
  const steps = fc.array(step, { minLength: 20, maxLength: 60, size: "max" });
  await fc.assert(fc.asyncProperty(steps, (each) => follow(devices, each)), { numRuns: 200 });
  for (const [what, count] of devices.alive) assert.equal(count, 0, what);
});
