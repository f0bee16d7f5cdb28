import assert from "node:assert/strict";
import { openPowerManager, type PowerManager } from "../../../lib/daemon/power/manager.ts";
import type { PowerPolicy } from "../../../lib/daemon/power/policy.ts";
import type { GpuSample } from "../../../lib/telemetry/metrics.ts";
import { blank, FakeControl, policy, programs } from "./fakes.ts";

const A = "pci:0000:01:00.0", B = "pci:0000:02:00.0";

/** A manager of fake GPUs, and what it logged. */
class Bench implements AsyncDisposable {
  readonly log: string[] = [];
  readonly manager: PowerManager;
  at = 0;

  constructor(readonly control: FakeControl, changes: Partial<PowerPolicy> = {}) {
    this.manager = openPowerManager({
      policy: policy(changes),
      control,
      log: (level, text, gpu) => this.log.push(`${level} ${gpu}: ${text}`),
    });
  }

  /** Looks each second for so many seconds. */
  run(
    seconds: number,
    changes: (id: string) => Partial<GpuSample> = () => ({}),
    list: ReturnType<typeof programs> | null = programs(),
  ) {
    const events = [];
    for (let s = 0; s < seconds; s++, this.at += 1000) {
      events.push(...this.manager.look(this.control.look(this.at, changes, list)));
    }
    return events;
  }

  view(id: string) {
    const found = this.manager.state().gpus.find((gpu) => gpu.id === id);
    assert.ok(found);
    return found;
  }

  get kinds(): string[] {
    return this.control.done.map(({ kind }) => kind);
  }

  [Symbol.asyncDispose]() {
    return this.manager[Symbol.asyncDispose]();
  }
}

const busy = { utilization_pct: 99 };

Deno.test("openPowerManager() with a policy that is off asks and changes nothing", async () => {
  await using bench = new Bench(new FakeControl().add(A), {
    enabled: false,
    power_limit_watts: 100,
  });
  bench.run(100, () => ({ temperature_c: 99 }));
  assert.deepEqual(bench.control.asked, []);
  assert.equal(bench.manager.state().budget, null);
});

Deno.test("openPowerManager() refuses a policy that makes no sense, and keeps the one before", async () => {
  assert.throws(() => new Bench(new FakeControl(), { power_limit_watts: -5 }), RangeError);
  await using bench = new Bench(new FakeControl().add(A), { power_limit_watts: 150 });
  bench.run(2, () => busy);
  assert.throws(() => bench.manager.policy(policy({ thermal_margin_c: 0 })), /thermal_margin_c/);
  assert.equal(bench.manager.state().budget?.watts, 150);
});

Deno.test("a GPU without work is parked after 30 s, and unparked when work comes", async () => {
  await using bench = new Bench(new FakeControl().add(A));
  bench.run(30);
  assert.deepEqual(bench.kinds, []);
  assert.equal(bench.view(A).state, "idle");
  bench.run(1);
  assert.deepEqual(bench.kinds, ["park"]);
  assert.equal(bench.view(A).state, "parked");
  bench.run(100, () => blank(A, "asleep"));
  assert.equal(bench.view(A).state, "asleep");
  // Woken by work: unparked once. One that sleeps is never unparked, whoever has it open.
  bench.run(5, () => blank(A, "asleep"), programs(A));
  assert.deepEqual(bench.kinds, ["park"]);
  bench.run(5, () => busy, programs(A));
  assert.deepEqual(bench.kinds, ["park", "unpark"]);
  assert.equal(bench.view(A).state, "active");
});

Deno.test("a GPU is not parked while a program computes on it, or that is not known", async () => {
  await using bench = new Bench(new FakeControl().add(A));
  bench.run(100, undefined, programs(A));
  bench.run(100, undefined, null);
  bench.run(100, undefined, { ...programs(), partial: "of other users" });
  bench.run(100, () => ({ utilization_pct: null }));
  assert.deepEqual(bench.kinds, []);
});

Deno.test("a parked GPU of which nothing is known stays parked", async () => {
  await using bench = new Bench(new FakeControl().add(A));
  bench.run(31);
  bench.run(30, () => ({ utilization_pct: null }));
  bench.run(30, undefined, null);
  assert.deepEqual(bench.kinds, ["park"]);
});

Deno.test("a parked GPU that sleeps is not woken when parking is switched off, but unparked when it wakes", async () => {
  await using bench = new Bench(new FakeControl().add(A));
  bench.run(31);
  bench.manager.policy(policy({ park: false }));
  bench.run(5, () => blank(A, "asleep"));
  assert.deepEqual(bench.kinds, ["park"]);
  bench.run(1);
  assert.deepEqual(bench.kinds, ["park", "unpark"]);
});

