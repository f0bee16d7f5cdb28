/** What becomes of the service, and of what it keeps, when it is killed or told to end. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { readHistory } from "../../../lib/daemon/history/reader.ts";
import type { SchedulerView } from "../../../lib/daemon/service_api.ts";
import { ServiceProcess, statePath } from "../service_process.ts";
import { faultTest, logOf, wait } from "./fault.ts";
import { Traffic } from "./traffic.ts";

/** More of them by `deno task soak:daemon`. */
const KILLS = Number(Deno.env.get("MVGAL_DAEMON_KILLS") ?? 3);

/** A service that was told to end has this long, in ms: its answers have five seconds. */
const END_MS = 6000;

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
          `/api/v1/history?metric=temperature_c&from=${from}`,
        );
        assert.ok((series[0]?.points.length ?? 0) > 0, "the history of before the kill is there");
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
    const view = await readHistory(path, { metrics: ["temperature_c"] }, {
      now: Date.now(),
      most_points: 1000,
    });
    assert.ok((view.series[0]?.points.length ?? 0) > 0);
  },
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
