/**
 * How busy a GPU's engines are, by the performance monitoring unit of its driver.
 *
 * i915 counts the nanoseconds in which each engine was busy. xe counts ticks: of each engine those in which
 * it was active, and all of them, which are read together.
 *
 * Source: the kernel's `i915_pmu.c` and `xe_pmu.c`; perf's description of units in
 * `Documentation/ABI/testing/sysfs-bus-event_source-devices-{events,format}`.
 *
 * @module
 */

import type { XeEngine } from "../../../ffi/drm_query.ts";
import type { CounterGroup, CounterValues } from "../../../ffi/perf_event.ts";
import type { Sysroot } from "../../sysfs/sysroot.ts";
import { clampPercent, FIRST_LOOK, type ReadingBuilder } from "../driver.ts";
import { engineKind } from "../processes/engines.ts";
import type { EngineKind } from "../process.ts";
import type { IntelCalls } from "./calls.ts";

const UNITS = "/sys/bus/event_source/devices";

/** An engine, and which counters of a group are its own. */
interface CountedEngine {
  kind: EngineKind;
  /** Place of the counter of busy time, and of that of all time; undefined for the group's own clock. */
  busy: number;
  total: number | undefined;
}

/** What to open: the unit, its counters, and the engines that they are of. */
export interface EngineEvents {
  /** The unit's name, for the map of sources. */
  unit: string;
  type: number;
  cpu: number;
  configs: bigint[];
  engines: CountedEngine[];
}

/** The first processor of a list such as `0-3,8`; 0 where it names none. */
function firstCpu(list: string | undefined): number {
  const first = /^\d+/.exec(list ?? "")?.[0];
  return first === undefined ? 0 : Number(first);
}

/** `config=0x1000`, `event=0x02`: the number behind `key`. */
function term(text: string | undefined, key: string): bigint | undefined {
  const found = new RegExp(`(?:^|,)${key}=(0x[0-9a-fA-F]+|\\d+)(?:,|$)`).exec(text ?? "")?.[1];
  return found === undefined ? undefined : BigInt(found);
}

/** Where a term lies in `config`: `config:12-19`, the lowest bit. */
function lowestBit(format: string | undefined): bigint | undefined {
  const bit = /^config:(\d+)(?:-\d+)?$/.exec(format ?? "")?.[1];
  return bit === undefined ? undefined : BigInt(bit);
}

/** The unit of a device; a string where there is none. */
function findUnit(
  sysroot: Sysroot,
  names: readonly string[],
): { name: string; type: number; cpu: number } | string {
  for (const name of names) {
    const type = sysroot.integer(`${UNITS}/${name}/type`);
    if (type !== undefined && type >= 0) {
      return { name, type, cpu: firstCpu(sysroot.text(`${UNITS}/${name}/cpumask`)) };
    }
  }
  return `no performance monitoring unit ${names.join(" or ")} in ${UNITS}`;
}

/** Names of i915's engines begin like xe's classes; what they are. */
const I915_CLASSES: Readonly<Record<string, string>> = {
  rcs: "render",
  bcs: "copy",
  vcs: "video",
  vecs: "video-enhance",
  ccs: "compute",
};

/** `DRM_XE_ENGINE_CLASS_*`, in order; 5 is no engine (VM_BIND). */
const XE_CLASSES = ["rcs", "bcs", "vcs", "vecs", "ccs"] as const;

/**
 * The events of i915: `rcs0-busy` and its like. The unit of an integrated GPU is named after the driver
 * alone.
 *
 * @param address of the GPU: `0000:03:00.0`.
 */
export function i915Events(sysroot: Sysroot, address: string): EngineEvents | string {
  // A host with both may have the integrated GPU's under the plain name: it is at 00:02.0.
  const names = [`i915_${address.replaceAll(":", "_")}`];
  if (address.endsWith(":00:02.0")) names.push("i915");
  const unit = findUnit(sysroot, names);
  if (typeof unit === "string") return unit;
  const found: EngineEvents = {
    unit: unit.name,
    type: unit.type,
    cpu: unit.cpu,
    configs: [],
    engines: [],
  };
  for (const event of sysroot.list(`${UNITS}/${unit.name}/events`)) {
    const engine = /^([a-z]+)\d+-busy$/.exec(event)?.[1];
    if (engine === undefined) continue;
    const config = term(sysroot.text(`${UNITS}/${unit.name}/events/${event}`), "config");
    if (config === undefined) continue;
    const busy = found.configs.push(config) - 1;
    const kind = engineKind("i915", I915_CLASSES[engine] ?? engine);
    found.engines.push({ kind, busy, total: undefined });
  }
  return found.engines.length > 0 ? found : `${UNITS}/${unit.name}/events names no busy engine`;
}

