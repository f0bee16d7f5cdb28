/** A GPU that is taken out of a host, and put back, while the service runs. */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import type { HistoryView, SchedulerView, SessionView } from "../../../lib/daemon/service_api.ts";
import type { StatusDocument } from "../../../lib/render/status_document.ts";
import { compiler } from "../../fakes/cc.ts";
import { Program } from "../../session/program.ts";
import { DUMPS } from "../../sysfs/tree.ts";
import { ServiceProcess } from "../service_process.ts";
import { faultTest, healthOf, logOf, NO_SERVICE, until } from "./fault.ts";
import { Listener } from "./listener.ts";

const FIRST = "pci:0000:03:00.0", SECOND = "pci:0000:12:00.0";

/** A host with an RX 7900 XTX, which comes and goes, and an RX 6600. */
class TwoCards {
  readonly sysroot: string;
  readonly #away: string;

  constructor(directory: string) {
    this.sysroot = join(directory, "sysroot");
    this.#away = join(directory, "away");
    for (const dump of ["rx7900xtx", "rx6600"]) {
      cpSync(join(DUMPS, dump), this.sysroot, { recursive: true });
    }
  }

  /** As the kernel does it: what points to the device goes first. */
  static readonly #places = [
    "sys/class/hwmon/hwmon8",
    "sys/class/drm/card0",
    "sys/bus/pci/drivers/amdgpu/0000:03:00.0",
    "sys/bus/pci/devices/0000:03:00.0",
    "sys/devices/pci0000:00/0000:03:00.0",
  ];

  takeOut(): void {
    for (const place of TwoCards.#places) move(this.sysroot, this.#away, place);
  }

  putBack(): void {
    for (const place of TwoCards.#places.toReversed()) move(this.#away, this.sysroot, place);
  }
}

function move(from: string, to: string, place: string): void {
  Deno.mkdirSync(dirname(join(to, place)), { recursive: true });
  Deno.renameSync(join(from, place), join(to, place));
}

/** The GPUs that it lists. */
async function idsOf({ client }: ServiceProcess): Promise<string[]> {
  return (await client.get<{ id: string }[]>("/api/v1/gpus")).map(({ id }) => id);
}

async function pointsOf({ client }: ServiceProcess): Promise<number> {
  const from = new Date(Date.now() - 300_000).toISOString();
  const { series } = await client.get<HistoryView>(
    `/api/v1/history?metric=temperature_c&gpu=${FIRST}&from=${from}`,
  );
  return series[0]?.points.length ?? 0;
}

faultTest(
  "runDaemon() follows a GPU that goes and comes back: events, scheduler, history, programs",
  async (options) => {
    const host = new TwoCards(options.directory);
    const runtime = join(options.directory, "runtime");
    await using service = await ServiceProcess.start({
      ...options,
      sysroot: host.sysroot,
      // No event of the kernel tells of a directory that is renamed.
      config: "[http]\nlisten =\n[daemon]\ninterval_ms = 100\nrescan_s = 1\n" +
        `[gpu ${FIRST}]\npriority = 70\n`,
      env: { MVGAL_RUNTIME_DIR: runtime },
    });
    const { client } = service;
    assert.deepEqual(await idsOf(service), [FIRST, SECOND]);
    using listener = await Listener.open(service);
    await client.put("/api/v1/scheduler", {
      strategy: "single",
      gpus: [{ id: FIRST, priority: 90 }],
    });
    const { program } = await Program.start(runtime);
    await using _program = program;
    const session = async () => (await client.get<SessionView[]>("/api/v1/sessions"))[0];
    assert.deepEqual((await until(session, (it) => it !== undefined))?.gpus, [FIRST, SECOND]);
    const before = await until(() => pointsOf(service), (points) => points > 2);

    host.takeOut();
    await until(() => idsOf(service), (ids) => ids.length === 1);
    assert.deepEqual(await idsOf(service), [SECOND]);
    const moved = await until(session, (it) => it?.gpus.length === 1);
    assert.deepEqual([moved?.gpus, moved?.placed_on], [[SECOND], SECOND]);
    assert.match(await program.ask("policy"), new RegExp(`new \\d+ \\d+ ${SECOND}:3:0$`));
    const { gpus } = await client.get<SchedulerView>("/api/v1/scheduler");
    assert.deepEqual(gpus.map(({ id }) => id), [SECOND]);
    assert.ok((await healthOf(service)).ready);
    // What was measured can be asked for by the same id.
    assert.ok(await pointsOf(service) >= before);

    host.putBack();
    await until(() => idsOf(service), (ids) => ids.length === 2);
    const back = await client.get<SchedulerView>("/api/v1/scheduler");
    assert.deepEqual(back.gpus.map(({ id, priority }) => [id, priority]), [[FIRST, 90], [
      SECOND,
      50,
    ]]);
    await until(session, (it) => it?.gpus.length === 2);
    const then = await pointsOf(service);
    await until(() => pointsOf(service), (points) => points > then + 2);
    const history = await client.get<HistoryView>("/api/v1/history?metric=temperature_c");
    assert.deepEqual(history.gpus.map(({ id, index }) => [id, index]), [[FIRST, 0], [SECOND, 1]]);
    assert.deepEqual(listener.of("gpus"), [
      { added: [], removed: [FIRST] },
      { added: [FIRST], removed: [] },
    ]);
    const log = await logOf(service);
    assert.match(log, /warning sampler: pci:0000:03:00\.0 is gone/);
    assert.match(log, /info sampler: pci:0000:03:00\.0 is there/);
    const errors = log.split("\n").filter((line) => line.startsWith("error "));
    assert.ok(errors.every((line) => /is no longer on the PCI bus/.test(line)), log);
  },
  NO_SERVICE ?? (compiler === null ? "no C compiler" : undefined),
);

faultTest(
  "runDaemon() reads a GPU again that went and came back between two searches",
  async (options) => {
    const host = new TwoCards(options.directory);
    const config = `${options.config}rescan_s = 2\n`;
    await using service = await ServiceProcess.start({ ...options, config, sysroot: host.sysroot });
    const sample = async () =>
      (await service.client.get<StatusDocument>("/api/v1/status")).gpus.find(({ id }) =>
        id === FIRST
      );
    host.takeOut();
    await until(sample, (it) => it?.state !== "ok");
    host.putBack();
    // The kernel gives what it probes again another number.
    const device = join(host.sysroot, "sys/devices/pci0000:00/0000:03:00.0/hwmon");
    Deno.renameSync(join(device, "hwmon8"), join(device, "hwmon9"));
    const again = await until(sample, (it) => it?.state === "ok" && it.power_w !== null);
    assert.equal(again?.power_w, 68);
  },
);

faultTest("runDaemon() is ready where there is no GPU at all", async (options) => {
  const sysroot = join(options.directory, "empty");
  Deno.mkdirSync(join(sysroot, "sys"), { recursive: true });
  await using service = await ServiceProcess.start({ ...options, sysroot });
  assert.equal((await healthOf(service)).ready, true);
  assert.deepEqual(await idsOf(service), []);
});
