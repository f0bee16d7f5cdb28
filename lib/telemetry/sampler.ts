/**
 * One look after the other at all GPUs, through the driver that each has.
 *
 * @module
 */

import type { Gpu, PowerState } from "../gpu/gpu.ts";
import { isAsleep, readPowerState } from "../sysfs/device_files.ts";
import { Sysroot } from "../sysfs/sysroot.ts";
import { ReadingBuilder, type TelemetryDriver, type TelemetryReader } from "./driver.ts";
import { DRIVERS } from "./drivers.ts";
import { type GpuSample, METRIC_NAMES, type Reading, unknownMetrics } from "./metrics.ts";
import { ASLEEP } from "./pci_device.ts";

/** After so long a GPU that was lost, or could not be opened, is tried again, in milliseconds. */
export const RETRY_MS = 5_000;

/**
 * A GPU that may suspend itself and has been idle for so long is left alone, for so long at most: many
 * drivers start the time until they suspend anew with every read, and an open NVML keeps the GPU awake.
 */
export const IDLE_MS = 10_000, LEFT_ALONE_MS = 30_000;

const LEFT_ALONE = "the GPU is idle and may suspend itself: it is left alone for a while";

/** Options of {@linkcode openSampler}. */
export interface SamplerOptions {
  /** The GPUs to look at, as discovery found them. */
  gpus: readonly Gpu[];
  /** Whose files to read: this host's, or those of a dump. */
  sysroot?: Sysroot;
  /** Others than {@linkcode DRIVERS}. */
  drivers?: readonly TelemetryDriver[];
  /** A monotonic clock in milliseconds. */
  now?: () => number;
}

/** A look at all GPUs. */
export interface Sample {
  /** When, in milliseconds since 1970. */
  at: number;
  gpus: GpuSample[];
}

/** Looks at GPUs. Dispose it (`using`) to close what it opened. */
export interface Sampler extends Disposable {
  /** Looks now. Rates and shares are since the look before, and absent at the first. */
  sample(): Sample;
  /** Ids of the GPUs that are read just now: neither asleep, nor lost, nor left alone. */
  awake(): Gpu[];
}

/** Starts to look at GPUs. Opens nothing yet. */
export function openSampler(options: SamplerOptions): Sampler {
  const { gpus, sysroot = new Sysroot(), drivers = DRIVERS, now = () => performance.now() } =
    options;
  const followed = gpus.map((gpu) => new Followed(gpu, { sysroot, drivers, now }));
  return {
    sample: () => ({ at: Date.now(), gpus: followed.map((each) => each.look()) }),
    awake: () => followed.filter((each) => each.isRead).map((each) => each.gpu),
    [Symbol.dispose]: () => followed.forEach((each) => each.close()),
  };
}

/** The driver with which an open reader reads. */
interface Open {
  driver: TelemetryDriver;
  reader: TelemetryReader;
  slow: SlowReadings;
}

/** Why a GPU has no reader, and when it is tried again. */
interface Closed {
  state: "lost" | "unsupported";
  reason: string;
  until: number;
}

/** One GPU from look to look. */
class Followed {
  readonly gpu: Gpu;
  readonly #around: Required<Omit<SamplerOptions, "gpus">>;
  /** Its directory in sysfs; undefined for a GPU that is in none. */
  readonly #directory: string | undefined;
  #open: Open | undefined;
  #closed: Closed | undefined;
  /** Since when it has been idle; undefined while it is not. */
  #idleSince: number | undefined;
  /** Until when it is left alone. */
  #leftAloneUntil = -Infinity;

  constructor(gpu: Gpu, around: Required<Omit<SamplerOptions, "gpus">>) {
    this.gpu = gpu;
    this.#around = around;
    const card = gpu.drm_node?.split("/").at(-1);
    this.#directory = gpu.pci_slot !== null
      ? `/sys/bus/pci/devices/${gpu.pci_slot}`
      : card && `/sys/class/drm/${card}/device`;
  }

  get isRead(): boolean {
    return this.#open !== undefined;
  }

  close(): void {
    this.#open?.slow.stop();
    this.#open?.reader[Symbol.dispose]();
    this.#open = undefined;
  }

