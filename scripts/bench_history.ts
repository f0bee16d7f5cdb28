// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * What the history costs: CPU time of a sample of eight GPUs, the longest that a call holds up others, the
 * size of the file after a month, and the time of questions over an hour, a day and a month.
 *
 *     deno run -A scripts/bench_history.ts [--gpus N] [--days N] [--directory DIR]
 *
 * The clock is simulated: a month of samples is written as fast as it goes.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers";
import { parseArgs } from "node:util";
import { openHistory } from "../lib/daemon/history/history.ts";
import { NUMBER_METRICS } from "../lib/daemon/history/metrics.ts";
import type { HistoryQuery } from "../lib/daemon/service_api.ts";
import { table } from "../lib/render/table.ts";
import { type GpuSample, unknownMetrics } from "../lib/telemetry/metrics.ts";

/** Times that a question is asked, and how many of the first are not counted. */
const RUNS = 25, WARM = 10;

const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS;

/** Metrics that a data centre's GPU does not have. */
const UNKNOWN = new Set(["fan_pct", "fan_rpm", "voltage_v", "gtt_used_bytes", "gtt_total_bytes"]);

/** Metrics that stay as they are for long. */
const STEADY = /_total_bytes$|_cap_|_cap_w$|_max|_min_|_count$|_slowdown_|_link_/;

/** Looks at GPUs whose metrics change with the time, all but those that stay. */
function looksAt(gpus: number): (at: number) => GpuSample[] {
  const samples = Array.from({ length: gpus }, (_, index): GpuSample => ({
    id: `pci:0000:${(index + 1).toString(16).padStart(2, "0")}:00.0`,
    index,
    name: "NVIDIA H200",
    state: "ok",
    reason: null,
    power_state: "active",
    ...unknownMetrics(),
    sources: {},
    absent: {},
  }));
  return (at) => {
    for (const sample of samples) {
      for (const [i, name] of NUMBER_METRICS.entries()) {
        if (UNKNOWN.has(name)) continue;
        if (STEADY.test(name)) sample[name] = 1000 + i;
        else if (name.includes("bytes")) sample[name] = Math.floor(1e11 * Math.random());
        else if (name === "energy_j") sample[name] = at / 10;
        else sample[name] = Math.round(1000 * Math.random()) / 10;
      }
    }
    return samples;
  };
}

/** CPU time of this process in ms. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Bytes that this process has written to files (proc(5), /proc/pid/io). */
function bytesWritten(): number {
  return Number(/^wchar: (\d+)$/m.exec(Deno.readTextFileSync("/proc/self/io"))?.[1] ?? NaN);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

function mebibytes(path: string): number {
  try {
    return Deno.statSync(path).size / 2 ** 20;
  } catch {
    return 0;
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      gpus: { type: "string", default: "8" },
      days: { type: "string", default: "33" },
      directory: { type: "string" },
    },
  });
  const gpus = Number(values.gpus), days = Number(values.days);
  const directory = Deno.makeTempDirSync({
    prefix: "mvgal-history-",
    dir: values.directory ?? Deno.env.get("TMPDIR") ?? "/tmp",
  });
  const path = join(directory, "history.db");
  let mono = 0;
  const start = Date.UTC(2026, 0, 1);
  const clock = { now: () => start + mono, monotonic: () => mono };
  const look = looksAt(gpus);
  try {
    const store = openHistory({ path, clock, tell: (_, text) => console.log(text) });
    // All but the last hours with a look every 10 s, which gives as many rows of steps as one every second.
    const full = 2 * HOUR_MS;
    const until = days * DAY_MS;
    while (mono < until - full) {
      store.record(look(start + mono), start + mono);
      mono += 10_000;
    }
    const samples = full / 1000;
    const written = bytesWritten();
    const looks = Array.from({ length: 64 }, (_, i) => structuredClone(look(start + i)));
    const calls: number[] = [];
    const cpu = cpuMs();
    for (let i = 0; i < samples; i++) {
      const began = performance.now();
      store.record(looks[i % 64] ?? [], start + mono);
      calls.push(performance.now() - began);
      mono += 1000;
    }
    const spent = cpuMs() - cpu;
    const megabytes = (bytesWritten() - written) / 1e6 * (DAY_MS / full);
    calls.sort((a, b) => a - b);
    console.log(`${gpus} GPUs, ${NUMBER_METRICS.length} metrics each, ${days} days:`);
    console.log(`  CPU of a sample: ${(spent / samples).toFixed(3)} ms, over ${samples} at 1 s`);
    const shown = [0.5, 0.99, 0.999, 1].map((share) => quantile(calls, share).toFixed(2));
    console.log(
      `  a call of record(): p50 ${shown[0]}, p99 ${shown[1]}, p99.9 ${shown[2]}, ` +
        `longest ${shown[3]} ms`,
    );
    console.log(`  written to files: ${megabytes.toFixed(0)} MB a day`);
    console.log(
      `  file: ${mebibytes(path).toFixed(1)} MiB, its log ${
        mebibytes(`${path}-wal`).toFixed(1)
      } MiB`,
    );
    const now = start + mono;
    const rows = [["question", "step s", "points", "ms", "longest hold ms", "JSON ms"]];
    for (
      const [name, ms] of [["an hour", HOUR_MS], ["a day", DAY_MS], [
        "31 days",
        31 * DAY_MS,
      ]] as const
    ) {
      for (const all of [false, true]) {
        const query: HistoryQuery = { from: now - ms, to: now };
        if (all) query.metrics = [...NUMBER_METRICS];
        rows.push([
          `${name}, ${all ? "all metrics" : "the usual metrics"}`,
          ...await timed(() => store.query(query)),
        ]);
      }
    }
    for (const line of table(rows, ["left", "right", "right", "right", "right", "right"])) {
      console.log(`  ${line}`);
    }
    const opened = performance.now();
    store[Symbol.dispose]();
    const closed = performance.now();
    openHistory({ path, clock })[Symbol.dispose]();
    console.log(
      `  closing ${(closed - opened).toFixed(0)} ms, opening with the check of the whole file ` +
        `${(performance.now() - closed).toFixed(0)} ms`,
    );
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** The median of a few runs; how long it held up the event loop is the longest of all. */
async function timed(
  ask: () => Promise<{ step_s: number; series: { points: unknown[] }[] }>,
): Promise<string[]> {
  const times: number[] = [], json: number[] = [];
  let hold = 0, points = 0, step = 0;
  for (let run = 0; run < RUNS; run++) {
    let last = performance.now();
    let done = false;
    const watch = (async () => {
      while (!done) {
        await new Promise((resolve) => setImmediate(resolve));
        const now = performance.now();
        if (run >= WARM) hold = Math.max(hold, now - last);
        last = now;
      }
    })();
    const began = performance.now();
    const view = await ask();
    if (run >= WARM) times.push(performance.now() - began);
    done = true;
    await watch;
    points = view.series.reduce((sum, series) => sum + series.points.length, 0);
    step = view.step_s;
    const before = performance.now();
    JSON.stringify(view);
    json.push(performance.now() - before);
  }
  const middle = (list: number[]) => quantile(list.sort((a, b) => a - b), 0.5).toFixed(1);
  return [String(step), String(points), middle(times), hold.toFixed(1), middle(json)];
}

if (import.meta.main) await main();
