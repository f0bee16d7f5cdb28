// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * What the CUDA shim costs, without limits and with limits that are not reached, as ratios to the driver alone:
 * above 1 is faster than that.
 *
 *     deno run -A scripts/bench_cuda.ts [--seconds N] [--launches N] [--torch SECONDS] [--gpu N] [--shim FILE]
 *         [--empty]
 *
 * The driver and the shim are compared inside one process, on the same stream, in short blocks by turns
 * (`cuda/launch_loop.c`; PyTorch by `cuda/switch.c`): how a process lies in memory, clocks and caches are the same
 * for both. A ratio is the median over rounds of eight blocks, with its interval of 95 % confidence; "of all" is that
 * of all time together. "no shim" compares the driver with itself: how far that is from 1 is the error. On a host
 * whose CPUs are busy with other things intervals are wide.
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
import { chooseCpus, ratioOf, reachOf, read, type Round, type Said } from "./cuda/rounds.ts";

const HERE = import.meta.dirname ?? ".";
const ABI = join(HERE, "..", "shims", "cuda");

/** What a ratio must be told to, half of an interval: one in a hundred is seen then. */
const EXACT = 0.005;

/** Environments, and how long a block is. */
interface Case {
  name: string;
  hasShim: boolean;
  env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  block: number;
  /** Times as long as the others. */
  longer: number;
}

const CASES: readonly Case[] = [
  { name: "no shim", hasShim: false, env: {}, block: 2, longer: 1 },
  { name: "without limits", hasShim: true, env: {}, block: 2, longer: 1 },
  { name: "64 GiB", hasShim: true, env: { MVGAL_VRAM_LIMIT: "64GiB" }, block: 2, longer: 1 },
  {
    // The program goes through the gate, which gives it all the time that nobody else wants, in turns of 15 ms
    // and more: a block is to have one.
    name: "50 %, conserving",
    hasShim: true,
    env: { MVGAL_SM_LIMIT: "50", MVGAL_WORK_CONSERVING: "1" },
    block: 16,
    longer: 2,
  },
];

/** A program that compares the two sides. */
interface Program {
  figures: readonly string[];
  command: (block: number, longer: number) => string[];
  /** Libraries before the shim. */
  preload: readonly string[];
  /** CPUs that it may use. */
  cpus: number;
  /** Blocks are not shorter, in ms. */
  least: number;
}

