/**
 * What `deno task check:cuda` tries on a GPU, over a driver of the tests' own: the ways of its API, and the
 * processes that race for the memory of a group.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { byMvgal, type Launcher } from "../../scripts/cuda/launcher.ts";
import { outcomeOf, type Setting, tableOf, tryWays } from "../../scripts/cuda/matrix.ts";
import { killSome, race } from "../../scripts/cuda/races.ts";
import { driverWays, findNvcc, racer, runtimeWays } from "../../scripts/cuda/ways.ts";
import { encodeGroup } from "../../lib/session/group.ts";
import { makeSessionDirectories } from "../../lib/session/directory.ts";
import { groupPath } from "../../lib/session/group_file.ts";
import { compilerTest } from "../fakes/cc.ts";
import { type FakeCudaDriver, fakeCudaDriver } from "../fakes/cuda_driver.ts";

const SHIM = join(import.meta.dirname ?? ".", "../../build/shims/libmvgal_cuda.so");
const MIB = 1 << 20;
const LIMIT = 256 * MIB;
const IDS = ["pci:0000:10:00.0", "pci:0000:11:00.0"];

function isBuilt(): boolean {
  try {
    return Deno.statSync(SHIM).isFile;
  } catch {
    return false;
  }
}

/** A fake driver with two GPUs, a runtime directory, and what `mvgal run` would set: it knows no fake GPU. */
class Host implements Disposable {
  readonly fake: FakeCudaDriver;
  readonly runtime: string = Deno.makeTempDirSync();
  readonly env: Record<string, string>;

  constructor(memory = 1024 * MIB, missing: readonly string[] = []) {
    this.fake = fakeCudaDriver({
      devices: [{ memory }, { memory }],
      poolChunk: 2 * MIB,
      overhead: 4 * MIB,
      missing,
    });
    this.env = { LD_LIBRARY_PATH: this.fake.directory, MVGAL_RUNTIME_DIR: this.runtime };
    makeSessionDirectories(this.runtime, null);
  }

  /** A program with the shim in it, or one without: where the tests have to find that it is missing. */
  launcher(shim: string | null): Launcher {
    return ({ vram, sm, group, pool }, command) => {
      if (group !== undefined && vram !== undefined) this.#makeGroup(group, vram);
      return {
        command,
        env: {
          ...this.env,
          ...(shim !== null && { LD_PRELOAD: shim }),
          ...(group !== undefined && { MVGAL_GROUP: group }),
          ...(vram !== undefined && group === undefined && { MVGAL_VRAM_LIMIT: String(vram) }),
          ...(sm !== undefined && { MVGAL_SM_LIMIT: String(sm) }),
          ...(pool === true &&
            { MVGAL_POOL: "1", MVGAL_POOL_GPUS: "0,1", CUDA_VISIBLE_DEVICES: "0" }),
        },
      };
    };
  }

