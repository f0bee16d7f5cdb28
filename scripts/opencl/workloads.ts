/**
 * What bench:opencl-pool times: programs for one device, of this repository (`jobs.c`) and unmodified ones.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { jobsProgram } from "./jobs.ts";
import { isInstalled, mandelbrot } from "./programs.ts";

/** What a run took, and what came of it. */
export interface Outcome {
  /** Of each repeat; of a program that does its work once, that of the whole process. */
  seconds: number[];
  /** Of the process, from its start to its end. */
  process_seconds: number;
  /** What has to be equal wherever it runs. */
  sum: string;
  /** Words of the result in hexadecimal digits, for devices that round otherwise; "" of programs without. */
  sample: string;
  /** What the process said on stderr. */
  errors: string;
  /** Of the program's own output, what tells more. */
  notes?: string[];
}

/** A program of a size. */
export interface Workload {
  /** The Debian package of a program that is not installed. */
  lacks?: string;
  /** @throws {Error} where it fails, with the last that it said. */
  run(env: Record<string, string>): Promise<Outcome>;
}

/** For a GPU or two, for more of them, for one core of a CPU, and for tests. */
export const SCALES = ["gpu", "gpus", "core", "small"] as const;

/** How much work there is. */
export type Scale = (typeof SCALES)[number];

type Size = readonly [count: number, times: number];

/** Of `jobs.c`: what is counted, and launches or steps of a repeat. */
const JOBS: Readonly<Record<string, Readonly<Record<Scale, Size>>>> = {
  mandelbrot: {
    gpu: [8192, 100_000],
    gpus: [8192, 400_000],
    core: [1024, 400],
    small: [512, 200],
  },
  nbody: { gpu: [262_144, 8], gpus: [1_048_576, 4], core: [8192, 4], small: [2048, 4] },
  saxpy: { gpu: [1 << 28, 20], gpus: [1 << 28, 1000], core: [1 << 22, 8], small: [1 << 16, 4] },
  sgemm: { gpu: [8192, 16], gpus: [8192, 64], core: [512, 2], small: [256, 2] },
  checksums: {
    gpu: [131_072, 500],
    gpus: [131_072, 500],
    core: [4096, 100],
    small: [512, 50],
  },
};

/** ffmpeg's frames: width, steps of a point, frames. */
const FRAMES: Readonly<Record<Scale, readonly [number, number, number]>> = {
  gpu: [5120, 2_000_000, 40],
  // More of them: the first few run whole.
  gpus: [5120, 500_000, 160],
  core: [320, 4000, 50],
  small: [160, 200, 8],
};

/** CLBlast's tuner: rows of the square matrices, configurations that are tried, runs of each. */
const TUNED: Readonly<Record<Scale, readonly [number, number, number]>> = {
  gpu: [4096, 1, 1600],
  gpus: [4096, 1, 3600],
  core: [512, 5, 4],
  small: [128, 2, 2],
};

/** All there are. */
export const WORKLOADS: readonly string[] = [
  ...Object.keys(JOBS),
  "ffmpeg",
  "tuner",
  "clpeak",
];

/** @throws {Error} for a name or size that is not there. */
export function workload(name: string, scale: Scale, repeats: number, scratch: string): Workload {
  if (name === "ffmpeg") return ffmpeg(FRAMES[scale], scratch);
  if (name === "tuner") return tuner(TUNED[scale], scratch);
  if (name === "clpeak") return clpeak(scratch);
  const size = JOBS[name]?.[scale];
  if (size === undefined) throw new Error(`no job '${name}': there are ${WORKLOADS.join(", ")}`);
  return job(name, size, repeats, scratch);
}

/** Makes the error of a program that ended with a status. */
function failure(command: readonly string[], code: number, errors: string): Error {
  const last = errors.trim().split("\n").at(-1) || `status ${code}`;
  return new Error(`${command.join(" ")}: ${last}`);
}

