import assert from "node:assert/strict";
import { join } from "node:path";
import { applyPlan, type ApplyWith, confirmEntry } from "../../lib/control/apply.ts";
import type { ControlDevice } from "../../lib/control/device.ts";
import { FileJournal } from "../../lib/control/journal.ts";
import { revertEntry, revertOverdue, revertPending } from "../../lib/control/revert.ts";
import { ControlError, type SettingId, type SettingValue } from "../../lib/control/setting.ts";
import type { Action, Query } from "../../lib/control/step.ts";
import { watchEntries } from "../../lib/control/watcher.ts";
import { TestClock } from "./clock.ts";
import { CopiedDump } from "./emulated_gpu.ts";

/** A copied dump with a journal beside it. */
class Host extends CopiedDump implements ApplyWith {
  readonly clock = new TestClock();
  readonly journal = new FileJournal(join(this.directory, "journal"));

  apply(wanted: Partial<Record<SettingId, SettingValue | null>>, seconds?: number) {
    return applyPlan(this.plan(wanted), seconds, this);
  }

  get entries() {
    return this.journal.entries();
  }
}

/** Makes one action fail, or go without effect. */
class FaultyDevice implements ControlDevice {
  readonly #inner: ControlDevice;
  readonly #fault: (action: Action) => "fail" | "ignore" | undefined;
  constructor(inner: ControlDevice, fault: (action: Action) => "fail" | "ignore" | undefined) {
    this.#inner = inner;
    this.#fault = fault;
  }
  perform(action: Action): void {
    const fault = this.#fault(action);
    if (fault === "fail") throw new ControlError("the write fails (EIO)");
    if (fault === undefined) this.#inner.perform(action);
  }
  read(query: Query): string | undefined {
    return this.#inner.read(query);
  }
  exists(query: Query): boolean {
    return this.#inner.exists(query);
  }
}

const VEGA = "sys/devices/pci0000:00/0000:0b:00.0";
const CAP = `${VEGA}/hwmon/hwmon4/power1_cap`;
const LEVEL = `${VEGA}/power_dpm_force_performance_level`;
const PROFILE = `${VEGA}/pp_power_profile_mode`;
const text = (action: Action) => action.kind === "write" ? action.text : action.call;

Deno.test("applyPlan() writes, reads back, and keeps the previous value in the journal", () => {
  using host = new Host("vega56");
  const before = host.read(CAP);
  host.apply({ power_cap_w: 215 });
  assert.equal(before, "260000000\n");
  assert.equal(host.read(CAP), "215000000\n");
  const [entry] = host.entries;
  assert.equal(entry?.confirmed, true);
  assert.deepEqual(entry?.changes, [
    { setting: "power_cap_w", from: 260, to: 215, reset: false },
  ]);
  assert.deepEqual(revertOverdue(host), []);
  host.clock.seconds += 1e6;
  assert.deepEqual(revertOverdue(host), []);
  assert.equal(host.read(CAP), "215000000\n");
});

Deno.test("applyPlan() puts back what was done when a step fails, last first, and says so", () => {
  using host = new Host("vega56");
  const plan = host.plan({ profile: "COMPUTE" });
  const device = new FaultyDevice(
    host.device,
    (action) => text(action) === "5" ? "fail" : undefined,
  );
  assert.throws(() => applyPlan(plan, undefined, { ...on(host), device }), {
    name: "ControlError",
    message:
      /^pci:0000:0b:00\.0: the write fails \(EIO\); put back: .*performance_level is auto again$/,
  });
  assert.equal(host.read(LEVEL), "auto\n");
  assert.deepEqual(host.entries, []);
  assert.deepEqual(host.device.performed.map(text), ["manual", "auto"]);
});

/** The parts of a host, to replace one of them. */
const on = ({ device, journal, clock }: Host): ApplyWith => ({ device, journal, clock });

Deno.test("applyPlan() takes a value that reads back as another for a failure", () => {
  using host = new Host("vega56");
  const plan = host.plan({ profile: "COMPUTE" });
  const device = new FaultyDevice(
    host.device,
    (action) => text(action) === "5" ? "ignore" : undefined,
  );
  assert.throws(() => applyPlan(plan, undefined, { ...on(host), device }), {
    message: /"5": reads back 0, not 5; put back: .*is auto again/,
  });
  assert.equal(host.read(LEVEL), "auto\n");
});

