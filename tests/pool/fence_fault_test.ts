/** Fences of devices that are lost or hang: real drivers under a layer that makes them fail. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { compilerTest } from "../fakes/cc.ts";
import { faultLayer, type Faults } from "../fakes/fault_layer.ts";
import { MISSING_DRIVERS } from "./fence_devices.ts";
import type { FenceReport } from "./fence_fault_program.ts";

const PROGRAM = join(import.meta.dirname ?? ".", "fence_fault_program.ts");

/** Runs the program; it must end, say nothing on stderr, and no wait may have timed out. */
async function run(args: string[], faults: Faults): Promise<FenceReport[][]> {
  using layer = faultLayer();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, ...args],
    env: layer.environment(faults),
    stdin: "null",
    // Where something hangs for ever, the test fails rather than hang with it.
    signal: AbortSignal.timeout(60_000),
  }).output();
  // The layer speaks up where anything is destroyed that a hanging device may still use.
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 0);
  const runs: FenceReport[][] = JSON.parse(new TextDecoder().decode(stdout));
  for (const report of runs.flat()) {
    assert.notEqual(report.end, "timeout", `${report.name} was waited for in vain`);
    assert.equal(report.end, report.state, report.name);
    assert.equal(report.reason !== null, report.state === "lost", report.name);
  }
  return runs;
}

const MISSING = MISSING_DRIVERS.join(", ");

function faultTest(name: string, fn: () => Promise<void>): void {
  if (MISSING_DRIVERS.length === 0) {
    compilerTest(name, fn, { headers: ["vulkan/vk_layer.h"] });
  } else Deno.test({ name: `${name} (skipped: ${MISSING} not installed)`, ignore: true, fn });
}

/** How each fence of a run ended, by name. */
const ends = (run: FenceReport[] | undefined) =>
  Object.fromEntries(run?.map(({ name, end }) => [name, end]) ?? []);

const FAULTS = [
  { fault: "lose", words: /^(SwiftShader [^:]* waited for what is lost: )?llvmpipe .*DEVICE_LOST/ },
  { fault: "hang", words: /^(SwiftShader [^:]* waited for what is lost: )?llvmpipe .* hangs/ },
] as const;

for (const { fault, words } of FAULTS) {
  faultTest(`PoolFence is lost where its device fails at any submission (${fault})`, async () => {
    const most = 5;
    const runs = await run(["flow", String(most)], { device: "llvmpipe", fault });
    assert.equal(runs.length, most + 1);
    for (const report of runs.flat()) {
      if (report.reason !== null) assert.match(report.reason, words, report.name);
    }
    for (const each of runs) {
      const { there, after, back, later } = ends(each);
      if (there === "lost") assert.equal(after, "lost", "what waits for what is lost is lost too");
      if (after === "lost") assert.equal(there, "lost");
      if (there !== "lost") assert.equal(back, "signalled");
      assert.equal(later, "signalled", "the other device goes on");
    }
    const lost = { there: "lost", after: "lost", end: "lost", all: "lost", later: "signalled" };
    const { back: _, ...first } = ends(runs[0]);
    assert.deepEqual(first, lost);
    assert.ok(runs[most]?.every(({ end }) => end === "signalled"), JSON.stringify(runs[most]));
  });

  faultTest(`PoolFence is lost, and so what waits for it, in mid-flight (${fault})`, async () => {
    const directory = Deno.makeTempDirSync({ prefix: "mvgal-fence-faults-" });
    try {
      const marker = join(directory, "now");
      const [only] = await run(["pending", marker], { device: "llvmpipe", fault, marker });
      const expected = { held: "lost", waiting: "lost", next: "lost", later: "signalled" };
      assert.deepEqual(ends(only), expected);
      for (const { reason } of only ?? []) if (reason !== null) assert.match(reason, words);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}
