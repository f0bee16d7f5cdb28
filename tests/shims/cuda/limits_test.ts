/** Limits that change while a program runs, and what its session's page says: over the fake driver. */

import assert from "node:assert/strict";
import { limitWrites } from "../../../lib/session/group.ts";
import { SessionRegistry } from "../../../lib/session/registry.ts";
import { compilerTest } from "../../fakes/cc.ts";
import { fakeCudaDriver } from "../../fakes/cuda_driver.ts";
import { GroupDirectory, SANITIZER_LIBRARIES, shimProgram } from "./shim.ts";

const MIB = 2 ** 20;
const GPU = "pci:0000:10:00.0";

compilerTest(
  "limits of the policy and of the group's file count as soon as they are set, the strictest",
  async () => {
    using driver = fakeCudaDriver({ devices: [{ memory: 1024 * MIB }], overhead: 0 });
    const limits = [{ gpu: GPU, memory_limit_bytes: BigInt(512 * MIB), compute_pct: 100 }];
    using directory = new GroupDirectory(limits);
    await using child = new Deno.Command(shimProgram("memory_program", "address,undefined"), {
      args: ["live"],
      env: {
        ...directory.env,
        LD_LIBRARY_PATH: driver.directory,
        MVGAL_VRAM_LIMIT: `${256 * MIB}`,
        ASAN_OPTIONS: "detect_leaks=0",
      },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const writer = child.stdin.getWriter();
    const shown = async (): Promise<string> => (await lines.read()).value?.trim() ?? "";
    /** What is shown once it is another than before. */
    const next = async (): Promise<string> => {
      await writer.write(new TextEncoder().encode("\n"));
      return await shown();
    };
    assert.equal(await shown(), `${256 * MIB} ${10 * MIB}`);

    using registry = new SessionRegistry({
      directories: { own: [directory.path], foreign: [] },
    });
    const session = registry.look().sessions[0];
    assert.deepEqual(
      session?.page?.counters.map(({ gpu, bytes_now }) => [gpu, bytes_now]),
      [[GPU, 10 * MIB]],
    );
    const push = (bytes: number | null, byHand = false) =>
      registry.push(session?.id ?? "", {
        strategy: "single",
        gpus: [{
          id: GPU,
          enabled: true,
          preferred: true,
          weight: null,
          memory_limit_bytes: bytes === null ? null : BigInt(bytes),
          compute_pct: 100,
          priority: 50,
          ...(byHand && { memory_by_hand: true }),
        }],
      });
    assert.equal(push(64 * MIB), true);
    assert.equal(await next(), `${64 * MIB} ${10 * MIB}`);
    // What was set by hand holds in place of the environment's.
    assert.equal(push(300 * MIB, true), true);
    assert.equal(await next(), `${300 * MIB} ${10 * MIB}`);
    assert.equal(push(64 * MIB), true);
    assert.equal(await next(), `${64 * MIB} ${10 * MIB}`);

    const writes = limitWrites(limits, [{
      gpu: GPU,
      memory_limit_bytes: BigInt(32 * MIB),
      compute_pct: 100,
    }]);
    using file = Deno.openSync(directory.file, { write: true });
    for (const { at, bytes } of writes) {
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(bytes);
    }
    assert.equal(await next(), `${32 * MIB} ${10 * MIB}`);
    // Below what is in use: nothing is left, and what is there stays.
    assert.equal(push(MIB), true);
    assert.equal(await next(), `${MIB} ${MIB}`);
    assert.equal(push(null), true);
    assert.equal(await next(), `${32 * MIB} ${10 * MIB}`);
    await writer.close();
    await lines.cancel();
    assert.equal((await child.status).code, 0);
  },
  { libraries: SANITIZER_LIBRARIES["address,undefined"] },
);
