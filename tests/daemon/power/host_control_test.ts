/** The power manager on copies of real dumps, whose files it writes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { applyPlan, type ApplyWith } from "../../../lib/control/apply.ts";
import { FileJournal } from "../../../lib/control/journal.ts";
import { revertOverdue, revertPending } from "../../../lib/control/revert.ts";
import { openHostPowerControl } from "../../../lib/daemon/power/host_control.ts";
import { openPowerManager, type PowerManager } from "../../../lib/daemon/power/manager.ts";
import type { PowerPolicy } from "../../../lib/daemon/power/policy.ts";
import type { Gpu } from "../../../lib/gpu/gpu.ts";
import { openSampler, type Sampler } from "../../../lib/telemetry/sampler.ts";
import { TestClock } from "../../control/clock.ts";
import { CopiedDump } from "../../control/emulated_gpu.ts";
import { policy, programs } from "./fakes.ts";

/** A copied dump with a journal, a sampler of its files, and a manager over both. */
class Host extends CopiedDump implements ApplyWith, AsyncDisposable {
  readonly clock = new TestClock();
  readonly journal = new FileJournal(join(this.directory, "journal"));
  readonly log: string[] = [];
  readonly sampler: Sampler;
  gpus: Gpu[] = [this.gpu];
  watchers = 0;
  at = 0;
  manager: PowerManager;

  constructor(dump: string, changes: Partial<PowerPolicy> = {}) {
    super(dump);
    this.sampler = openSampler({
      gpus: [this.gpu],
      sysroot: this.context.sysroot,
      now: () => this.at,
    });
    this.manager = this.open(changes);
  }

  open(changes: Partial<PowerPolicy>): PowerManager {
    const control = openHostPowerControl({
      on: this,
      context: this.context,
      gpus: () => this.gpus,
      startWatcher: () => this.watchers++,
    });
    const log = (level: string, text: string) => this.log.push(`${level}: ${text}`);
    return openPowerManager({ policy: policy(changes), control, log });
  }

  run(seconds: number, working = true): void {
    for (let s = 0; s < seconds; s++, this.at += 1000, this.clock.seconds++) {
      const { gpus } = this.sampler.sample();
      const present = gpus.filter(({ id }) => this.gpus.some((gpu) => gpu.id === id));
      this.manager.look({
        at: this.at,
        gpus: present,
        programs: programs(...working ? [this.gpu.id] : []),
      });
    }
  }

  file(name: string): string {
    return `sys/devices/pci0000:00/0000:0b:00.0/${name}`;
  }

  write(name: string, text: string): void {
    Deno.writeTextFileSync(join(this.directory, this.file(name)), `${text}\n`);
  }

  get cap(): number {
    return Number(this.read(this.file("hwmon/hwmon4/power1_cap"))) / 1e6;
  }

  get written(): string[] {
    return this.device.performed.map((action) => action.kind === "write" ? action.text : "");
  }

