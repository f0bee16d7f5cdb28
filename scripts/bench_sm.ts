// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task bench:sm`: how near a share of a GPU's time comes to what was asked for, on whatever CUDA driver is
 * there.
 *
 *     deno run -A scripts/bench_sm.ts [--seconds 4] [--targets 10,25,50,75,90] [--kernels 20us,1ms,100ms,500ms]
 *
 * A C program loads a PTX kernel that runs for so long (by %globaltimer), and launches it without a pause: once
 * without limit, then under `libmvgal_cuda.so` with each. Share = kernels a second, by those without limit. It
 * is measured over whole turns with their pauses, from 2 s on. Last, two programs at once, at 30 and 70 %, and the
 * time of a launch of an empty kernel with and without the shim.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import process from "node:process";
import { compile } from "../tests/fakes/cc.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");
const SHIM = join(ROOT, "build", "shims", "libmvgal_cuda.so");

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "4" },
    targets: { type: "string", default: "10,25,50,75,90" },
    kernels: { type: "string", default: "20us,1ms,100ms,500ms" },
  },
});
const seconds = Number(values.seconds);
const targets = values.targets.split(",").map(Number);
const kernels = values.kernels.split(",");

const program = compile({
  name: "bench_sm",
  source: { file: join(import.meta.dirname ?? ".", "bench_sm.c") },
  args: ["-O2", "-ldl"],
});
const runtime = Deno.makeTempDirSync({ prefix: "mvgal-bench-sm-" });

/** Runs the program for kernels of a length; kernels a second. `pct` of null: without the shim. */
async function rate(kernel: string, pct: number | null, time = seconds): Promise<number> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [kernel, String(time)],
    env: {
      ...(pct === null ? {} : { LD_PRELOAD: SHIM, MVGAL_RUNTIME_DIR: runtime }),
      ...(pct === null || pct >= 100 ? {} : { MVGAL_SM_LIMIT: String(pct) }),
    },
  }).output();
  const text = new TextDecoder().decode(stdout);
  const found = /^rate=([\d.]+)$/m.exec(text)?.[1];
  if (code !== 0 || found === undefined) {
    const reason = (new TextDecoder().decode(stderr) || text).trim();
    throw new Error(`bench_sm ${kernel}: ${reason}`);
  }
  return Number(found);
}

const format = (value: number) => value.toFixed(2).padStart(8);

/** One line for each length of kernel, and the mean absolute error. */
async function shares(): Promise<void> {
  console.log(`kernel  ${targets.map((each) => `${each} %`.padStart(8)).join("")}     MAE`);
  const errors: number[] = [];
  for (const kernel of kernels) {
    // Long kernels in long turns: some of these have to fit.
    const time = seconds * (kernel.endsWith("00ms") ? 5 : 1);
    const whole = await rate(kernel, null, time);
    const own: number[] = [];
    const cells: string[] = [];
    for (const target of targets) {
      const share = 100 * await rate(kernel, target, time) / whole;
      own.push(Math.abs(share - target));
      cells.push(format(share));
    }
    errors.push(...own);
    console.log(kernel.padEnd(8) + cells.join("") + format(mean(own)));
  }
  console.log(`mean absolute error: ${mean(errors).toFixed(2)} points`);
}

async function pair(kernel: string): Promise<void> {
  const whole = await rate(kernel, null);
  const both = await Promise.all([rate(kernel, 30, 2 * seconds), rate(kernel, 70, 2 * seconds)]);
  const [a = NaN, b = NaN] = both.map((each) => 100 * each / whole);
  console.log(`two programs, ${kernel}: ${a.toFixed(2)} of 30, ${b.toFixed(2)} of 70`);
}

async function overhead(): Promise<void> {
  const bare: number[] = [];
  const under: number[] = [];
  for (let i = 0; i < 5; i++) {
    bare.push(await rate("empty", null));
    under.push(await rate("empty", 100));
  }
  const [without, withShim] = [median(bare), median(under)];
  console.log(
    `empty kernels without limit: ${without.toFixed(0)}/s bare, ${
      withShim.toFixed(0)
    }/s with the ` +
      `shim: ${(withShim / without).toFixed(4)}`,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

try {
  await shares();
  await pair("20us");
  await pair("1ms");
  await overhead();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  Deno.removeSync(runtime, { recursive: true });
}
