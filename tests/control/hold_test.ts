import assert from "node:assert/strict";
import { join } from "node:path";
import { applyPlan, type ApplyWith, confirmEntry } from "../../lib/control/apply.ts";
import type { ControlDevice } from "../../lib/control/device.ts";
import { holdPlan, releaseHold, renewHold, standingOf } from "../../lib/control/hold.ts";
import { FileJournal } from "../../lib/control/journal.ts";
import { revertAbandoned, revertOverdue, revertPending } from "../../lib/control/revert.ts";
import { ControlError } from "../../lib/control/setting.ts";
import { TestClock } from "./clock.ts";
import { CopiedDump } from "./emulated_gpu.ts";

const CAP = "sys/devices/pci0000:00/0000:0b:00.0/hwmon/hwmon4/power1_cap";

class Host extends CopiedDump implements ApplyWith {
  readonly clock = new TestClock();
  readonly journal = new FileJournal(join(this.directory, "journal"));

  constructor() {
    super("vega56");
  }

  hold(watts: number, on: ApplyWith = this) {
    return holdPlan(this.plan({ power_cap_w: watts }), 60, on);
  }

  get cap(): number {
    return Number(this.read(CAP)) / 1e6;
  }

  write(watts: number): void {
    Deno.writeTextFileSync(join(this.directory, CAP), `${watts * 1e6}\n`);
  }
}

Deno.test("holdPlan() moves a hold without going through the previous value, which stays the one to go back to", () => {
  using host = new Host();
  assert.equal(host.cap, 260);
  host.hold(215);
  host.hold(200);
  const entry = host.hold(180);
  const texts = host.device.performed.map((action) => action.kind === "write" && action.text);
  assert.deepEqual(texts, ["215000000", "200000000", "180000000"]);
  assert.equal(entry.steps.length, 1);
  assert.deepEqual(entry.changes, [
    { setting: "power_cap_w", from: 260, to: 180, reset: false },
  ]);
  assert.equal(releaseHold(host.gpu.id, "power", host)?.settled, true);
  assert.equal(host.cap, 260);
  assert.deepEqual(host.journal.entries(), []);
  assert.equal(releaseHold(host.gpu.id, "power", host), undefined);
});

Deno.test("fateOf() of a hold: taken back when its writer is dead, or its time is up, and not before", () => {
  using host = new Host();
  host.hold(215);
  assert.deepEqual(revertOverdue(host), []);
  host.clock.seconds += 59;
  assert.deepEqual(revertOverdue(host), []);
  assert.equal(renewHold(host.gpu.id, "power", 60, host).state, "own");
  host.clock.seconds += 59;
  assert.deepEqual(revertOverdue(host), []);
  host.clock.seconds += 1;
  assert.equal(revertOverdue(host).length, 1);
  assert.equal(host.cap, 260);
  host.hold(215);
  host.clock.dead.add(Deno.pid);
  assert.equal(revertOverdue(host).length, 1);
  assert.equal(host.cap, 260);
});

Deno.test("holdPlan() leaves alone what a person set, and takes over after a reset", () => {
  using host = new Host();
  const { id } = host.gpu;
  confirmEntry(applyPlan(host.plan({ power_cap_w: 215 }), undefined, host), host.journal);
  assert.equal(standingOf(id, "power", host).state, "other");
  assert.throws(() => host.hold(200), /set by somebody else, which stays/);
  assert.equal(host.cap, 215);
  applyPlan(host.plan({ power_cap_w: null }), undefined, host);
  assert.equal(standingOf(id, "power", host).state, "free");
  host.hold(200);
  assert.equal(host.cap, 200);
});

Deno.test("revertPending() takes a hold back before a person's change, and the hold is known to be gone", () => {
  using host = new Host();
  const { id } = host.gpu;
  host.hold(215);
  assert.equal(revertPending([id], "power", host).length, 1);
  assert.equal(host.cap, 260);
  assert.equal(renewHold(id, "power", 60, host).state, "free");
  applyPlan(host.plan({ power_cap_w: 220 }), 600, host);
  assert.equal(renewHold(id, "power", 60, host).state, "other");
  assert.equal(releaseHold(id, "power", host), undefined);
  assert.equal(host.cap, 220);
});

Deno.test("releaseHold() leaves alone a value that something else has set since", () => {
  using host = new Host();
  host.hold(215);
  host.write(190);
  assert.match(releaseHold(host.gpu.id, "power", host)?.message ?? "", /something else set/);
  assert.equal(host.cap, 190);
  assert.deepEqual(host.journal.entries(), []);
});

Deno.test("holdPlan() moves no hold where the value changed after the plan was made", () => {
  using host = new Host();
  host.hold(215);
  const plan = host.plan({ power_cap_w: 200 });
  host.write(190);
  assert.throws(() => holdPlan(plan, 60, host), /became 190000000 after the plan was made/);
  assert.equal(host.cap, 190);
});

Deno.test("holdPlan() that cannot move a hold leaves it where it was", () => {
  using host = new Host();
  host.hold(215);
  const device: ControlDevice = {
    perform(action) {
      if (action.kind === "write" && action.text === "200000000") throw new ControlError("EIO");
      host.device.perform(action);
    },
    read: (query) => host.device.read(query),
    exists: (query) => host.device.exists(query),
  };
  const on = { device, journal: host.journal, clock: host.clock };
  assert.throws(() => host.hold(200, on), /EIO; nothing was changed/);
  assert.equal(host.cap, 215);
  const standing = renewHold(host.gpu.id, "power", 60, host);
  assert.equal(standing.state, "own");
  releaseHold(host.gpu.id, "power", host);
  assert.equal(host.cap, 260);
});

Deno.test("revertAbandoned() takes back what nobody waits for, and nothing of who lives", () => {
  using host = new Host();
  host.hold(200);
  assert.deepEqual(revertAbandoned(host), [], "its holder lives");
  host.clock.dead.add(Deno.pid);
  assert.equal(revertAbandoned(host).length, 1);
  assert.equal(host.cap, 260);
  host.clock.dead.clear();
  const change = () =>
    host.journal.locked(() => applyPlan(host.plan({ power_cap_w: 215 }), 600, host));
  change();
  assert.deepEqual(revertAbandoned(host), [], "who made it lives");
  host.clock.dead.add(Deno.pid);
  {
    using _watch = host.journal.watch();
    assert.deepEqual(revertAbandoned(host), [], "a process waits");
    host.clock.seconds += 601;
    assert.equal(revertAbandoned(host).length, 1, "it is due");
  }
  const entry = change();
  assert.equal(revertAbandoned(host).length, 1);
  assert.equal(host.cap, 260);
  change();
  confirmEntry(entry, host.journal);
  assert.deepEqual(revertAbandoned(host), [], "it was confirmed");
  assert.equal(host.cap, 215);
});
