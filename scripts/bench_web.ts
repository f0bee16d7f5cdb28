// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * What the dashboard costs the browser: frames, tasks that hold the page up, and the heap after an hour.
 *
 *     deno run -A scripts/bench_web.ts [--seconds N] [--gpus N] [--programs N] [--hour SAMPLES] [--slow N]
 *
 * A headless Chromium shows each view of a service that is made up, with a look a second. Frames are counted by
 * `requestAnimationFrame`; tasks of the page's main thread, and what they did, are from Chromium's own trace.
 * `--slow 4` lets it have a fourth of the processor.
 * Headless Chromium draws by the CPU, so that layout and paint cost more than on a screen. Then an hour of looks
 * is pushed as fast as the page takes them, and the heap is read after garbage was collected.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { table } from "../lib/render/table.ts";
import { launch, NO_BROWSER, until, visit } from "../tests/web/browser.ts";
import { FakeApi } from "../tests/web/fake_api.ts";
import { idOf } from "../tests/web/fake_gpus.ts";

/** A frame at 60 Hz in ms: a task that is longer holds one up. */
const FRAME_MS = 1000 / 60;

/** A frame that came later than this in ms is one that was missed. */
const LATE_MS = 1.5 * FRAME_MS;

const VIEWS = ["gpus", `gpus/${encodeURIComponent(idOf(0))}`, "programs", "power", "health", "log"];

interface TraceEvent {
  name: string;
  ph: string;
  tid: number;
  pid: number;
  ts: number;
  dur?: number;
  args?: { name?: string; data?: { functionName?: string } };
}

/** A task of the main thread, in ms, and what took most of it. */
interface Task {
  ms: number;
  what: string;
}

/** Tasks of the renderer's main thread that took a millisecond at least, the longest first. */
function tasksOf(trace: readonly TraceEvent[]): Task[] {
  const mains = new Set(
    trace.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const events = trace.filter(({ ph, pid, tid }) => ph === "X" && mains.has(`${pid} ${tid}`));
  return events.filter(({ name, dur = 0 }) => name === "RunTask" && dur >= 1000)
    .map((task) => {
      const end = task.ts + (task.dur ?? 0);
      const inside = new Map<string, number>();
      for (const { name, ts, dur = 0, pid, tid } of events) {
        if (name === "RunTask" || pid !== task.pid || tid !== task.tid) continue;
        if (ts >= task.ts && ts + dur <= end) inside.set(name, (inside.get(name) ?? 0) + dur);
      }
      const most = [...inside].sort(([, a], [, b]) => b - a).slice(0, 4)
        .map(([name, us]) => `${name} ${(us / 1000).toFixed(1)}`);
      return { ms: (task.dur ?? 0) / 1000, what: most.join(", ") };
    })
    .sort((a, b) => b.ms - a.ms);
}

/** Lets the page count its frames: intervals in ms between them. */
async function framesOf(page: Page, seconds: number): Promise<number[]> {
  await page.evaluate(`(() => {
    globalThis.frames_ = [];
    let before = performance.now();
    const next = (now) => { frames_.push(now - before); before = now; requestAnimationFrame(next); };
    requestAnimationFrame(next);
  })()`);
  await page.waitForTimeout(1000 * seconds);
  return await page.evaluate<number[]>("frames_.slice(1)");
}

async function measureView(
  browser: Browser,
  api: FakeApi,
  view: string,
  { seconds, slow }: { seconds: number; slow: number },
) {
  const { page, go } = await visit(browser, api);
  try {
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: slow });
    await go(view);
    await page.waitForTimeout(2000);
    await browser.startTracing(page, {
      categories: ["devtools.timeline", "disabled-by-default-devtools.timeline", "__metadata"],
    });
    const frames = await framesOf(page, seconds);
    const trace = JSON.parse(new TextDecoder().decode(await browser.stopTracing()));
    return { view: decodeURIComponent(view), frames, tasks: tasksOf(trace.traceEvents) };
  } finally {
    await page.close();
  }
}

/** Bytes of the page's heap after garbage was collected, and the nodes of its document. */
async function heapOf(page: Page): Promise<{ bytes: number; nodes: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { nodes } = await session.send("Memory.getDOMCounters");
  await session.detach();
  return { bytes: usedSize, nodes };
}

/** Pushes looks a second apart, no faster than the page takes them. */
async function push(api: FakeApi, page: Page, from: number, count: number): Promise<number> {
  for (let i = 1; i <= count; i++) {
    api.look(from + 1000 * i);
    if (i % 20 === 0) {
      const mark = `look ${from + i}`;
      api.say({ level: "info", part: "http", text: mark, gpu: null });
      await until(page, `document.querySelector(".log").textContent.includes("${mark}")`);
    }
  }
  return from + 1000 * count;
}

async function measureHour(browser: Browser, api: FakeApi, looks: number) {
  api.setLooking(true);
  const { page, go } = await visit(browser, api);
  try {
    await go("log");
    let at = await push(api, page, Date.now(), Math.min(600, looks));
    const before = await heapOf(page);
    at = await push(api, page, at, looks);
    return { before, after: await heapOf(page) };
  } finally {
    await page.close();
  }
}

async function main(): Promise<void> {
  if (NO_BROWSER !== null) {
    console.error(`bench_web: ${NO_BROWSER} at /usr/bin: apt-get install chromium`);
    process.exitCode = 1;
    return;
  }
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "20" },
      gpus: { type: "string", default: "8" },
      programs: { type: "string", default: "500" },
      hour: { type: "string", default: "3600" },
      slow: { type: "string", default: "1" },
    },
  });
  const [gpus, programs] = [Number(values.gpus), Number(values.programs)];
  const how = { seconds: Number(values.seconds), slow: Number(values.slow) };
  const browser = await launch();
  try {
    await using api = FakeApi.start({ gpus, programs });
    const rows: string[][] = [];
    const causes: string[] = [];
    for (const view of VIEWS) {
      const { view: name, frames, tasks } = await measureView(browser, api, view, how);
      const sum = frames.reduce((total, ms) => total + ms, 0);
      rows.push([
        name,
        (1000 * frames.length / sum).toFixed(1),
        String(frames.filter((ms) => ms > LATE_MS).length),
        Math.max(...frames).toFixed(1),
        String(tasks.filter(({ ms }) => ms > FRAME_MS).length),
        (tasks[0]?.ms ?? 0).toFixed(1),
        (tasks.reduce((total, { ms }) => total + ms, 0) / how.seconds).toFixed(1),
      ]);
      for (const { ms, what } of tasks.slice(0, 2)) {
        causes.push(`${name}: ${ms.toFixed(1)} ms: ${what}`);
      }
    }
    const head = [
      "view",
      "frames/s",
      "late",
      "longest ms",
      "tasks > 16",
      "longest ms",
      "busy ms/s",
    ];
    const slower = how.slow === 1 ? "" : `, a processor ${how.slow} times slower`;
    console.log(
      `${gpus} GPUs, ${programs} programs, a look a second, ${how.seconds} s a view${slower}`,
    );
    for (const line of table([head, ...rows])) console.log(line);
    for (const cause of causes) console.log(cause);
    const { before, after } = await measureHour(browser, api, Number(values.hour));
    const MiB = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    console.log(
      `heap after 600 looks ${MiB(before.bytes)} MiB, after ${values.hour} more ` +
        `${MiB(after.bytes)} MiB; nodes ${before.nodes}, then ${after.nodes}`,
    );
  } finally {
    await browser.close();
  }
}

if (import.meta.main) await main();
