// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task bench:opencl-pool`: what several devices as one do for OpenCL programs that know of one.
 *
 *     deno run -A scripts/bench_opencl_pool.ts [--members 1,2,4] [--jobs mandelbrot,nbody,ffmpeg]
 *         [--vendors /etc/OpenCL/vendors/nvidia.icd] [--best] [--split auto] [--repeats 8] [--rounds 1]
 *         [--size gpu] [--json]
 *
 * Each job runs on the first device of the first vendor, or with `--best` of each vendor, and on pools of so many
 * members of all that are named; a gain is to the fastest of the former. The jobs mandelbrot, nbody, saxpy, sgemm and
 * checksums are programs of `opencl/jobs.c`: a repeat uploads, launches and reads its result, and its time is the
 * median of the latter half, when the shim has measured and built. The others are unmodified programs, timed from start
 * to end: ffmpeg, which makes frames with a kernel of its user's, and tuner, CLBlast's tuner of SGEMM until it has tried
 * its first configurations; and clpeak, by the bandwidths that it finds. Of all of them there is the time of the process
 * too, from its start to its end: how near its gain comes to that of a repeat depends on `--repeats`.
 *
 * Results have to be equal with one vendor, and near each other with several. `--size` is gpu, gpus (more work, for
 * four and more), core (one CPU core) or small (for tests). Programs that are not installed are skipped, with their
 * package. With `--rounds` all run by turns, so many times, and times are medians over the rounds.
 *
 * @module
 */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../lib/bench/statistics.ts";
import { demandPool } from "./opencl/jobs.ts";
import { samplesAgree } from "./opencl/sample.ts";
import { type Outcome, SCALES, workload, WORKLOADS } from "./opencl/workloads.ts";

const SHIM = join(import.meta.dirname ?? ".", "..", "build", "shims", "libmvgal_opencl.so");

/** What came of a job in one way. */
export interface Row {
  job: string;
  /** 0: without a pool. */
  members: number;
  /** Without a pool: whose device. */
  vendor?: string;
  seconds: number;
  /** Of each repeat, or of each of several rounds. */
  repeats: number[];
  /** Times faster than without a pool. */
  gain: number;
  /** The same from the process's start to its end, with the first repeats and all that is made once. */
  process_seconds: number;
  process_gain: number;
  is_equal: boolean;
  /** What the shim said of launches, and the program of itself. */
  said: string[];
}

/** The time of a repeat: the first ones are measured by the shim itself. */
function latter({ seconds }: Outcome): number {
  return median(seconds.slice(seconds.length >> 1));
}

/** Of all rounds. */
function secondsOf({ outcomes }: { outcomes: readonly Outcome[] }): number {
  return median(outcomes.map(latter));
}

function processSecondsOf({ outcomes }: { outcomes: readonly Outcome[] }): number {
  return median(outcomes.map(({ process_seconds }) => process_seconds));
}

/** What the shim said of launches, and the program of itself. */
function saidBy({ errors, notes = [] }: Outcome): string[] {
  const verdicts = errors.split("\n").filter((line) => line.startsWith("mvgal: "))
    .map((line) => line.slice("mvgal: ".length));
  return [...new Set(verdicts), ...notes];
}

/** How a job is run: on a vendor's device alone, or on a pool. */
interface Way {
  vendor?: string;
  members: number;
  env: Record<string, string>;
  /** Of each round. */
  outcomes: Outcome[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      members: { type: "string", default: "1,2" },
      jobs: { type: "string", default: WORKLOADS.join(",") },
      vendors: { type: "string", default: "/etc/OpenCL/vendors/nvidia.icd" },
      split: { type: "string", default: "auto" },
      repeats: { type: "string", default: "8" },
      rounds: { type: "string", default: "1" },
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
        `${row.gain.toFixed(3).padStart(6)} x  process ${row.process_seconds.toFixed(2)} s ` +
        `${row.process_gain.toFixed(3).padStart(6)} x  ${row.is_equal ? "equal" : "DIFFERS"}  ` +
        row.said.join("; "),
    );
  };
  try {
    for (const place of [pool, all]) mkdirSync(place);
    const vendors = values.vendors.split(",");
    // Khronos' loader and NVIDIA's take directories alone.
    const places = vendors.map((vendor, i) => {
      const place = join(directory, String(i));
      mkdirSync(place);
      copyFileSync(vendor, join(place, basename(vendor)));
      copyFileSync(vendor, join(all, `${i}-${basename(vendor)}`));
      return place;
    });
    writeFileSync(join(pool, "mvgal.icd"), `${SHIM}\n`);
    const runtime = { MVGAL_RUNTIME_DIR: join(directory, "runtime") };
    await demandPool({ ...runtime, OCL_ICD_VENDORS: pool, MVGAL_OPENCL_VENDORS: all });
    const scale = SCALES.find((each) => each === values.size);
    if (scale === undefined) throw new Error(`no size '${values.size}': ${SCALES.join(", ")}`);
    const rounds = Number(values.rounds);
    if (!(rounds >= 1)) throw new Error(`--rounds is at least 1, not ${values.rounds}`);
    for (const job of values.jobs.split(",")) {
      const work = workload(job, scale, Number(values.repeats), directory);
      if (work.lacks !== undefined) {
        console.error(`${job}: skipped: not installed: ${work.lacks}`);
        continue;
      }
      const ways: Way[] = [
        ...(values.best ? vendors : vendors.slice(0, 1)).map((vendor, i): Way => ({
          vendor: basename(vendor, ".icd"),
          members: 0,
          env: { OCL_ICD_VENDORS: places[i] ?? "" },
          outcomes: [],
        })),
        ...values.members.split(",").map(Number).map((members): Way => ({
          members,
          env: {
            ...runtime,
            OCL_ICD_VENDORS: pool,
            MVGAL_OPENCL_VENDORS: all,
            MVGAL_OPENCL_DEVICES: members > 1 ? `0-${members - 1}` : "0",
            MVGAL_SPLIT: values.split,
            MVGAL_DEBUG: "split",
          },
          outcomes: [],
        })),
      ];
      for (let round = 0; round < rounds; round++) {
        for (const { env, outcomes } of ways) outcomes.push(await work.run(env));
      }
      const alone = ways.filter(({ members }) => members === 0);
      const base = Math.min(...alone.map(secondsOf));
      const processBase = Math.min(...alone.map(processSecondsOf));
      const isEqual = ({ sum, sample }: Outcome) =>
        alone.flatMap(({ outcomes }) => outcomes).every((other) =>
          sum === other.sum || (vendors.length > 1 && samplesAgree(sample, other.sample))
        );
      for (const way of ways) {
        const { vendor, members, outcomes } = way;
        const seconds = secondsOf(way);
        const process_seconds = processSecondsOf(way);
        tell({
          job,
          ...(vendor !== undefined && { vendor }),
          members,
          seconds,
          repeats: outcomes.length === 1 ? outcomes[0]?.seconds ?? [] : outcomes.map(latter),
          gain: base / seconds,
          process_seconds,
          process_gain: processBase / process_seconds,
          is_equal: outcomes.every(isEqual),
          said: [...new Set(outcomes.flatMap(saidBy))],
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
