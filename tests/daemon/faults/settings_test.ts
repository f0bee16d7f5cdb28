/** Settings that the service made, when it and the process that waits for its end are both killed. */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { FileJournal } from "../../../lib/control/journal.ts";
import { WATCH_COMMAND } from "../../../lib/control/watch_command.ts";
import type { ControlEntryView, ControlPlanView } from "../../../lib/daemon/service_api.ts";
import { DUMPS } from "../../sysfs/tree.ts";
import {
  FROM_SOURCES,
  ServiceProcess,
  type ServiceProcessOptions,
  statePath,
} from "../service_process.ts";
import { faultTest, NO_SERVICE, until } from "./fault.ts";

const NO_MOUNT = NO_SERVICE ??
  (Deno.uid() === 0 ? undefined : "only root can put a directory in the place of /sys");

const CAP = "devices/pci0000:00/0000:0b:00.0/hwmon/hwmon4/power1_cap";

const BEFORE = "260000000",
  BUDGET = "[power]\nenabled = true\nenable_parking = false\n" +
    "power_limit_watts = 200\n";

/** A host whose one GPU is a Vega 56 of files. */
class Host {
  readonly options: ServiceProcessOptions;
  readonly journal: FileJournal;
  readonly #sys: string;

  constructor({ directory }: ServiceProcessOptions, power: string) {
    this.#sys = join(directory, "sys");
    cpSync(join(DUMPS, "vega56", "sys"), this.#sys, { recursive: true });
    linkAsTold(this.#sys);
    const config = `[http]\nlisten =\n[daemon]\ninterval_ms = 100\n${power}`;
    this.options = { directory, config, sys: this.#sys };
    this.journal = new FileJournal(join(statePath(directory), "control"));
  }

  get cap(): string {
    return Deno.readTextFileSync(join(this.#sys, CAP)).trim();
  }
}

/** Makes links of the files that stand for them in a dump: a path that leads upwards, and nothing else. */
function linkAsTold(directory: string): void {
  for (const { name, isDirectory } of [...Deno.readDirSync(directory)]) {
    const path = join(directory, name);
    if (isDirectory) {
      linkAsTold(path);
      continue;
    }
    const text = Deno.readTextFileSync(path);
    if (!/^(\.\.\/)+[^\n]+$/.test(text)) continue;
    Deno.removeSync(path);
    Deno.symlinkSync(text, path);
  }
}

function namespaceOf(pid: number | string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

/** The processes that wait to take settings back, of a service. */
function watchersOf({ pid }: ServiceProcess): number[] {
  const own = namespaceOf(pid);
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name) || namespaceOf(name) !== own) return [];
    try {
      const words = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      return words.includes(WATCH_COMMAND) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** What systemd runs when the service has ended: as the unit's file has it. */
function stopPost(): string[] {
  const unit = join(import.meta.dirname ?? ".", "../../../packaging/systemd/mvgald.service");
  const [, line = ""] =
    /^ExecStopPost=\/usr\/bin\/mvgal (.*)$/m.exec(Deno.readTextFileSync(unit)) ??
      [];
  return [...FROM_SOURCES, ...line.split(" ")];
}

/** A command among the mounts of a service, begun when it is told to: the service may have ended then. */
function standBy({ pid }: ServiceProcess, command: readonly string[]) {
  const words = command.map((word) => `'${word}'`).join(" ");
  const child = new Deno.Command("nsenter", {
    args: [`--target=${pid}`, "--mount", "sh", "-c", `read -r _ && exec ${words}`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  return async () => {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n"));
    await writer.close();
    const { code, stdout } = await child.output();
    return { code, said: new TextDecoder().decode(stdout) };
  };
}

/** As systemd does it: all of the service is killed, and nobody has time for anything in between. */
async function killAll(service: ServiceProcess): Promise<void> {
  service.signal("SIGSTOP");
  const watchers = watchersOf(service);
  assert.ok(watchers.length > 0, "a process waits for the end of the service");
  for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
    for (const pid of watchers) Deno.kill(pid, signal);
  }
  await service.kill();
}

async function capFor(service: ServiceProcess, seconds: number): Promise<void> {
  const request = { gpu: "0", group: "power", values: { power_cap_w: 215 } };
  const { token } = await service.client.post<ControlPlanView>("/api/v1/control/plan", request);
  await service.client.post("/api/v1/control/apply", { token, seconds });
}

faultTest(
  "ExecStopPost of the unit takes back what the power manager had set when all was killed",
  async (options) => {
    const host = new Host(options, BUDGET);
    assert.equal(host.cap, BEFORE);
    await using service = await ServiceProcess.start(host.options);
    const end = standBy(service, stopPost());
    await until(() => Promise.resolve(host.cap), (cap) => cap === "200000000");
    await until(() => Promise.resolve(watchersOf(service)), (pids) => pids.length > 0);
    await killAll(service);
    assert.equal(host.cap, "200000000", "nobody is left to take it back");
    const { code, said } = await end();
    assert.match(said, /pci:0000:0b:00\.0: power cap: put back: /);
    assert.deepEqual([code, host.cap, host.journal.entries()], [0, BEFORE, []]);
  },
  NO_MOUNT,
);

faultTest(
  "ExecStopPost of the unit takes back what was to be confirmed, and leaves what was",
  async (options) => {
    const host = new Host(options, "");
    await using service = await ServiceProcess.start(host.options);
    const end = standBy(service, stopPost());
    await capFor(service, 600);
    assert.equal(host.cap, "215000000");
    await until(() => Promise.resolve(host.journal.isWatched), (isWatched) => isWatched);
    await killAll(service);
    assert.equal((await end()).code, 0);
    assert.equal(host.cap, BEFORE);

    await using next = await ServiceProcess.start(host.options);
    const endNext = standBy(next, stopPost());
    await capFor(next, 600);
    await next.client.post("/api/v1/control/0/power/confirm");
    await next.kill();
    await endNext();
    assert.equal(host.cap, "215000000");
  },
  NO_MOUNT,
);

faultTest(
  "runDaemon() waits again for what was to be confirmed when an earlier one was killed",
  async (options) => {
    const host = new Host(options, "");
    await using service = await ServiceProcess.start(host.options);
    await capFor(service, 4);
    await until(() => Promise.resolve(host.journal.isWatched), (isWatched) => isWatched);
    await killAll(service);
    await using next = await ServiceProcess.start(host.options);
    const [change] = await next.client.get<ControlEntryView[]>("/api/v1/control");
    assert.equal(change?.state, "pending");
    await until(() => Promise.resolve(host.journal.isWatched), (isWatched) => isWatched);
    await until(() => Promise.resolve(host.cap), (cap) => cap === BEFORE);
  },
  NO_MOUNT,
);
