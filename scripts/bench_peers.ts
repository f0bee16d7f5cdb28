// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * mvgal's figures beside clpeak's, GPU by GPU, in one run.
 *
 *     deno run -A scripts/bench_peers.ts [--mvgal PROGRAM] [--quick] [--report FILE]
 *         [--clpeak FILE] [--json FILE]
 *
 * Needs clpeak and an OpenCL driver for the GPUs. `--mvgal` names the executable to measure with; without
 * it mvgal runs from source. `--report` and `--clpeak` take the document of
 * a run of `mvgal bench` and the output of one of clpeak, both just before.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BenchReport } from "../lib/bench/report.ts";
import { discover } from "../lib/discovery/mod.ts";
import { type Figure, parseClpeak } from "./peers/clpeak.ts";

const root = join(import.meta.dirname ?? ".", "..");

/** A figure of mvgal and the one of clpeak that it stands beside. */
const PAIRS: readonly { name: string; peer: Figure; scale: number }[] = [
  { name: "memory.read", peer: "bandwidth", scale: 1 },
  { name: "memory.write", peer: "bandwidth", scale: 1 },
  { name: "memory.copy", peer: "bandwidth", scale: 1 },
  { name: "memory.triad", peer: "bandwidth", scale: 1 },
  { name: "compute.fp32", peer: "fp32", scale: 1000 },
  { name: "compute.fp64", peer: "fp64", scale: 1000 },
  { name: "compute.fp16", peer: "fp16", scale: 1000 },
  { name: "compute.int32", peer: "int32", scale: 1000 },
];

/**
 * Runs a program to its end; its standard output. Its standard error is passed on. Its exit status is not
 * looked at: clpeak's is not 0 where one of its tests is not supported.
 */
function output(command: readonly string[]): string {
  const [program = "", ...args] = command;
  const { stdout, code, signal } = new Deno.Command(program, { args, stderr: "inherit" })
    .outputSync();
  const text = new TextDecoder().decode(stdout);
  if (text.trim() !== "") return text;
  throw new Error(`${command.join(" ")} printed nothing and ended with ${signal ?? code}`);
}

function runMvgal(program: readonly string[], quick: boolean): BenchReport {
  const args = ["bench", "memory", "compute", "--json", "-", ...(quick ? ["--quick"] : [])];
  return JSON.parse(output([...program, ...args])) as BenchReport;
}

/** What clpeak prints of all devices. */
function runClpeak(): string {
  const tests = ["--global-bandwidth", "--compute-sp", "--compute-dp", "--compute-integer"];
  return output(["clpeak", ...tests]);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      mvgal: { type: "string" },
      quick: { type: "boolean", default: false },
      report: { type: "string" },
      clpeak: { type: "string" },
      json: { type: "string" },
    },
  });
  const program = values.mvgal === undefined
    ? [Deno.execPath(), "run", "-A", "--no-check", join(root, "main.ts")]
    : [values.mvgal];
  const report = values.report === undefined
    ? runMvgal(program, values.quick)
    : JSON.parse(Deno.readTextFileSync(values.report)) as BenchReport;
  // Before any driver is loaded into this process: some leave variables for the processes after them.
  const peerText = values.clpeak === undefined ? runClpeak() : Deno.readTextFileSync(values.clpeak);
  const peers = parseClpeak(peerText);
  const rows: Record<string, unknown>[] = [];
  for (const gpu of discover().gpus) {
    // clpeak shows names alone; devices of one name come in the same order everywhere.
    const at = peers.findIndex(({ device }) => device === gpu.name);
    const peer = peers[at];
    if (gpu.apis.vulkan === undefined || peer === undefined) continue;
    peers.splice(at, 1);
    console.log(`\n${gpu.name} (${gpu.id}): mvgal, clpeak's best, ratio`);
    for (const { name, peer: key, scale } of PAIRS) {
      const own = report.benchmarks.find((each) => each.name === name && each.device === gpu.id);
      const ours = own?.median ?? null, theirs = peer[key];
      const ratio = ours === null || theirs === null ? null : (ours * scale) / theirs;
      rows.push({ gpu: gpu.id, name, unit: own?.unit, mvgal: ours, clpeak: theirs, ratio });
      console.log(
        `  ${name.padEnd(16)}${ours === null ? own?.state : (ours * scale).toFixed(1)}`.padEnd(32) +
          `${theirs === null ? "not offered" : theirs.toFixed(1)}`.padEnd(14) +
          `${ratio === null ? "" : ratio.toFixed(3)}`,
      );
    }
  }
  if (rows.length === 0) console.log("no device is shown by both Vulkan and clpeak");
  if (values.json) {
    const document = { context: report.context, rows, benchmarks: report.benchmarks };
    Deno.writeTextFileSync(values.json, `${JSON.stringify(document, null, 2)}\n`);
  }
}

if (import.meta.main) main();