Deno.test("applyPlan() says what could not be put back, and the next start tries again", () => {
  using host = new Host("vega56");
  const plan = host.plan({ profile: "COMPUTE" });
  const device = new FaultyDevice(
    host.device,
    (action) => text(action) === "manual" ? undefined : "fail",
  );
  assert.throws(() => applyPlan(plan, undefined, { ...on(host), device }), {
    message: /NOT put back: the write fails/,
  });
  assert.equal(host.read(LEVEL), "manual\n");
  assert.match(host.entries[0]?.failure ?? "", /EIO/);
  host.clock.dead.add(Deno.pid);
  assert.equal(revertOverdue(host)[0]?.settled, true);
  assert.equal(host.read(LEVEL), "auto\n");
  assert.deepEqual(host.entries, []);
});

Deno.test("applyPlan() writes nothing where a value changed after the plan was made", () => {
  using host = new Host("vega56");
  const plan = host.plan({ power_cap_w: 215 });
  Deno.writeTextFileSync(join(host.directory, CAP), "200000000\n");
  assert.throws(() => applyPlan(plan, undefined, host), {
    message: /became 200000000 after the plan was made with 260000000: .* nothing was written/,
  });
  assert.deepEqual([host.device.performed, host.entries], [[], []]);
});

Deno.test("applyPlan() writes nothing where the journal cannot be written", () => {
  using host = new Host("vega56");
  Deno.writeTextFileSync(join(host.directory, "journal"), "no directory");
  assert.throws(() => host.apply({ power_cap_w: 215 }));
  assert.deepEqual(host.device.performed, []);
});

Deno.test("applyPlan() makes nothing that this user has no right to", () => {
  using host = new Host("vega56");
  const plan = { ...host.plan({ power_cap_w: 215 }), obstacles: ["power cap: denied"] };
  assert.throws(() => applyPlan(plan, undefined, host), { message: /denied/ });
  assert.deepEqual(host.device.performed, []);
});

for (
  const [dump, wanted] of [
    ["vega56", { power_cap_w: 215 }],
    ["vega56", { profile: "COMPUTE" }],
    ["vega56", { core_clock_max_mhz: 1138 }],
    ["vega56", { fan_pct: 60 }],
    ["rx580", { performance_level: null, profile: null }],
    ["rx6600", { core_clock_min_mhz: 2750, core_clock_max_mhz: 2800 }],
    ["phoenix", { core_clock_max_mhz: 2000 }],
    ["rx9070", { fan_curve: "30:20,50:40,60:60,75:80,80:100" }],
    ["rx7900xtx", { fan_pct: 50 }],
    ["a380-xe", { core_clock_min_mhz: 600, core_clock_max_mhz: 2000 }],
    ["tigerlake", { core_clock_min_mhz: 300, core_clock_max_mhz: 900 }],
    ["b580", { profile: "power_saving" }],
    ["vega56", { autosuspend: "auto" }],
  ] as const
) {
  const what = JSON.stringify(wanted).replaceAll('"', "");
  Deno.test(`revertOverdue() brings ${what} back on ${dump} when its time is up, not before`, () => {
    using host = new Host(dump);
    const before = host.surface().settings.map(({ id, value }) => [id, value]);
    const now = () => host.surface().settings.map(({ id, value }) => [id, value]);
    host.apply(wanted, 600);
    // What pwm1 shows is the fan's, which does not come back by itself in a file.
    const judged = (state: ReturnType<typeof now>) =>
      state.filter(([id]) => !(id === "fan_pct" && dump === "vega56"));
    assert.notDeepEqual(host.device.performed, []);
    host.clock.seconds += 599;
    assert.deepEqual(revertOverdue(host), []);
    host.clock.seconds += 1;
    const [reverted] = revertOverdue(host);
    assert.equal(reverted?.settled, true, reverted?.message);
    assert.deepEqual(judged(now()), judged(before));
    assert.deepEqual(host.entries, []);
    assert.deepEqual(revertOverdue(host), []);
  });
}

Deno.test("revertOverdue() leaves alone what something else set since, and says so", () => {
  using host = new Host("vega56");
  host.apply({ profile: "COMPUTE" }, 600);
  // As power-profiles-daemon does.
  Deno.writeTextFileSync(join(host.directory, LEVEL), "low\n");
  host.clock.seconds += 600;
  const [reverted] = revertOverdue({ ...on(host), device: host.device });
  assert.match(reverted?.message ?? "", /performance_level is low, which something else set/);
  assert.equal(host.read(LEVEL), "low\n");

  using other = new Host("vega56");
  other.apply({ power_cap_w: 215 }, 600);
  Deno.writeTextFileSync(join(other.directory, CAP), "230000000\n");
  other.clock.seconds += 600;
  assert.equal(revertOverdue(other)[0]?.settled, true);
  assert.equal(other.read(CAP), "230000000\n");
  assert.deepEqual(other.entries, []);
});

