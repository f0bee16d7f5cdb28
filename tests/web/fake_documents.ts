/**
 * Made-up documents of a service, for tests of the dashboard.
 *
 * @module
 */

import type { BenchReport } from "../../lib/bench/report.ts";
import type {
  BenchRunView,
  ControlView,
  HistoryView,
  LogLine,
  PowerView,
  SessionView,
} from "../../lib/daemon/service_api.ts";
import { sampleReport } from "../render/sample_report.ts";
import { ASLEEP, idOf, LOST, SILENT } from "./fake_gpus.ts";

const LEVELS = ["debug", "info", "warning", "error"] as const;

/** So many lines of a log, a second apart; the last is of `now`, in ms since 1970. */
export function fakeLog(count: number, now: number): LogLine[] {
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    at: new Date(now - (count - i) * 1000).toISOString(),
    level: LEVELS[i % 4] ?? "info",
    part: ["sampler", "history", "power", "http"][i % 4] ?? "http",
    text: `line ${i + 1}`,
    gpu: i % 5 === 0 ? idOf(0) : null,
  }));
}

/** Settings: one that can be set, one whose value is not known, one that rights are missing for. */
export function fakeSettings(gpu: string): ControlView {
  const shared = {
    value_absent: null,
    choices: null,
    writable: true,
    why_not: null,
    refused_by: null,
    source: "nvml",
    note: null,
  };
  return {
    gpu,
    settings: [
      {
        ...shared,
        id: "power_cap_w",
        unit: "W",
        value: 700,
        default: 700,
        range: { min: 200, max: 700, step: 1 },
      },
      {
        ...shared,
        id: "core_clock_max_mhz",
        unit: "MHz",
        value: null,
        value_absent: "NVML does not tell the clocks that are locked",
        default: null,
        range: { min: 345, max: 1980, step: 15 },
      },
      {
        ...shared,
        id: "autosuspend",
        unit: "",
        value: "on",
        default: "auto",
        range: null,
        choices: ["auto", "on"],
        writable: false,
        why_not: "needs root",
        refused_by: "rights",
      },
    ],
    absent: { fan: "the fans are the server's", profile: "the driver nvidia has none" },
  };
}

/** A power manager that is on: GPU number 1 is limited, 2 parked, 3 sleeps, 4 is idle, 6 left alone. */
export function fakePower(gpus: number): PowerView {
  const of = (index: number): Partial<PowerView["gpus"][number]> => {
    if (index === 1) {
      return {
        state: "limited",
        cap_w: 490,
        thermal_step: 2,
        reason: "490 W instead of 700 W because of its temperature",
      };
    }
    if (index === 2) {
      return { state: "parked", idle_ms: 95_000, reason: "it may sleep: nothing uses it" };
    }
    if (index === ASLEEP) {
      return {
        state: "asleep",
        asleep: true,
        reason: "the GPU is asleep: reading it would wake it",
      };
    }
    if (index === 4) return { state: "idle", idle_ms: 12_000 };
    if (index === LOST) {
      return { state: "lost", cap_w: null, own_cap_w: null, reason: "GPU is lost" };
    }
    if (index === SILENT) {
      return {
        state: "left_alone",
        cap_w: null,
        own_cap_w: null,
        reason: "the driver has no power cap that can be set",
      };
    }
    return {};
  };
  return {
    schema: "mvgal.power/1",
    enabled: true,
    budget: {
      watts: 4000,
      source: "psu_capacity_watts",
      assigned_w: 3990,
      state: "kept",
      reason: `${idOf(LOST)} is lost and told nothing yet: it is not counted`,
    },
    gpus: Array.from({ length: gpus }, (_, index) => ({
      id: idOf(index),
      state: "active" as const,
      asleep: false,
      idle_ms: 0,
      cap_w: 700,
      own_cap_w: 700,
      thermal_step: 0,
      reason: null,
      ...of(index),
    })),
  };
}

/** A program that runs with mvgal for an hour at `now`, in ms since 1970. */
export function fakeSessions(now: number): SessionView[] {
  return [{
    id: "4711.99",
    pid: 4711,
    command: "train.py",
    since: new Date(now - 3_600_000).toISOString(),
    api: "cuda",
    strategy: "hybrid",
    gpus: [idOf(0), idOf(1)],
    placed_on: idOf(0),
    placed_because: "the least busy",
    counters: [{ gpu: idOf(0), bytes: 5e9, launches: 12_345, splits: 678, busy_ms: 9000 }],
    kernels: { whole: 12, parted: 339 },
    whole: [{ reason: "atomics on global memory", count: 12 }],
  }];
}

/** A benchmark run that was done some minutes ago. */
export function fakeRun(id: string, minutes: number): BenchRunView {
  return {
    id,
    state: "done",
    started_at: new Date(Date.now() - minutes * 60_000).toISOString(),
    ended_at: new Date(Date.now() - minutes * 60_000 + 42_000).toISOString(),
    what: null,
    done: 40,
    total: 40,
    error: null,
  };
}

/** A report whose figures are those of others by a factor. */
export function fakeReport(factor: number): BenchReport {
  const report = sampleReport("h200", 3);
  for (const entry of report.benchmarks) {
    if (entry.median !== null) entry.median *= factor;
    entry.samples = entry.samples.map((sample) => factor * sample);
  }
  return report;
}

/** The past that is asked for, with a hole in its middle: the service did not run. */
export function fakeHistory(query: URLSearchParams): HistoryView {
  const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
  const step = Math.max(1000, (to - from) / 200);
  const metrics = (query.get("metric") ?? "").split(",");
  const tops: Record<string, number> = { vram_used_bytes: 1.2e11, core_clock_mhz: 1980 };
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    step_s: step / 1000,
    gap_s: 2 * step / 1000,
    gpus: [],
    series: (query.has("gpu") ? [query.get("gpu") ?? ""] : [idOf(0), idOf(1)]).flatMap((gpu) =>
      metrics.filter((name) => name !== "fan_pct" && name !== "temperature_hotspot_c")
        .map((metric) => ({
          gpu,
          metric,
          points: Array.from({ length: 200 }, (_, i) => {
            const mean = (tops[metric] ?? 80) * (0.5 + 0.4 * Math.sin(i / 12));
            return {
              at: new Date(from + i * step).toISOString(),
              mean,
              min: mean * 0.9,
              max: mean * 1.1,
            };
            // A hole in the middle: the service did not run.
          }).filter((_, i) => i < 80 || i > 110),
        }))
    ),
  };
}
