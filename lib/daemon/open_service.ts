/**
 * Opening the service on a host: each part with what the configuration says of it.
 *
 * @module
 */

import { join } from "node:path";
import { parseReport } from "../bench/compare.ts";
import type { Config } from "../config/config.ts";
import { gpuPolicies, type GpuPolicy } from "../config/gpu_policy.ts";
import type { LiveConfig } from "../config/live_config.ts";
import { writableIn } from "../control/device.ts";
import { type HostControl, openHostControl, settleOverdue } from "../control/host.ts";
import { stateDirectory } from "../control/journal.ts";
import { startWatcher } from "../control/watcher.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { runtimeDirectories } from "../session/directory.ts";
import { SessionRegistry } from "../session/registry.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { type Looker, openLooker } from "../telemetry/looker.ts";
import { BenchDesk, startProgram } from "./bench_desk.ts";
import { ControlDesk, describeEntry } from "./control_desk.ts";
import { EventHub } from "./events.ts";
import { openHistory } from "./history/history.ts";
import { InventoryDesk } from "./inventory_desk.ts";
import { type LogSink, ServiceLog } from "./log.ts";
import { oneLine } from "./one_line.ts";
import { openHostPowerControl } from "./power/host_control.ts";
import { openPowerManager } from "./power/manager.ts";
import { Sampling } from "./sampling.ts";
import { SchedulerStore } from "./scheduler_store.ts";
import { Scheduling } from "./scheduling.ts";
import { type ConfigPart, GpuService, type HistoryPart, type PowerPart } from "./service.ts";
import type { BenchRunView } from "./service_api.ts";
import { placementRules, powerPolicy, retention, schedulerBase } from "./settings.ts";

/** Programs are looked at less often than GPUs: it costs the most, and they change the least. In ms. */
const PROCESSES_MS = 5000;

/** Keys that are read at the start alone. */
const AT_START =
  /^(daemon\.(socket|socket_group|processes|rescan_s)|health\.|http\.|history\.|log\.lines$)/;

/** What a service is opened with. */
export interface OpenServiceOptions {
  version: string;
  config: LiveConfig;
  env(name: string): string | undefined;
  sysroot: Sysroot;
  /** Writes the log. */
  sink: LogSink;
  /** The command that starts mvgal. */
  command(): readonly string[];
}

/** An open service, and where it says what it does. */
export interface OpenService {
  service: GpuService;
  log: ServiceLog;
}

/** The parts that follow the configuration and the GPUs as both change. */
class Follower implements ConfigPart {
  readonly #live: LiveConfig;
  readonly #log: ServiceLog;
  #apply: (config: Config, policies: readonly GpuPolicy[]) => void = () => {};
  #gpus: readonly Gpu[] = [];
  #warned: readonly string[] = [];

  constructor(live: LiveConfig, log: ServiceLog) {
    this.#live = live;
    this.#log = log;
  }

  /** Calls `apply` from now on, whenever the configuration or the GPUs have changed. */
  follow(apply: (config: Config, policies: readonly GpuPolicy[]) => void): void {
    this.#apply = apply;
  }

