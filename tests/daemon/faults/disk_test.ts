/** A disk that is full, or may not be written. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { HistoryView, SchedulerView, ServiceHealth } from "../../../lib/daemon/service_api.ts";
import { ServiceProcess } from "../service_process.ts";
import { faultTest, healthOf, logOf, NO_SERVICE, until } from "./fault.ts";

/** Why no file system can be mounted here; undefined where one can. */
const NO_MOUNT = NO_SERVICE ?? (Deno.uid() === 0 ? undefined : "only root can mount a file system");

/** Why there is no file system that can be made to fail; undefined where there is one. */
function whyNoImage(): string | undefined {
  if (NO_MOUNT !== undefined) return NO_MOUNT;
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-image-" });
  try {
    const script = `${imageScript(join(directory, "image"))} && mount -o loop image /mnt`;
    const { success, stderr } = new Deno.Command("unshare", {
      args: ["--mount", "sh", "-c", script],
      cwd: directory,
    }).outputSync();
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    return success ? undefined : `no ext4 on a loop device: ${said}`;
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function imageScript(path: string): string {
  return `truncate -s 16M ${path} && mkfs.ext4 -q ${path}`;
}

/** Changes a priority, and gives what it is then. */
async function prioritize({ client }: ServiceProcess, priority: number): Promise<number> {
  const { gpus } = await client.put<SchedulerView>("/api/v1/scheduler", {
    gpus: [{ id: "0", priority }],
  });
  return gpus[0]?.priority ?? NaN;
}

/** Asks for the history, which writes it first; undefined where there is none. */
async function pointsOf({ client }: ServiceProcess): Promise<number | undefined> {
  try {
    const from = new Date(Date.now() - 300_000).toISOString();
    const { series } = await client.get<HistoryView>(
      `/api/v1/history?metric=temperature_c&step_s=1&from=${from}`,
    );
    return series[0]?.points.length ?? 0;
  } catch {
    return undefined;
  }
}

/** What it says of itself once it was asked for its history: it is not waited for the next write. */
async function healthAsked(service: ServiceProcess): Promise<ServiceHealth> {
  await pointsOf(service);
  return await healthOf(service);
}

/** Resolves when looks go on. */
async function seesOn(service: ServiceProcess): Promise<void> {
  const { samples } = await healthOf(service);
  await until(() => healthOf(service), (now) => now.samples > samples + 2);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

faultTest(
  "runDaemon() goes on without a history where the disk is full, and says so",
  async (options) => {
    await using service = await ServiceProcess.start({
      ...options,
      stateMount: "mount -t tmpfs -o size=1m none",
    });
    // What fills it first is of no matter: a megabyte is not enough for the history's own files.
    const path = `/proc/${service.pid}/root/var/lib/mvgal/filler`;
    using filler = Deno.openSync(path, { write: true, create: true });
    try {
      for (;;) filler.writeSync(new Uint8Array(4096));
    } catch {
      // It is full.
    }
    const { degraded } = await until(
      () => healthAsked(service),
      ({ degraded }) => degraded["history"] !== undefined,
    );
    assert.match(degraded["history"] ?? "", /full|space/);
    await seesOn(service);
    // Changes hold while it runs.
    assert.equal(await prioritize(service, 7), 7);
  },
  NO_MOUNT,
);

faultTest(
  "runDaemon() starts on a disk that may not be written, says what is missing, and has it later",
  async (options) => {
    await using service = await ServiceProcess.start({
      ...options,
      config: "[http]\nlisten = 127.0.0.1:0\n[daemon]\ninterval_ms = 100\n",
      stateMount: "mount -t tmpfs -o ro none",
    });
    const { ready, degraded } = await until(
      () => healthOf(service),
      ({ degraded }) => degraded["scheduler"] !== undefined,
    );
    assert.equal(ready, true);
    assert.deepEqual(Object.keys(degraded).sort(), ["history", "http", "scheduler"]);
    assert.match(degraded["history"] ?? "", /^history .*Read-only file system/);
    assert.match(degraded["scheduler"] ?? "", /do not outlive the service: Read-only file system/);
    assert.match(degraded["http"] ?? "", /nothing can be changed over TCP: no token can be kept/);
    assert.equal(await prioritize(service, 7), 7);
    assert.equal(await pointsOf(service), undefined);
    await seesOn(service);
    service.inMounts("mount -o remount,rw /var/lib/mvgal");
    const later = await until(
      () => healthOf(service),
      ({ degraded }) => Object.keys(degraded).length === 1,
    );
    // A token that is made while it runs would be one that nobody was told of.
    assert.deepEqual(Object.keys(later.degraded), ["http"]);
    await until(() => pointsOf(service), (points) => (points ?? 0) > 0);
    const state = `/proc/${service.pid}/root/var/lib/mvgal/scheduler.json`;
    assert.match(Deno.readTextFileSync(state), /"priority": 7/);
    const log = await logOf(service);
    assert.match(log, /info history: .*is kept again/);
    assert.match(log, /info sessions: changes outlive the service again/);
    assert.equal(count(log, "the service goes on without"), 1, log);
    assert.equal(count(log, "do not outlive"), 1, log);
  },
  NO_MOUNT,
);

faultTest(
  "runDaemon() goes on where its disk turns read-only, and keeps its history when it is mended",
  async (options) => {
    const image = join(options.directory, "image");
    const made = new Deno.Command("sh", { args: ["-c", imageScript(image)] }).outputSync();
    assert.ok(made.success);
    await using service = await ServiceProcess.start({
      ...options,
      stateMount: `mount -o loop ${image}`,
    });
    const before = await until(() => pointsOf(service), (points) => (points ?? 0) > 1) ?? 0;
    assert.equal(await prioritize(service, 7), 7);
    // As ext4 does by itself where the disk fails: nothing is written any more, files that are open included.
    service.inMounts("mount -o remount,abort /var/lib/mvgal");
    assert.equal(await prioritize(service, 8), 8);
    const { degraded, ready } = await until(
      () => healthAsked(service),
      ({ degraded }) => degraded["history"] !== undefined,
    );
    assert.equal(ready, true);
    assert.match(degraded["scheduler"] ?? "", /do not outlive the service/);
    await seesOn(service);
    await until(
      () => {
        // Where it just tries to open its files the disk is in use.
        try {
          service.inMounts("umount /var/lib/mvgal");
          return Promise.resolve(true);
        } catch {
          return Promise.resolve(false);
        }
      },
      (done) => done,
    );
    service.inMounts(`mount -o loop ${image} /var/lib/mvgal`);
    await until(() => healthOf(service), ({ degraded }) => Object.keys(degraded).length === 0);
    const after = await until(() => pointsOf(service), (points) => (points ?? 0) > before);
    assert.ok((after ?? 0) > before, "what was written before is there");
    const state = `/proc/${service.pid}/root/var/lib/mvgal/scheduler.json`;
    assert.match(Deno.readTextFileSync(state), /"priority": 8/);
    const names = Array.from(Deno.readDirSync(dirname(state)), ({ name }) => name);
    assert.deepEqual(names.filter((name) => /corrupt/.test(name)), []);
  },
  whyNoImage(),
);
