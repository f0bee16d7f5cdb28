/**
 * Shares of a GPU's time: the gate of the CUDA shim in simulated time, and on the fake driver.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { compile, compilerTest } from "../../fakes/cc.ts";
import { type FakeCudaDriver, fakeCudaDriver } from "../../fakes/cuda_driver.ts";
import { partsProgram, type Sanitizer, SANITIZER_LIBRARIES } from "./shim.ts";

const HERE = import.meta.dirname ?? ".";
const SHIMS = join(HERE, "../../../shims");

/** Runs a scenario of `gate_simulation.c`; its lines, as what they begin with and their figures. */
function simulate(args: readonly string[], sanitizer: Sanitizer | null = null) {
  const program = partsProgram(
    "gate_simulation",
    ["gate", "gate_marks", "busy", "turns"],
    sanitizer,
  );
  const { code, stdout, stderr } = new Deno.Command(program, {
    args: [...args],
    env: { ASAN_OPTIONS: "detect_stack_use_after_return=0" },
  }).outputSync();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => {
    const words = line.split(" ");
    const figures: Record<string, number> = {};
    for (const word of words) {
      const [name = "", value] = word.split("=");
      if (value !== undefined) figures[name] = Number(value);
    }
    return {
      line,
      name: words.filter((word) => !word.includes("=")).join(" "),
      get: (figure: string) => figures[figure] ?? assert.fail(`${line}: no ${figure}`),
    };
  });
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

compilerTest("gate gives 10 to 90 % of what a program does without it, for 20 us to 500 ms", () => {
  for (const result of simulate(["shares"])) {
    const share = 100 * result.get("achieved") / result.get("whole");
    // A program whose GPU waits for the host half of the time is within its share below that.
    const isIdle = result.name === "share steps_half";
    if (isIdle) assert.ok(result.get("achieved") <= result.get("target") + 1, result.line);
    else assert.ok(Math.abs(share - result.get("target")) <= 1, result.line);
  }
});

compilerTest("gate shares a GPU between programs by their limits", () => {
  const results = new Map(simulate(["pairs"]).map((result) => [result.name, result]));
  const near = (name: string, a: number, b: number, error: number) => {
    const result = results.get(`two ${name}`) ?? assert.fail(name);
    assert.ok(Math.abs(result.get("a") - a) <= error, result.line);
    assert.ok(Math.abs(result.get("b") - b) <= error, result.line);
  };
  near("30_70", 30, 70, 3);
  near("30_70_long", 30, 70, 1);
  near("30_60_long", 30, 60, 0.5);
  near("20_40", 20, 40, 0.5);
  near("group_50", 25, 25, 2);
  near("group_50_20us", 25, 25, 2);
  near("group_50_100ms", 25, 25, 2);
  // A turn lasts as long as its work, also where the host does not look for it.
  near("away_30_65", 30, 65, 1);
  // What nobody else wants is used, and the other one has its share all the same.
  near("conserving_20_60", 39.5, 60, 1);
});

compilerTest("gate outlives dead, idle and waiting programs, and follows the limit", () => {
  const results = new Map(simulate(["lives"]).map((result) => [result.name, result]));
  const figure = (name: string, of: string) => (results.get(name) ?? assert.fail(name)).get(of);
  assert.ok(figure("killed", "taken_after_ms") < 1000);
  assert.ok(figure("idle", "taken_after_ms") < 100);
  assert.equal(figure("waiting_kernel", "done"), 1);
  assert.ok(figure("waiting_kernel", "after_ms") < 4000);
  assert.ok(Math.abs(figure("changed", "achieved") - 50) < 1);
  assert.ok(figure("freed", "achieved") > 99);
  assert.ok(figure("conserving_alone", "achieved") > 98);
  assert.equal(figure("callback", "most_wait_ms"), 0);
});

compilerTest("gate keeps 60 random mixes of programs to their shares", () => {
  const errors = simulate(["random", "1", "60"])
    .map((result) => result.get("achieved") - result.get("target"));
  assert.ok(mean(errors.map(Math.abs)) < 0.3);
  // Handing the GPU over costs time where all of it is given away; beyond its share goes nobody.
  assert.ok(Math.max(...errors) < 1.5, `${Math.max(...errors)}`);
});

compilerTest("gate is clean under AddressSanitizer and UndefinedBehaviorSanitizer", () => {
  for (const args of [["lives"], ["pairs"], ["random", "9", "10"]]) {
    simulate(args, "address,undefined");
  }
}, { libraries: SANITIZER_LIBRARIES["address,undefined"] });

