/** The commands that change settings, through a service: as without one. */

import assert from "node:assert/strict";
import type { CommandContext } from "../../lib/cli/command.ts";
import { openServiceDesk } from "../../lib/cli/service_desk.ts";
import { findService } from "../../lib/cli/service_host.ts";
import type { SettingsDesk, ShownPlan } from "../../lib/cli/settings_desk.ts";
import { HostDevice } from "../../lib/control/device.ts";
import type { SettingGroup } from "../../lib/control/setting.ts";
import { revertOverdue } from "../../lib/control/revert.ts";
import { ControlDesk } from "../../lib/daemon/control_desk.ts";
import {
  type ControlEntryView,
  type ControlRequest,
  ServiceError,
} from "../../lib/daemon/service_api.ts";
import { FakeService } from "../daemon/fake_service.ts";
import { Host } from "./control_dump.ts";
import { SocketPlace } from "./served.ts";

/** A service that changes the settings of a copy of a dump. */
class Controlling extends FakeService {
  readonly host: Host;
  readonly told: ControlEntryView[] = [];
  readonly desk: ControlDesk;
  at = 0;

  constructor(host: Host) {
    super({ gpus: 0 });
    this.host = host;
    this.listed.push(host.gpu);
    this.tick();
    this.desk = new ControlDesk({
      gpus: () => this.listed,
      on: {
        device: new HostDevice(host.context.sysroot),
        journal: host.journal,
        clock: host.clock,
      },
      context: host.context,
      startWatcher: () => void host.watchers++,
      changed: (entry) => this.told.push(entry),
      now: () => this.at,
    });
  }

  override settings = (gpu: string) => this.desk.settings(gpu);
  override plan = (request: ControlRequest) => this.desk.plan(request);
  override apply = (token: string, seconds?: number) => this.desk.apply(token, seconds);
  override confirm = (gpu: string, group: SettingGroup) => this.desk.confirm(gpu, group);
  override revert = (gpu: string, group: SettingGroup) => this.desk.revert(gpu, group);
  override changes = () => this.desk.changes();
}

/** A host whose service changes settings. */
class ServedHost extends Host {
  readonly place = new SocketPlace();
  readonly service = new Controlling(this);
  #server: AsyncDisposable | undefined;
  asked = 0;

  async start(): Promise<this> {
    this.#server = await this.place.serve(this.service);
    return this;
  }

