/** The power manager's promises, over random courses of GPUs that heat, work, sleep, vanish and refuse. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { RAISE_AFTER_MS } from "../../../lib/daemon/power/caps.ts";
import type { Decision, PowerView } from "../../../lib/daemon/power/decision.ts";
import { PARK_AFTER_MS } from "../../../lib/daemon/power/machine.ts";
import { openPowerManager } from "../../../lib/daemon/power/manager.ts";
import { lowestPart } from "../../../lib/daemon/power/policy.ts";
import type { GpuSample } from "../../../lib/telemetry/metrics.ts";
import { blank, FakeControl, policy, programs, sample } from "./fakes.ts";

const IDS = ["pci:0000:01:00.0", "pci:0000:02:00.0", "pci:0000:03:00.0"];
const RUNS = { numRuns: 300 };

/** What one GPU does for a while. */
const stretch = fc.record({
  looks: fc.integer({ min: 1, max: 40 }),
  state: fc.constantFrom("ok", "ok", "ok", "ok", "asleep", "lost", "absent", "left alone"),
  temperature: fc.option(fc.integer({ min: 40, max: 99 })),
  load: fc.option(fc.integer({ min: 0, max: 100 })),
  /** Of its cap. */
  draw: fc.option(fc.double({ min: 0, max: 1.1, noNaN: true })),
  /** Seldom: nothing is parked while it is. */
  compute: fc.constantFrom(true, false, false),
  refuses: fc.boolean(),
});
type Stretch = typeof stretch extends fc.Arbitrary<infer T> ? T : never;

const course = fc.array(stretch, { minLength: 1, maxLength: 8 }).map((stretches) =>
  stretches.flatMap((each) => Array<Stretch>(each.looks).fill(each))
);

const limits = fc.record({
  own: fc.integer({ min: 150, max: 450 }),
  min: fc.double({ min: 10, max: 149, noNaN: true }),
  step: fc.constantFrom(0.001, 1, 5),
});

const trace = fc.record({
  gpus: fc.array(limits, { minLength: 1, maxLength: 3 }),
  courses: fc.tuple(course, course, course),
  gaps: fc.array(fc.constantFrom(500, 1000, 1000, 1000, 3000), { minLength: 1, maxLength: 10 }),
  budget: fc.option(fc.integer({ min: 100, max: 1200 })),
  calm: fc.boolean(),
  /** Whether to park as soon as that may be. */
  hasty: fc.boolean(),
});
type Trace = typeof trace extends fc.Arbitrary<infer T> ? T : never;

interface Step {
  at: number;
  decisions: Decision[];
  before: Map<string, number>;
  view: PowerView;
}

/** A sample of a GPU in a stretch; undefined for one that is not there. */
function sampleOf(id: string, cap: number, now: Stretch): GpuSample | undefined {
  if (now.state === "absent") return undefined;
  if (now.state === "asleep" || now.state === "lost") return blank(id, now.state);
  if (now.state === "left alone") return { ...blank(id, "ok"), power_state: "active" };
  return sample(id, cap, {
    temperature_c: now.temperature,
    utilization_pct: now.load,
    power_w: now.draw === null ? null : now.draw * cap,
  });
}

/** Plays a trace, and calls `each` after each look. Gives the control after the manager's end. */
async function play(
  { gpus, courses, gaps, budget, calm, hasty }: Trace,
  each: (step: Step, control: FakeControl) => void = () => {},
): Promise<FakeControl> {
  const control = new FakeControl();
  gpus.forEach(({ own, min, step }, i) => control.add(IDS[i] ?? "", own, { min, step }));
  const log: string[] = [];
  const manager = openPowerManager({
    policy: policy({
      power_limit_watts: budget,
      ...(hasty && { idle_timeout_ms: 0, sustained_timeout_ms: 0, park_timeout_ms: 1000 }),
    }),
    control,
    log: (_, text) => log.push(text),
  });
  let at = 0;
  const length = Math.max(...courses.map((steps) => steps.length));
  for (let look = 0; look < length; look++) {
    at += gaps[look % gaps.length] ?? 1000;
    const now = gpus.map((_, i): Stretch => {
      const found = courses[i]?.[look % (courses[i]?.length ?? 1)];
      assert.ok(found);
      return calm ? { ...found, state: "ok", refuses: false } : found;
    });
    const samples = now.map((each, i) => {
      const id = IDS[i] ?? "";
      control.at(id).refuses = each.refuses ? "EBUSY" : null;
      return sampleOf(id, control.at(id).cap, each);
    });
    const computing = now.flatMap(({ compute }, i) => compute ? [IDS[i] ?? ""] : []);
    const before = new Map([...control.gpus].map(([id, { cap }]) => [id, cap]));
    const done = control.done.length;
    manager.look({
      at,
      gpus: samples.filter((one) => one !== undefined),
      programs: programs(...computing),
    });
    each({ at, decisions: control.done.slice(done), before, view: manager.state() }, control);
    assert.deepEqual(log.filter((line) => line.includes("could not work")), []);
  }
  for (const gpu of control.gpus.values()) gpu.refuses = null;
  await manager[Symbol.asyncDispose]();
  return control;
}

