// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task bench:opencl-pool`: what several devices as one do for OpenCL programs that know of one.
 *
 *     deno run -A scripts/bench_opencl_pool.ts [--members 1,2,4] [--jobs mandelbrot,nbody,saxpy,sgemm]
 *         [--vendors /etc/OpenCL/vendors/nvidia.icd] [--best] [--split auto] [--repeats 8] [--size gpu]
 *         [--json]
 *
 * `scripts/opencl/jobs.c` runs each job on the first device of the first vendor, or with `--best` of each vendor,
 * and on pools of so many members of all that are named. A gain is to the fastest of the former. A repeat
 * uploads, launches and reads its result; its time is the median of the latter half, for the first ones are
 * measured by the shim itself. The results' bits have to be equal with one vendor, and near each other with
 * several. `--size` is gpu, core (one CPU core) or small (for tests).
 *
 * @module
 */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../tests/fakes/cc.ts";
import { samplesAgree } from "./opencl/sample.ts";

const HERE = import.meta.dirname ?? ".";
const SHIM = join(HERE, "..", "build", "shims", "libmvgal_opencl.so");

type Size = readonly [count: number, launches: number];

/** Sizes of a job for GPUs, a core and tests: what is counted, and launches a repeat. */
const SIZES: Readonly<Record<string, Readonly<Record<string, Size>>>> = {
  mandelbrot: { gpu: [16384, 4000], core: [1024, 400], small: [512, 200] },
  nbody: { gpu: [262144, 8], core: [8192, 4], small: [2048, 4] },
  saxpy: { gpu: [1 << 28, 20], core: [1 << 22, 8], small: [1 << 16, 4] },
  sgemm: { gpu: [8192, 4], core: [512, 2], small: [256, 2] },
};

/** What a job said. */
interface Outcome {
  begin_s: number;
  seconds: number[];
  sum: string;
  sample: string;
}

interface Row {
  job: string;
  /** 0: without a pool. */
  members: number;
  /** Without a pool: whose device. */
  vendor?: string;
  seconds: number;
  /** Times faster than without a pool. */
  gain: number;
  begin_s: number;
  is_equal: boolean;
  verdicts: string[];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

async function runJob(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ outcome: Outcome; verdicts: string[] }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], env })
    .output();
  const errors = new TextDecoder().decode(stderr).trim();
  if (code !== 0) throw new Error(`${args.join(" ")}: ${errors || `status ${code}`}`);
  const verdicts = errors.split("\n").filter((line) => line.startsWith("mvgal: "))
    .map((line) => line.slice("mvgal: ".length));
  return {
    outcome: JSON.parse(new TextDecoder().decode(stdout)) as Outcome,
    verdicts: [...new Set(verdicts)],
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      members: { type: "string", default: "1,2" },
      jobs: { type: "string", default: Object.keys(SIZES).join(",") },
      vendors: { type: "string", default: "/etc/OpenCL/vendors/nvidia.icd" },
      split: { type: "string", default: "auto" },
      repeats: { type: "string", default: "8" },
      size: { type: "string", default: "gpu" },
      best: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const program = compile({
    name: "opencl_jobs",
    source: { file: join(HERE, "opencl", "jobs.c") },
    args: ["-O2", "-Wno-deprecated-declarations", "-Wl,--no-as-needed", "-l:libOpenCL.so.1"],
  });
  const directory = mkdtempSync(join(tmpdir(), "mvgal-bench-opencl-pool-"));
  const [pool, all] = [join(directory, "pool"), join(directory, "all")];
  const rows: Row[] = [];
  const tell = (row: Row) => {
    rows.push(row);
    if (values.json) return console.log(JSON.stringify(row));
    const name = row.vendor ?? `pool of ${row.members}`;
    console.log(
      `${row.job.padEnd(12)} ${name.padEnd(12)} ${row.seconds.toFixed(4).padStart(9)} s  ` +
        `${row.gain.toFixed(3).padStart(6)} x  ${row.is_equal ? "equal" : "DIFFERS"}  ` +
        row.verdicts.join("; "),
    );
  };
  try {
    for (const place of [pool, all]) mkdirSync(place);
    const vendors = values.vendors.split(",");
    vendors.forEach((vendor, i) => copyFileSync(vendor, join(all, `${i}-${basename(vendor)}`)));
    writeFileSync(join(pool, "mvgal.icd"), `${SHIM}\n`);
    for (const job of values.jobs.split(",")) {
      const size = SIZES[job]?.[values.size];
      if (size === undefined) {
        const jobs = Object.keys(SIZES).join(", ");
        throw new Error(`no job '${job}' of size '${values.size}': there are ${jobs}`);
      }
      const args = [job, ...size.map(String), values.repeats];
      const latter = ({ seconds }: Outcome) => median(seconds.slice(seconds.length >> 1));
      const alone: { vendor: string; outcome: Outcome }[] = [];
      for (const vendor of values.best ? vendors : vendors.slice(0, 1)) {
        const { outcome } = await runJob(program, args, { OCL_ICD_VENDORS: vendor });
        alone.push({ vendor: basename(vendor, ".icd"), outcome });
      }
      const base = Math.min(...alone.map(({ outcome }) => latter(outcome)));
      const isEqual = (outcome: Outcome) =>
        vendors.length === 1
          ? outcome.sum === alone[0]?.outcome.sum
          : alone.every((each) => samplesAgree(outcome.sample, each.outcome.sample));
      const rowOf = (outcome: Outcome, members: number, verdicts: string[]): Row => {
        const seconds = latter(outcome);
        const { begin_s } = outcome;
        const is_equal = isEqual(outcome);
        return { job, members, seconds, gain: base / seconds, begin_s, is_equal, verdicts };
      };
      for (const { vendor, outcome } of alone) tell({ ...rowOf(outcome, 0, []), vendor });
      for (const members of values.members.split(",").map(Number)) {
        const { outcome, verdicts } = await runJob(program, args, {
          OCL_ICD_VENDORS: pool,
          MVGAL_OPENCL_VENDORS: all,
          MVGAL_OPENCL_DEVICES: members > 1 ? `0-${members - 1}` : "0",
          MVGAL_SPLIT: values.split,
          MVGAL_DEBUG: "split",
        });
        tell(rowOf(outcome, members, verdicts));
      }
    }
  } catch (error) {
    console.error(
      `bench:opencl-pool: ${error instanceof Error ? error.message : String(error)}`,
    );
    return 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
  return rows.every(({ is_equal }) => is_equal) ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
