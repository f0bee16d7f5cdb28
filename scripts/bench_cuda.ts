// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * What the CUDA shim costs: the same programs without it, with it, and with a limit that is never reached, in
 * turn, as ratios.
 *
 *     deno run -A scripts/bench_cuda.ts [--rounds N] [--launches N] [--torch SECONDS]
 *
 * Needs a driver (libcuda.so.1) and a C compiler; with `--torch 0`, or without PyTorch, that part is left out.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../lib/render/table.ts";
import { compile } from "../tests/fakes/cc.ts";

const HERE = import.meta.dirname ?? ".";
const SHIM = join(HERE, "..", "build", "shims", "libmvgal_cuda.so");

/** The environments that are compared; the first is what the others are measured against. */
const CASES: Record<string, Record<string, string>> = {
  "without": {},
  "with": { LD_PRELOAD: SHIM },
  "a limit of memory that is not reached": { LD_PRELOAD: SHIM, MVGAL_VRAM_LIMIT: "64GiB" },
};

/** What a program says: a number for each figure. */
interface Program {
  figures: readonly { name: string; isRate: boolean }[];
  command: readonly string[];
}

function measure({ command }: Program, env: Record<string, string>): number[] | string {
  const [program = "", ...args] = command;
  const { success, stdout, stderr } = new Deno.Command(program, { args, env }).outputSync();
  const decoder = new TextDecoder();
  if (!success) return decoder.decode(stderr).trim().split("\n").at(-1) ?? "it failed";
  return decoder.decode(stdout).trim().split(/\s+/).map(Number);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function compare(program: Program, rounds: number): string[][] {
  const seen = new Map(Object.keys(CASES).map((name) => [name, [] as number[][]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, env] of Object.entries(CASES)) {
      const figures = measure(program, env);
      if (typeof figures === "string") return [[program.command[0] ?? "", name, figures]];
      seen.get(name)?.push(figures);
    }
  }
  return program.figures.map(({ name, isRate }, index) => {
    const of = (each: string) => median((seen.get(each) ?? []).map((run) => run[index] ?? NaN));
    const base = of("without");
    return [
      name,
      base.toFixed(1),
      ...Object.keys(CASES).slice(1).map((each) =>
        (isRate ? of(each) / base : base / of(each)).toFixed(3)
      ),
    ];
  });
}

function main(): number {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "3" },
      launches: { type: "string", default: "1000000" },
      torch: { type: "string", default: "3" },
    },
  });
  const loop = compile({
    name: "launch_loop",
    source: { file: join(HERE, "cuda", "launch_loop.c") },
    args: ["-O2", "-ldl"],
  });
  const programs: Program[] = [{
    figures: [
      { name: "empty kernel, the call, ns", isRate: false },
      { name: "empty kernel, until it has ended, ns", isRate: false },
      { name: "cuMemAlloc and cuMemFree of 1 MiB, ns", isRate: false },
    ],
    command: [loop, values.launches, "10000"],
  }];
  if (Number(values.torch) > 0) {
    programs.push({
      figures: [
        { name: "PyTorch, eager training step, 1/s", isRate: true },
        { name: "PyTorch, product of 8192 in bf16, 1/s", isRate: true },
      ],
      command: ["python3", join(HERE, "cuda", "torch_step.py"), values.torch],
    });
  }
  const rows = programs.flatMap((program) => compare(program, Number(values.rounds)));
  const heading = ["", "without", ...Object.keys(CASES).slice(1).map((name) => `x ${name}`)];
  for (const line of table([heading, ...rows], ["left", "right", "right", "right"])) {
    console.log(line);
  }
  return 0;
}

if (import.meta.main) Deno.exit(main());