function job(name: string, size: Size, repeats: number, scratch: string): Workload {
  const command = [jobsProgram(), name, ...size.map(String), String(repeats)];
  return {
    run: async (env) => {
      const { code, out, errors, process_seconds } = await output(command, env, scratch);
      if (code !== 0) throw failure(command, code, errors);
      const { seconds, sum, sample } = JSON.parse(out) as Omit<Outcome, "errors">;
      return { seconds, process_seconds, sum, sample, errors };
    },
  };
}

async function output(command: readonly string[], env: Record<string, string>, cwd: string) {
  const [program = "", ...args] = command;
  const began = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(program, { args, env, cwd }).output();
  const process_seconds = (performance.now() - began) / 1000;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), errors: text(stderr), process_seconds };
}

/** ffmpeg's openclsrc with a kernel for the Mandelbrot set. */
function ffmpeg(
  [width, steps, frames]: readonly [number, number, number],
  scratch: string,
): Workload {
  // Little to read back and to sum up: what is asked is how fast frames are made.
  const { command, result } = mandelbrot(
    { width, steps, frames, format: "gray", sum: "crc" },
    scratch,
  );
  return {
    ...(!isInstalled(command) && { lacks: "ffmpeg" }),
    run: async (env) => {
      const ended = await output(command, env, scratch);
      const { code, errors, process_seconds: seconds } = ended;
      if (code !== 0) throw failure(command, code, errors);
      const sum = result({ ...ended, seconds, counts: null });
      return { seconds: [seconds], process_seconds: seconds, sum, sample: "", errors };
    },
  };
}

/** CLBlast's tuner of SGEMM, until it has tried so many configurations: it begins with the same ones. */
function tuner(
  [rows, configurations, runs]: readonly [number, number, number],
  scratch: string,
): Workload {
  const command = [
    ..."clblast_tuner_xgemm -platform 0 -device 0 -precision 32 -fraction 1 -beta 0.5".split(" "),
    ...["-m", "-n", "-k"].flatMap((side) => [side, String(rows)]),
    ...["-runs", String(runs)],
  ];
  return {
    ...(!isInstalled(command) && { lacks: "clblast-utils" }),
    run: async (env) => {
      const began = performance.now();
      // Its lines are wanted as they come.
      const child = new Deno.Command("stdbuf", {
        args: ["-oL", ...command],
        env,
        cwd: scratch,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const errors = new Response(child.stderr).text();
      const notes: string[] = [];
      let seconds = NaN;
      let wrong: string | undefined;
      const lines = createInterface({ input: Readable.fromWeb(child.stdout) });
      for await (const line of lines) {
        if (!/^\| +\d+ \| +\d+ \|/.test(line)) continue;
        if (!line.includes("results match")) wrong ??= line;
        notes.push(line.split("|")[7]?.trim() ?? "");
        if (notes.length < configurations) continue;
        seconds = (performance.now() - began) / 1000;
        break;
      }
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      const { code } = await child.status;
      if (notes.length < configurations) throw failure(command, code, await errors);
      if (wrong !== undefined) throw new Error(`${command[0]}: ${wrong}`);
      const said = { sum: "results match", sample: "", errors: await errors, notes };
      return { seconds: [seconds], process_seconds: seconds, ...said };
    },
  };
}

/** clpeak's bandwidth of the device's memory: what it takes to read a gigabyte as it finds it, at all its widths. */
function clpeak(scratch: string): Workload {
  const command = "clpeak -p 0 -d 0 --global-bandwidth".split(" ");
  return {
    ...(!isInstalled(command) && { lacks: "clpeak" }),
    run: async (env) => {
      const { code, out, errors, process_seconds } = await output(command, env, scratch);
      const rows = [...out.matchAll(/^ +(float\d*) +: (\S+)$/gm)];
      const seconds = rows.reduce((sum, [, , rate]) => sum + 1 / Number(rate), 0);
      if (code !== 0 || !(seconds > 0)) throw failure(command, code, errors);
      const notes = rows.map(([, width, rate]) => `${width} ${rate} GB/s`);
      const said = { sum: String(rows.length), sample: "", errors, notes };
      return { seconds: [seconds], process_seconds, ...said };
    },
  };
}
