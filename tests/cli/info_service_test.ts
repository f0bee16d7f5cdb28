/** `mvgal info` through a service that runs, and without. */

import assert from "node:assert/strict";
import { VERSION } from "../../lib/cli/version.ts";
import { inventoryDocument } from "../../lib/discovery/inventory.ts";
import type { SourceOutcome } from "../../lib/discovery/mod.ts";
import { FakeService } from "../daemon/fake_service.ts";
import {
  configPath,
  FROM_SOURCES,
  ServiceProcess,
  whyNoService,
} from "../daemon/service_process.ts";
import { SocketPlace } from "./served.ts";

const NO_SERVICE = whyNoService();

/** A service that has asked a library for its GPUs. */
class Knowing extends FakeService {
  override version = VERSION;
  outcome: Partial<SourceOutcome> = {};

  override inventory() {
    const nvml: SourceOutcome = {
      name: "nvml",
      reads: "library",
      state: "ok",
      reason: null,
      devices: this.listed.length,
      note: null,
      ...this.outcome,
    };
    return inventoryDocument({ gpus: this.listed, sources: [nvml], notes: [] });
  }
}

Deno.test("mvgal info shows what the service knows, of the GPUs that are wanted", async () => {
  using place = new SocketPlace();
  const service = new Knowing({ gpus: 5 });
  await using _ = await place.serve(service);
  assert.equal((await place.mvgal(["info", "--count"])).stdout, "5\n");
  const { status, stdout, stderr } = await place.mvgal(["info", "--json", "--gpu", "amd"]);
  assert.deepEqual([status, stderr], [0, ""]);
  const document = JSON.parse(stdout);
  assert.deepEqual(document.gpus.map(({ index }: { index: number }) => index), [1, 3]);
  assert.equal(document.logical_device.vram_unknown.length, 2);
});

Deno.test("mvgal info looks itself with --direct, --wake, --sysroot and a variable that chooses devices", async () => {
  using place = new SocketPlace();
  const service = new Knowing({ gpus: 5 });
  await using _ = await place.serve(service);
  const count = async (args: string[], env: Record<string, string> = {}) =>
    (await place.mvgal(["info", "--count", ...args], env)).stdout;
  assert.equal(await count([]), "5\n");
  assert.notEqual(await count(["--direct"]), "5\n");
  assert.notEqual(await count(["--wake"]), "5\n");
  assert.notEqual(await count([], { CUDA_VISIBLE_DEVICES: "0" }), "5\n");
  assert.equal(await count(["--sysroot", place.directory]), "0\n");
});

Deno.test("mvgal info takes no inventory that lacks the libraries, or is another host's", async () => {
  using place = new SocketPlace();
  const service = new Knowing({ gpus: 5 });
  await using _ = await place.serve(service);
  const isAsked = async () => {
    const { stdout, stderr } = await place.mvgal(["info", "--count"]);
    assert.equal(stderr, "");
    return stdout === "5\n";
  };
  assert.equal(await isAsked(), true);
  service.outcome = { reads: "files" };
  assert.equal(await isAsked(), false);
  service.outcome = { state: "skipped", reason: "it would wake a GPU" };
  assert.equal(await isAsked(), false);
  service.outcome = {};
  service.sysroot = "/tmp/dump";
  assert.equal(await isAsked(), false);
});

Deno.test("mvgal info goes on silently where a socket was left behind", async () => {
  using place = new SocketPlace();
  {
    using listener = Deno.listen({ transport: "unix", path: place.socket });
    void listener;
  }
  const { status, stderr } = await place.mvgal(["info", "--count"]);
  assert.deepEqual([status, stderr], [0, ""]);
});

for (
  const [what, body, status, why] of [
    ["no JSON", "hello", 200, /answers no JSON \(status 200\)/],
    ["another's JSON", "{}", 200, /is no service of mvgal/],
    ["an error", '{"detail": "it is broken"}', 500, /it is broken/],
    [
      "another version",
      '{"service": {"pid": 1, "version": "9", "sysroot": null}}',
      200,
      /version 9/,
    ],
    [
      "another inventory",
      JSON.stringify({ service: { pid: 1, version: VERSION, sysroot: null } }),
      200,
      /gives undefined as its inventory/,
    ],
  ] as const
) {
  Deno.test(`mvgal info says in one line that the service answers ${what}, and goes on`, async () => {
    using place = new SocketPlace();
    await using _ = place.answer(body, status);
    const told = await place.mvgal(["info", "--count"]);
    assert.equal(told.status, 0);
    assert.match(told.stdout, /^\d+\n$/);
    assert.match(told.stderr, /^mvgal: [^\n]*; going on without it\n$/);
    assert.match(told.stderr, why);
  });
}

Deno.test({
  name: "mvgal info prints the same bytes through a service as without" +
    (NO_SERVICE === undefined ? "" : ` (skipped: ${NO_SERVICE})`),
  ignore: NO_SERVICE !== undefined,
  async fn() {
    using place = new SocketPlace();
    const { directory } = place;
    const config = Deno.readTextFileSync(configPath(directory));
    await using service = await ServiceProcess.start({ directory, config });
    // The libraries are asked by a process of its own.
    for (;;) {
      const { sources } = await service.client.get<{ sources: SourceOutcome[] }>(
        "/api/v1/inventory",
      );
      if (sources.some(({ reads }) => reads === "library")) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const mvgal = (args: string[]) => {
      const [program = "", ...rest] = FROM_SOURCES;
      const { code, stdout, stderr } = new Deno.Command(program, {
        args: [...rest, "info", ...args],
        env: { MVGAL_CONFIG: configPath(directory) },
      }).outputSync();
      const decoder = new TextDecoder();
      return [code, decoder.decode(stdout), decoder.decode(stderr)];
    };
    for (const args of [["--json"], ["--apis", "--topology"], ["--json", "--gpu", "software"]]) {
      assert.deepEqual(mvgal(args), mvgal([...args, "--direct"]));
    }
  },
});
