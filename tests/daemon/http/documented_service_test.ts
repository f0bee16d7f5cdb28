/** What a real service tells of real GPUs, held against the API's own document. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { BenchRunView } from "../../../lib/daemon/service_api.ts";
import { discover } from "../../../lib/discovery/mod.ts";
import { inventoryDocument } from "../../../lib/discovery/inventory.ts";
import { Sysroot } from "../../../lib/sysfs/sysroot.ts";
import { openLooker } from "../../../lib/telemetry/looker.ts";
import { ServiceProcess, whyNoService } from "../service_process.ts";
import { type ApiDocument, Documented } from "./documented.ts";
import { documentOf, fixture } from "./fixture.ts";
import { messagesOf } from "./messages.ts";

const SYSROOTS = join(import.meta.dirname ?? ".", "..", "..", "fixtures", "sysroots");

const SYSROOT_NAMES = [...Deno.readDirSync(SYSROOTS)].filter(({ isDirectory }) => isDirectory)
  .map(({ name }) => name).sort();

const API = "/api/v1";

const CONFIG = "[http]\nlisten =\n[daemon]\ninterval_ms = 100\n[power]\nenabled = true\n";

const NO_SERVICE = whyNoService();

/** Asks a service over its socket. */
function asking(service: ServiceProcess, client: Deno.HttpClient) {
  return (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`http://localhost${path}`, {
      method,
      client,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    }).catch((error) => Promise.reject(new Error(`${path}: ${error}: ${service.log()}`)));
}

for (const dump of ["rx7900xtx", "b580"]) {
  const name = `a service before ${dump} answers as its document says, and with nothing else`;
  Deno.test({
    name: NO_SERVICE === undefined ? name : `${name} (skipped: ${NO_SERVICE})`,
    ignore: NO_SERVICE !== undefined,
    async fn() {
      const directory = Deno.makeTempDirSync({ prefix: "mvgal-documented-" });
      try {
        const sysroot = join(SYSROOTS, dump);
        await using service = await ServiceProcess.start({ directory, sysroot, config: CONFIG });
        using client = Deno.createHttpClient({
          proxy: { transport: "unix", path: service.socket },
        });
        await holdAll(asking(service, client));
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    },
  });
}

/** Asks for everything, and changes what can be changed. */
async function holdAll(ask: ReturnType<typeof asking>): Promise<void> {
  const api = new Documented(await documentOf<ApiDocument>(await ask("GET", "/openapi.json")));
  const check = async (method: string, path: string, body?: unknown) =>
    await api.answer(method, API + path, await ask(method, API + path, body));
  const stream = await ask("GET", `${API}/events`);
  const [gpu] = await check("GET", "/gpus") as { id: string }[];
  assert.ok(gpu);
  for (const operation of api.operations()) {
    const [, path = ""] = /^GET (?!.*(?:\{|events$))(.*)$/.exec(operation) ?? [];
    if (path !== "") await check("GET", path.slice(API.length));
  }
  await check("GET", `/gpus/${gpu.id}`);
  await check("GET", `/control/${gpu.id}`);
  await check("PUT", "/scheduler", { strategy: "afr", gpus: [{ id: gpu.id, priority: 60 }] });
  await check("POST", "/stats/reset");
  await check("POST", "/config/reload");
  for (const group of ["power", "clocks", "fan", "profile", "park"]) {
    await check("POST", "/control/plan", { gpu: gpu.id, group, values: { power_cap_w: null } });
    await check("POST", `/control/${gpu.id}/${group}/confirm`);
  }
  const run = await check("POST", "/bench", { select: ["host.read"], quick: true }) as BenchRunView;
  // Its end is the last that happens.
  for await (const message of messagesOf(stream)) {
    api.event(message);
    if (message.event === "bench" && !/"state":"running"/.test(message.data ?? "")) break;
  }
  for (const kind of ["sample", "scheduler", "config", "log", "bench"]) {
    assert.ok(api.happened.has(kind), `no ${kind}`);
  }
  await check("GET", `/bench/${run.id}`);
  await check("GET", "/bench");
  await check("GET", "/logs?limit=1000");
  await check("GET", "/history?metric=power_w,temperature_c");
  // What a dump refuses to change is answered as a problem.
  const rest = api.operations().filter((each) =>
    !api.answered.has(each) && !each.startsWith(`POST ${API}/control/`)
  );
  assert.deepEqual(rest.sort(), [`DELETE ${API}/bench/{run}`, `GET ${API}/events`]);
}

for (const dump of SYSROOT_NAMES) {
  Deno.test(`what is told of ${dump} is as the API's document says`, async () => {
    const { ask } = fixture();
    const api = new Documented(await documentOf<ApiDocument>(await ask("GET", "/openapi.json")));
    const sysroot = new Sysroot(join(SYSROOTS, dump));
    api.named("Inventory", inventoryDocument(discover({ sysroot })));
    using looker = await openLooker({ sysroot, processes: true, health: "once" });
    // The second look has shares and rates.
    for (const look of [looker.look(), looker.look()]) api.named("Status", look);
  });
}