Deno.test("a hot GPU's cap goes down by the curve, and back when it is cool", async () => {
  await using bench = new Bench(new FakeControl().add(A), { park: false });
  bench.run(6, () => ({ ...busy, temperature_c: 86 }));
  assert.deepEqual(bench.control.done.map((each) => each.kind === "cap" && each.watts), [221, 182]);
  assert.match(bench.log[0] ?? "", /^info pci:0000:01:00.0: cap: 86 °C: step 1 of 4 down/);
  assert.equal(bench.view(A).state, "limited");
  assert.equal(bench.view(A).cap_w, 182);
  assert.equal(bench.view(A).own_cap_w, 260);
  bench.run(100, () => ({ ...busy, temperature_c: 70 }));
  assert.deepEqual(bench.kinds, ["cap", "cap", "cap", "uncap"]);
  assert.equal(bench.control.at(A).cap, 260);
});

Deno.test("a critical temperature gives the lowest cap at once, and an event", async () => {
  await using bench = new Bench(new FakeControl().add(A, 260, { min: 99.5 }), { park: false });
  const events = bench.run(3, () => ({ ...busy, temperature_c: 96 }));
  assert.deepEqual(bench.control.done.map((each) => each.kind === "cap" && each.watts), [100]);
  assert.deepEqual(events.map(({ gpu, edge }) => [gpu, edge]), [[A, "raised"]]);
  assert.ok(bench.log.some((line) => line.startsWith("error")), bench.log.join("\n"));
  assert.deepEqual(bench.run(2, () => ({ temperature_c: 60 })).map(({ edge }) => edge), [
    "cleared",
  ]);
});

Deno.test("no cap is set below the power curve's lowest, though the driver takes 1 W", async () => {
  await using bench = new Bench(new FakeControl().add(A, 260, { min: 1 }), {
    park: false,
    power_limit_watts: 50,
  });
  bench.run(3, () => ({ ...busy, temperature_c: 96 }));
  assert.deepEqual(bench.control.done.map((each) => each.kind === "cap" && each.watts), [78]);
  assert.equal(bench.manager.state().budget?.state, "infeasible");
});

Deno.test("a GPU is held below its own slowdown", async () => {
  await using bench = new Bench(new FakeControl().add(A), { park: false });
  bench.run(1, () => ({ ...busy, temperature_c: 83, temperature_slowdown_c: 87 }));
  assert.deepEqual(bench.kinds, ["cap"]);
});

Deno.test("a budget is shared by need: one that rests gives its part to one that works", async () => {
  await using bench = new Bench(new FakeControl().add(A, 300).add(B, 300), {
    park: false,
    power_limit_watts: 400,
  });
  const caps = () => [bench.control.at(A).cap, bench.control.at(B).cap];
  const full = (id: string) => ({ ...busy, power_w: bench.control.at(id).cap });
  bench.run(1, full);
  assert.deepEqual(caps(), [200, 200]);
  bench.run(120, (id) => id === A ? full(A) : {});
  assert.deepEqual(caps(), [300, 100]);
  bench.run(120, full);
  assert.deepEqual(caps(), [200, 200]);
  assert.ok(bench.control.done.length <= 8, String(bench.control.done.length));
  assert.deepEqual(bench.manager.state().budget, {
    watts: 400,
    source: "power_limit_watts",
    assigned_w: 400,
    state: "kept",
    reason: null,
  });
});

Deno.test("a budget counts a GPU that nobody can limit, and refuses one that tells nothing", async () => {
  const control = new FakeControl().add(A, 300);
  await using bench = new Bench(control, { park: false, power_limit_watts: 300 });
  const other = (changes: Partial<GpuSample>) => {
    const look = control.look(bench.at += 1000, () => busy);
    bench.manager.look({
      ...look,
      gpus: [...look.gpus, { ...blank(B, "unsupported"), ...changes }],
    });
    return bench.manager.state().budget;
  };
  assert.equal(other({})?.state, "refused");
  assert.match(other({})?.reason ?? "", /02:00.0 tells neither its power nor a cap: configure/);
  assert.equal(control.at(A).cap, 300);
  bench.manager.policy(policy({ power_limit_watts: 300, assumed_watts: { [B]: 75 } }));
  assert.equal(other({})?.state, "kept");
  assert.equal(control.at(A).cap, 225);
  bench.manager.policy(policy({ power_limit_watts: 300 }));
  assert.equal(other({ state: "ok", power_w: 82 })?.state, "kept");
  assert.equal(control.at(A).cap, 200);
});

Deno.test("a budget that is less than the least caps gives these, and says so", async () => {
  await using bench = new Bench(new FakeControl().add(A).add(B), { power_limit_watts: 150 });
  bench.run(3, () => busy);
  assert.deepEqual([bench.control.at(A).cap, bench.control.at(B).cap], [100, 100]);
  const budget = bench.manager.state().budget;
  assert.equal(budget?.state, "infeasible");
  assert.match(budget?.reason ?? "", /are 200 W/);
  assert.equal(bench.kinds.length, 2);
});

