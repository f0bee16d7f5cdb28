import assert from "node:assert/strict";
import { EventHub } from "../../lib/daemon/events.ts";
import { ServiceLog } from "../../lib/daemon/log.ts";
import { Sampling } from "../../lib/daemon/sampling.ts";
import { GpuService, type ServiceParts } from "../../lib/daemon/service.ts";
import type { LogLine } from "../../lib/daemon/service_api.ts";
import type { Looker } from "../../lib/telemetry/looker.ts";
import { gpus, look } from "./gpus.ts";

/** A service whose clock stands, and whose looks are taken and fail as the test says. */
class Rig {
  clock = 0;
  fails = false;
  listed = gpus(1);
  readonly lines: LogLine[] = [];
  readonly changes: unknown[] = [];
  #next: () => void = () => {};

  async start(): Promise<GpuService> {
    const now = () => this.clock;
    const events = new EventHub();
    const log = new ServiceLog((line) => void this.lines.push(line));
    const open = (): Promise<Looker> => {
      const listed = this.listed;
      return Promise.resolve({
        gpus: listed,
        look: () => {
          if (this.fails) throw new Error("the driver is stuck");
          return look(listed, listed.map(() => 0));
        },
        [Symbol.dispose]: () => {},
      });
    };
    const after = (ms: number, call: () => void) => {
      this.#next = () => {
        this.clock += ms;
        call();
      };
      return () => {};
    };
    const parts = {
      version: "0",
      log,
      events,
      inventory: { refresh: () => Promise.resolve() },
      scheduling: {
        looked: () => {},
        saved: () => Promise.resolve(),
        degraded: null,
        [Symbol.dispose]: () => {},
      },
      control: {
        gpusChanged: (change: unknown) => {
          this.changes.push(change);
          return [{ gpu: "pci:0000:00:00.0", text: "is gone with a change" }];
        },
      },
      power: { looked: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() },
      bench: { [Symbol.asyncDispose]: () => Promise.resolve() },
      history: undefined,
      now,
      sample: (told: Pick<GpuService, "looked" | "changed" | "failed">) =>
        Sampling.start({
          open,
          intervalMs: 1000,
          processesMs: 5000,
          now,
          after,
          looked: (document, gpus) => told.looked(document, gpus),
          changed: (change) => told.changed(change),
          failed: (what, why) => told.failed(what, why),
        }),
    };
    return await GpuService.start(parts as unknown as ServiceParts);
  }

  /** Lets the next look come. */
  tick(): void {
    this.#next();
  }
}

Deno.test("GpuService is not ready before a look has succeeded, and not while none does", async () => {
  const rig = new Rig();
  rig.fails = true;
  await using service = await rig.start();
  assert.equal(service.health().ready, false);
  assert.equal(service.isAlive, true, "it has a while to begin");
  rig.fails = false;
  rig.tick();
  assert.equal(service.health().ready, true);
  rig.fails = true;
  for (let looks = 0; looks < 9; looks++) rig.tick();
  assert.equal(service.health().ready, true);
  rig.tick();
  assert.equal(service.health().ready, false);
  assert.equal(service.isAlive, false);
  const said = rig.lines.filter(({ text }) => text.includes("the driver is stuck"));
  assert.equal(said.length, 2, "once each time");
  rig.fails = false;
  rig.tick();
  assert.equal(service.health().ready, true);
});

Deno.test("GpuService is ready where there is no GPU at all", async () => {
  const rig = new Rig();
  rig.listed = [];
  await using service = await rig.start();
  assert.equal(service.health().ready, true);
  assert.equal(service.health().samples, 1);
});

Deno.test("GpuService tells what a GPU that is gone means for its settings", async () => {
  const rig = new Rig();
  await using service = await rig.start();
  rig.listed = [];
  await service.rescan();
  assert.deepEqual(rig.changes, [{ added: [], removed: ["pci:0000:00:00.0"] }]);
  const told = rig.lines.slice(-2).map(({ level, part, text }) => `${level} ${part}: ${text}`);
  assert.deepEqual(told, [
    "warning sampler: pci:0000:00:00.0 is gone",
    "warning control: is gone with a change",
  ]);
});
