/** Each key of the configuration does something in the service, or a warning says that it does not. */

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { type Config, readConfig } from "../../lib/config/config.ts";
import { gpuPolicies } from "../../lib/config/gpu_policy.ts";
import { ConfigValueError } from "../../lib/config/key.ts";
import { LiveConfig } from "../../lib/config/live_config.ts";
import { GPU_SECTION, SECTIONS } from "../../lib/config/schema.ts";
import type { AnyKey } from "../../lib/config/section.ts";
import { ServiceClient } from "../../lib/client/service_client.ts";
import { groupId } from "../../lib/daemon/group_id.ts";
import { runDaemon } from "../../lib/daemon/run.ts";
import { serverOptions } from "../../lib/daemon/server_options.ts";
import type { SchedulerView, ServiceHealth } from "../../lib/daemon/service_api.ts";
import {
  placementRules,
  powerPolicy,
  retention,
  schedulerBase,
} from "../../lib/daemon/settings.ts";
import type { StatusDocument } from "../../lib/render/status_document.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import { DUMPS } from "../sysfs/tree.ts";
import { gpus } from "./gpus.ts";

/** A service in this process, over a dump with two cards. */
interface Running {
  client: ServiceClient;
  directory: string;
}

/** Texts that keys of some kind take, for one that is not the default. */
const TEXTS = [
  "false",
  "true",
  "7",
  "3",
  "80",
  "300",
  "100",
  "5000",
  "45000",
  "3,1",
  "0:40,100:90",
  "gpu.lan",
  "best",
];

/** A file that sets a key alone to another value than its default; undefined where none is known here. */
function settingAlone(section: string, name: string, key: AnyKey): string | undefined {
  const words = [...TEXTS, ...key.choices ?? [], "/tmp/none", "pci:0000:01:00.0"];
  return words.flatMap((word) => {
    try {
      if (key.format(key.parse(word)) === key.format(key.default)) return [];
    } catch (error) {
      if (error instanceof ConfigValueError) return [];
      throw error;
    }
    const file = `[${section}]\n${name} = ${word}\n`;
    return readConfig(file).valid ? [file] : [];
  })[0];
}

const text = (value: unknown) =>
  JSON.stringify(value, (_, each) => typeof each === "bigint" ? `${each}n` : each);

/** What programs and GPUs are told of a configuration. */
function policiesOf(config: Config): string {
  const { gpus: policies, warnings } = gpuPolicies(config, gpus(3));
  const parts = [schedulerBase, placementRules, powerPolicy].map((part) => part(config, policies));
  return text([parts, warnings]);
}