  get view() {
    return this.manager.state().gpus[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
    this.sampler[Symbol.dispose]();
    this[Symbol.dispose]();
  }
}

const CAP = "hwmon/hwmon4/power1_cap";
const HEAT = "hwmon/hwmon4/temp1_input";

Deno.test("the power manager lowers a hot GPU's cap step by step, holds it over its deadline, and puts it back at its end", async () => {
  await using host = new Host("vega56", { park: false });
  // This card's own slowdown is at 85 °C: hot is 5 °C below it.
  host.write(HEAT, "82000");
  host.run(6);
  assert.deepEqual(host.written, ["221000000", "182000000"]);
  assert.equal(host.watchers, 1);
  host.write(HEAT, "77000");
  host.run(300);
  assert.deepEqual(revertOverdue(host), []);
  assert.equal(host.cap, 182);
  assert.equal(host.journal.entries()[0]?.held, true);
  await host.manager[Symbol.asyncDispose]();
  assert.equal(host.cap, 260);
  assert.deepEqual(host.journal.entries(), []);
  assert.match(host.log.at(-1) ?? "", /^info: uncap: the power manager ends: .*260000000 again/);
});

Deno.test("the power manager that hangs has its settings taken back, and makes them again when it goes on", async () => {
  await using host = new Host("vega56", { park: false, power_limit_watts: 200 });
  host.run(1);
  assert.equal(host.cap, 200);
  host.clock.seconds += 60;
  assert.equal(revertOverdue(host).length, 1);
  assert.equal(host.cap, 260);
  host.at += 60_000;
  host.run(2);
  assert.equal(host.cap, 200);
  assert.ok(host.log.some((line) => line.includes("it was not renewed in time")));
});

Deno.test("openPowerManager() takes back at once what one that was killed left behind", async () => {
  await using host = new Host("vega56", { park: false, power_limit_watts: 200 });
  host.run(1);
  const { journal } = host;
  const [entry] = journal.entries();
  assert.ok(entry);
  // As if another process had made it, which is dead.
  journal.save({ ...entry, writer: { pid: 2 ** 22 + 1, start_time: "1" } });
  host.manager = host.open({ enabled: false });
  assert.equal(host.cap, 260);
  assert.match(host.log.at(-1) ?? "", /^warning: left by one that died: .*put back/);
});

Deno.test("the power manager leaves alone what a person set before it", async () => {
  await using host = new Host("vega56", { park: false, power_limit_watts: 200 });
  applyPlan(host.plan({ power_cap_w: 240 }), undefined, host);
  host.run(5);
  // Known before anything is shared out, not when a change is tried.
  assert.match(host.log[0] ?? "", /^info: refused: somebody set it/);
  assert.equal(host.cap, 240);
  assert.equal(host.view?.state, "left_alone");
  assert.match(
    host.view?.reason ?? "",
    /^somebody set it \(Power cap: 260 W -> 240 W\): that stays/,
  );
  assert.equal(host.manager.state().budget?.state, "infeasible");
  // Given back by a reset: the manager takes it at its next attempt.
  applyPlan(host.plan({ power_cap_w: null }), undefined, host);
  host.run(60);
  assert.equal(host.cap, 200);
});

Deno.test("the power manager yields to a person's change while it holds the same setting", async () => {
  await using host = new Host("vega56", { park: false, power_limit_watts: 200 });
  host.run(1);
  // What `mvgal power set` does.
  revertPending([host.gpu.id], "power", host);
  applyPlan(host.plan({ power_cap_w: 240 }), undefined, host);
  host.run(130);
  assert.equal(host.cap, 240);
  assert.equal(host.view?.state, "left_alone");
  assert.equal(host.view?.cap_w, 240);
  await host.manager[Symbol.asyncDispose]();
  assert.equal(host.cap, 240);
  assert.equal(host.journal.entries()[0]?.confirmed, true);
});

Deno.test("the power manager yields to what something else sets past mvgal, until the policy changes", async () => {
  await using host = new Host("vega56", { park: false, power_limit_watts: 200 });
  host.run(1);
  host.write(CAP, "190000000");
  host.run(130);
  assert.equal(host.cap, 190);
  assert.match(host.view?.reason ?? "", /power1_cap is 190000000: something else set it/);
  assert.deepEqual(host.journal.entries(), []);
  host.manager.policy(policy({ park: false, power_limit_watts: 150 }));
  host.run(1);
  assert.equal(host.cap, 150);
  await host.manager[Symbol.asyncDispose]();
  assert.equal(host.cap, 190);
});

Deno.test("the power manager lets an idle GPU sleep, does not wake it, and takes that back when work comes", async () => {
  await using host = new Host("vega56");
  host.write("power/control", "on");
  host.write("gpu_busy_percent", "0");
  host.run(32, false);
  assert.equal(host.read(host.file("power/control")), "auto\n");
  assert.equal(host.view?.state, "parked");
  host.write("power/runtime_status", "suspended");
  const done = host.device.performed.length;
  host.run(100, false);
  host.run(10, true);
  assert.equal(host.view?.state, "asleep");
  assert.equal(host.device.performed.length, done);
  host.write("power/runtime_status", "active");
  host.write("gpu_busy_percent", "90");
  host.run(1);
  assert.equal(host.read(host.file("power/control")), "on\n");
});

Deno.test("the power manager sets a cap again that the driver forgot while the GPU slept", async () => {
  await using host = new Host("vega56", { park: false, power_limit_watts: 200 });
  host.run(1);
  host.write("power/runtime_status", "suspended");
  host.run(30);
  host.write("power/runtime_status", "active");
  host.write(CAP, "260000000");
  host.run(6);
  assert.equal(host.cap, 200);
  assert.ok(host.log.some((line) => line.includes("its driver forgot the power cap")));
});

Deno.test("the power manager leaves a GPU that may sleep already as it is", async () => {
  await using host = new Host("vega56");
  host.write("power/control", "auto");
  host.write("gpu_busy_percent", "0");
  host.run(200, false);
  assert.deepEqual(host.written, []);
  assert.deepEqual(host.journal.entries(), []);
});

Deno.test("the power manager drops the hold of a GPU that vanishes", async () => {
  await using host = new Host("vega56", { park: false, power_limit_watts: 200 });
  host.run(1);
  assert.equal(host.journal.entries().length, 1);
  host.gpus = [];
  Deno.removeSync(join(host.directory, host.file("hwmon")), { recursive: true });
  host.run(1);
  assert.deepEqual(host.journal.entries(), []);
  assert.deepEqual(host.manager.state().gpus, []);
});

Deno.test("the power manager that cannot write says why, once, and counts the GPU at its cap", async () => {
  await using host = new Host("tigerlake", { park: false, power_limit_watts: 10 });
  host.run(70);
  const refusals = host.log.filter((line) => line.includes("refused"));
  assert.ok(refusals.length <= 1, refusals.join("\n"));
  assert.notEqual(host.manager.state().budget?.state, "kept");
});

Deno.test("the power manager without a journal to write to changes nothing", async () => {
  await using host = new Host("vega56", { park: false, power_limit_watts: 200 });
  Deno.removeSync(host.journal.directory, { recursive: true });
  Deno.writeTextFileSync(host.journal.directory, "no directory");
  host.run(10);
  assert.equal(host.cap, 260);
  assert.deepEqual(host.written, []);
  assert.equal(host.view?.state, "left_alone");
});