Deno.test("revertOverdue() forgets changes from before the host was started again", () => {
  using host = new Host("vega56");
  host.apply({ power_cap_w: 215 }, 600);
  host.clock.boot = "boot-2";
  host.clock.seconds = 5000;
  assert.deepEqual(revertOverdue(host), []);
  assert.deepEqual(host.entries, []);
  assert.equal(host.read(CAP), "215000000\n");
});

Deno.test("revertOverdue() waits for a process that is still making its change", () => {
  using host = new Host("vega56");
  const entry = host.apply({ power_cap_w: 215 }, 600);
  host.journal.save({ ...entry, applied: false, deadline: null });
  host.clock.seconds += 1e6;
  assert.deepEqual(revertOverdue(host), []);
  host.clock.dead.add(Deno.pid);
  assert.equal(revertOverdue(host).length, 1);
  assert.equal(host.read(CAP), "260000000\n");
});

Deno.test("revertOverdue() drops the change of a GPU that is gone", () => {
  using host = new Host("vega56");
  host.apply({ power_cap_w: 215 }, 600);
  Deno.removeSync(join(host.directory, VEGA), { recursive: true });
  host.clock.seconds += 600;
  assert.match(revertOverdue(host)[0]?.message ?? "", /is gone/);
  assert.deepEqual(host.entries, []);
});

Deno.test("revertPending() brings back the first value before another change is made", () => {
  using host = new Host("vega56");
  host.apply({ power_cap_w: 215 }, 600);
  assert.throws(() => host.apply({ power_cap_w: 200 }, 600), { message: /taken back first/ });
  assert.equal(revertPending([host.gpu.id], "power", host).length, 1);
  assert.equal(host.read(CAP), "260000000\n");
  host.apply({ power_cap_w: 200 }, 600);
  host.clock.seconds += 600;
  revertOverdue(host);
  assert.equal(host.read(CAP), "260000000\n");
});

Deno.test("revertOverdue() brings the firmware's fan curve back by a reset: its zeros cannot be written", () => {
  using host = new Host("rx7900xtx");
  host.apply({ fan_pct: 50 }, 60);
  host.clock.seconds += 60;
  host.device.performed.length = 0;
  revertOverdue(host);
  assert.deepEqual([...new Set(host.device.performed.map(text))], ["r"]);
});

Deno.test("confirmEntry() makes a change stay", () => {
  using host = new Host("vega56");
  confirmEntry(host.apply({ power_cap_w: 215 }, 15), host.journal);
  host.clock.seconds += 1000;
  assert.deepEqual(revertOverdue(host), []);
  assert.equal(host.read(CAP), "215000000\n");
});

Deno.test("revertEntry() takes back a confirmed change too", () => {
  using host = new Host("vega56");
  revertEntry(host.apply({ profile: "VR" }), host);
  assert.equal(host.read(LEVEL), "auto\n");
  assert.match(host.read(PROFILE), /BOOTUP_DEFAULT ?\*/);
});

Deno.test("watchEntries() waits until the change is due, takes it back and ends", async () => {
  using host = new Host("vega56");
  host.apply({ power_cap_w: 215 }, 50);
  const waits: number[] = [];
  const reverted = await watchEntries(host, (seconds) => {
    waits.push(seconds);
    host.clock.seconds += seconds;
    return Promise.resolve();
  });
  assert.deepEqual(waits, [20, 20, 10]);
  assert.equal(reverted.length, 1);
  assert.equal(host.read(CAP), "260000000\n");
});

Deno.test("watchEntries() ends where a change cannot be taken back, which the next start tries again", async () => {
  using host = new Host("vega56");
  host.apply({ power_cap_w: 215 }, 1);
  host.clock.seconds += 1;
  const device = new FaultyDevice(host.device, () => "fail");
  const [reverted] = await watchEntries({ ...on(host), device });
  assert.equal(reverted?.settled, false);
  assert.equal(revertOverdue(host)[0]?.settled, true);
  assert.equal(host.read(CAP), "260000000\n");
});
