// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * `deno task bench:sm`: how near a share of a GPU's time comes to what was asked for, and how soon, on whatever
 * CUDA driver is there.
 *
 *     deno run -A scripts/bench_sm.ts [--gpus 0,1] [--targets 10,25,50,75,90] [--work 20us,1ms,100ms,500ms,graph20us,torch]
 *         [--pairs 20us,1ms,100ms] [--groups 20us,100ms] [--settling 20us,1ms,100ms] [--seconds 3] [--shim FILE]
 *
 * Kernels run for so long (by %globaltimer), graphs have 50 of 20 us, torch is a training in bf16. A program runs
 * under `libmvgal_cuda.so` without limit, is given one share after the other while it runs, as by `mvgal limit
 * set`, and none again. Share = its rate, by that without limit. It is taken from 2 s after a change on, over
 * whole turns with their pauses. GPUs work side by side, each on one case at a time. With torch, `python3` has to
 * have PyTorch. An empty list (`--pairs ""`) leaves a part out.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import process from "node:process";
import { compile } from "../tests/fakes/cc.ts";
import {
  group,
  pair,
  type Place,
  type Row,
  settling,
  type SettlingRow,
  shares,
  type Work,
} from "./sm/cases.ts";
import { inParallel, type Job } from "./sm/jobs.ts";
import { settlingReport, sharesReport } from "./sm/report.ts";

const HERE = import.meta.dirname ?? ".";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    gpus: { type: "string", default: "0" },
    targets: { type: "string", default: "10,25,50,75,90" },
    work: { type: "string", default: "20us,1ms,100ms,500ms,graph20us,torch" },
    pairs: { type: "string", default: "20us,1ms,100ms" },
    groups: { type: "string", default: "20us,100ms" },
    settling: { type: "string", default: "20us,1ms,100ms" },
    seconds: { type: "string", default: "3" },
    shim: {
      type: "string",
      default: join(HERE, "..", "build", "shims", "libmvgal_cuda.so"),
    },
  },
});

const list = (text: string) => text.split(",").filter((each) => each !== "");

const program = compile({
  name: "bench_sm",
  source: { file: join(HERE, "bench_sm.c") },
  args: ["-O2", "-ldl"],
});

function workOf(name: string): Work {
  if (name === "torch") {
    const command = ["python3", join(HERE, "cuda", "torch_train.py")];
    return { name: "PyTorch training", command, turn: 0.03, hasSteps: true };
  }
  const [, graph, number, unit] = /^(graph)?(\d+)(us|ms)$/.exec(name) ?? [];
  if (number === undefined) {
    throw new Error(`${name} is no work: say 20us, 1ms, graph20us or torch`);
  }
  const length = Number(number) * (unit === "ms" ? 1e-3 : 1e-6);
  return {
    name: graph === undefined ? `kernels of ${number} ${unit}` : `graphs of 50 x ${number} ${unit}`,
    command: [program, name],
    turn: Math.max(length, 0.015),
    hasSteps: false,
  };
}

async function main(runtime: string): Promise<void> {
  const targets = list(values.targets).map(Number);
  const seconds = Number(values.seconds);
  const place = (gpu: string): Place => ({ gpu, runtime, seconds, shim: values.shim });
  const of = (names: string) => list(names).map(workOf);
  const long = ({ turn, hasSteps }: Work) =>
    hasSteps ? 70 : turn > 0.2 ? 80 : turn > 0.05 ? 40 : 30;
  const jobs: Job<Row | SettlingRow>[] = [
    ...of(values.work).map((work) => ({
      seconds: long(work),
      run: (gpu: string) => shares(work, targets, place(gpu)),
    })),
    ...of(values.pairs).map((work) => ({
      seconds: 18,
      run: (gpu: string) => pair(work, [30, 70], place(gpu)),
    })),
    ...of(values.groups).map((work) => ({
      seconds: 18,
      run: (gpu: string) => group(work, 50, place(gpu)),
    })),
    ...of(values.settling).map((work) => ({
      seconds: 20,
      run: (gpu: string) => settling(work, [30, 70, 20], place(gpu)),
    })),
  ];
  const began = performance.now();
  const results = await inParallel(jobs, list(values.gpus), (error) => {
    console.error(`bench_sm: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  });
  const rows = results.filter((row) => row !== null);
  const shown = rows.filter((row) => "cells" in row);
  if (shown.length > 0) sharesReport(shown).forEach((line) => console.log(line));
  settlingReport(rows.filter((row) => "changes" in row)).forEach((line) => console.log(line));
  console.log(`${((performance.now() - began) / 1000).toFixed(0)} s on GPU ${values.gpus}`);
}

const runtime = Deno.makeTempDirSync({ prefix: "mvgal-bench-sm-" });
try {
  await main(runtime);
} finally {
  Deno.removeSync(runtime, { recursive: true });
}
