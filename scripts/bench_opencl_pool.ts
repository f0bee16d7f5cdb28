// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task bench:opencl-pool`: what several devices as one do for OpenCL programs that know of one.
 *
 *     deno run -A scripts/bench_opencl_pool.ts [--members 1,2,4] [--jobs mandelbrot,nbody,ffmpeg]
 *         [--vendors /etc/OpenCL/vendors/nvidia.icd] [--best] [--split auto] [--repeats 8] [--size gpu]
 *         [--json]
 *
 * Each job runs on the first device of the first vendor, or with `--best` of each vendor, and on pools of so many
 * members of all that are named; a gain is to the fastest of the former. The jobs mandelbrot, nbody, saxpy, sgemm and
 * chains are programs of `opencl/jobs.c`: a repeat uploads, launches and reads its result, and its time is the median
 * of the latter half. The others are unmodified programs, timed from start to end: ffmpeg, which makes frames with a
 * kernel of its user's, and tuner, CLBlast's tuner of SGEMM until it has tried its first configurations. Results have
 * to be equal with one vendor, and near each other with several. `--size` is gpu, core (one CPU core) or small (for
 * tests).
 *
 * @module
 */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { samplesAgree } from "./opencl/sample.ts";
import { type Outcome, type Scale, workload, WORKLOADS } from "./opencl/workloads.ts";

const SHIM = join(import.meta.dirname ?? ".", "..", "build", "shims", "libmvgal_opencl.so");
const SCALES: readonly Scale[] = ["gpu", "core", "small"];

interface Row {
  job: string;
  /** 0: without a pool. */
  members: number;
  /** Without a pool: whose device. */
  vendor?: string;
  seconds: number;
  /** Of each repeat. */
  repeats: number[];
  /** Times faster than without a pool. */
  gain: number;
  is_equal: boolean;
  /** What the shim said of launches. */
  verdicts: string[];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** The time of a repeat: the first ones are measured by the shim itself. */
function latter({ seconds }: Outcome): number {
  return median(seconds.slice(seconds.length >> 1));
}

function verdictsOf({ errors }: Outcome): string[] {
  const said = errors.split("\n").filter((line) => line.startsWith("mvgal: "))
    .map((line) => line.slice("mvgal: ".length));
  return [...new Set(said)];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      members: { type: "string", default: "1,2" },
      jobs: { type: "string", default: WORKLOADS.join(",") },
      vendors: { type: "string", default: "/etc/OpenCL/vendors/nvidia.icd" },
      split: { type: "string", default: "auto" },
      repeats: { type: "string", default: "8" },
      size: { type: "string", default: "gpu" },
      best: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
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
    const scale = SCALES.find((each) => each === values.size);
    if (scale === undefined) throw new Error(`no size '${values.size}': ${SCALES.join(", ")}`);
    for (const job of values.jobs.split(",")) {
      const work = workload(job, scale, Number(values.repeats), directory);
      const alone: { vendor: string; outcome: Outcome }[] = [];
      for (const vendor of values.best ? vendors : vendors.slice(0, 1)) {
        const outcome = await work.run({ OCL_ICD_VENDORS: vendor });
        alone.push({ vendor: basename(vendor, ".icd"), outcome });
      }
      const base = Math.min(...alone.map(({ outcome }) => latter(outcome)));
      const isEqual = ({ sum, sample }: Outcome) =>
        alone.every(({ outcome }) =>
          sum === outcome.sum || (vendors.length > 1 && samplesAgree(sample, outcome.sample))
        );
      const rowOf = (outcome: Outcome, members: number): Row => {
        const seconds = latter(outcome);
        const is_equal = isEqual(outcome);
        const verdicts = verdictsOf(outcome);
        return {
          job,
          members,
          seconds,
          repeats: outcome.seconds,
          gain: base / seconds,
          is_equal,
          verdicts,
        };
      };
      for (const { vendor, outcome } of alone) tell({ ...rowOf(outcome, 0), vendor });
      for (const members of values.members.split(",").map(Number)) {
        const outcome = await work.run({
          OCL_ICD_VENDORS: pool,
          MVGAL_OPENCL_VENDORS: all,
          MVGAL_OPENCL_DEVICES: members > 1 ? `0-${members - 1}` : "0",
          MVGAL_SPLIT: values.split,
          MVGAL_DEBUG: "split",
        });
        tell(rowOf(outcome, members));
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
