import assert from "node:assert/strict";
import { join } from "node:path";
import { FileJournal } from "../../lib/control/journal.ts";
import { revertOverdue } from "../../lib/control/revert.ts";
import { ControlDesk } from "../../lib/daemon/control_desk.ts";
import type { ControlEntryView } from "../../lib/daemon/service_api.ts";
import { TestClock } from "../control/clock.ts";
import { CopiedDump } from "../control/emulated_gpu.ts";

const CAP = "sys/devices/pci0000:00/0000:0b:00.0/hwmon/hwmon4/power1_cap";

/** A desk over a copy of a dump. */
class Desk extends CopiedDump {
  readonly clock = new TestClock();
  readonly journal = new FileJournal(join(this.directory, "journal"));
  readonly told: ControlEntryView[] = [];
  watchers = 0;
  at = 0;
  /** Whether the GPU is listed. */
  isHere = true;
  readonly desk = new ControlDesk({
    gpus: () => this.isHere ? [this.gpu] : [],
    on: this,
    context: this.context,
    startWatcher: () => void this.watchers++,
    changed: (entry) => this.told.push(entry),
    now: () => this.at,
  });

  constructor() {
    super("vega56");
  }

  planCap(watts: number | null) {
    return this.desk.plan({ gpu: "0", group: "power", values: { power_cap_w: watts } });
  }
}

Deno.test("ControlDesk plans, makes and takes back a change", () => {
  using host = new Desk();
  const settings = host.desk.settings(host.gpu.id).settings.map(({ id }) => id);
  assert.ok(settings.includes("power_cap_w"));
  const { token, changes, steps, risky } = host.planCap(215);
  assert.deepEqual(changes, [{ setting: "power_cap_w", from: 260, to: 215, reset: false }]);
  assert.ok(steps.length > 0);
  assert.equal(risky, false);
  assert.equal(host.read(CAP), "260000000\n", "a plan writes nothing");
  const made = host.desk.apply(token);
  assert.equal(host.read(CAP), "215000000\n");
  assert.deepEqual([made.state, made.reverts_at], ["confirmed", null]);
  assert.equal(host.watchers, 0);
  assert.deepEqual(host.desk.changes(), [made]);
  const { state } = host.desk.revert("0", "power");
  assert.equal(state, "reverted");
  assert.equal(host.read(CAP), "260000000\n");
  assert.deepEqual(host.desk.changes(), []);
  assert.deepEqual(host.told.map(({ state }) => state), ["confirmed", "reverted"]);
});

Deno.test("ControlDesk's changes with a time go back by themselves unless they are confirmed", () => {
  using host = new Desk();
  const first = host.desk.apply(host.planCap(215).token, 30);
  assert.equal(first.state, "pending");
  assert.ok(first.reverts_at !== null);
  assert.equal(host.watchers, 1);
  host.clock.seconds += 31;
  assert.equal(revertOverdue(host).length, 1);
  assert.equal(host.read(CAP), "260000000\n");
  host.desk.apply(host.planCap(215).token, 30);
  assert.equal(host.desk.confirm("0", "power").state, "confirmed");
  host.clock.seconds += 31;
  assert.deepEqual(revertOverdue(host), []);
  assert.equal(host.read(CAP), "215000000\n");
});

Deno.test("ControlDesk applies a plan once, within a minute, and where nothing changed", () => {
  using host = new Desk();
  const { token } = host.planCap(215);
  host.desk.apply(token);
  const gone = { name: "ServiceError", status: 404 };
  assert.throws(() => host.desk.apply(token), gone);
  const old = host.planCap(220);
  host.at += 61_000;
  assert.throws(() => host.desk.apply(old.token), gone);
  const stale = host.planCap(225);
  Deno.writeTextFileSync(join(host.directory, CAP), "230000000\n");
  assert.throws(() => host.desk.apply(stale.token), { name: "ServiceError", status: 409 });
  assert.equal(host.read(CAP), "230000000\n");
  assert.throws(() => host.desk.apply("none"), gone);
});

Deno.test("ControlDesk takes an unconfirmed change back before it makes the next", () => {
  using host = new Desk();
  host.desk.apply(host.planCap(215).token, 30);
  host.desk.apply(host.planCap(230).token, 30);
  assert.equal(host.read(CAP), "230000000\n");
  host.clock.seconds += 31;
  revertOverdue(host);
  assert.equal(host.read(CAP), "260000000\n", "the value from before the first of them");
});

