/** A configuration that breaks, a port and a socket that are taken. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { ConfigView, ServiceHealth } from "../../../lib/daemon/service_api.ts";
import { capture } from "../../cli/capture.ts";
import { configPath, ServiceProcess } from "../service_process.ts";
import { faultTest, logOf } from "./fault.ts";

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
  const health = await service.client.get<{ service: ServiceHealth }>("/api/v1/health");
  assert.match(health.service.degraded.http ?? "", /the port is taken: set/);
  const { stderr } = await capture(["start", "--socket", service.socket]);
  assert.match(
    stderr,
    /^mvgal: http does not work: 127\.0\.0\.1:\d+: the port is taken: [^\n]+\n$/,
  );
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