  /** What the configuration says of the GPUs that are known. */
  policies(): readonly GpuPolicy[] {
    const { gpus, warnings } = gpuPolicies(this.#live.config, this.#gpus);
    for (const line of warnings) {
      if (!this.#warned.includes(line)) this.#log.write("warning", "config", line);
    }
    this.#warned = warnings;
    return gpus;
  }

  /** Takes note of the GPUs that there are. */
  gpus(gpus: readonly Gpu[]): void {
    if (gpus === this.#gpus) return;
    this.#gpus = gpus;
    this.#apply(this.#live.config, this.policies());
  }

  view() {
    return this.#live.view();
  }

  reload() {
    const { changed, problem } = this.#live.reload();
    if (problem === null) {
      this.#apply(this.#live.config, this.policies());
      const later = changed.filter((key) => AT_START.test(key));
      if (later.length > 0) {
        const text = `takes effect when the service is started again: ${later.join(", ")}`;
        this.#log.write("warning", "config", text);
      }
    }
    return Promise.resolve(this.#live.view());
  }
}

/** Where the service keeps its state: where systemd says, else where mvgal does. */
export function serviceDirectory(env: (name: string) => string | undefined): string {
  return env("STATE_DIRECTORY") ?? stateDirectory(env);
}

/** Whether changes of settings wait to be confirmed, and no process for them. */
function isWaiting({ journal }: HostControl): boolean {
  try {
    return !journal.empty && !journal.isWatched &&
      journal.entries().some(({ confirmed }) => !confirmed);
  } catch {
    // Who changes a setting is told.
    return false;
  }
}

/** The history, or undefined where it is switched off. */
function historyPart(config: Config, directory: string, log: ServiceLog): HistoryPart | undefined {
  if (!config.history.enabled) return undefined;
  const store = openHistory({
    path: config.history.path ?? join(directory, "history.db"),
    retention: retention(config),
    tell: (level, text) => log.write(level, "history", text),
  });
  return {
    record: ({ gpus, at }) => store.record(gpus, Date.parse(at)),
    query: (query) => store.query(query),
    get degraded() {
      const state = store.state();
      return state.state === "ok" ? null : state.reason;
    },
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

/**
 * Opens the service. What it cannot have (a history, control of GPUs) it goes without, and says so.
 *
 * @throws {Error} by rejection, where GPUs cannot be looked for at all; one line.
 */
export async function openService(options: OpenServiceOptions): Promise<OpenService> {
  const { config: live, env, sysroot, command } = options;
  const { config } = live;
  const directory = serviceDirectory(env);
  // What is shown may be another host's: its files are not those that would be written.
  const readOnly = sysroot.isHost
    ? undefined
    : "this is a dump of another host: nothing is changed";
  const events = new EventHub();
  const log = new ServiceLog(options.sink, (line) => events.publish("log", line), {
    level: config.log.level,
    kept: config.log.lines,
  });
  for (const { message, line } of live.warnings) {
    log.write("warning", "config", line === null ? message : `line ${line}: ${message}`);
  }
  for (const line of settleOverdue(env)) log.write("warning", "control", line);

  const follower = new Follower(live, log);
  const open = () => openLooker({ sysroot, processes: config.daemon.processes });
  // The parts are to know the GPUs from their beginning.
  let first: Looker | undefined = await open();
  let known = first.gpus;
  follower.gpus(known);
  const policies = follower.policies();
  const gpus = () => known;
  const on = openHostControl(env);
  // What was to be confirmed when an earlier service ended still is.
  if (readOnly === undefined && isWaiting(on)) startWatcher();
  const context = { sysroot, wake: false, whyNotWritable: writableIn(sysroot), nvml: on.nvml };
  const control = new ControlDesk({
    gpus,
    on,
    context,
    startWatcher,
    readOnly,
    changed(entry) {
      log.write("info", "control", describeEntry(entry), entry.gpu);
      events.publish("control", entry);
    },
  });

  const policyFor = (config: Config, policies: readonly GpuPolicy[]) => {
    const policy = powerPolicy(config, policies);
    return { ...policy, enabled: policy.enabled && readOnly === undefined };
  };
  const manager = openPowerManager({
    policy: policyFor(config, policies),
    control: openHostPowerControl({ on, context, gpus, startWatcher }),
    log: (level, text, gpu) => log.write(level, "power", text, gpu),
    interval_ms: config.daemon.interval_ms,
  });
  let shownPower = "";
  const power: PowerPart = {
    looked({ gpus, processes, partial }) {
      const programs = processes === undefined ? null : { processes, partial: partial ?? null };
      manager.look({ at: performance.now(), gpus, programs });
      const view = manager.state();
      // How long a GPU has been idle is another thing at each look, and no news.
      const shown = JSON.stringify(view, (key, value) => key === "idle_ms" ? undefined : value);
      if (shown !== shownPower) events.publish("power", view);
      shownPower = shown;
    },
    view: () => manager.state(),
    async [Symbol.asyncDispose]() {
      await manager[Symbol.asyncDispose]();
      on[Symbol.dispose]();
    },
  };

  const scheduling = new Scheduling({
    registry: new SessionRegistry({ directories: runtimeDirectories(env, Deno.uid()) }),
    store: new SchedulerStore(join(directory, "scheduler.json")),
    base: schedulerBase(config, policies),
    rules: placementRules(config, policies),
    told: (event) => events.publish("session", event),
    log: (level, text, gpu) => log.write(level, "sessions", text, gpu),
  });

  const benchDirectory = join(directory, "bench");
  const bench = new BenchDesk({
    directory: benchDirectory,
    start: (args) => startProgram(command(), args),
    changed: (run) => {
      events.publish("bench", run);
      if (run.state === "done" && run.ended_at !== null) learn(run);
    },
  });
  const learn = ({ id }: BenchRunView) => {
    try {
      scheduling.measured(parseReport(JSON.stringify(bench.report(id))));
    } catch (error) {
      log.write("warning", "bench", `weights stay as they are: ${oneLine(error)}`);
    }
  };

  const service = await GpuService.start({
    version: options.version,
    sysroot: sysroot.isHost ? null : sysroot.directory,
    log,
    events,
    inventory: new InventoryDesk({
      sysroot,
      command: sysroot.isHost ? command : undefined,
      failed: (why) => log.write("warning", "inventory", `files alone are known: ${why}`),
    }),
    control,
    bench,
    config: follower,
    scheduling,
    history: historyPart(config, directory, log),
    power,
    sample: (told) =>
      Sampling.start({
        open() {
          const looker = first;
          first = undefined;
          return looker === undefined ? open() : Promise.resolve(looker);
        },
        intervalMs: config.daemon.interval_ms,
        processesMs: PROCESSES_MS,
        thresholds: config.health,
        // Before anything else looks at it: who asks for a GPU is to find it.
        found: (found) => {
          known = found;
          follower.gpus(found);
        },
        looked: (document, gpus) => told.looked(document, gpus),
        changed: (change) => told.changed(change),
        failed: (what, why) => told.failed(what, why),
      }),
  });
  follower.follow((config, policies) => {
    log.level = config.log.level;
    service.intervalMs = config.daemon.interval_ms;
    scheduling.configure(schedulerBase(config, policies), placementRules(config, policies));
    try {
      manager.policy(policyFor(config, policies));
    } catch (error) {
      log.write("error", "power", `the policy before stays: ${oneLine(error)}`);
    }
  });
  return { service, log };
}