Deno.test("every cap is within the driver's range, a multiple of its step, and below the GPU's own", () =>
  fc.assert(
    fc.asyncProperty(trace, async (of) => {
      await play(of, ({ decisions }, control) => {
        for (const decision of decisions) {
          if (decision.kind !== "cap") continue;
          const { watts, gpu } = decision;
          const { min, max, own, step } = control.at(gpu);
          assert.ok(watts >= min && watts <= max && watts < own, `${watts} of ${min} to ${own}`);
          assert.ok(
            Math.abs(watts / step - Math.round(watts / step)) < 1e-6,
            `${watts} by ${step}`,
          );
        }
      });
    }),
    RUNS,
  ));

Deno.test("no cap rises within 30 s of a change, and no GPU is parked within 10 s of being unparked", () =>
  fc.assert(
    fc.asyncProperty(trace, async (of) => {
      const capped = new Map<string, number>(), parked = new Map<string, number>();
      await play(of, ({ at, decisions, before }) => {
        for (const { gpu, kind, ...rest } of decisions) {
          const isGone = rest.reason === "the GPU is gone";
          if (kind === "cap" || kind === "uncap") {
            const to = "watts" in rest ? rest.watts : Infinity;
            const rises = to > (before.get(gpu) ?? 0) && !isGone;
            if (rises) {
              assert.ok(at - (capped.get(gpu) ?? -Infinity) >= RAISE_AFTER_MS, `${gpu} ${at}`);
            }
            // One that is back is another GPU.
            if (isGone) capped.delete(gpu);
            else capped.set(gpu, at);
          } else if (kind === "unpark") {
            if (isGone) parked.delete(gpu);
            else parked.set(gpu, at);
          } else {
            assert.ok(at - (parked.get(gpu) ?? -Infinity) >= PARK_AFTER_MS, `${gpu} ${at}`);
          }
        }
      });
    }),
    RUNS,
  ));

Deno.test("the caps of GPUs that obey are within a budget that can be kept, after every look", () =>
  fc.assert(
    fc.asyncProperty(trace, async (of) => {
      const least = of.gpus.reduce((sum, { own, min, step }) => {
        const whole = Math.max(1, step);
        return sum + Math.ceil(Math.max(min, own * lowestPart(policy())) / whole) * whole;
      }, 0);
      fc.pre(of.budget !== null && least <= of.budget);
      await play({ ...of, calm: true }, (_, control) => {
        const sum = [...control.gpus.values()].reduce((all, { cap }) => all + cap, 0);
        assert.ok(sum <= (of.budget ?? NaN) + 1e-6, `${sum} of ${of.budget}`);
      });
    }),
    RUNS,
  ));

Deno.test("the manager raises no cap above the budget, whatever GPUs do", () =>
  fc.assert(
    fc.asyncProperty(trace, async (of) => {
      await play(of, ({ decisions, before, view }) => {
        const raises = decisions.some((each) =>
          each.reason !== "the GPU is gone" &&
          (each.kind === "uncap" ||
            (each.kind === "cap" && each.watts > (before.get(each.gpu) ?? 0)))
        );
        if (!raises || view.budget === null || view.budget.state === "refused") return;
        const caps = view.gpus.reduce((all, { cap_w }) => all + (cap_w ?? 0), 0);
        assert.ok(caps <= view.budget.watts + 1e-6, `${caps} of ${view.budget.watts}`);
        assert.ok((view.budget.assigned_w ?? NaN) <= view.budget.watts + 1e-6);
      });
    }),
    RUNS,
  ));

Deno.test("a GPU that sleeps, is lost or is left alone is not touched", () =>
  fc.assert(
    fc.asyncProperty(trace, async (of) => {
      let look = 0;
      await play({ ...of, calm: false }, ({ decisions }) => {
        for (const { gpu, reason } of decisions) {
          if (reason === "the GPU is gone") continue;
          const steps = of.courses[IDS.indexOf(gpu)];
          assert.equal(steps?.[look % steps.length]?.state, "ok");
        }
        look++;
      });
    }),
    RUNS,
  ));

Deno.test("at the end everything is as it was found", () =>
  fc.assert(
    fc.asyncProperty(trace, async (of) => {
      const control = await play(of);
      // Where a GPU refused as it went, what it holds is its journal's to take back.
      for (const [id, { cap, own, mayPark }] of control.gpus) {
        if (control.held.has(`${id} power`) || control.held.has(`${id} park`)) {
          assert.ok(of.courses.some((steps) => steps.some(({ state }) => state === "absent")));
          continue;
        }
        assert.deepEqual([cap, mayPark], [own, "on"], id);
      }
    }),
    RUNS,
  ));

Deno.test("the number of changes is bounded: lowered caps by heat and budget, not by noise", () =>
  fc.assert(
    fc.asyncProperty(trace, async (of) => {
      const changes = new Map<string, { at: number; reason: string }[]>();
      await play({ ...of, calm: true }, ({ at, decisions }) => {
        for (const { gpu, reason } of decisions) {
          changes.set(gpu, [...changes.get(gpu) ?? [], { at, reason }]);
        }
      });
      for (const [gpu, all] of changes) {
        for (const { at } of all) {
          const minute = all.filter((each) => each.at >= at && each.at < at + 60_000);
          // Six lowered by rebalancing or five steps of heat each 30 s, two raised, and parking twice each way.
          assert.ok(minute.length <= 22, `${gpu}: ${minute.map((each) => each.reason).join("; ")}`);
        }
      }
    }),
    RUNS,
  ));