/** The events of xe (Linux 6.15): two for each engine that the driver lists. */
export function xeEvents(
  sysroot: Sysroot,
  address: string,
  engines: readonly XeEngine[] | string,
): EngineEvents | string {
  const unit = findUnit(sysroot, [`xe_${address.replaceAll(":", "_")}`]);
  if (typeof unit === "string") return unit;
  if (typeof engines === "string") return engines;
  const at = `${UNITS}/${unit.name}`;
  const event = (name: string) => term(sysroot.text(`${at}/events/${name}`), "event");
  const bit = (name: string) => lowestBit(sysroot.text(`${at}/format/${name}`));
  const active = event("engine-active-ticks"), total = event("engine-total-ticks");
  if (active === undefined || total === undefined) {
    return `${at} counts no engines: the driver or its firmware is too old`;
  }
  const bits = [bit("event"), bit("engine_class"), bit("engine_instance"), bit("gt")];
  const [eventBit, classBit, instanceBit, gtBit] = bits;
  if (
    eventBit === undefined || classBit === undefined || instanceBit === undefined ||
    gtBit === undefined
  ) {
    return `${at}/format does not say how engines are named`;
  }
  const found: EngineEvents = {
    unit: unit.name,
    type: unit.type,
    cpu: unit.cpu,
    configs: [],
    engines: [],
  };
  for (const { engine_class, engine_instance, gt } of engines) {
    const name = XE_CLASSES[engine_class];
    if (name === undefined) continue;
    const engine = BigInt(engine_class) << classBit | BigInt(engine_instance) << instanceBit |
      BigInt(gt) << gtBit;
    const busy = found.configs.push(engine | active << eventBit) - 1;
    const all = found.configs.push(engine | total << eventBit) - 1;
    found.engines.push({ kind: engineKind("xe", name), busy, total: all });
  }
  return found.engines.length > 0 ? found : "the driver lists no engines";
}

/** Busy shares by kind of engine, of 100; the mean over the engines of a kind. Pure. */
export function sharesOf(
  engines: readonly CountedEngine[],
  before: CounterValues,
  now: CounterValues,
): Map<EngineKind, number> {
  const byKind = new Map<EngineKind, { sum: number; engines: number }>();
  for (const { kind, busy, total } of engines) {
    const rise = (at: number) => (now.values[at] ?? NaN) - (before.values[at] ?? NaN);
    const all = total === undefined ? now.enabled_ns - before.enabled_ns : rise(total);
    const share = all > 0 ? clampPercent(100 * rise(busy) / all) : undefined;
    if (share === undefined) continue;
    const of = byKind.get(kind) ?? { sum: 0, engines: 0 };
    byKind.set(kind, { sum: of.sum + share, engines: of.engines + 1 });
  }
  return new Map(Array.from(byKind, ([kind, of]) => [kind, of.sum / of.engines]));
}

const METRICS = [
  ["gfx", "gfx_utilization_pct"],
  ["compute", "compute_utilization_pct"],
  ["copy", "copy_utilization_pct"],
  ["decode", "decode_utilization_pct"],
] as const;

/** `errno` of an event that is not there: of an engine that was fused off, or in use by a virtual machine. */
const ENOENT = 2, ENODEV = 19;

/** The counters of one GPU, from look to look. Dispose it to close them. */
export class EngineCounters implements Disposable {
  readonly #events: EngineEvents | undefined;
  readonly #group: CounterGroup | undefined;
  readonly #whyNot: string;
  #before: CounterValues | undefined;

  /** Opens the counters. Of engines that have none the others are opened. */
  constructor(calls: IntelCalls, events: EngineEvents | string) {
    if (typeof events === "string") {
      this.#whyNot = events;
      return;
    }
    let { configs, engines } = events;
    this.#whyNot = "no engine of the GPU can be counted";
    while (engines.length > 0) {
      const opened = calls.openCounters(events.type, configs, events.cpu);
      if (!("code" in opened)) {
        this.#group = opened;
        this.#events = { ...events, configs, engines };
        this.#whyNot = `the counters of ${events.unit} can no longer be read`;
        return;
      }
      if (opened.code !== ENOENT && opened.code !== ENODEV) {
        this.#whyNot = `the counters of ${events.unit}: ${opened.reason}`;
        return;
      }
      ({ configs, engines } = without(configs, engines, opened.counter));
    }
  }

  /** Notes the shares since the look before. The busiest kind of engine stands for the whole. */
  put(into: ReadingBuilder): void {
    const now = this.#group?.read();
    const before = this.#before;
    this.#before = now;
    const events = this.#events;
    const shares = events === undefined || now === undefined || before === undefined
      ? new Map<EngineKind, number>()
      : sharesOf(events.engines, before, now);
    const whyNot = now === undefined
      ? this.#whyNot
      : before === undefined
      ? FIRST_LOOK
      : "the counters have not moved";
    const source = `perf:${events?.unit ?? ""}`;
    into.put(
      "utilization_pct",
      shares.size > 0 ? Math.max(...shares.values()) : null,
      source,
      whyNot,
    );
    const counted = new Set(events?.engines.map(({ kind }) => kind));
    for (const [kind, metric] of METRICS) {
      const none = events !== undefined && !counted.has(kind);
      into.put(metric, shares.get(kind), source, none ? "the GPU has no such engine" : whyNot);
    }
    into.lack(
      ["encode_utilization_pct"],
      "the engines for video decode and encode: see decode_utilization_pct",
    );
  }

  [Symbol.dispose](): void {
    this.#group?.[Symbol.dispose]();
  }
}

/** Counters and engines without the engine of a counter. */
function without(
  configs: readonly bigint[],
  engines: readonly CountedEngine[],
  counter: number,
): { configs: bigint[]; engines: CountedEngine[] } {
  const left = { configs: [] as bigint[], engines: [] as CountedEngine[] };
  for (const { kind, busy, total } of engines) {
    if (busy === counter || total === counter) continue;
    const move = (at: number) => left.configs.push(configs[at] ?? 0n) - 1;
    left.engines.push({
      kind,
      busy: move(busy),
      total: total === undefined ? undefined : move(total),
    });
  }
  return left;
}