  #makeGroup(name: string, limit: number): void {
    const file = groupPath(this.runtime, name);
    const limits = IDS.map((gpu) => ({
      gpu,
      memory_limit_bytes: BigInt(limit),
      compute_pct: 100,
    }));
    try {
      Deno.writeFileSync(file, encodeGroup(limits), { createNew: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }

  setting(shim: string | null): Setting {
    return {
      launch: this.launcher(shim),
      prefix: "test",
      limit: LIMIT,
      // That it is held back at all: how exactly is the gate's own tests' to say.
      share: { percent: 30, within: 25, part: 0.3 },
      jobs: 2,
      pooled: (total) => total * 1.5,
    };
  }

  [Symbol.dispose](): void {
    this.fake[Symbol.dispose]();
    Deno.removeSync(this.runtime, { recursive: true });
  }
}

/** `driverWays` looks for the driver where the process does, which is not where the fake is. */
function waysOf(host: Host) {
  return driverWays(host.fake.cuda).map((way) =>
    "command" in way ? { ...way, env: host.env } : way
  );
}

const needsShim = (name: string, fn: () => Promise<void>) =>
  isBuilt()
    ? compilerTest(name, fn)
    : Deno.test({ name: `${name} (skipped: the shim is not built)`, ignore: true, fn() {} });

needsShim("tryWays() finds every feature right by every way of the driver's API", async () => {
  using host = new Host();
  const rows = await tryWays(waysOf(host), host.setting(SHIM));
  const { cells, reasons } = tableOf(rows);
  const text = [...cells.map((row) => row.join(" ")), ...reasons].join("\n");
  // The fake's functions have no versions, as the real one's.
  const versioned = rows.find(({ way }) => way === "dlvsym");
  assert.equal(versioned?.outcomes.memory.state, "skipped", text);
  for (const { way, outcomes } of rows.filter(({ way }) => way !== "dlvsym")) {
    for (const [feature, { state }] of Object.entries(outcomes)) {
      assert.equal(state, "ok", `${way}, ${feature}\n${text}`);
    }
  }
});

needsShim("tryWays() finds that the shim is missing", async () => {
  // So much that nobody is refused because of others.
  using host = new Host(4096 * MIB);
  const [way] = waysOf(host);
  assert.ok(way !== undefined);
  const [row] = await tryWays([way], host.setting(null));
  const failed = Object.entries(row?.outcomes ?? {}).filter(([, { state }]) => state === "failed");
  assert.deepEqual(failed.map(([feature]) => feature), [
    ...["memory", "pitch", "managed", "arrays", "async", "pools", "vmm", "threads"],
    ...["fork", "spawn", "kill", "share", "pool"],
  ]);
});

needsShim("race() finds no byte beyond a group's limit, and none lost", async () => {
  // Without it what is charged too much or too little would be taken for what the driver needs.
  using host = new Host(1024 * MIB, ["nvmlDeviceGetComputeRunningProcesses_v3"]);
  const contest = {
    launch: host.launcher(SHIM),
    racer: racer(),
    group: "racers",
    file: groupPath(host.runtime, "racers"),
    limit: LIMIT,
    processes: 4,
  };
  const raced = await race(contest, 3, 50);
  assert.deepEqual(raced.wrong, []);
  assert.ok(raced.allocations > 100, JSON.stringify(raced));
  assert.equal(raced.lost, 0);
  const killed = await killSome({
    ...contest,
    group: "killed",
    file: groupPath(host.runtime, "killed"),
  }, 3);
  assert.deepEqual(killed.wrong, []);
});

needsShim("race() finds programs that no limit holds back", async () => {
  using host = new Host();
  const launch = host.launcher(SHIM);
  const { wrong } = await race({
    // The group's file has twice of what it is said to have.
    launch: (asked, command) => launch({ ...asked, vram: 2 * LIMIT }, command),
    racer: racer(),
    group: "loose",
    file: groupPath(host.runtime, "loose"),
    limit: LIMIT,
    processes: 4,
  }, 2);
  assert.match(wrong.join("\n"), /bytes at once under a limit of/);
});

Deno.test("outcomeOf() tells a crash from a refusal", () => {
  const ended = { lines: ["memory ok", "vmm skipped: no"], errors: "a\nb", status: "SIGSEGV" };
  assert.deepEqual(outcomeOf("memory", ended), { state: "ok" });
  assert.deepEqual(outcomeOf("vmm", ended), { state: "skipped", reason: "no" });
  assert.deepEqual(outcomeOf("fork", ended), { state: "failed", reason: "killed by SIGSEGV: b" });
  assert.deepEqual(outcomeOf("fork", { lines: [], errors: "", status: undefined }), {
    state: "failed",
    reason: "it did not end",
  });
});

Deno.test("byMvgal() asks for what a feature needs", () => {
  const launch = byMvgal(["mvgal"], {});
  assert.deepEqual(
    launch({ vram: 1024, sm: 30, group: "g", pool: true }, ["a", "b"]).command,
    ["mvgal", "run", "--vram", "1024", "--sm", "30%", "--group", "g", "--pool", "--", "a", "b"],
  );
});

const nvcc = findNvcc();
Deno.test({
  name: `runtimeWays() builds programs of CUDA's runtime${
    nvcc === undefined ? " (skipped: no nvcc)" : ""
  }`,
  ignore: nvcc === undefined,
  async fn() {
    const directory = Deno.makeTempDirSync();
    try {
      const ways = await runtimeWays(directory);
      assert.deepEqual(ways.map((way) => "reason" in way ? way.reason : "built"), [
        ...["built", "built", "built", "built"],
      ]);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});
