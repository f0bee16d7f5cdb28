// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Wall time of `mvgal info` beside that of the tools that print a part of it, in one run, interleaved.
 *
 *     deno run -A scripts/bench_info.ts [--mvgal PROGRAM] [--runs N]
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../lib/bench/statistics.ts";

const root = join(import.meta.dirname ?? ".", "..");

interface Contestant {
  name: string;
  command: readonly string[];
}

/** Milliseconds of one run; undefined where the program is not there or fails. */
function time({ command: [program = "", ...args] }: Contestant): number | undefined {
  const before = performance.now();
  try {
    const { success } = new Deno.Command(program, { args, stdout: "null", stderr: "null" })
      .outputSync();
    return success ? performance.now() - before : undefined;
  } catch {
    return undefined;
  }
}

function main(): void {
  const { values } = parseArgs({
    options: { mvgal: { type: "string" }, runs: { type: "string", default: "15" } },
  });
  const mvgal = values.mvgal === undefined
    ? [Deno.execPath(), "run", "-A", "--no-check", join(root, "main.ts")]
    : [values.mvgal];
  const contestants: Contestant[] = [
    { name: "mvgal --version", command: [...mvgal, "--version"] },
    { name: "mvgal info --count", command: [...mvgal, "info", "--count"] },
    { name: "mvgal info", command: [...mvgal, "info"] },
    // Where the service runs, the others ask it.
    { name: "mvgal info --direct", command: [...mvgal, "info", "--direct"] },
    { name: "mvgal info --apis", command: [...mvgal, "info", "--apis"] },
    { name: "nvidia-smi -L", command: ["nvidia-smi", "-L"] },
    { name: "vulkaninfo --summary", command: ["vulkaninfo", "--summary"] },
    { name: "clinfo -l", command: ["clinfo", "-l"] },
  ];
  const there = contestants.filter((each) => time(each) !== undefined);
  const samples = new Map(there.map((each) => [each.name, [] as number[]]));
  for (let run = 0; run < Number(values.runs); run++) {
    for (const each of there) {
      const took = time(each);
      if (took !== undefined) samples.get(each.name)?.push(took);
    }
  }
  const own = median(samples.get("mvgal info") ?? [NaN]);
  console.log("median of", values.runs, "runs; ratio: mvgal info over it");
  for (const each of contestants) {
    const list = samples.get(each.name);
    if (list === undefined) console.log(`  ${each.name.padEnd(22)} not on this host`);
    else {
      const middle = median(list);
      console.log(
        `  ${each.name.padEnd(22)} ${middle.toFixed(1).padStart(8)} ms   ` +
          `${(own / middle).toFixed(2)}`,
      );
    }
  }
}

if (import.meta.main) main();
