// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * mvgal's figures beside clpeak's, GPU by GPU, in one run.
 *
 *     deno run -A scripts/bench_peers.ts [--mvgal PROGRAM] [--quick] [--report FILE] [--json FILE]
 *
 * Needs clpeak and an OpenCL driver for the GPUs. `--mvgal` names the executable to measure with; without
 * it mvgal runs from source. `--report` takes the document of a run of `mvgal bench` just before.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BenchReport } from "../lib/bench/report.ts";
import { discover } from "../lib/discovery/mod.ts";
import { type ClpeakFigures, parseClpeak } from "./peers/clpeak.ts";

const root = join(import.meta.dirname ?? ".", "..");

/** A figure of mvgal and the one of clpeak that it stands beside. */
const PAIRS: readonly { name: string; peer: keyof ClpeakFigures; scale: number }[] = [
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
  const { stdout } = new Deno.Command(program, { args, stderr: "inherit" }).outputSync();
  const text = new TextDecoder().decode(stdout);
  if (text.trim() === "") throw new Error(`${command.join(" ")} printed nothing`);
  return text;
}

function runMvgal(program: readonly string[], quick: boolean): BenchReport {
  const args = ["bench", "memory", "compute", "--json", "-", ...(quick ? ["--quick"] : [])];
  return JSON.parse(output([...program, ...args])) as BenchReport;
}

/** clpeak's figures of every device of an OpenCL platform, in the platform's order. */
function runClpeak(platform: string): ClpeakFigures[] {
  const tests = ["--global-bandwidth", "--compute-sp", "--compute-dp", "--compute-integer"];
  const text = output(["clpeak", "-p", platform, ...tests]);
  console.log(text);
  return parseClpeak(text);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      mvgal: { type: "string" },
      quick: { type: "boolean", default: false },
      report: { type: "string" },
      json: { type: "string" },
    },
  });
  const program = values.mvgal === undefined
    ? [Deno.execPath(), "run", "-A", "--no-check", join(root, "main.ts")]
    : [values.mvgal];
  const report = values.report === undefined
    ? runMvgal(program, values.quick)
    : JSON.parse(Deno.readTextFileSync(values.report)) as BenchReport;
  const rows: Record<string, unknown>[] = [];
  const byPlatform = new Map<string, ClpeakFigures[]>();
  for (const gpu of discover().gpus) {
    const [platform, device] = gpu.apis.opencl?.[0]?.index.split(":") ?? [];
    if (gpu.apis.vulkan === undefined || platform === undefined || device === undefined) continue;
    const peers = byPlatform.get(platform) ?? runClpeak(platform);
    byPlatform.set(platform, peers);
    const peer = peers[Number(device)];
    if (peer === undefined) throw new Error(`clpeak shows no device ${device} of its platform`);
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
  if (rows.length === 0) console.log("no device is shown by both Vulkan and OpenCL");
  if (values.json) {
    const document = { context: report.context, rows, benchmarks: report.benchmarks };
    Deno.writeTextFileSync(values.json, `${JSON.stringify(document, null, 2)}\n`);
  }
}

if (import.meta.main) main();
