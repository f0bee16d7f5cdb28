// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task check:opencl`: unmodified OpenCL programs on a device alone and on the pool of all, each result
 * beside the device's own; and the peak memory of a program that is split. Exits with 1 where something differs.
 *
 *     deno run -A scripts/check_opencl.ts [--only ffmpeg,hashcat] [--vendors DIR|FILE.icd,…] [--gpu]
 *         [--split 'auto;force;force,diff'] [--width 320] [--steps 500] [--mib 128] [--seconds 300]
 *         [--shim FILE] [--json]
 *
 * `--only` takes beginnings of names, and `memory`. `--width` and `--steps` are those of ffmpeg's pictures, `--mib`
 * of each of the two buffers whose peak is measured, and `--gpu` takes sizes for GPUs in the programs of its own.
 * Without `--vendors` it is NVIDIA's driver where that is installed, else PoCL with two devices. Programs that are
 * not installed are skipped, with the package that they are of.
 *
 * @module
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compiler } from "../tests/fakes/cc.ts";
import { table } from "../lib/render/table.ts";
import type { Counts } from "./opencl/follow.ts";
import { type Ended, Machine } from "./opencl/machine.ts";
import { measureMemory } from "./opencl/memory.ts";
import { isInstalled, type Program, programs } from "./opencl/programs.ts";

const SHIM = join(import.meta.dirname ?? ".", "..", "build", "shims", "libmvgal_opencl.so");
const SCHEMA = "mvgal.check_opencl/1";
const VENDORS = ["nvidia", "pocl"].map((name) => `/etc/OpenCL/vendors/${name}.icd`);

/** What came of a program on the pool. */
interface Row {
  program: string;
  split: string;
  state: "equal" | "differs" | "failed" | "skipped";
  /** Why it is not equal. */
  reason?: string;
  alone_s?: number;
  seconds?: number;
  /** Null where they were not seen. */
  counts?: Counts | null;
}

function resultOf(program: Program, ended: Ended): { result: string } | { reason: string } {
  const last = ended.errors.trim().split("\n").at(-1) || ended.out.trim().split("\n").at(-1);
  if (ended.code === 124) return { reason: "it took too long" };
  if (ended.code !== 0) return { reason: `status ${ended.code}: ${last}` };
  try {
    return { result: program.result(ended) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The first line in which two texts differ. */
function firstDifference(expected: string, actual: string): string {
  const [left, right] = [expected.split("\n"), actual.split("\n")];
  const at = left.findIndex((line, i) => line !== right[i]);
  return `'${right[at] ?? "nothing"}' for '${left[at] ?? "nothing"}'`;
}

async function check(
  program: Program,
  machine: Machine,
  splits: readonly string[],
  tell: (row: Row) => void,
): Promise<void> {
  const row = { program: program.name, split: "" };
  if (!isInstalled(program.command)) {
    tell({ ...row, state: "skipped", reason: `not installed: ${program.package}` });
    return;
  }
  const alone = await machine.alone(program.command);
  const expected = resultOf(program, alone);
  if ("reason" in expected && !program.isOwnJudge) {
    tell({ ...row, state: "skipped", reason: `fails without a pool: ${expected.reason}` });
    return;
  }
  for (const split of splits) {
    const ended = await machine.pooled(program.command, split, program.env);
    const { seconds, counts } = ended;
    const seen = { program: program.name, split, alone_s: alone.seconds, seconds, counts };
    const actual = resultOf(program, ended);
    if ("reason" in actual) tell({ ...seen, state: "failed", reason: actual.reason });
    else if ("result" in expected && actual.result !== expected.result) {
      const reason = firstDifference(expected.result, actual.result);
      tell({ ...seen, state: "differs", reason });
    } else if (program.isWhole && (counts?.parted ?? 0) > 0 && !split.includes("diff")) {
      tell({ ...seen, state: "differs", reason: "some of it was split" });
    } else tell({ ...seen, state: "equal" });
  }
}

function cellsOf({ program, split, state, reason, alone_s, seconds, counts }: Row): string[] {
  const all = counts && counts.whole + counts.parted;
  const share = counts && all ? `${(100 * counts.parted / all).toFixed(1)} %` : "";
  const members = Object.values(counts?.parts ?? {}).filter((parts) => parts > 0).length;
  const reasons = counts?.reasons.map(([name, count]) => `${name} ${count}`).join(", ") ?? "";
  return [
    program,
    split,
    state,
    all == null ? "" : String(all),
    share,
    members === 0 ? "" : String(members),
    alone_s?.toFixed(1) ?? "",
    seconds?.toFixed(1) ?? "",
    reason ?? reasons,
  ];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      vendors: { type: "string" },
      shim: { type: "string", default: SHIM },
      split: { type: "string", default: "auto;force;force,diff" },
      gpu: { type: "boolean", default: false },
      width: { type: "string", default: "320" },
      steps: { type: "string", default: "500" },
      mib: { type: "string", default: "128" },
      seconds: { type: "string", default: "300" },
      json: { type: "boolean", default: false },
    },
  });
  const scratch = mkdtempSync(join(tmpdir(), "mvgal-check-opencl-"));
  try {
    const vendors = values.vendors?.split(",") ?? VENDORS.filter((path) => existsSync(path));
    if (values.vendors === undefined) vendors.length = Math.min(vendors.length, 1);
    if (vendors.length === 0) throw new Error(`none of ${VENDORS.join(", ")}: give --vendors`);
    const { shim } = values;
    if (!existsSync(shim)) throw new Error(`${shim} is not built: deno task build`);
    const machine = new Machine({ vendors, shim, scratch, seconds: Number(values.seconds) });
    if (compiler !== null) await machine.demandPool();
    const sizes = {
      width: Number(values.width),
      steps: Number(values.steps),
      isGpu: values.gpu,
    };
    const only = values.only?.split(",");
    const isWanted = (name: string) => only?.some((begin) => name.startsWith(begin)) ?? true;
    const rows: Row[] = [];
    const tell = (row: Row) => {
      rows.push(row);
      if (values.json) console.log(JSON.stringify({ schema: SCHEMA, ...row }));
      else console.error(cellsOf(row).filter((cell) => cell !== "").join("  "));
    };
    for (const program of programs(sizes, scratch)) {
      if (isWanted(program.name)) await check(program, machine, values.split.split(";"), tell);
    }
    let isRight = rows.every(({ state }) => state === "equal" || state === "skipped");
    if (!values.json) {
      const heading = ["program", "split", "", "launches", "in parts", "GPUs", "alone s", "s"];
      const cells = [[...heading, "why not"], ...rows.map(cellsOf)];
      const numbers = Array.from({ length: 5 }, () => "right" as const);
      for (const line of table(cells, ["left", "left", "left", ...numbers])) console.log(line);
    }
    if (isWanted("memory")) {
      const memory = await measureMemory(machine, Number(values.mib));
      isRight &&= memory.is_right;
      if (values.json) console.log(JSON.stringify({ schema: SCHEMA, memory }));
      else console.log(memory.text);
    }
    return isRight ? 0 : 1;
  } catch (error) {
    console.error(`check:opencl: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
