/** Where programs are placed. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  allowedGpus,
  type Asked,
  place,
  policyFor,
  schedulerFor,
} from "../../lib/daemon/placement.ts";
import {
  type GpuLoad,
  initialState,
  type SchedulerState,
  settingOf,
  withWeights,
} from "../../lib/daemon/scheduler_state.ts";
import { STRATEGY_NAMES, type StrategyName } from "../../lib/schedule/strategies.ts";
import { FULL_WEIGHT } from "../../lib/session/layout.ts";
import { encodePolicy } from "../../lib/session/policy.ts";
import { gpus, idOf } from "./gpus.ts";

const NOTHING: Asked = { strategy: null, mask: null, gpus: null };
const IDLE = (): GpuLoad => ({ load_pct: 0, sessions: 0 });

function state(
  strategy: StrategyName,
  of: Record<number, { enabled?: boolean; priority?: number; weight?: number }> = {},
): SchedulerState {
  const entries = Object.entries(of).map(([i, gpu]) => [idOf(Number(i)), gpu] as const);
  const settings = entries.map(([id, { enabled = true, priority = 50 }]) =>
    [id, { enabled, priority }] as const
  );
  const weights = entries.flatMap(([id, { weight }]) =>
    weight === undefined ? [] : [[id, { value: weight, source: "config" }] as const]
  );
  const base = { strategy, gpus: Object.fromEntries(settings) };
  return withWeights(initialState(base), Object.fromEntries(weights));
}

function placed(
  its: SchedulerState,
  count: number,
  loadOf = IDLE as (id: string) => GpuLoad,
  asked = NOTHING,
) {
  const scheduler = schedulerFor(asked.strategy ?? its.strategy);
  return place(its, gpus(count), loadOf, { api: "cuda", asked }, scheduler);
}

const states = fc.array(
  fc.record({
    enabled: fc.boolean(),
    priority: fc.nat(100),
    weight: fc.option(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { nil: undefined }),
    load_pct: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    sessions: fc.nat(5),
  }),
  { minLength: 1, maxLength: 6 },
);
const asks: fc.Arbitrary<Asked> = fc.record({
  strategy: fc.option(fc.constantFrom(...STRATEGY_NAMES)),
  mask: fc.option(fc.bigInt({ min: 1n, max: 127n })),
  gpus: fc.option(fc.constantFrom("0", "nvidia", "1,!0", "bad id", "9", "")),
});

Deno.test("place() gives enabled GPUs alone, the same for the same, and what a page can hold", () => {
  fc.assert(
    fc.property(states, fc.constantFrom(...STRATEGY_NAMES), asks, (each, strategy, asked) => {
      const its = state(
        strategy,
        Object.fromEntries(each.map((gpu, i) => [
          i,
          {
            enabled: gpu.enabled,
            priority: gpu.priority,
            ...(gpu.weight && { weight: gpu.weight }),
          },
        ])),
      );
      const loads = new Map(
        each.map(({ load_pct, sessions }, i) => [idOf(i), { load_pct, sessions }]),
      );
      const loadOf = (id: string) => loads.get(id) ?? IDLE();
      const placement = placed(its, each.length, loadOf, asked);
      assert.deepEqual(placed(its, each.length, loadOf, asked), placement);
      const enabled = each.flatMap(({ enabled }, i) => enabled ? [idOf(i)] : []);
      assert.ok(placement.gpus.every((id) => enabled.includes(id)));
      assert.equal(placement.gpu === null, enabled.length === 0);
      assert.ok(placement.gpu === null || placement.gpus.includes(placement.gpu));
      assert.match(placement.reason, /^[^\n]+$/);
      const policy = policyFor(its, gpus(each.length), placement);
      assert.equal(policy === undefined, enabled.length === 0);
      if (policy === undefined) return;
      encodePolicy(policy, 2n);
      const may = policy.gpus.filter(({ enabled }) => enabled).map(({ id }) => id);
      assert.deepEqual(may, placement.gpus);
      const preferred = policy.gpus.filter(({ preferred }) => preferred).map(({ id }) => id);
      assert.deepEqual(preferred, [placement.gpu]);
    }),
  );
});

Deno.test("place() takes the higher priority of two GPUs that would do as well", () => {
  for (const strategy of ["hybrid", "task", "afr", "sfr", "compute_offload"] as const) {
    const its = state(strategy, { 0: {}, 1: { priority: 51 }, 2: {} });
    assert.equal(placed(its, 3).gpu, idOf(1), strategy);
  }
});

Deno.test("place() takes the heavier GPU, and the lighter one where the heavier is busy enough", () => {
  const its = state("hybrid", { 0: { weight: 10 }, 1: { weight: 30 } });
  assert.equal(placed(its, 2).gpu, idOf(1));
  const load = (sessions: number) => (id: string) =>
    id === idOf(1) ? { load_pct: 100, sessions } : IDLE();
  // Three times as fast: with two programs there, a third ends when one here would.
  assert.equal(placed(its, 2, load(1)).gpu, idOf(1));
  assert.equal(placed(its, 2, load(3)).gpu, idOf(0));
});

Deno.test("place() goes by utilization where programs run that have no session", () => {
  const its = state("hybrid");
  const loadOf = (id: string) => ({ load_pct: id === idOf(0) ? 90 : null, sessions: 0 });
  const { gpu, reason } = placed(its, 2, loadOf);
  assert.equal(gpu, idOf(1));
  assert.equal(reason, `hybrid: ${idOf(1)} (load unknown, 0 sessions, priority 50, not measured)`);
});

Deno.test("place() by round_robin gives each GPU its turn", () => {
  const its = state("round_robin", { 1: { enabled: false } });
  const scheduler = schedulerFor("round_robin");
  const next = () => place(its, gpus(3), IDLE, { api: "vulkan", asked: NOTHING }, scheduler).gpu;
  assert.deepEqual([next(), next(), next()], [idOf(0), idOf(2), idOf(0)]);
});

Deno.test("place() keeps to what a program asks for, as far as it is enabled", () => {
  const its = state("hybrid", { 2: { enabled: false } });
  const listed = gpus(4);
  const allowed = (asked: Partial<Asked>) => allowedGpus(its, listed, { ...NOTHING, ...asked });
  assert.deepEqual(allowed({}).gpus, [0, 1, 3].map(idOf));
  assert.deepEqual(allowed({ mask: 0b1010n }), { gpus: [1, 3].map(idOf), note: null });
  assert.deepEqual(allowed({ gpus: "nvidia" }).gpus, [idOf(0)]);
  // Ids go before the mask.
  assert.deepEqual(allowed({ gpus: idOf(3), mask: 1n }).gpus, [idOf(3)]);
  const missed = allowed({ mask: 0b100n });
  assert.deepEqual(missed, { gpus: [0, 1, 3].map(idOf), note: "what it asks for is not enabled" });
  const wrong = allowed({ gpus: "9" });
  assert.deepEqual(wrong.gpus, [0, 1, 3].map(idOf));
  assert.match(wrong.note ?? "", /^MVGAL_GPUS: no GPU is '9'/);
  const asked = { ...NOTHING, strategy: "single" as const, mask: 0b1000n };
  const { strategy, gpu } = placed(its, 4, IDLE, asked);
  assert.deepEqual([strategy, gpu], ["single", idOf(3)]);
});

Deno.test("policyFor() gives weights against the heaviest, and leaves out what has no row", () => {
  const its = state("sfr", { 0: { weight: 1 }, 1: { weight: 4 }, 2: {}, 3: { weight: 1e-9 } });
  const of = (count: number, ids: number[]) =>
    policyFor(its, gpus(count), { gpu: idOf(ids[0] ?? 0), gpus: ids.map(idOf), strategy: "sfr" });
  const weights = of(4, [0, 1, 2, 3])?.gpus.map(({ weight }) => weight);
  assert.deepEqual(weights, [FULL_WEIGHT / 4, FULL_WEIGHT, null, 1]);
  const many = of(40, [39, 0]);
  assert.equal(many?.gpus.length, 32);
  assert.deepEqual(
    many?.gpus.filter(({ enabled }) => enabled).map(({ id }) => id),
    [0, 39].map(idOf),
  );
  assert.equal(settingOf(its, idOf(39)).enabled, true);
});
