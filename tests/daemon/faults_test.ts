/** What becomes of the service, and of what it keeps, when things around it go wrong. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { readHistory } from "../../lib/daemon/history/reader.ts";
import type { ConfigView, LogLine, SchedulerView } from "../../lib/daemon/service_api.ts";
import {
  configPath,
  ServiceProcess,
  type ServiceProcessOptions,
  statePath,
  whyNoService,
} from "./service_process.ts";

/** More of them by `deno task soak:daemon`. */
const KILLS = Number(Deno.env.get("MVGAL_DAEMON_KILLS") ?? 3);

/** A service that was told to end has this long, in ms: its answers have five seconds. */
const END_MS = 6000;

const SYSROOT = join(import.meta.dirname ?? ".", "..", "fixtures", "sysroots", "rx7900xtx");

const NO_SERVICE = whyNoService();

/** A test with a directory of its own, skipped where no service can be started. */
function faultTest(
  name: string,
  run: (options: ServiceProcessOptions) => Promise<void>,
  skip: string | undefined = NO_SERVICE,
): void {
  Deno.test({
    name: skip === undefined ? name : `${name} (skipped: ${skip})`,
    ignore: skip !== undefined,
    async fn() {
      const directory = Deno.makeTempDirSync({ prefix: "mvgal-faults-" });
      try {
        const config = "[http]\nlisten =\n[daemon]\ninterval_ms = 100\n";
        await run({ directory, sysroot: SYSROOT, config });
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    },
  });
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

async function logOf({ client }: ServiceProcess): Promise<string> {
  const { lines } = await client.get<{ lines: LogLine[] }>("/api/v1/logs?limit=1000");
  return lines.map(({ level, part, text }) => `${level} ${part}: ${text}`).join("\n");
}

/** Asks and changes without a pause, until it is disposed; counts what was answered. */
class Traffic implements AsyncDisposable {
  answered = 0;
  /** The last change that was answered. */
  priority: number | undefined;
  /** The last that was sent. */
  sent: number | undefined;
  readonly #running: Promise<void>[];
  #isOver = false;

  constructor(service: ServiceProcess) {
    const paths = ["gpus", "status", "history?metric=power_w", "logs", "processes"];
    this.#running = paths.map((path) =>
      this.#again(async () => void await service.client.get(`/api/v1/${path}`))
    );
    let priority = 0;
    this.#running.push(this.#again(async () => {
      priority = (priority + 1) % 100;
      this.sent = priority;
      await service.client.put("/api/v1/scheduler", { gpus: [{ id: "0", priority }] });
      this.priority = priority;
    }));
  }

  async #again(ask: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        await ask();
        this.answered++;
      } catch {
        // It was killed, or has ended.
        await wait(5);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }
}

faultTest(
  "runDaemon() goes on with the same state when it is killed under load",
  async (options) => {
    const path = join(statePath(options.directory), "history.db");
    let looked: number | undefined;
    for (let kill = 0; kill < KILLS; kill++) {
      const began = Date.now();
      await using service = await ServiceProcess.start(options);
      if (looked !== undefined) {
        const from = new Date(looked).toISOString();
        const { series } = await service.client.get<{ series: { points: unknown[] }[] }>(
          `/api/v1/history?metric=vram_used_bytes&from=${from}`,
        );
        assert.ok(series.length > 0, "the history of before the kill is there");
      }
      const before = await service.client.get<SchedulerView>("/api/v1/scheduler");
      assert.ok(before.gpus.length > 0, "it knows its GPUs as soon as it is ready");
      await using traffic = new Traffic(service);
      // More than the time after which the history is written now and then.
      await wait(300 + 137 * (kill % 8));
      assert.ok(traffic.answered > 0, "it was under load");
      await service.kill();
      looked ??= began;
      await traffic[Symbol.asyncDispose]();
      const { priority, sent } = traffic;
      await using next = await ServiceProcess.start(options);
      const after = await next.client.get<SchedulerView>("/api/v1/scheduler");
      const found = after.gpus[0]?.priority;
      // The one that was being made when it was killed may be made or not.
      assert.ok(
        found === priority || found === sent,
        `priority ${found}: ${priority} was answered, ${sent} sent, ${
          before.gpus[0]?.priority
        } before`,
      );
      const { service: { degraded } } = await next.client.get<{
        service: { degraded: Record<string, string> };
      }>("/api/v1/health");
      assert.deepEqual(degraded, {});
      assert.doesNotMatch(await logOf(next), /damaged|corrupt|error/);
    }
    const files = Array.from(Deno.readDirSync(statePath(options.directory)), ({ name }) => name);
    assert.deepEqual(files.filter((name) => /corrupt|damaged/.test(name)), []);
    const view = await readHistory(path, { metrics: ["vram_used_bytes"] }, {
      now: Date.now(),
      most_points: 1000,
    });
    assert.ok(view.series.length > 0);
  },
);

