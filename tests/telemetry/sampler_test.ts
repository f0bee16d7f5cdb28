import assert from "node:assert/strict";
import { join } from "node:path";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import type { TelemetryDriver, TelemetryReader } from "../../lib/telemetry/driver.ts";
import { type GpuSample, METRIC_NAMES, type Reading } from "../../lib/telemetry/metrics.ts";
import { IDLE_MS, LEFT_ALONE_MS, openSampler, RETRY_MS } from "../../lib/telemetry/sampler.ts";
import { sampleGpu } from "../gpu/sample.ts";

const SLOT = "0000:03:00.0";

/** A GPU in a made-up sysfs, whose power files can be changed. */
class Tree implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-sampler-" });
  readonly sysroot = new Sysroot(this.directory);
  readonly gpu: Gpu = sampleGpu({ pci_slot: SLOT, driver: "made-up" });

  power(status: string, control = "on"): void {
    const power = join(this.directory, "sys/bus/pci/devices", SLOT, "power");
    Deno.mkdirSync(power, { recursive: true });
    Deno.writeTextFileSync(join(power, "runtime_status"), `${status}\n`);
    Deno.writeTextFileSync(join(power, "control"), `${control}\n`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

/** A driver that does as it is told, and counts its readers. */
class Told {
  opened = 0;
  closed = 0;
  refusal: string | undefined;
  lost: string | undefined;
  reading: () => Reading = () => reading({ temperature_c: 50 });
  slow: (() => Promise<Reading>) | undefined;

  get driver(): TelemetryDriver {
    return {
      name: "made-up",
      claims: () => true,
      open: () => {
        if (this.refusal !== undefined) return this.refusal;
        this.opened++;
        const reader: TelemetryReader = {
          read: () => this.reading(),
          lost: () => this.lost,
          [Symbol.dispose]: () => void this.closed++,
        };
        return this.slow === undefined ? reader : { ...reader, readSlow: this.slow };
      },
    };
  }
}

function reading(values: Reading["values"], absent: Reading["absent"] = {}): Reading {
  const sources = Object.fromEntries(Object.keys(values).map((name) => [name, "made up"]));
  return { values, sources, absent };
}

/** Runs `body` with a sampler of one GPU and a clock that it moves. */
function withSampler(
  body: (
    around: { told: Told; tree: Tree; look: (afterMs?: number) => GpuSample },
  ) => void | Promise<void>,
): Promise<void> {
  const tree = new Tree(), told = new Told();
  tree.power("active");
  let clock = 0;
  const sampler = openSampler({
    gpus: [tree.gpu],
    sysroot: tree.sysroot,
    drivers: [told.driver, told.driver],
    now: () => clock,
  });
  const look = (afterMs = 0) => {
    clock += afterMs;
    return first(sampler.sample().gpus);
  };
  return Promise.resolve(body({ told, tree, look })).finally(() => {
    sampler[Symbol.dispose]();
    tree[Symbol.dispose]();
    assert.equal(told.closed, told.opened, "every reader is closed");
  });
}

function first<T>(list: readonly T[]): T {
  const [one] = list;
  assert.ok(one !== undefined);
  return one;
}

Deno.test("Sampler.sample() gives a value or a reason for every metric", () =>
  withSampler(({ told, look }) => {
    told.reading = () => reading({ temperature_c: 50 }, { fan_rpm: "no fan" });
    const sample = look();
    assert.equal(sample.state, "ok");
    assert.equal(sample.temperature_c, 50);
    assert.equal(sample.sources.temperature_c, "made up");
    assert.equal(sample.absent.fan_rpm, "no fan");
    assert.equal(sample.absent.power_w, "the driver made-up does not tell it");
    for (const name of METRIC_NAMES) {
      assert.equal(sample[name] === null, name in sample.absent, name);
      assert.equal(sample[name] !== null, name in sample.sources, name);
    }
  }));

Deno.test("Sampler opens no driver of a GPU that sleeps, and closes that of one that falls asleep", () =>
  withSampler(({ told, tree, look }) => {
    tree.power("suspended");
    assert.deepEqual([look().state, told.opened], ["asleep", 0]);
    tree.power("active");
    assert.deepEqual([look().state, told.opened], ["ok", 1]);
    tree.power("suspending");
    const asleep = look();
    assert.deepEqual([asleep.state, told.closed, asleep.power_state], ["asleep", 1, "suspending"]);
    assert.match(asleep.absent.temperature_c ?? "", /would wake it/);
  }));

Deno.test("Sampler leaves an idle GPU alone that may suspend itself, for a while", () =>
  withSampler(({ told, tree, look }) => {
    tree.power("active", "auto");
    told.reading = () => reading({ utilization_pct: 0 });
    assert.equal(look().utilization_pct, 0);
    assert.equal(look(IDLE_MS - 1).utilization_pct, 0);
    assert.equal(look(1).utilization_pct, 0);
    assert.equal(told.closed, 1);
    const alone = look(1);
    assert.deepEqual([alone.state, alone.utilization_pct], ["ok", null]);
    assert.match(alone.absent.utilization_pct ?? "", /left alone/);
    assert.equal(look(LEFT_ALONE_MS).utilization_pct, 0);
  }));

Deno.test("Sampler does not leave a busy GPU alone, nor one that may not suspend itself", () =>
  withSampler(({ told, tree, look }) => {
    told.reading = () => reading({ utilization_pct: 0 });
    for (let i = 0; i < 5; i++) assert.equal(look(IDLE_MS).utilization_pct, 0);
    tree.power("active", "auto");
    told.reading = () => reading({ utilization_pct: 3 });
    for (let i = 0; i < 5; i++) assert.equal(look(IDLE_MS).utilization_pct, 3);
    assert.equal(told.opened, 1);
  }));

Deno.test("Sampler says that a GPU is lost, tries again after a while, and recovers", () =>
  withSampler(({ told, look }) => {
    assert.equal(look().state, "ok");
    told.lost = "it fell off the bus";
    const lost = look();
    assert.deepEqual([lost.state, lost.reason], ["lost", "it fell off the bus"]);
    assert.equal(lost.temperature_c, null);
    told.refusal = "no such device";
    assert.equal(look(RETRY_MS).state, "lost");
    told.refusal = told.lost = undefined;
    assert.equal(look(1).state, "lost");
    assert.deepEqual([look(RETRY_MS).state, look().temperature_c], ["ok", 50]);
  }));

Deno.test("Sampler says why a driver cannot read a GPU", () =>
  withSampler(({ told, look }) => {
    told.refusal = "libnvidia-ml.so.1: not found";
    const sample = look();
    assert.deepEqual([sample.state, sample.reason], ["unsupported", told.refusal]);
  }));

Deno.test("Sampler shows what was read slowly once it is there, and never waits for it", () =>
  withSampler(async ({ told, look }) => {
    let calls = 0;
    let finish: (reading: Reading) => void = () => {};
    told.slow = () => {
      calls++;
      return new Promise((resolve) => finish = resolve);
    };
    assert.equal(look().pcie_rx_bytes_per_s, null);
    assert.equal(look().pcie_rx_bytes_per_s, null);
    assert.equal(calls, 1);
    finish(reading({ pcie_rx_bytes_per_s: 7, temperature_c: 99 }));
    await new Promise((resolve) => setTimeout(resolve, 0));
    const sample = look();
    assert.deepEqual([sample.pcie_rx_bytes_per_s, sample.temperature_c, calls], [7, 50, 2]);
  }));

Deno.test("Sampler survives drivers that throw, and loses no reader in 20,000 looks", () =>
  withSampler(({ told, look }) => {
    let seed = 1;
    const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    told.slow = () => Promise.reject(new Error("slow"));
    told.reading = () => {
      const dice = random();
      if (dice < 0.05) throw new Error("mid-stream\nerror");
      if (dice < 0.1) return reading({ power_w: NaN, temperature_c: Infinity });
      told.lost = dice < 0.15 ? "gone" : undefined;
      return reading({ temperature_c: 50 });
    };
    const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
    look();
    const before = descriptors();
    for (let i = 0; i < 20_000; i++) {
      const sample = look(random() * RETRY_MS);
      if (sample.temperature_c !== null) assert.equal(sample.temperature_c, 50);
      if (sample.state === "lost") assert.ok(sample.reason && !sample.reason.includes("\n"));
    }
    assert.ok(told.opened - told.closed <= 1);
    assert.ok(descriptors() <= before + 2, "no descriptor is left open");
  }));
