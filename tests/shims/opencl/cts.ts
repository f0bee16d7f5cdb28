/**
 * The checks after those of the Khronos OpenCL conformance tests (`cts/`): compiled, and run on a device that the
 * environment names. One that ends the program is a failure, and the program starts again behind it.
 *
 * @module
 */

import { join } from "node:path";
import { Follower } from "../../../scripts/opencl/follow.ts";
import { compile } from "../../fakes/cc.ts";
import { isPoclsOwnEnd } from "./pool.ts";

const AT = join(import.meta.dirname ?? ".", "cts");

/** What a check came to. */
export interface CheckOutcome {
  /** `CATEGORY/NAME`. */
  check: string;
  state: "pass" | "fail" | "skip";
  /** Why it failed or was skipped; empty where it passed. */
  why: string;
}

/** What checks came to. */
export interface CheckRun {
  outcomes: CheckOutcome[];
  /** Launches in parts, as the session counts them. */
  parted: number;
  /** Why others ran whole, and how many. */
  reasons: Map<string, number>;
  seconds: number;
}

/** How checks run. */
export interface CheckOptions {
  env: Record<string, string>;
  /** Fewer sizes and types. */
  isQuick?: boolean;
}

/** The program of all checks. */
export function ctsProgram(how: "plain" | "sanitized" = "plain"): string {
  const names = [...Deno.readDirSync(AT)].map(({ name }) => name).sort();
  const sources = names.filter((name) => name.endsWith(".c")).map((name) => join(AT, name));
  const [first = "", ...others] = sources;
  const sanitizers = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
  return compile({
    name: "cts",
    source: { file: first },
    args: [
      ...others,
      ...(how === "plain" ? ["-O0"] : ["-O1", ...sanitizers]),
      "-Wl,--no-as-needed",
      "-l:libOpenCL.so.1",
      "-lm",
    ],
    includes: names.map((name) => join(AT, name)),
  });
}

/** All checks of some categories, or of all: `CATEGORY/NAME` each. */
export function listChecks(program: string, categories: readonly string[] = []): string[] {
  const { stdout } = new Deno.Command(program, { args: ["--list", ...categories] }).outputSync();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

const LINE = /^(pass|fail|skip) (\S+) (\S+) ?(.*)$/;

/** Adds how often there is what. */
export function addCounts(to: Map<string, number>, counts: Iterable<[string, number]>): void {
  for (const [what, count] of counts) to.set(what, (to.get(what) ?? 0) + count);
}

/** The outcomes that the program told. */
export function parseOutcomes(text: string): CheckOutcome[] {
  return text.split("\n").flatMap((line) => {
    const [, state, category, name, why = ""] = LINE.exec(line) ?? [];
    return state === "pass" || state === "fail" || state === "skip"
      ? [{ check: `${category}/${name}`, state, why }]
      : [];
  });
}

async function runOnce(program: string, checks: readonly string[], options: CheckOptions) {
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-cts-" });
  const follower = new Follower(directory);
  const looks = setInterval(() => follower.look(), 5);
  try {
    const { code, signal, stdout, stderr } = await new Deno.Command(program, {
      args: [...(options.isQuick ? ["--quick"] : []), ...checks],
      env: { ASAN_OPTIONS: "detect_leaks=0", MVGAL_RUNTIME_DIR: directory, ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const counts = follower.counts();
    return { code, signal, out: text(stdout), errors: text(stderr), counts };
  } finally {
    clearInterval(looks);
    follower[Symbol.dispose]();
    Deno.removeSync(directory, { recursive: true });
  }
}

/**
 * Runs checks, which are named as {@link listChecks} does.
 *
 * @throws {Error} where there is no device.
 */
export async function runChecks(
  program: string,
  checks: readonly string[],
  options: CheckOptions,
): Promise<CheckRun> {
  const run: CheckRun = { outcomes: [], parted: 0, reasons: new Map(), seconds: 0 };
  const begin = performance.now();
  let left = checks;
  for (let attempt = 0; left.length > 0;) {
    const { code, signal, out, errors, counts } = await runOnce(program, left, options);
    if (code === 1 && out === "") {
      throw new Error(`${errors.trim()} of ${options.env["OCL_ICD_VENDORS"] ?? "this host"}`);
    }
    const outcomes = parseOutcomes(out);
    run.outcomes.push(...outcomes);
    run.parted += counts?.parted ?? 0;
    addCounts(run.reasons, counts?.reasons ?? []);
    const told = new Set(outcomes.map(({ check }) => check));
    left = left.filter((check) => !told.has(check));
    if (outcomes.length > 0) attempt = 0;
    const [ended, ...others] = left;
    if (ended === undefined || (isPoclsOwnEnd({ code, errors }) && ++attempt < 4)) continue;
    const last = errors.trim().split("\n").slice(-1)[0] ?? "";
    const why = `ended by ${signal ?? `code ${code}`}: ${last}`;
    run.outcomes.push({ check: ended, state: "fail", why });
    left = others;
    attempt = 0;
  }
  run.seconds = (performance.now() - begin) / 1000;
  return run;
}

/** Checks that pass on each of `alone`, and not on the pool. */
export function lostOnPool(
  alone: readonly (readonly CheckOutcome[])[],
  pooled: readonly CheckOutcome[],
): CheckOutcome[] {
  const passes = alone.map((outcomes) =>
    new Set(outcomes.filter(({ state }) => state === "pass").map(({ check }) => check))
  );
  return pooled.filter(({ check, state }) =>
    state !== "pass" && passes.every((each) => each.has(check))
  );
}