faultTest("runDaemon() keeps its configuration while the file is broken", async (options) => {
  await using service = await ServiceProcess.start(options);
  const reload = () => service.client.post<ConfigView>("/api/v1/config/reload");
  const interval = async () =>
    (await service.client.get<{ service: { interval_ms: number } }>("/api/v1/health")).service
      .interval_ms;
  for (const broken of ["[daemon]\ninterval_ms = soon\n", "[daemon\n", "\0\xff"]) {
    Deno.writeTextFileSync(configPath(options.directory), broken);
    const { problem } = await reload();
    assert.match(problem ?? "", /mvgal\.conf/, JSON.stringify(broken));
    assert.equal(await interval(), 100);
  }
  assert.match(await logOf(service), /error config: not taken, the one before stays/);
  Deno.removeSync(configPath(options.directory));
  await reload();
  Deno.writeTextFileSync(configPath(options.directory), "[daemon]\ninterval_ms = 200\n");
  assert.equal((await reload()).problem, null);
  assert.equal(await interval(), 200);
});

faultTest("runDaemon() serves its socket where the port is taken", async (options) => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const config = `[http]\nlisten = 127.0.0.1:${other.addr.port}\n`;
  await using service = await ServiceProcess.start({ ...options, config });
  assert.match(await logOf(service), /error http: 127\.0\.0\.1:\d+: the port is taken: set/);
});

faultTest("runDaemon() refuses a socket that another serves, and leaves it", async (options) => {
  await using first = await ServiceProcess.start(options);
  const directory = join(options.directory, "second");
  Deno.mkdirSync(directory);
  const second = ServiceProcess.spawn({ ...options, directory, socket: first.socket });
  const { code } = await second.ended();
  assert.equal(code, 1);
  assert.match(second.log(), /another service of mvgal is there/);
  await first.client.get("/api/v1/gpus");
});

faultTest("runDaemon() refuses a socket's path where a file is, and leaves it", async (options) => {
  const socket = join(options.directory, "file");
  Deno.writeTextFileSync(socket, "kept");
  const service = ServiceProcess.spawn({ ...options, socket });
  assert.equal((await service.ended()).code, 1);
  assert.match(service.log(), /is no socket: remove it, or choose another/);
  assert.equal(Deno.readTextFileSync(socket), "kept");
});

faultTest("runDaemon() takes the place of a socket that nobody serves", async (options) => {
  {
    await using service = await ServiceProcess.start(options);
    await service.kill();
    assert.ok(Deno.lstatSync(service.socket).isSocket);
  }
  await using service = await ServiceProcess.start(options);
  await service.client.get("/api/v1/gpus");
});

faultTest(
  "runDaemon() goes on without a history where the disk is full, and says so",
  async (options) => {
    await using service = await ServiceProcess.start({ ...options, stateMiB: 1 });
    const until = performance.now() + 30_000;
    let degraded: Record<string, string> = {};
    // What fills it first is of no matter: a megabyte is not enough for the history's own files.
    const root = `/proc/${service.pid}/root/var/lib/mvgal/filler`;
    using filler = Deno.openSync(root, { write: true, create: true });
    try {
      for (;;) filler.writeSync(new Uint8Array(4096));
    } catch {
      // It is full.
    }
    while (performance.now() < until && degraded["history"] === undefined) {
      await wait(100);
      const health = await service.client.get<{ service: { degraded: Record<string, string> } }>(
        "/api/v1/health",
      );
      degraded = health.service.degraded;
    }
    assert.match(degraded["history"] ?? "", /full|space/);
    const { at } = await service.client.get<{ at: string }>("/api/v1/status");
    await wait(300);
    assert.notEqual((await service.client.get<{ at: string }>("/api/v1/status")).at, at);
    // Changes hold while it runs.
    const { gpus } = await service.client.put<SchedulerView>("/api/v1/scheduler", {
      gpus: [{ id: "0", priority: 7 }],
    });
    assert.equal(gpus[0]?.priority, 7);
  },
  NO_SERVICE ?? (Deno.uid() === 0 ? undefined : "only root can make a file system of 1 MiB"),
);

faultTest(
  "runDaemon() ends in time at SIGTERM while it is asked and listened to",
  async (options) => {
    await using service = await ServiceProcess.start(options);
    await using _traffic = new Traffic(service);
    using listener = await Deno.connect({ transport: "unix", path: service.socket });
    await listener.write(
      new TextEncoder().encode("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    );
    await listener.read(new Uint8Array(1024));
    await wait(300);
    service.signal("SIGTERM");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) =>
      timer = setTimeout(() => resolve("late"), END_MS)
    );
    const status = await Promise.race([service.ended(), late]);
    clearTimeout(timer);
    assert.ok(status !== "late", `it has not ended: ${service.log()}`);
    assert.equal(status.code, 0, service.log());
    assert.match(service.log(), /daemon: ending\n/);
  },
);