Deno.test("a cap that is refused is told once, tried again each minute, and counted as it is", async () => {
  const control = new FakeControl().add(A, 300).add(B, 300);
  await using bench = new Bench(control, { park: false, power_limit_watts: 450 });
  bench.run(1, () => ({ ...busy, power_w: 300 }));
  assert.deepEqual([control.at(A).cap, control.at(B).cap], [225, 225]);
  control.at(A).refuses = "the driver refuses this value (EINVAL)";
  bench.manager.policy(policy({ park: false, power_limit_watts: 400 }));
  bench.run(125, () => ({ ...busy, power_w: 300 }));
  assert.deepEqual([control.at(A).cap, control.at(B).cap], [225, 175]);
  const refusals = bench.log.filter((line) => line.includes("EINVAL"));
  assert.equal(refusals.length, 1, refusals.join("\n"));
  const tries = control.asked.filter((each) => each === `cap ${A}`).length;
  assert.ok(tries >= 3 && tries <= 5, String(tries));
});

Deno.test("a GPU that a person set is left alone, and said so", async () => {
  const control = new FakeControl().add(A, 300);
  await using bench = new Bench(control, { park: false, power_limit_watts: 200 });
  bench.run(1, () => busy);
  control.losses.set(`${A} power`, { by: "person", reason: "somebody set it" });
  control.at(A).cap = 280;
  bench.run(25, () => busy);
  assert.deepEqual(bench.kinds, ["cap"]);
  assert.equal(bench.view(A).state, "left_alone");
  assert.equal(bench.view(A).reason, "somebody set it");
  assert.equal(bench.view(A).cap_w, 280);
  assert.ok(bench.log.some((line) => line.includes("no longer held: somebody set it")));
});

Deno.test("a hold that was taken back for its time alone is made again", async () => {
  const control = new FakeControl().add(A, 300);
  await using bench = new Bench(control, { park: false, power_limit_watts: 200 });
  bench.run(1, () => busy);
  control.losses.set(`${A} power`, { by: "time", reason: "not renewed in time" });
  control.at(A).cap = 300;
  bench.run(25, () => busy);
  assert.deepEqual(bench.kinds, ["cap", "cap"]);
  assert.equal(control.at(A).cap, 200);
});

Deno.test("a sample from before a change is not taken for the GPU's own cap", async () => {
  const control = new FakeControl().add(A, 300);
  await using bench = new Bench(control, { park: false, power_limit_watts: 200 });
  bench.run(1, () => busy);
  bench.manager.policy(policy({ park: false, power_limit_watts: 400 }));
  bench.at += 60_000;
  bench.run(1, () => busy);
  assert.equal(control.at(A).cap, 300);
  bench.run(1, () => ({ ...busy, power_cap_w: 200 }));
  assert.equal(bench.view(A).own_cap_w, 300);
  bench.run(10, () => busy);
  assert.equal(bench.view(A).own_cap_w, 300);
});

Deno.test("a GPU that vanishes has its holds given up, and is met anew when it is back", async () => {
  const control = new FakeControl().add(A, 300).add(B, 300);
  await using bench = new Bench(control, { park: false, power_limit_watts: 400 });
  bench.run(1, () => busy);
  const gone = control.at(B);
  control.gpus.delete(B);
  bench.run(1, () => busy);
  assert.equal(control.asked.at(-1), `uncap ${B}`);
  assert.deepEqual(bench.manager.state().gpus.map(({ id }) => id), [A]);
  bench.run(60, () => ({ ...busy, power_w: control.at(A).cap }));
  assert.equal(control.at(A).cap, 300);
  control.gpus.set(B, { ...gone, cap: gone.own });
  bench.run(1, () => busy);
  assert.equal(control.at(A).cap + control.at(B).cap, 400);
});

Deno.test("a policy that is switched off takes everything back at once", async () => {
  await using bench = new Bench(new FakeControl().add(A, 300).add(B), { power_limit_watts: 300 });
  bench.run(40, (id) => id === A ? busy : {});
  assert.notEqual(bench.control.held.size, 0);
  bench.manager.policy(policy({ enabled: false }));
  assert.equal(bench.control.held.size, 0);
  assert.deepEqual([...bench.control.gpus.values()].map(({ cap, mayPark }) => [cap, mayPark]), [
    [300, "on"],
    [260, "on"],
  ]);
  const asked = bench.control.asked.length;
  bench.run(100);
  assert.equal(bench.control.asked.length, asked);
});

Deno.test("what cannot be put back at the end is said, and the rest is put back", async () => {
  const control = new FakeControl().add(A).add(B);
  const bench = new Bench(control, { power_limit_watts: 300, park: false });
  bench.run(1, () => busy);
  control.at(A).refuses = "EIO";
  await bench.manager[Symbol.asyncDispose]();
  assert.equal(control.at(B).cap, 260);
  assert.ok(bench.log.some((line) => line.startsWith(`error ${A}: NOT put back`)));
  await bench.manager[Symbol.asyncDispose]();
  bench.run(10);
  assert.equal(control.held.size, 1);
});
