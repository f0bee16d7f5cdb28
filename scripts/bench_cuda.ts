// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * What the CUDA shim costs: the same programs without it, with it, and with limits that are not reached, as
 * ratios: above 1 is faster than without it.
 *
 *     deno run -A scripts/bench_cuda.ts [--rounds N] [--starts N] [--launches N] [--torch SECONDS] [--gpu N]
 *         [--shim FILE] [--empty]
 *
 * The programs of all cases are started together and wait; then each runs for a fraction of a second, one after
 * the other, in rounds whose order is turned around each time, on the same CPUs. So what a start costs is not
 * measured, and clocks and caches are the same for all. They are started anew a second time, since how a process
 * lies in memory makes a difference of its own.
 *
 * Needs a driver (libcuda.so.1) and a C compiler; with `--torch 0`, or without PyTorch, that part is left out. With
 * `--empty` the driver is `cuda/empty_driver.c`, whose calls do nothing: what a launch takes is the shim's part.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { median } from "../lib/bench/statistics.ts";
import { table } from "../lib/render/table.ts";
import { compile } from "../tests/fakes/cc.ts";
import { chooseCpus, orderOf, ratioOf } from "./cuda/rounds.ts";

const HERE = import.meta.dirname ?? ".";

/** The environments that are compared; the first is what the others are measured against. */
const CASES: Record<string, (shim: string) => Record<string, string>> = {
  "without": () => ({}),
  "with": (shim) => ({ LD_PRELOAD: shim }),
  "64 GiB": (shim) => ({ LD_PRELOAD: shim, MVGAL_VRAM_LIMIT: "64GiB" }),
  // The program goes through the gate, which gives it all the time that nobody else wants.
  "50 %, conserving": (shim) => ({
    LD_PRELOAD: shim,
    MVGAL_SM_LIMIT: "50",
    MVGAL_WORK_CONSERVING: "1",
  }),
};

/** What a program says for each line that it is given: a number for each figure. */
interface Program {
  figures: readonly { name: string; isRate: boolean }[];
  command: readonly string[];
  /** CPUs that it may use. */
  cpus: number;
}

