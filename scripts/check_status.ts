// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Compares `mvgal status --json` with nvidia-smi on this host, metric by metric: each reading of ours stands
 * between two of nvidia-smi's. Exits with 1 where one does not fit within nvidia-smi's rounding.
 *
 *     deno run -A scripts/check_status.ts [--mvgal PROGRAM] [--rounds N]
 *
 * Works on an idle host and under load. What changes by itself (power, clocks, utilisation) has to fit in one
 * of the rounds, everything else in all of them.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../lib/render/table.ts";
import type { GpuSample } from "../lib/telemetry/metrics.ts";
import type { GpuProcess } from "../lib/telemetry/process.ts";
import {
  type Judged,
  judgeGpu,
  judgeProcesses,
  overall,
  rowOf,
  type SmiRow,
} from "./status/compare.ts";
import { parseSmiRows, SMI_FIELDS, SMI_TEXTS, unknownField } from "./status/nvidia_smi.ts";

const root = join(import.meta.dirname ?? ".", "..");
const APPS = ["gpu_bus_id", "pid", "used_memory"];

/** What a line of `mvgal status --json` holds, as far as it is compared. */
interface Status {
  schema: string;
  gpus: GpuSample[];
  processes?: GpuProcess[];
}

/** Runs a program to its end. */
function run(program: string, args: string[]): { ok: boolean; out: string; said: string } {
  const { success, stdout, stderr } = new Deno.Command(program, { args, stdin: "null" })
    .outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { ok: success, out: text(stdout), said: `${text(stdout)}${text(stderr)}`.trim() };
}

/** Asks nvidia-smi; fields that this release does not know are left out of `fields`. */
function ask(query: string, fields: string[]): SmiRow[] {
  for (;;) {
    const args = [`--query-${query}=${fields.join(",")}`, "--format=csv,noheader,nounits"];
    const { ok, out, said } = run("nvidia-smi", args);
    if (ok) return parseSmiRows(out, fields);
    const unknown = unknownField(said);
    if (unknown === undefined || !fields.includes(unknown)) {
      throw new Error(`nvidia-smi ${args[0]}: ${said}`);
    }
    fields.splice(fields.indexOf(unknown), 1);
  }
}

function status(command: readonly string[]): Status {
  const [program = "", ...args] = command;
  const { ok, out, said } = run(program, [...args, "status", "--once", "--json", "--processes"]);
  const line = out.split("\n").find((text) => text.startsWith("{"));
  if (!ok || line === undefined) throw new Error(`mvgal status: ${said || "no output"}`);
  return JSON.parse(line) as Status;
}

function round(command: readonly string[], fields: string[]): Judged[] {
  const before = { gpus: ask("gpu", fields), apps: ask("compute-apps", APPS) };
  const { gpus, processes = [] } = status(command);
  const after = { gpus: ask("gpu", fields), apps: ask("compute-apps", APPS) };
  const shown = gpus.filter(({ id }) => rowOf(before.gpus, id) !== undefined);
  const missed = before.gpus.length - shown.length;
  const bracket = { before: before.gpus, after: after.gpus };
  return [
    ...shown.flatMap((sample) => judgeGpu(sample, bracket)),
    ...judgeProcesses(processes, { before: before.apps, after: after.apps }),
    ...(missed === 0 ? [] : [{
      gpu: "-",
      what: "GPUs",
      ours: String(shown.length),
      theirs: String(before.gpus.length),
      ok: false,
      changes: false,
      why: "mvgal status does not show all GPUs of nvidia-smi",
    }]),
  ];
}

function main(): number {
  const { values } = parseArgs({
    options: { mvgal: { type: "string" }, rounds: { type: "string", default: "5" } },
  });
  const command = values.mvgal === undefined
    ? [Deno.execPath(), "run", "-A", "--no-check", join(root, "main.ts")]
    : [values.mvgal];
  const fields = ["pci.bus_id", ...[...SMI_FIELDS, ...SMI_TEXTS].map(({ field }) => field)];
  const rounds: Judged[][] = [];
  for (let count = 0; count < Number(values.rounds); count++) rounds.push(round(command, fields));
  const verdicts = overall(rounds);
  const mark = (ok: boolean | null) => ok === null ? "-" : ok ? "ok" : "MISS";
  const rows = verdicts.map((each) => [
    each.gpu,
    each.what,
    each.ours,
    each.theirs,
    mark(each.ok),
    each.why,
  ]);
  for (const line of table([["gpu", "metric", "ours", "theirs", "", ""], ...rows])) {
    console.log(line);
  }
  const misses = verdicts.filter(({ ok }) => ok === false).length;
  const compared = verdicts.filter(({ ok }) => ok !== null).length;
  console.log(`${compared} compared in ${rounds.length} rounds, ${misses} missed`);
  return misses === 0 && compared > 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exitCode = main();
  } catch (error) {
    console.error(`check_status: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  }
}
