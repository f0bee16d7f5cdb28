// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * What the service costs with eight GPUs of a fake NVML, 500 programs and a look each second: idle, and under
 * a load of requests and listeners.
 *
 *     deno run -A scripts/bench_daemon.ts [--seconds N] [--idle-seconds N] [--rate N] [--streams N]
 *         [--processes N] [--gpus N] [--mvgal PROGRAM] [--unix] [--json FILE]
 *
 * Needs root: the service is to see the files of the programs, and to have a state of its own. Exits with 1
 * where an answer was wrong, an event lost or a look missed; being slow is no error. The load comes from a
 * process of its own on the same host, whose CPU time is not the service's but is not there for it either.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../lib/render/table.ts";
import { fakeLibrary } from "../tests/fakes/library.ts";
import { FROM_SOURCES, ServiceProcess, statePath } from "../tests/daemon/service_process.ts";
import { treeGpus } from "./bench_processes.ts";
import { description } from "./bench_status.ts";
import { startIdlePrograms } from "./bench_status_programs.ts";
import type {
  ListenPlan,
  ListenReport,
  Place,
  RequestPlan,
  RequestReport,
  Spread,
} from "./daemon/load_report.ts";
import { cpuMs, type Point, resident, slope, waitedMs } from "./daemon/process_cost.ts";

/** Open files of each program, and how many of the programs use a GPU. */
const FDS = 50, CLIENTS = 40;

/** After its start the service compiles what it runs often, and runs `mvgal info` once. In ms. */
const WARM_UP_MS = 10_000;

/** The health document, as far as it is looked at. */
interface Health {
  service: { samples: number; samples_missed: number; degraded: Record<string, string> };
}