  look(): GpuSample {
    const { sysroot, now } = this.#around;
    const directory = this.#directory;
    const power = directory === undefined ? undefined : readPowerState(sysroot, directory);
    if (isAsleep(power)) {
      this.close();
      this.#idleSince = undefined;
      this.#leftAloneUntil = -Infinity;
      return this.#without("asleep", ASLEEP, power ?? null);
    }
    const at = now();
    if (at < this.#leftAloneUntil) return this.#without("ok", LEFT_ALONE, power ?? null);
    const open = this.#reader(at);
    if (open === undefined) {
      const { state = "unsupported", reason = "" } = this.#closed ?? {};
      return this.#without(state, reason, power ?? null);
    }
    const reading = this.#read(open, at);
    if (reading === undefined) {
      return this.#without("lost", this.#closed?.reason ?? "", power ?? null);
    }
    this.#watchIdleness(reading, open, power, at);
    return this.#sample(reading, "ok", null, power ?? null);
  }

  /** The reader, opened where it is not and may be. */
  #reader(at: number): Open | undefined {
    if (this.#open !== undefined) return this.#open;
    if (this.#closed !== undefined && at < this.#closed.until) return undefined;
    const { drivers, sysroot, now } = this.#around;
    const driver = drivers.find((each) => each.claims(this.gpu));
    const opened = driver === undefined
      ? "no telemetry driver is for this device"
      : attempt(() => driver.open(this.gpu, { sysroot, now }));
    if (driver === undefined || typeof opened === "string") {
      const state = this.#closed?.state ?? "unsupported";
      this.#closed = { state, reason: String(opened), until: at + RETRY_MS };
      return undefined;
    }
    this.#closed = undefined;
    return this.#open = { driver, reader: opened, slow: new SlowReadings(opened) };
  }

  /** What the reader says, the slow readings with it; undefined where the GPU is lost. */
  #read({ driver, reader, slow }: Open, at: number): Reading | undefined {
    const read = attempt(() => reader.read());
    const lost = typeof read === "string" ? read : attempt(() => reader.lost() ?? null);
    if (typeof read === "string" || typeof lost === "string") {
      this.close();
      this.#closed = { state: "lost", reason: String(lost), until: at + RETRY_MS };
      return undefined;
    }
    slow.startNext();
    const into = new ReadingBuilder();
    for (const each of slow.last === undefined ? [read] : [read, slow.last]) merge(into, each);
    into.lack(METRIC_NAMES, `the driver ${driver.name} does not tell it`);
    return into.reading;
  }

  /** A GPU that could sleep and has nothing to do is left alone, so that it does. */
  #watchIdleness(
    { values }: Reading,
    { reader }: Open,
    power: PowerState | undefined,
    at: number,
  ): void {
    const { sysroot } = this.#around;
    const maySleep = power === "active" && this.#directory !== undefined &&
      sysroot.text(`${this.#directory}/power/control`) === "auto";
    const load = values.utilization_pct ?? values.gfx_utilization_pct;
    const isIdle = reader.idle?.() ?? (load ?? 0) === 0;
    if (!maySleep || !isIdle) {
      this.#idleSince = undefined;
      return;
    }
    this.#idleSince ??= at;
    if (at - this.#idleSince < IDLE_MS) return;
    this.close();
    this.#idleSince = undefined;
    this.#leftAloneUntil = at + LEFT_ALONE_MS;
  }

  /** A sample of which nothing is known but what the inventory says for good. */
  #without(
    state: GpuSample["state"],
    reason: string,
    power: PowerState | null,
  ): GpuSample {
    const into = new ReadingBuilder();
    const { vram_total_bytes, sources } = this.gpu;
    into.put("vram_total_bytes", vram_total_bytes, sources.vram_total_bytes ?? "inventory", reason);
    into.lack(METRIC_NAMES, reason);
    return this.#sample(into.reading, state, state === "ok" ? null : reason, power);
  }

  #sample(
    { values, sources, absent }: Reading,
    state: GpuSample["state"],
    reason: string | null,
    power: PowerState | null,
  ): GpuSample {
    const { id, index, name } = this.gpu;
    return {
      id,
      index,
      name,
      state,
      reason,
      power_state: power,
      ...unknownMetrics(),
      ...values,
      sources,
      absent,
    };
  }
}

/** What `ask` gives; one line, what it threw. */
function attempt<T>(ask: () => T): T | string {
  try {
    return ask();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.replaceAll(/\s*\n\s*/g, " ") || "unexpected";
  }
}

/** Adds a reading to those that were added before, which are believed first. */
function merge(into: ReadingBuilder, { values, sources, absent }: Reading): void {
  for (const name of METRIC_NAMES) {
    const value = values[name], whyNot = absent[name];
    if (value !== undefined) into.put(name, value, sources[name] ?? "", "no number");
    else if (whyNot !== undefined) into.lack([name], whyNot);
  }
}

/** What takes long, one reading after the other, never two at once. */
class SlowReadings {
  readonly #reader: TelemetryReader;
  #isRunning = false;
  #isStopped = false;
  /** The last one that ended. */
  last: Reading | undefined;

  constructor(reader: TelemetryReader) {
    this.#reader = reader;
  }

  /** Starts the next where none is under way. One that never ends is waited for in vain, and alone. */
  startNext(): void {
    if (this.#isRunning || this.#isStopped || this.#reader.readSlow === undefined) return;
    this.#isRunning = true;
    this.#run().catch(() => undefined);
  }

  async #run(): Promise<void> {
    try {
      const reading = await this.#reader.readSlow?.();
      if (!this.#isStopped) this.last = reading;
    } catch {
      // The fast reading says why a metric is absent; an old value must not stand for a new one.
      this.last = undefined;
    } finally {
      this.#isRunning = false;
    }
  }

  stop(): void {
    this.#isStopped = true;
  }
}
