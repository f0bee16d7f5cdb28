/** `mvgal config` with a service that runs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { SchedulerView, ServiceHealth } from "../../lib/daemon/service_api.ts";
import { configPath, ServiceProcess, whyNoService } from "../daemon/service_process.ts";
import { SocketPlace } from "./served.ts";

const NO_SERVICE = whyNoService();

Deno.test({
  name: "mvgal config changes the file and the service that runs" +
    (NO_SERVICE === undefined ? "" : ` (skipped: ${NO_SERVICE})`),
  ignore: NO_SERVICE !== undefined,
  async fn() {
    using place = new SocketPlace();
    const { directory } = place;
    const file = configPath(directory);
    const config = Deno.readTextFileSync(file);
    await using service = await ServiceProcess.start({ directory, config });
    const { client } = service;
    const strategy = async () => (await client.get<SchedulerView>("/api/v1/scheduler")).strategy;
    const health = async () =>
      (await client.get<{ service: ServiceHealth }>("/api/v1/health")).service;
    const run = async (...args: string[]) => {
      const { status, stdout, stderr } = await place.mvgal(["config", ...args]);
      assert.equal(status, 0, stderr);
      return stdout + stderr;
    };
    assert.match(await run("set-strategy", "afr"), /service does so from now on\n$/);
    assert.equal(await strategy(), "afr");
    // What the file says already is done where the service has something else.
    await client.put("/api/v1/scheduler", { strategy: "sfr" });
    assert.match(await run("set-strategy", "afr"), /is afr already\n.*from now on\n$/);
    assert.equal(await strategy(), "afr");
    assert.match(await run("set-strategy", "task", "--direct"), /it was afr\n$/);
    assert.equal(await strategy(), "afr");
    assert.match(
      await run("set", "daemon.interval_ms", "400"),
      /takes it with mvgal config reload/,
    );
    assert.equal((await health()).interval_ms, 1000);
    await run("reload");
    assert.equal((await health()).interval_ms, 400);
    assert.equal(await strategy(), "task");
    const other = join(directory, "other.conf");
    const told = await run("set-strategy", "sfr", "--config", other);
    assert.ok(told.endsWith(`the running service reads ${file}, and is left as it is\n`), told);
    assert.equal(await strategy(), "task");
    while ((await health()).samples < 5) await new Promise((resolve) => setTimeout(resolve, 50));
    await run("reset-stats");
    assert.ok((await health()).samples < 5);
  },
});