/** What was measured. */
interface DaemonReport {
  schema: "mvgal.bench-daemon/1";
  gpus: number;
  processes: number;
  listed: number;
  idle: { seconds: number; cpu_pct: number; rss_mib: number; samples: number; missed: number };
  load: RequestReport & {
    streams: ListenReport;
    cpu_pct: number;
    /** Time for which the host gave the service no core though it could have run. */
    waited_pct: number;
    rss_mib: { start: number; end: number; peak: number; of_files: number };
    /** Over the last two thirds. */
    rss_mib_per_minute: number | null;
    samples: number;
    missed: number;
  };
  degraded: Record<string, string>;
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts a program that loads the service. */
function startLoad(plan: RequestPlan | ListenPlan): Deno.ChildProcess {
  const program = join(import.meta.dirname ?? ".", "daemon", "load.ts");
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, JSON.stringify(plan)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** The lines that a program prints. */
async function* linesOf(child: Deno.ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function nextLine(lines: AsyncGenerator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error("the load failed");
  return value;
}

/** What is asked of the service in which place. */
interface Load {
  place: Place;
  token: string;
  seconds: number;
  perSecond: number;
  streams: number;
}

/** Runs the load, and looks at the service meanwhile. */
async function underLoad(
  service: ServiceProcess,
  { place, token, seconds, perSecond, streams }: Load,
): Promise<DaemonReport["load"]> {
  // Listeners are a process of their own: reading what they get is no part of the time of an answer.
  const listening = startLoad({ kind: "listen", place, streams });
  const heard = linesOf(listening);
  await nextLine(heard);
  const points: Point[] = [];
  const from = performance.now();
  const look = () => {
    const point = { s: (performance.now() - from) / 1000, value: resident(service.pid).now };
    points.push(point);
    return point.value;
  };
  const before = (await service.client.get<Health>("/api/v1/health")).service;
  const start = look();
  const cpu = cpuMs(service.pid), waited = waitedMs(service.pid);
  const asking = startLoad({ kind: "requests", place, token, seconds, perSecond });
  const timer = setInterval(look, 1000);
  try {
    const requests: RequestReport = JSON.parse(await nextLine(linesOf(asking)));
    const spent = cpuMs(service.pid) - cpu, wall = performance.now() - from;
    const waiting = waitedMs(service.pid) - waited;
    const { peak, of_files } = resident(service.pid);
    const end = look();
    await listening.stdin.close();
    const report: ListenReport = JSON.parse(await nextLine(heard));
    const after = (await service.client.get<Health>("/api/v1/health")).service;
    const rise = slope(points.slice(Math.floor(points.length / 3)));
    return {
      ...requests,
      streams: report,
      cpu_pct: 100 * spent / wall,
      waited_pct: 100 * waiting / wall,
      rss_mib: { start, end, peak, of_files },
      rss_mib_per_minute: rise === null ? null : 60 * rise,
      samples: after.samples - before.samples,
      missed: after.samples_missed - before.samples_missed,
    };
  } finally {
    clearInterval(timer);
    for (const child of [listening, asking]) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
    }
  }
}

function ms(value: number | null): string {
  return value === null ? "-" : value.toFixed(1);
}

function show(report: DaemonReport): void {
  const { idle, load } = report;
  console.log(
    `${report.gpus} GPUs, ${report.processes} programs of ${FDS} files, ${report.listed} of them listed`,
  );
  console.log(
    `idle, ${idle.seconds} s: ${idle.cpu_pct.toFixed(2)} % of a core, ` +
      `${idle.rss_mib.toFixed(1)} MiB resident, ${idle.samples} samples, ${idle.missed} missed`,
  );
  const { streams, rss_mib } = load;
  console.log(`load, ${load.seconds} s: ${load.requests} requests, ${streams.opened} listeners`);
  const row = (name: string, { count, p50, p99, max }: Spread) => [
    name,
    String(count),
    ms(p50),
    ms(p99),
    ms(max),
  ];
  const rows = [
    ["ms", "count", "p50", "p99", "max"],
    row("all, from when due", load.due_ms),
    row("all, from when sent", load.sent_ms),
    ...Object.entries(load.by_path).map(([name, spread]) => row(`  ${name}`, spread)),
    row("events, from made to read", streams.delay_ms),
    row("the load's own lateness", load.late_ms),
  ];
  for (const line of table(rows, ["left", "right", "right", "right", "right"])) {
    console.log(`  ${line}`);
  }
  console.log(`  errors: ${JSON.stringify(load.errors)}`);
  console.log(
    `  listeners: ${streams.events} events, ${
      (streams.bytes / 1e6).toFixed(0)
    } MB, ${streams.lost} lost, ` +
      `${streams.samples_least} to ${streams.samples_most} samples each, ` +
      `broken: ${JSON.stringify(streams.broken)}`,
  );
  console.log(`  samples: ${load.samples}, ${load.missed} missed`);
  console.log(
    `  CPU: ${load.cpu_pct.toFixed(1)} % of a core; ` +
      `${load.waited_pct.toFixed(1)} % of the time it waited for one`,
  );
  const rise = load.rss_mib_per_minute;
  console.log(
    `  resident MiB: ${rss_mib.start.toFixed(1)} at the start, ${
      rss_mib.end.toFixed(1)
    } at the end, ` +
      `${rss_mib.peak.toFixed(1)} at most, ${rss_mib.of_files.toFixed(1)} of files; ` +
      `${rise === null ? "-" : rise.toFixed(2)} a minute over the last two thirds`,
  );
  console.log(`  degraded: ${JSON.stringify(report.degraded)}`);
}

/** Whether anything was wrong. */
function isWrong({ load, idle, degraded }: DaemonReport): boolean {
  return Object.keys(load.errors).length > 0 || Object.keys(load.streams.broken).length > 0 ||
    Object.keys(degraded).length > 0 || load.streams.lost > 0 || load.missed + idle.missed > 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "20" },
      "idle-seconds": { type: "string", default: "20" },
      rate: { type: "string", default: "500" },
      streams: { type: "string", default: "200" },
      processes: { type: "string", default: "500" },
      gpus: { type: "string", default: "8" },
      mvgal: { type: "string" },
      unix: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  if (Deno.uid() !== 0) {
    console.error("bench:daemon needs root: the service is to have a state of its own");
    return 1;
  }
  const gpus = Number(values.gpus), processes = Number(values.processes);
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-daemon-" });
  const port = freePort();
  try {
    await using idlePrograms = await startIdlePrograms(processes, FDS);
    const slots = treeGpus(gpus).map(({ pci_slot }) => pci_slot ?? "");
    using fake = fakeLibrary("nvml", description(slots, idlePrograms.pids.slice(0, CLIENTS)));
    await using service = await ServiceProcess.start({
      directory,
      mvgal: values.mvgal === undefined ? FROM_SOURCES : [values.mvgal],
      library: fake.directory,
      config: `[http]\nlisten = 127.0.0.1:${port}\nrate_limit_per_s = 0\nmax_connections = 1024\n`,
    });
    await wait(WARM_UP_MS);
    const status = await service.client.get<{ gpus: unknown[]; processes?: unknown[] }>(
      "/api/v1/status",
    );
    const health = async () => (await service.client.get<Health>("/api/v1/health")).service;
    const idleSeconds = Number(values["idle-seconds"]);
    const before = await health();
    const cpu = cpuMs(service.pid);
    await wait(1000 * idleSeconds);
    const cpu_pct = (cpuMs(service.pid) - cpu) / 10 / idleSeconds;
    const after = await health();
    const idle = {
      seconds: idleSeconds,
      cpu_pct,
      rss_mib: resident(service.pid).now,
      samples: after.samples - before.samples,
      missed: after.samples_missed - before.samples_missed,
    };
    const load = await underLoad(service, {
      place: values.unix ? { path: service.socket } : { hostname: "127.0.0.1", port },
      token: Deno.readTextFileSync(join(statePath(directory), "http.token")).trim(),
      seconds: Number(values.seconds),
      perSecond: Number(values.rate),
      streams: Number(values.streams),
    });
    const report: DaemonReport = {
      schema: "mvgal.bench-daemon/1",
      gpus: status.gpus.length,
      processes,
      listed: status.processes?.length ?? 0,
      idle,
      load,
      degraded: (await health()).degraded,
    };
    show(report);
    if (values.json !== undefined) {
      Deno.writeTextFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
    }
    return isWrong(report) ? 1 : 0;
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