Deno.test("ControlDesk refuses what is no GPU, setting or value, in one line", () => {
  using host = new Desk();
  const refusals: [() => unknown, number][] = [
    [() => host.desk.settings("7"), 404],
    [() => host.desk.plan({ gpu: "0", group: "power", values: { fan_pct: 10 } }), 422],
    [() => host.desk.plan({ gpu: "0", group: "power", values: { "": 1 } }), 422],
    [() => host.desk.plan({ gpu: "0", group: "power", values: {} }), 422],
    [() => host.planCap(1e9), 422],
    [() => host.desk.plan({ gpu: "0", group: "power", values: { power_cap_w: "many" } }), 422],
    [() => host.desk.confirm("0", "power"), 404],
    [() => host.desk.revert("0", "fan"), 404],
  ];
  for (const [call, status] of refusals) {
    assert.throws(call, (error: Error & { status?: number }) => {
      assert.equal(error.status, status, error.message);
      assert.match(error.message, /^[^\n]+$/);
      return true;
    });
  }
  assert.equal(host.read(CAP), "260000000\n");
});

Deno.test("ControlDesk changes nothing where it may not, and says why", () => {
  using host = new CopiedDump("vega56");
  const desk = new ControlDesk({
    gpus: () => [host.gpu],
    on: {
      device: host.device,
      clock: new TestClock(),
      journal: new FileJournal(join(host.directory, "journal")),
    },
    context: host.context,
    startWatcher: () => assert.fail(),
    readOnly: "this is a dump",
    changed: () => assert.fail(),
  });
  const { token } = desk.plan({ gpu: "0", group: "power", values: { power_cap_w: 215 } });
  for (const change of [() => desk.apply(token), () => desk.revert("0", "power")]) {
    assert.throws(change, { name: "ServiceError", status: 409, message: "this is a dump" });
  }
  assert.deepEqual(host.device.performed, []);
});

Deno.test("ControlDesk keeps few plans, the newest ones", () => {
  using host = new Desk();
  const tokens = Array.from({ length: 200 }, (_, i) => host.planCap(200 + (i % 20)).token);
  assert.throws(() => host.desk.apply(tokens[0] ?? ""), { status: 404 });
  assert.equal(host.desk.apply(tokens.at(-1) ?? "").state, "confirmed");
});

Deno.test("ControlDesk tells of the changes of a GPU that is gone, keeps them, and settles them when it is back", () => {
  using host = new Desk();
  const { id } = host.gpu;
  host.desk.apply(host.planCap(215).token, 30);
  host.isHere = false;
  const told = host.desk.gpusChanged({ added: [], removed: [id, "pci:0000:ff:00.0"] });
  assert.deepEqual(told, [{
    gpu: id,
    text: `${id} is gone with a change of its power (Power cap: 260 W -> 215 W): ` +
      "what is left of it is taken back when its time is up",
  }]);
  assert.equal(host.desk.changes()[0]?.state, "pending");
  host.clock.seconds += 31;
  host.isHere = true;
  const settled = host.desk.gpusChanged({ added: [id], removed: [] });
  assert.match(settled[0]?.text ?? "", /put back: .*260000000/);
  assert.equal(host.read(CAP), "260000000\n");
  // One that stays is as its driver has it when it is back.
  host.desk.apply(host.planCap(215).token);
  host.isHere = false;
  const kept = host.desk.gpusChanged({ added: [], removed: [id] });
  assert.match(
    kept[0]?.text ?? "",
    /may have forgotten it when it is back: look, and set it again/,
  );
  assert.equal(host.desk.revert(id, "power").state, "reverted");
});

Deno.test("ControlDesk changes nothing where its journal cannot be written, and says why", () => {
  using host = new Desk();
  const { token } = host.planCap(215);
  Deno.writeTextFileSync(join(host.directory, "journal"), "no directory");
  const refusal = (work: () => unknown) =>
    assert.throws(work, (error: Error & { status?: number }) => {
      assert.equal(error.status, 409);
      assert.match(error.message, /^no setting is changed, .*: the journal cannot be written: /);
      return true;
    });
  refusal(() => host.desk.apply(token));
  assert.equal(host.read(CAP), "260000000\n");
  refusal(() => host.desk.confirm("0", "power"));
  refusal(() => host.desk.revert("0", "power"));
});