/** A program that waits for its turn. */
class Waiting implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;
  readonly #first: Promise<string>;

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
    this.#first = this.#next();
    // It is asked for later.
    this.#first.catch(() => {});
  }

  async #next(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (!done) return value;
    throw new Error((await this.#errors).trim().split("\n").at(-1) || "it said nothing");
  }

  /** Waits until it has started. */
  async started(): Promise<void> {
    await this.#first;
  }

  /** Lets it measure. */
  async measure(): Promise<Said> {
    const lines = [await this.#first];
    await this.#input.write(new TextEncoder().encode("\n")).catch(() => {});
    for (let line = await this.#next(); line !== "."; line = await this.#next()) lines.push(line);
    return read(lines);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
  }
}

/** Measures case by case: all start together and wait, one runs at a time. */
async function measure(
  program: Program,
  { shim, env }: { shim: string; env: Readonly<Record<string, string>> },
): Promise<Round[][][]> {
  const cpus = chooseCpus(Deno.readTextFileSync("/proc/self/status"), program.cpus);
  const pin = cpus.length === 0 ? [] : ["taskset", "-c", cpus.join(",")];
  await using all = new AsyncDisposableStack();
  const waiting = CASES.map(({ env: own, hasShim, block, longer }) => {
    const preload = [...program.preload, ...(hasShim ? [shim] : [])];
    const command = program.command(Math.max(block, program.least), longer);
    return all.use(
      new Waiting([...pin, ...command], { ...env, ...own, LD_PRELOAD: preload.join(":") }),
    );
  });
  await Promise.all(waiting.map((each) => each.started()));
  const measured: Round[][][] = [];
  for (const [i, each] of waiting.entries()) {
    const { hooked, figures } = await each.measure();
    if (CASES[i]?.hasShim && hooked === 0) {
      throw new Error(`${CASES[i].name}: the program's calls do not go by ${shim}`);
    }
    if (program.preload.length > 0 && i === 0) console.error(`${hooked} calls a step are switched`);
    measured.push(figures);
  }
  return measured;
}

/** Rows of a figure, case by case, and how exact the least exact of them is. */
function rowsOf(
  name: string,
  cases: readonly Round[][],
  isEmpty: boolean,
): { rows: string[][]; reach: number } {
  let reach = 0;
  const rows = cases.map((rounds, i) => {
    const middle = (side: (round: Round) => number) => {
      const value = median(rounds.map(side));
      return value.toFixed(Math.abs(value) < 100 ? 2 : 0);
    };
    const sides = [middle(({ driver }) => driver), middle(({ shim }) => shim)];
    const head = [i === 0 ? name : "", CASES[i]?.name ?? "", ...sides];
    if (isEmpty) return [...head, middle(({ driver, shim }) => shim - driver)];
    const ratio = ratioOf(rounds);
    reach = Math.max(reach, reachOf(ratio));
    return [
      ...head,
      ratio.ratio.toFixed(4),
      `${ratio.low.toFixed(4)} to ${ratio.high.toFixed(4)}`,
      ratio.whole.toFixed(4),
      String(rounds.length),
    ];
  });
  return { rows, reach };
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

function programsOf(
  { launches, seconds, torch }: { launches: string; seconds: number; torch: number },
): Program[] {
  const own = join(HERE, "cuda", "own_dlsym.h");
  const loop = compile({
    name: "launch_loop",
    source: { file: join(HERE, "cuda", "launch_loop.c") },
    args: ["-O2", "-ldl"],
    includes: [own],
  });
  const loops = ["", "default"].map((stream): Program => ({
    figures: [
      `empty kernel, ${stream || "own"} stream: the call, ns`,
      `empty kernel, ${stream || "own"} stream: until its end, ns`,
      ...(stream === "" ? ["cuMemAlloc and cuMemFree of 1 MiB, ns"] : []),
    ],
    command: (block, longer) => {
      const whole = longer * seconds;
      return stream === ""
        ? [loop, launches, String(block), String(whole), String(whole / 2)]
        : [loop, launches, String(block), String(whole / 2), "0", stream];
    },
    preload: [],
    // Threads of the driver's own are not to stop it.
    cpus: 2,
    least: 0,
  }));
  if (torch <= 0) return loops;
  const headers = ["hooks.h", "abi.h", "copies.h", "work.h"].map((name) => join(ABI, name));
  const bySwitch = compile({
    name: "switch.so",
    source: { file: join(HERE, "cuda", "switch.c") },
    args: ["-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread", `-I${ABI}`, "-ldl"],
    includes: [own, ...headers],
  });
  return [...loops, {
    figures: ["PyTorch, eager training step, ms", "PyTorch, product of 8192 in bf16, ms"],
    command: (block, longer) => [
      "python3",
      join(HERE, "cuda", "torch_step.py"),
      ...[block, longer * torch, torch / 4].map(String),
    ],
    preload: [bySwitch],
    // Besides its own it has a thread for what is differentiated.
    cpus: 4,
    least: 15,
  }];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "2" },
      launches: { type: "string" },
      torch: { type: "string", default: "4.5" },
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
  const runtime = Deno.makeTempDirSync({ prefix: "mvgal-bench-cuda-" });
  const env = {
    MVGAL_RUNTIME_DIR: runtime,
    ...(empty ? { LD_LIBRARY_PATH: emptyDriver() } : { CUDA_VISIBLE_DEVICES: gpu }),
  };
  const programs = programsOf({
    // The driver's queue holds 1023 launches.
    launches: values.launches ?? (empty ? "100000" : "500"),
    seconds: Number(values.seconds),
    torch: empty ? 0 : Number(values.torch),
  });
  const rows: string[][] = [];
  let [code, widest] = [0, 0];
  try {
    for (const program of programs) {
      try {
        const measured = await measure(program, { shim, env });
        for (const [i, name] of program.figures.entries()) {
          const figure = rowsOf(name, measured.map((figures) => figures[i] ?? []), empty);
          for (const row of figure.rows) console.error(row.join("  "));
          rows.push(...figure.rows);
          widest = Math.max(widest, figure.reach);
        }
      } catch (error) {
        console.error(`${program.figures[0]}: ${error instanceof Error ? error.message : error}`);
        code = 1;
      }
    }
  } finally {
    Deno.removeSync(runtime, { recursive: true });
  }
  const heading = ["", "", "driver", "shim"];
  heading.push(...(empty ? ["shim - driver"] : ["driver / shim", "95 %", "of all", "rounds"]));
  const align = heading.map((_, i) => i < 2 ? "left" as const : "right" as const);
  for (const line of table([heading, ...rows], align)) console.log(line);
  if (!empty && rows.length > 0) {
    const told = widest === Infinity
      ? "none: too few rounds, use --seconds and --torch"
      : `+- ${(100 * widest).toFixed(2)} %${
        widest <= EXACT ? "" : `: too wide for ${200 * EXACT} %`
      }`;
    console.log(`widest interval: ${told}`);
  }
  console.log(`${((performance.now() - began) / 1000).toFixed(0)} s`);
  return code;
}

if (import.meta.main) Deno.exit(await main());