function gateProgram(sanitizer: Sanitizer | null): string {
  const parts = [
    "launch",
    "free_path",
    "gate",
    "gate_clock",
    "gate_marks",
    "busy",
    "turns",
    "turns_file",
    "process",
  ]
    .concat(["devices", "forks", "real"]).map((part) => join(SHIMS, "cuda", `${part}.c`));
  const session = ["session", "place", "policy"].map((part) => join(SHIMS, "session", `${part}.c`));
  const folders = ["cuda", "session", "include"].map((each) => join(SHIMS, each));
  const headers = folders.flatMap((folder) =>
    readdirSync(folder).filter((name) => name.endsWith(".h")).map((name) => join(folder, name))
  );
  return compile({
    name: "gate_program",
    source: { file: join(HERE, "gate_program.c") },
    args: [
      // The shim's limits.h is not the system's: its folder is not searched.
      ...["-O1", "-g", "-pthread"],
      ...folders.slice(1).map((folder) => `-I${folder}`),
      ...(sanitizer === null ? [] : [`-fsanitize=${sanitizer}`, "-fno-sanitize-recover=all"]),
      ...parts,
      ...session,
      "-ldl",
    ],
    includes: [...parts, ...session, ...headers],
  });
}

/** Starts `gate_program.c` on a fake driver, whose directory is its runtime directory too. */
function start(
  fake: FakeCudaDriver,
  args: readonly string[],
  pct: number,
  { group, sanitizer = null }: { group?: string; sanitizer?: Sanitizer | null } = {},
) {
  const child = new Deno.Command(gateProgram(sanitizer), {
    args: [...args],
    env: {
      LD_LIBRARY_PATH: fake.directory,
      MVGAL_RUNTIME_DIR: fake.directory,
      GATE_PCT: String(pct),
      ...(group === undefined ? {} : { GATE_GROUP: group }),
    },
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(30_000),
  }).spawn();
  const ended = child.output().then(({ code, stdout, stderr }) => {
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return { code, text, share: Number(/share=([\d.]+)/.exec(text)?.[1]) };
  });
  return { child, ended };
}

const oneGpu = { devices: [{ memory: 1 << 26 }] };

async function share(...args: Parameters<typeof start>): Promise<number> {
  const { code, text, share } = await start(...args).ended;
  assert.equal(code, 0, text);
  return share;
}

/**
 * Figures that are near what they should be, of three tries: these run beside other tests on a busy host. How near
 * they come says `scripts/bench_sm.ts`.
 */
async function comesNear(
  measure: () => Promise<readonly number[]>,
  isNear: (...figures: number[]) => boolean,
  what = "",
): Promise<void> {
  const seen: string[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const figures = await measure();
    if (isNear(...figures)) return;
    seen.push(figures.join(" and "));
  }
  assert.fail(`${what} ${seen.join("; ")}`);
}

compilerTest("launch hooks hold a program to its share of the fake driver's time", async () => {
  using fake = fakeCudaDriver(oneGpu);
  const cases = [["spin_100us", 25], ["spin_1ms", 75], ["spin_100ms", 50]] as const;
  for (const [kernel, pct] of cases) {
    await comesNear(
      async () => [await share(fake, ["share", kernel, "1.5"], pct)],
      (achieved) => Math.abs(achieved - pct) < 8,
      `${kernel}, ${pct}:`,
    );
  }
});

compilerTest("launch hooks hold graphs, forking programs and changed limits", async () => {
  using fake = fakeCudaDriver(oneGpu);
  // Where there are several GPUs, launches without a limit go another way.
  using two = fakeCudaDriver({ devices: [{ memory: 1 << 26 }, { memory: 1 << 26 }] });
  const cases = [["graph", fake], ["fork", fake], ["change", fake], ["change", two]] as const;
  for (const [what, on] of cases) {
    await comesNear(
      async () => [await share(on, [what, "spin_1ms", "2"], 40)],
      (achieved) => Math.abs(achieved - 40) < 8,
      `${what}:`,
    );
  }
});

compilerTest("launch hooks share a GPU among processes and in a group", async () => {
  using fake = fakeCudaDriver(oneGpu);
  const args = ["share", "spin_1ms", "2"];
  await comesNear(
    () => Promise.all([share(fake, args, 25), share(fake, args, 60)]),
    (a, b) => Math.abs(a - 25) < 8 && Math.abs(b - 60) < 12,
  );
  const group = { group: "tests" };
  await comesNear(
    () => Promise.all([share(fake, args, 50, group), share(fake, args, 50, group)]),
    (a, b) => a + b > 38 && a + b < 60 && a > 10 && b > 10,
  );
});

compilerTest("launch hooks take over from a process that was killed in its turn", async () => {
  using fake = fakeCudaDriver(oneGpu);
  const killed = start(fake, ["share", "spin_1ms", "9"], 80);
  const other = start(fake, ["share", "spin_1ms", "3"], 60);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  killed.child.kill("SIGKILL");
  await killed.ended;
  const { share, text } = await other.ended;
  assert.ok(share > 35, text);
});

for (const sanitizer of ["address,undefined", "thread"] as const) {
  compilerTest(`launch hooks are clean under -fsanitize=${sanitizer} with threads`, async () => {
    using fake = fakeCudaDriver({ ...oneGpu, sanitize: sanitizer });
    const { code, text } = await start(fake, ["threads", "spin_100us", "1"], 50, { sanitizer })
      .ended;
    assert.equal(code, 0, text);
  }, { libraries: SANITIZER_LIBRARIES[sanitizer] });
}
