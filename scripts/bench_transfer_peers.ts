// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * mvgal's transfers beside PyTorch's, between the host and each NVIDIA GPU and between GPUs, in one run.
 *
 *     deno run -A scripts/bench_transfer_peers.ts [--mvgal PROGRAM] [--quick] [--json FILE]
 *
 * Needs a `python3` with PyTorch for CUDA. `--mvgal` names the executable to measure with; without it
 * mvgal runs from source.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BenchEntry, BenchReport } from "../lib/bench/report.ts";
import { peerMatrix } from "../lib/bench/transfer/matrix.ts";
import { matrixText } from "../lib/bench/transfer/matrix_text.ts";

const root = join(import.meta.dirname ?? ".", "..");

/** What `peers/torch_transfer.py` writes. */
interface TorchReport {
  torch: string;
  bytes: number;
  results: { name: string; pci: string; peer_pci: string | null; median: number }[];
}

/** Runs a program to its end; its standard output. Its standard error is passed on. */
function output(command: readonly string[]): string {
  const [program = "", ...args] = command;
  const { code, stdout } = new Deno.Command(program, { args, stderr: "inherit" }).outputSync();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(`${command.join(" ")} ended with status ${code}`);
  return text;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      mvgal: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  const program = values.mvgal === undefined
    ? [Deno.execPath(), "run", "-A", "--no-check", join(root, "main.ts")]
    : [values.mvgal];
  const began = performance.now();
  const peer = JSON.parse(
    output(["python3", join(root, "scripts", "peers", "torch_transfer.py")]),
  ) as TorchReport;
  const between = performance.now();
  const args = ["bench", "transfer", "--json", "-", ...(values.quick ? ["--quick"] : [])];
  const report = JSON.parse(output([...program, ...args])) as BenchReport;
  const ended = performance.now();
  console.log(
    `PyTorch ${peer.torch}, ${peer.bytes} bytes a copy: ${
      ((between - began) / 1000).toFixed(1)
    } s; ` +
      `mvgal ${report.context.mvgal_version}: ${((ended - between) / 1000).toFixed(1)} s\n`,
  );
  const slotOf = (id: string | null) =>
    report.context.devices.find((device) => device.id === id)?.pci_slot ?? null;
  console.log("GB/s: mvgal, PyTorch, ratio of medians, mvgal's best path");
  const rows: Record<string, unknown>[] = [];
  for (const each of report.benchmarks.filter((entry) => entry.suite === "transfer")) {
    const theirs = peer.results.find(({ name, pci, peer_pci }) =>
      name === each.name && pci === slotOf(each.device) && peer_pci === slotOf(each.peer)
    )?.median ?? null;
    const ratio = each.median === null || theirs === null ? null : each.median / theirs;
    rows.push({ name: each.name, device: each.device, peer: each.peer, mvgal: each.median });
    console.log(line(each, theirs, ratio));
  }
  for (const benchmark of ["transfer.peer", "transfer.peer_duplex"]) {
    console.log(`\n${matrixText(peerMatrix(report, benchmark))}`);
  }
  console.log("\nEvery path");
  for (const each of report.benchmarks) console.log(paths(each));
  if (values.json) {
    const document = { context: report.context, peer, rows, benchmarks: report.benchmarks };
    Deno.writeTextFileSync(values.json, `${JSON.stringify(document, null, 2)}\n`);
  }
}

function number(value: number | null): string {
  return (value === null ? "-" : value.toFixed(2)).padStart(9);
}

function line(entry: BenchEntry, theirs: number | null, ratio: number | null): string {
  const what = `${entry.name} ${entry.device}${entry.peer === null ? "" : ` -> ${entry.peer}`}`;
  const share = ratio === null ? "    -" : ratio.toFixed(3);
  return `${what.padEnd(62)}${number(entry.median)}${number(theirs)}  ${share}  ` +
    (entry.shape ?? entry.reason ?? "");
}

function paths(entry: BenchEntry): string {
  const head = `${entry.name} ${entry.device}${entry.peer === null ? "" : ` -> ${entry.peer}`}`;
  const shapes = Object.entries(entry.candidates).map(([name, median]) =>
    `  ${number(median)} ${entry.unit}  ${name}${
      median === null ? `: ${entry.failures[name] ?? ""}` : ""
    }`
  );
  return [head, ...shapes].join("\n");
}

if (import.meta.main) main();
