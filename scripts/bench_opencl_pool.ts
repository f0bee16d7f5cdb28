// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task bench:opencl-pool`: what several devices as one do for OpenCL programs that know of one.
 *
 *     deno run -A scripts/bench_opencl_pool.ts [--members 1,2,4] [--jobs mandelbrot,nbody,saxpy,sgemm]
 *         [--vendors /etc/OpenCL/vendors/nvidia.icd] [--split auto] [--repeats 8] [--small] [--json]
 *
 * `scripts/opencl/jobs.c` runs each job on the first device of the first vendor, and on pools of so many members
 * of all that are named. A repeat uploads, launches and reads its result; its time is the median of the latter
 * half, for the first ones are measured by the shim itself. The results' bits have to be equal where all members
 * are of one kind.
 *
 * @module
 */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../tests/fakes/cc.ts";

const HERE = import.meta.dirname ?? ".";
const SHIM = join(HERE, "..", "build", "shims", "libmvgal_opencl.so");

/** Sizes of a job for GPUs, and for tests: count, launches a repeat. */
const SIZES: Readonly<Record<string, readonly [gpu: [number, number], small: [number, number]]>> = {
  mandelbrot: [[16384, 4000], [512, 200]],
  nbody: [[262144, 8], [2048, 4]],
  saxpy: [[1 << 28, 20], [1 << 16, 4]],
  sgemm: [[8192, 4], [256, 2]],
};

/** What a job said. */
interface Outcome {
  begin_s: number;
  seconds: number[];
  sum: string;
}

interface Row {
  job: string;
  /** 0: without a pool. */
  members: number;
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
      small: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const program = compile({
    name: "opencl_jobs",
    source: { file: join(HERE, "opencl", "jobs.c") },
    args: ["-O2", "-Wno-deprecated-declarations", "-Wl,--no-as-needed", "-l:libOpenCL.so.1"],
  });
  const directory = mkdtempSync(join(tmpdir(), "mvgal-bench-opencl-pool-"));
  const [first, pool, all] = ["first", "pool", "all"].map((name) => join(directory, name));
  const rows: Row[] = [];
  try {
    if (first === undefined || pool === undefined || all === undefined) throw new Error("no place");
    for (const place of [first, pool, all]) mkdirSync(place);
    const vendors = values.vendors.split(",");
    vendors.forEach((vendor, i) => {
      if (i === 0) copyFileSync(vendor, join(first, basename(vendor)));
      copyFileSync(vendor, join(all, `${i}-${basename(vendor)}`));
    });
    writeFileSync(join(pool, "mvgal.icd"), `${SHIM}\n`);
    for (const job of values.jobs.split(",")) {
      const sizes = SIZES[job];
      if (sizes === undefined) {
        throw new Error(`no job '${job}': there are ${Object.keys(SIZES).join(", ")}`);
      }
      const [count, launches] = sizes[values.small ? 1 : 0];
      const args = [job, `${count}`, `${launches}`, values.repeats];
      const latter = (outcome: Outcome) =>
        median(outcome.seconds.slice(outcome.seconds.length >> 1));
      const alone = await runJob(program, args, { OCL_ICD_VENDORS: first });
      const base = latter(alone.outcome);
      const tell = (row: Row) => {
        rows.push(row);
        if (values.json) console.log(JSON.stringify(row));
        else {
          const name = row.members === 0 ? "alone" : `pool of ${row.members}`;
          console.log(
            `${job.padEnd(12)} ${name.padEnd(10)} ${row.seconds.toFixed(4).padStart(9)} s  ` +
              `${row.gain.toFixed(3).padStart(6)} x  ${row.is_equal ? "equal" : "DIFFERS"}  ` +
              row.verdicts.join("; "),
          );
        }
      };
      tell({
        job,
        members: 0,
        seconds: base,
        gain: 1,
        begin_s: alone.outcome.begin_s,
        is_equal: true,
        verdicts: [],
      });
      for (const members of values.members.split(",").map(Number)) {
        const { outcome, verdicts } = await runJob(program, args, {
          OCL_ICD_VENDORS: pool,
          MVGAL_OPENCL_VENDORS: all,
          MVGAL_OPENCL_DEVICES: members > 1 ? `0-${members - 1}` : "0",
          MVGAL_SPLIT: values.split,
          MVGAL_DEBUG: "split",
        });
        const seconds = latter(outcome);
        tell({
          job,
          members,
          seconds,
          gain: base / seconds,
          begin_s: outcome.begin_s,
          is_equal: outcome.sum === alone.outcome.sum,
          verdicts,
        });
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