  async end(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  override serviceDesk(context: CommandContext): Promise<SettingsDesk | undefined> {
    this.asked++;
    const find = () => findService(() => undefined, this.place.socket);
    return openServiceDesk(context, [this.gpu], find);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    this.place[Symbol.dispose]();
    this[Symbol.dispose]();
  }
}

/** What is typed one after the other, and answered. */
type Step = [
  group: SettingGroup,
  args: string[],
  options?: Record<string, unknown>,
  answers?: (boolean | null)[],
];

const STEPS: Step[] = [
  ["power", ["show"]],
  ["power", ["show"], { json: true }],
  ["power", ["set", "215"], { dryRun: true }],
  ["power", ["set", "215"], { dryRun: true, json: true }],
  ["power", ["set", "500"], { yes: true }],
  ["power", ["set"], { yes: true }],
  ["power", ["set", "215"], {}, [false]],
  ["power", ["set", "215"], {}, [null]],
  ["power", ["set", "215"], {}, [true]],
  ["power", ["set", "215"], { yes: true }],
  ["power", ["show"]],
  ["power", ["set", "200"], { yes: true, for: "10m", json: true }],
  ["power", ["show"]],
  ["power", ["set", "190"], { yes: true, for: "3d" }],
  ["power", ["reset"], { yes: true }],
  ["profile", ["show"]],
  ["profile", ["set", "compute"], { yes: true, json: true }],
  ["profile", ["set", "nonsense"], { yes: true }],
  ["fan", ["set", "60"], {}, [true, false]],
  ["fan", ["set", "60"], {}, [true, true]],
  ["fan", ["set", "70"], { yes: true }],
  ["fan", ["reset"], { yes: true }],
  ["clocks", ["show"]],
  ["clocks", ["set"], { yes: true, max: "1000" }],
  ["park", ["set"], { yes: true }],
  ["park", ["show"], { json: true }],
  ["park", ["reset"], { yes: true }],
];

/** Everything that can be seen of a run. */
async function seen(host: Host, [group, args, options = {}, answers = []]: Step) {
  host.answers = [...answers];
  host.questions.length = 0;
  let status: unknown;
  try {
    status = await host.run(group, args, options);
  } catch (error) {
    status = `${error instanceof Error ? `${error.name}: ${error.message}` : error}`;
  }
  const entries = host.journal.entries().map(({ gpu, group, changes, confirmed, deadline }) => ({
    gpu,
    group,
    changes,
    confirmed,
    deadline,
  }));
  const { stderr, questions } = host;
  const stdout = host.stdout.replaceAll(host.directory, "DUMP");
  // Errors of the service are of the client's class, and told alike.
  const told = String(status).replace(/^(ControlError|ClientError): /, "Error: ");
  return { told, stdout, stderr, questions: [...questions], entries };
}

Deno.test("mvgal power|profile|fan|clocks|park do and say through the service what they do without", async () => {
  using direct = new Host("vega56");
  await using served = await new ServedHost("vega56").start();
  for (const step of STEPS) {
    assert.deepEqual(await seen(served, step), await seen(direct, step), JSON.stringify(step));
  }
  assert.ok(served.asked > STEPS.length - 3);
  assert.ok(served.service.told.length > 10, "the service knows what was changed");
});

Deno.test("mvgal power set does without the service with --direct and --wake", async () => {
  await using host = await new ServedHost("vega56").start();
  assert.equal(await host.run("power", ["set", "215"], { yes: true, direct: true }), 0);
  assert.equal(await host.run("power", ["set", "214"], { yes: true, wake: true }), 0);
  assert.equal(host.asked, 0);
  assert.deepEqual(host.service.told, []);
  assert.equal(host.cap, "214000000");
});

Deno.test("mvgal fan set --yes makes a risky change to stay, first for a time and then for good", async () => {
  await using host = await new ServedHost("vega56").start();
  await host.run("fan", ["set", "60"], { yes: true });
  assert.deepEqual(host.service.told.map(({ state }) => state), ["pending", "confirmed"]);
});

Deno.test("mvgal power set makes a plan that was looked at for longer than a minute", async () => {
  await using host = await new ServedHost("vega56").start();
  const slow = (then: () => void) =>
    host.answers.shift = () => {
      then();
      return true;
    };
  slow(() => host.service.at += 100_000);
  assert.equal(await host.run("power", ["set", "215"]), 0);
  assert.equal(host.cap, "215000000");
  slow(() => {
    host.service.at += 100_000;
    const cap = "sys/devices/pci0000:00/0000:0b:00.0/hwmon/hwmon4/power1_cap";
    Deno.writeTextFileSync(`${host.directory}/${cap}`, "230000000\n");
  });
  await assert.rejects(host.run("power", ["set", "210"]), /became others .* nothing was written/);
  assert.equal(host.cap, "230000000");
});

Deno.test("mvgal power set says in one line that the service ended after the plan, and changes nothing", async () => {
  await using host = await new ServedHost("vega56").start();
  const ended = Promise.withResolvers<void>();
  host.answers.shift = () => {
    host.end().then(ended.resolve);
    return true;
  };
  // The question is answered when the service is gone.
  host.asks = () => ended.promise;
  await assert.rejects(
    host.run("power", ["set", "215"]),
    /^Error: the service at [^\n]* does not answer: [^\n]*; nothing was changed$/,
  );
  assert.equal(host.cap, "260000000");
  assert.deepEqual(host.journal.entries(), []);
});

Deno.test("mvgal fan set leaves what it cannot take back to the process that waits, and says so", async () => {
  await using host = await new ServedHost("vega56").start();
  host.answers = [true, false];
  host.asks = async () => {
    if (host.questions.length === 2) await host.end();
  };
  assert.equal(await host.run("fan", ["set", "60"]), 1);
  assert.match(
    host.stdout,
    /does not answer: [^\n]*; it is taken back at 2026-01-01T\S+Z\nNOT all taken back: see above\n$/,
  );
  assert.equal(host.journal.entries()[0]?.confirmed, false);
});

/** Two GPUs, of which the second refuses. */
class Refusing extends FakeService {
  readonly states: string[] = [];
  readonly seconds: (number | undefined)[] = [];
  refuses = true;

