// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * mvgal's matrix products and memory copy beside PyTorch's, GPU by GPU, in one run.
 *
 *     deno run -A scripts/bench_torch.ts [--mvgal PROGRAM] [--report FILE]
 *
 * Needs a `python3` with PyTorch for CUDA. `--report` takes the document of a run of `mvgal bench` just
 * before; without it mvgal runs, from source unless `--mvgal` names the executable.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BenchReport } from "../lib/bench/report.ts";

const root = join(import.meta.dirname ?? ".", "..");

/** What `peers/torch_compute.py` writes. */
interface TorchReport {
  torch: string;
  results: { pci: string; figures: Record<string, number> }[];
}

/** Runs a program to its end; its standard output. Its standard error is passed on. */
function output([program = "", ...args]: readonly string[]): string {
  const { stdout, success, code } = new Deno.Command(program, { args, stderr: "inherit" })
    .outputSync();
  if (!success) throw new Error(`${program} ${args.join(" ")}: exit status ${code}`);
  return new TextDecoder().decode(stdout);
}

function main(): void {
  const { values } = parseArgs({
    options: { mvgal: { type: "string" }, report: { type: "string" } },
  });
  const program = values.mvgal === undefined
    ? [Deno.execPath(), "run", "-A", "--no-check", join(root, "main.ts")]
    : [values.mvgal];
  const run = () => output([...program, "bench", "memory.copy", "compute.gemm_*", "--json", "-"]);
  const text = values.report === undefined ? run() : Deno.readTextFileSync(values.report);
  const report = JSON.parse(text) as BenchReport;
  const peers = JSON.parse(
    output(["python3", join(root, "scripts", "peers", "torch_compute.py")]),
  ) as TorchReport;
  for (const { pci, figures } of peers.results) {
    const device = `pci:${pci}`;
    console.log(`${device}: mvgal, PyTorch ${peers.torch}, ratio`);
    for (const [name, theirs] of Object.entries(figures)) {
      const own = report.benchmarks.find((each) => each.name === name && each.device === device);
      const ours = own?.median ?? null;
      console.log(
        `  ${name.padEnd(26)}${(ours?.toFixed(1) ?? own?.state ?? "not run").padStart(10)}` +
          `${theirs.toFixed(1).padStart(12)}${
            (ours === null ? "" : (ours / theirs).toFixed(3)).padStart(9)
          }` +
          `  ${own?.unit ?? ""}  ${own?.shape ?? ""}`,
      );
    }
  }
}

if (import.meta.main) main();
