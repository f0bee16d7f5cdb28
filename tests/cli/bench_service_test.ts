/** `mvgal bench` beside a service. */

import assert from "node:assert/strict";
import type { BenchRunView } from "../../lib/daemon/service_api.ts";
import { FakeService } from "../daemon/fake_service.ts";
import { configPath, ServiceProcess, whyNoService } from "../daemon/service_process.ts";
import { SocketPlace } from "./served.ts";

/** Choices that measure nothing on any host, so that a run which is not refused ends at once. */
const NOTHING = ["bench", "memory.read", "--gpu", "!all"];

Deno.test("mvgal bench is refused while the service measures, but with --direct, and to list", async () => {
  using place = new SocketPlace();
  const service = new FakeService({ gpus: 1 });
  await using _ = await place.serve(service);
  const refused = async (args: string[]) => {
    const { status, stderr } = await place.mvgal(args);
    const isRefused = /the service is measuring/.test(stderr);
    if (isRefused) {
      assert.equal(status, 1);
      assert.match(stderr, /^mvgal: [^\n]*\(run [0-9a-f-]{36}, 0 of 1 done\)[^\n]*--direct\n$/);
    }
    return isRefused;
  };
  assert.equal(await refused(NOTHING), false);
  const run = service.startBench({});
  assert.equal(await refused(NOTHING), true);
  assert.equal(await refused(["bench", "pool", "--kernel", "saxpy"]), true);
  assert.equal(await refused([...NOTHING, "--direct"]), false);
  assert.equal(await refused([...NOTHING, "--list"]), false);
  service.cancelBench(run.id);
  assert.equal(await refused(NOTHING), false);
});

const NO_SERVICE = whyNoService();

Deno.test({
  name: "mvgal bench of the service itself measures while the service says that it is measuring" +
    (NO_SERVICE === undefined ? "" : ` (skipped: ${NO_SERVICE})`),
  ignore: NO_SERVICE !== undefined,
  async fn() {
    using place = new SocketPlace();
    const { directory } = place;
    const config = Deno.readTextFileSync(configPath(directory));
    await using service = await ServiceProcess.start({
      directory,
      config,
      env: { MVGAL_CONFIG: configPath(directory) },
    });
    const { client } = service;
    const { id } = await client.post<BenchRunView>("/api/v1/bench", {
      select: ["host.copy_one_core"],
      quick: true,
    });
    for (;;) {
      const run = (await client.get<BenchRunView[]>("/api/v1/bench")).find((each) =>
        each.id === id
      );
      if (run?.state === "running") {
        const other = await place.mvgal(NOTHING);
        // It may have ended in between.
        if (other.status !== 0) {
          assert.match(other.stderr, /the service is measuring|leaves no GPU/);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      assert.equal(run?.error, null);
      assert.equal(run?.state, "done");
      break;
    }
  },
});