  override plan(request: ControlRequest) {
    return { ...super.plan(request), risky: false };
  }
  override apply(token: string, seconds?: number) {
    this.seconds.push(seconds);
    if (this.refuses && this.seconds.length === 2) {
      throw new ServiceError(409, "the driver refuses (EINVAL)");
    }
    const entry = super.apply(token, seconds);
    this.states.push(`${entry.gpu} made`);
    return { ...entry, reverts_at: "2026-01-01T00:00:30.000Z" };
  }
  override changes() {
    return super.changes().filter(({ state }) => state === "pending")
      .map((entry) => ({ ...entry, reverts_at: "2026-01-01T00:00:30.000Z" }));
  }
  override confirm(gpu: string, group: "power") {
    this.states.push(`${gpu} kept`);
    return super.confirm(gpu, group);
  }
  override revert(gpu: string, group: "power") {
    this.states.push(`${gpu} back`);
    return { ...super.revert(gpu, group), message: `${gpu}: is 300 W again` };
  }
}

async function planBoth(desk: SettingsDesk, service: FakeService): Promise<ShownPlan[]> {
  const plans: ShownPlan[] = [];
  for (const gpu of service.listed) {
    const changes = new Map([["power_cap_w", { kind: "set", value: 200 }]] as const);
    plans.push(await desk.plan(gpu, "power", () => changes));
  }
  return plans;
}

for (const refuses of [true, false]) {
  Deno.test(
    refuses
      ? "ServiceDesk takes the first change back where the service refuses the second"
      : "ServiceDesk makes several changes for a time, and keeps them when all are made",
    async () => {
      using place = new SocketPlace();
      const service = new Refusing({ gpus: 2 });
      service.refuses = refuses;
      await using _ = await place.serve(service);
      const find = () => findService(() => undefined, place.socket);
      const stderr = { isTerminal: false, color: false, columns: 80, write: () => {} };
      const context = { env: () => undefined, stderr };
      const desk = await openServiceDesk(context, service.listed, find);
      assert.ok(desk);
      const [one, two] = service.listed.map(({ id }) => id);
      const made = desk.apply(await planBoth(desk, service), undefined);
      if (refuses) {
        await assert.rejects(made, {
          message: `the driver refuses (EINVAL); ${one}: is 300 W again`,
        });
        assert.deepEqual(service.states, [`${one} made`, `${one} back`]);
      } else {
        assert.deepEqual((await made).map(({ until }) => until), [null, null]);
        assert.deepEqual(
          service.states,
          [`${one} made`, `${two} made`, `${one} kept`, `${two} kept`],
        );
      }
      // Were this program killed between the two, they would go back.
      assert.deepEqual(service.seconds, [30, 30]);
      const other = { ...service.listed[0], id: "drm:card9" } as typeof service.listed[number];
      assert.equal(await openServiceDesk(context, [other], find), undefined);
    },
  );
}

Deno.test("mvgal fan set says that nothing is kept where the process that waits was faster than the answer", async () => {
  using direct = new Host("vega56");
  await using served = await new ServedHost("vega56").start();
  for (const host of [direct, served]) {
    host.answers = [true, true];
    host.asks = () => {
      if (host.questions.length === 2) {
        host.clock.seconds += 60;
        const device = new HostDevice(host.context.sysroot);
        assert.equal(revertOverdue({ device, journal: host.journal, clock: host.clock }).length, 1);
      }
      return Promise.resolve();
    };
    assert.equal(await host.run("fan", ["set", "60"]), 1);
    assert.match(host.stdout, /\ntaken back\n$/);
    assert.equal(host.pwmMode, "2");
  }
  assert.deepEqual(served.service.told.map(({ state }) => state), ["pending"]);
});

Deno.test("mvgal fan set keeps no change of somebody else's in the place of its own", async () => {
  await using host = await new ServedHost("vega56").start();
  host.answers = [true, true];
  host.asks = () => {
    if (host.questions.length === 2) {
      host.clock.seconds += 5;
      const { desk } = host.service;
      const { token } = desk.plan({ gpu: "0", group: "fan", values: { fan_pct: 70 } });
      desk.apply(token, 60);
    }
    return Promise.resolve();
  };
  assert.equal(await host.run("fan", ["set", "60"]), 1);
  assert.equal(host.journal.entries()[0]?.confirmed, false, "the other's change is as it was");
  assert.equal(host.journal.entries()[0]?.changes[0]?.to, 70);
});

Deno.test("mvgal power set goes on without a service that does not answer, and says so", async () => {
  await using host = await new ServedHost("vega56").start();
  host.service.scheduler = () => {
    throw new Error("broken");
  };
  assert.equal(await host.run("power", ["set", "215"], { yes: true }), 0);
  assert.match(host.stderr, /^mvgal: [^\n]+; going on without it\n$/);
  assert.equal(host.cap, "215000000");
  assert.deepEqual(host.service.told, []);
});