/** A program that waits for its rounds. */
class Waiting implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;

  constructor(command: readonly string[], env: Record<string, string>) {
    const [program = "", ...args] = command;
    this.#child = new Deno.Command(program, {
      args,
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#errors = new Response(this.#child.stderr).text();
    // deno-lint-ignore no-explicit-any -- the two kinds of streams are declared apart
    const input = Readable.fromWeb(this.#child.stdout as any);
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  /** Runs a round. */
  async round(): Promise<number[]> {
    await this.#input.write(new TextEncoder().encode("\n")).catch(() => {});
    const { done, value } = await this.#lines.next();
    if (done) throw new Error((await this.#errors).trim().split("\n").at(-1) || "it said nothing");
    return value.trim().split(/\s+/).map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
  }
}

/** The figures of each round, case by case. */
async function measure(
  program: Program,
  { rounds, starts, shim, runtime, env }: {
    rounds: number;
    starts: number;
    shim: string;
    runtime: string;
    env: Readonly<Record<string, string>>;
  },
): Promise<number[][][]> {
  const cpus = chooseCpus(Deno.readTextFileSync("/proc/self/status"), program.cpus);
  const pin = cpus.length === 0 ? [] : ["taskset", "-c", cpus.join(",")];
  const seen: number[][][] = Object.keys(CASES).map(() => []);
  for (let start = 0; start < starts; start++) {
    await using all = new AsyncDisposableStack();
    const programs = Object.values(CASES).map((own) =>
      all.use(
        new Waiting([...pin, ...program.command], {
          ...env,
          MVGAL_RUNTIME_DIR: runtime,
          ...own(shim),
        }),
      )
    );
    // The first is for warming up, and waits for all that starts.
    for (let round = -1; round < rounds; round++) {
      if (round < 0) await Promise.all(programs.map((each) => each.round()));
      else {for (const i of orderOf(round + start, programs.length)) {
          seen[i]?.push(await programs[i]?.round() ?? []);
        }}
    }
  }
  return seen;
}

function rowsOf(program: Program, seen: readonly number[][][]): string[][] {
  return program.figures.map(({ name, isRate }, index) => {
    const [base = [], ...others] = seen.map((rounds) => rounds.map((run) => run[index] ?? NaN));
    return [
      name,
      median(base).toFixed(1),
      ...others.map((other) => {
        const { ratio, low, high } = ratioOf(base, other, isRate);
        return `${median(other).toFixed(1)}  ${ratio.toFixed(3)} (${low.toFixed(3)} to ${
          high.toFixed(3)
        })`;
      }),
    ];
  });
}

/** A directory with a driver whose calls do nothing. */
function emptyDriver(): string {
  const driver = compile({
    name: "libcuda.so.1",
    source: { file: join(HERE, "cuda", "empty_driver.c") },
    args: ["-O2", "-shared", "-fPIC"],
  });
  return dirname(driver);
}

function programsOf(launches: string, isEmpty: boolean, torch: number): Program[] {
  const loop = compile({
    name: "launch_loop",
    source: { file: join(HERE, "cuda", "launch_loop.c") },
    args: ["-O2", "-ldl"],
  });
  const loops = ["", "default"].map((stream): Program => ({
    figures: [
      { name: `empty kernel, ${stream || "own"} stream: the call, ns`, isRate: false },
      { name: `empty kernel, ${stream || "own"} stream: until its end, ns`, isRate: false },
      ...(stream === "" && !isEmpty
        ? [{ name: "cuMemAlloc and cuMemFree of 1 MiB, ns", isRate: false }]
        : []),
    ],
    command: stream === ""
      ? [loop, launches, isEmpty ? "0" : "300"]
      : [loop, launches, "0", stream],
    cpus: 1,
  }));
  if (torch <= 0 || isEmpty) return loops;
  return [...loops, {
    figures: [
      { name: "PyTorch, eager training step, 1/s", isRate: true },
      { name: "PyTorch, product of 8192 in bf16, 1/s", isRate: true },
    ],
    command: ["python3", join(HERE, "cuda", "torch_step.py"), String(torch)],
    cpus: 2,
  }];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "7" },
      starts: { type: "string", default: "2" },
      launches: { type: "string" },
      torch: { type: "string", default: "0.25" },
      gpu: { type: "string", default: "0" },
      empty: { type: "boolean", default: false },
      shim: {
        type: "string",
        default: join(HERE, "..", "build", "shims", "libmvgal_cuda.so"),
      },
    },
  });
  const began = performance.now();
  const { shim, gpu, empty } = values;
  const env = empty ? { LD_LIBRARY_PATH: emptyDriver() } : { CUDA_VISIBLE_DEVICES: gpu };
  const options = { rounds: Number(values.rounds), starts: Number(values.starts), shim, env };
  const launches = values.launches ?? (empty ? "10000000" : "60000");
  const runtime = Deno.makeTempDirSync({ prefix: "mvgal-bench-cuda-" });
  const rows: string[][] = [];
  let code = 0;
  try {
    for (const program of programsOf(launches, empty, Number(values.torch))) {
      try {
        const measured = rowsOf(program, await measure(program, { ...options, runtime }));
        for (const row of measured) console.error(row.join("  "));
        rows.push(...measured);
      } catch (error) {
        console.error(`${program.command[0]}: ${error instanceof Error ? error.message : error}`);
        code = 1;
      }
    }
  } finally {
    Deno.removeSync(runtime, { recursive: true });
  }
  const [, ...others] = Object.keys(CASES);
  const heading = ["median, ratio of medians (of single rounds)", "without", ...others];
  for (const line of table([heading, ...rows], ["left", ...Array<"right">(4).fill("right")])) {
    console.log(line);
  }
  const [seconds, count] = [(performance.now() - began) / 1000, options.rounds * options.starts];
  console.log(`${count} rounds of each, ${options.starts} starts, ${seconds.toFixed(0)} s`);
  return code;
}

if (import.meta.main) Deno.exit(await main());
