// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Start-up time of the single file beside that of `deno run` on the script that is packed in it.
 *
 *     deno run -A scripts/bench_launcher.ts [--executable FILE] [--script FILE] [--runs N] [-- ARGUMENT…]
 *
 * Starts are interleaved, in an order that changes each round, after one of each that is not counted. The
 * arguments are `--version` by default.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { quantile, summarize } from "../lib/bench/statistics.ts";
import { RUNTIME_ARGS } from "./compile/runtime.ts";

const ROOT = join(import.meta.dirname ?? ".", "..");

/** Rounds of starts that take far longer than a warm one. */
const FEW = 5;

interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Done before each start, and not timed. */
  readonly before?: () => void;
}

/** Milliseconds of one start. */
function time({ name, command: [program = "", ...args], env, before }: Contestant): number {
  before?.();
  const start = performance.now();
  const { success } = new Deno.Command(program, { args, env, stdout: "null", stderr: "inherit" })
    .outputSync();
  if (!success) throw new Error(`${name} failed: ${program} ${args.join(" ")}`);
  return performance.now() - start;
}

/** Interleaved samples of each, in milliseconds. */
function sample(contestants: readonly Contestant[], runs: number): Map<Contestant, number[]> {
  const samples = new Map(contestants.map((each) => [each, [] as number[]]));
  for (const each of contestants) time(each);
  for (let run = 0; run < runs; run++) {
    const round = run % 2 === 0 ? contestants : contestants.toReversed();
    for (const each of round) samples.get(each)?.push(time(each));
  }
  return samples;
}

/** Prints a line for each and returns the medians, in the order of `samples`. */
function show(samples: Map<Contestant, number[]>): number[] {
  return Array.from(samples, ([{ name }, list]) => {
    const { median, mad } = summarize(list);
    const least = quantile(Float64Array.from(list).sort(), 0);
    console.log(
      `  ${name.padEnd(34)} ${median.toFixed(1).padStart(7)} ms  ±${mad.toFixed(1)}` +
        `  least ${least.toFixed(1)}  n=${list.length}`,
    );
    return median;
  });
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      executable: { type: "string", default: join(ROOT, "dist/mvgal") },
      script: { type: "string", default: join(ROOT, "build/compile/mvgal.js") },
      runs: { type: "string", default: "40" },
    },
  });
  const { executable, script } = values;
  const args = positionals.length > 0 ? positionals : ["--version"];
  const scratch = Deno.makeTempDirSync({ prefix: "mvgal-bench-" });
  try {
    const cache = join(scratch, "cache");
    const denoEnv = { DENO_DIR: join(scratch, "deno"), DENO_NO_UPDATE_CHECK: "1" };
    const denoArgs = RUNTIME_ARGS.map((arg) => arg === "{script}" ? script : arg);
    const packed = [executable, ...args];

    console.log(`warm starts of ${args.join(" ")}:`);
    const [own = NaN, deno = NaN] = show(sample([
      { name: "the single file", command: packed, env: { XDG_CACHE_HOME: cache } },
      {
        name: "deno run, same flags",
        command: [Deno.execPath(), ...denoArgs, ...args],
        env: denoEnv,
      },
    ], Number(values.runs)));
    console.log(`  ratio ${(own / deno).toFixed(2)}`);

    console.log("other starts:");
    show(sample([
      {
        name: "the single file, first start",
        command: packed,
        env: { XDG_CACHE_HOME: join(scratch, "new") },
        before: () => {
          Deno.mkdirSync(join(scratch, "new"), { recursive: true });
          Deno.removeSync(join(scratch, "new"), { recursive: true });
        },
      },
      {
        name: "the single file, cache compared",
        command: packed,
        env: { XDG_CACHE_HOME: cache },
        before: () => removeStamps(join(cache, "mvgal")),
      },
      {
        name: "the single file, from memory",
        command: packed,
        env: { XDG_CACHE_HOME: "/proc/nonexistent" },
      },
    ], FEW));
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

/** Without them a start compares every file. */
function removeStamps(store: string): void {
  for (const { name, isDirectory } of Deno.readDirSync(store)) {
    if (isDirectory) Deno.removeSync(join(store, name, "stamp"));
  }
}

if (import.meta.main) main();