/** What the API is opened with. */
function serverOf(config: Config): string {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-keys-" });
  try {
    Deno.writeTextFileSync(join(directory, "http.token"), "0123456789abcdef", { mode: 0o600 });
    return text(serverOptions(config, directory));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** By section, a part of the service that is another with another value of any of its keys. */
const PARTS: Readonly<Record<string, (config: Config) => string>> = {
  core: policiesOf,
  gpu_0: policiesOf,
  single: policiesOf,
  compute_offload: policiesOf,
  power: policiesOf,
  http: serverOf,
  history: (config) => text([retention(config), config.history.enabled, config.history.path]),
};

/** Keys whose value alone would mean nothing, or is no text of the list. */
const WHOLE: Readonly<Record<string, string>> = {
  "core.gpu_count": "[core]\ngpu_count = 1\n",
  "core.gpu_indices": "[core]\ngpu_indices = 1\n",
  "gpu_0.type": "[gpu_0]\ntype = amd\npriority = 9\n",
  "http.listen": "[http]\nlisten = 127.0.0.1:1\n",
  "http.token_file": "[http]\ntoken_file = TOKEN\n",
  "http.tls_certificate": "[http]\ntls_certificate = TOKEN\ntls_key = TOKEN\n",
  "http.tls_key": "[http]\ntls_certificate = TOKEN\ntls_key = TOKEN\n",
};

const SECTION_KEYS = Object.entries({ ...SECTIONS, gpu_0: GPU_SECTION }).flatMap(
  ([section, { keys }]) =>
    Object.entries(keys as Readonly<Record<string, AnyKey>>).map(([name, key]) =>
      [section, name, key] as const
    ),
);

/** A text that sets a key to another value than its default. */
function settingOf(section: string, name: string, key: AnyKey): string {
  const file = WHOLE[`${section}.${name}`] ?? settingAlone(section, name, key);
  assert.ok(file !== undefined, `[${section}] ${name}: no value to try`);
  return file;
}

/** Reads the file's text, with the name of a token's file in it. */
function configOf(given: string, token: string) {
  const { config, problems } = readConfig(given.replaceAll("TOKEN", token));
  assert.deepEqual(problems.filter(({ severity }) => severity === "error"), [], given);
  return { config, problems };
}

Deno.test("every key of mvgal.conf reaches a part of the service, or is answered with a warning", () => {
  const token = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(token, "abcdef0123456789");
    Deno.chmodSync(token, 0o600);
    for (const [section, name, key] of SECTION_KEYS) {
      const what = `[${section}] ${name}`;
      const { config, problems } = configOf(settingOf(section, name, key), token);
      if (problems.some(({ message }) => /has no effect yet/.test(message))) continue;
      const part = PARTS[section];
      if (part === undefined) {
        const isLive = LIVE.some(([given]) => given.startsWith(`[${section}]\n${name} `));
        // Those of a GPU's health are one object, which its tests go through.
        assert.ok(isLive || section === "health" || ELSEWHERE.includes(what), what);
        continue;
      }
      assert.notEqual(part(config), part(configOf("", token).config), what);
    }
  } finally {
    Deno.removeSync(token);
  }
});

/** Keys whose effect other tests see. */
const ELSEWHERE: readonly string[] = [
  // tests/daemon/faults/hotplug_test.ts
  "[daemon] rescan_s",
];

const healthOf = async ({ client }: Running) =>
  (await client.get<{ service: ServiceHealth }>("/api/v1/health")).service;
const schedulerOf = ({ client }: Running) => client.get<SchedulerView>("/api/v1/scheduler");
const statusOf = ({ client }: Running) => client.get<StatusDocument>("/api/v1/status");
const logsOf = async ({ client }: Running) =>
  (await client.get<{ lines: { level: string }[] }>("/api/v1/logs?limit=1000")).lines;

/** What is seen of a running service with a key. `DIR` is a directory of its own. */
const LIVE: readonly (readonly [string, (service: Running) => Promise<void>])[] = [
  ["[core]\ndefault_strategy = afr\n", async (it) => {
    assert.equal((await schedulerOf(it)).strategy, "afr");
  }],
  ["[core]\ngpu_count = 1\n", async (it) => {
    assert.deepEqual((await schedulerOf(it)).gpus.map(({ enabled }) => enabled), [true, false]);
  }],
  ["[core]\ngpu_indices = 1\n", async (it) => {
    assert.deepEqual((await schedulerOf(it)).gpus.map(({ enabled }) => enabled), [false, true]);
  }],
  ["[gpu_1]\nenabled = false\npriority = 9\n", async (it) => {
    const [, second] = (await schedulerOf(it)).gpus;
    assert.deepEqual([second?.enabled, second?.priority], [false, 9]);
  }],
  ["[log]\nlevel = error\n", async (it) => assert.deepEqual(await logsOf(it), [])],
  ["[log]\nlines = 100\n", async (it) => {
    for (let i = 0; i < 120; i++) await it.client.put("/api/v1/scheduler", { strategy: "task" });
    assert.equal((await logsOf(it)).length, 100);
  }],
  ["[daemon]\ninterval_ms = 250\n", async (it) => {
    assert.equal((await healthOf(it)).interval_ms, 250);
  }],
  ["[daemon]\nprocesses = false\n", async (it) => {
    assert.equal((await statusOf(it)).processes, undefined);
  }],
  ["[daemon]\nsocket = DIR/other.sock\n", async ({ directory }) => {
    const other = new ServiceClient(join(directory, "other.sock"));
    assert.ok((await other.get<{ service: ServiceHealth }>("/api/v1/health")).service.ready);
  }],
  ["[daemon]\nsocket_group = daemon\n", ({ client, directory }) => {
    const { gid } = Deno.lstatSync(client.path);
    // For users other than root the group is that of their files.
    const wanted = Deno.uid() === 0 ? groupId("daemon") ?? 0 : Deno.lstatSync(directory).gid;
    assert.equal(gid, wanted);
    return Promise.resolve();
  }],
  ["[history]\nenabled = false\n", async ({ client }) => {
    await assert.rejects(client.get("/api/v1/history"), /\[history\] enabled is false/);
  }],
  ["[history]\npath = DIR/kept.db\n", async ({ client, directory }) => {
    await client.get("/api/v1/history");
    assert.ok(Deno.statSync(join(directory, "kept.db")).isFile);
  }],
  ["[health]\ntemperature_warning_c = 40\nraise_samples = 1\n", async (it) => {
    const [first] = (await statusOf(it)).health?.gpus ?? [];
    assert.ok(first?.findings.some(({ id }) => id === "temperature_high"), text(first));
  }],
];

for (const [given, check] of LIVE) {
  const name = given.trim().replaceAll("\n", " ");
  Deno.test(`${name} has its effect in the service`, async () => {
    const directory = Deno.makeTempDirSync({ prefix: "mvgal-keys-" });
    try {
      const sysroot = join(directory, "sysroot");
      for (const dump of ["rx7900xtx", "rx6600"]) {
        cpSync(join(DUMPS, dump), sysroot, { recursive: true });
      }
      const path = join(directory, "mvgal.conf");
      Deno.writeTextFileSync(path, `[http]\nlisten =\n${given.replaceAll("DIR", directory)}`);
      const known: Record<string, string> = {
        STATE_DIRECTORY: join(directory, "state"),
        XDG_STATE_HOME: directory,
        MVGAL_RUNTIME_DIR: directory,
      };
      const env = (wanted: string) => known[wanted];
      const socket = given.includes("socket =") ? undefined : join(directory, "mvgal.sock");
      await using _daemon = await runDaemon({
        version: "0",
        config: new LiveConfig({ option: path, env }),
        env,
        sysroot: new Sysroot(sysroot),
        sink: () => {},
        command: () => [],
        socket,
      });
      await check({ client: new ServiceClient(join(directory, "mvgal.sock")), directory });
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}
