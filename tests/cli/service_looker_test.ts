import assert from "node:assert/strict";
import { join } from "node:path";
import { findService, type FoundService } from "../../lib/cli/service_host.ts";
import { openServiceLooker } from "../../lib/cli/service_looker.ts";
import { openServer } from "../../lib/daemon/http/server.ts";
import { parseGpuSelector } from "../../lib/gpu/selector.ts";
import { STATUS_SCHEMA, type StatusDocument } from "../../lib/render/status_document.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import type { Looker, LookOptions } from "../../lib/telemetry/looker.ts";
import { FakeService } from "../daemon/fake_service.ts";

const OPTIONS: LookOptions = { sysroot: new Sysroot(), processes: true, health: "course" };

/** A service at a socket of its own. */
async function served() {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-looker-" });
  const path = join(directory, "mvgal.sock");
  const service = new FakeService();
  service.tick();
  const server = await openServer({
    service,
    unix: { path, mode: 0o600, group: null },
    processMetrics: false,
    bodyLimit: 1 << 20,
    log: () => {},
  });
  return {
    service,
    server,
    find: () => findService(() => undefined, path),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      Deno.removeSync(directory, { recursive: true });
    },
  };
}

/** Looks without a service. */
class DirectLooker implements Looker {
  readonly gpus = [];
  closed = 0;
  look(): StatusDocument {
    return { schema: STATUS_SCHEMA, at: "direct", interval_ms: null, gpus: [] };
  }
  [Symbol.dispose]() {
    this.closed++;
  }
}

const SILENT = { isTerminal: false, color: false, columns: 80, write: () => {} };
const never = () => Promise.reject(new Error("not to be opened"));
const environment = { env: () => undefined, stderr: SILENT };

Deno.test("openServiceLooker() shows what the service saw, of the GPUs that are wanted", async () => {
  await using host = await served();
  using all = await openServiceLooker(environment, OPTIONS, never, host.find);
  const status = host.service.status();
  assert.ok(all && status);
  const seen = all.look();
  assert.deepEqual(seen.gpus, status.gpus);
  assert.deepEqual(seen.processes, status.processes);
  assert.equal(seen.health?.gpus.length, status.gpus.length);
  assert.equal(all.look(false).processes, undefined);
  const selector = parseGpuSelector("1");
  using one = await openServiceLooker(environment, { ...OPTIONS, selector }, never, host.find);
  const looked = one?.look();
  assert.deepEqual(looked?.gpus.map(({ index }) => index), [1]);
  assert.ok(looked?.processes?.every(({ gpu }) => gpu === looked.gpus[0]?.id));
});

Deno.test("openServiceLooker() leaves out programs and health where they are not wanted", async () => {
  await using host = await served();
  const { sysroot } = OPTIONS;
  using looker = await openServiceLooker(
    environment,
    { sysroot, processes: false },
    never,
    host.find,
  );
  const { processes, partial, health } = looker?.look() ?? {};
  assert.deepEqual([processes, partial, health], [undefined, undefined, undefined]);
});

Deno.test("openServiceLooker() follows the service, and goes on without it", async () => {
  await using host = await served();
  const own = new DirectLooker();
  const looker = await openServiceLooker(
    environment,
    OPTIONS,
    () => Promise.resolve(own),
    host.find,
  );
  assert.ok(looker);
  const used = () => looker.look().gpus[0]?.vram_used_bytes;
  const first = used();
  host.service.tick();
  while (used() === first) await new Promise((resolve) => setTimeout(resolve, 10));
  await host.server[Symbol.asyncDispose]();
  while (looker.look().at !== "direct") await new Promise((resolve) => setTimeout(resolve, 10));
  looker[Symbol.dispose]();
  assert.equal(own.closed, 1);
});

Deno.test("openServiceLooker() gives nothing where no service runs, or it looks too seldom", async () => {
  const nobody = () => Promise.resolve(undefined);
  assert.equal(await openServiceLooker(environment, OPTIONS, never, nobody), undefined);
  await using host = await served();
  const found = await host.find();
  assert.ok(found);
  for (const health of [{ interval_ms: 60_000 }, { ready: false }]) {
    const seldom: FoundService = { ...found, health: { ...found.health, ...health } };
    const findSeldom = () => Promise.resolve(seldom);
    assert.equal(await openServiceLooker(environment, OPTIONS, never, findSeldom), undefined);
  }
});
