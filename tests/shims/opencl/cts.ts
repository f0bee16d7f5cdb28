/**
 * The checks after those of the Khronos OpenCL conformance tests (`cts/`): compiled, and run on a device that the
 * environment names. One that ends the program is a failure, and the program starts again behind it.
 *
 * @module
 */

import { join } from "node:path";
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
  /** Kernels of which a launch was split, as `MVGAL_DEBUG=split` tells. */
  splits: number;
  /** How often each reason was told why a kernel ran whole. */
  wholes: Map<string, number>;
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

/** The outcomes that the program told. */
export function parseOutcomes(text: string): CheckOutcome[] {
  return text.split("\n").flatMap((line) => {
    const [, state, category, name, why = ""] = LINE.exec(line) ?? [];
    return state === "pass" || state === "fail" || state === "skip"
      ? [{ check: `${category}/${name}`, state, why }]
      : [];
  });
}

/** Counts what `MVGAL_DEBUG=split` told of kernels. */
export function countVerdicts(errors: string): { splits: number; wholes: Map<string, number> } {
  const wholes = new Map<string, number>();
  let splits = 0;
  for (const [, verdict = ""] of errors.matchAll(/^mvgal: [\w.]+: (.*)$/gm)) {
    if (/^split(, and compared)?$/.test(verdict)) splits++;
    else wholes.set(verdict, (wholes.get(verdict) ?? 0) + 1);
  }
  return { splits, wholes };
}

async function runOnce(program: string, checks: readonly string[], options: CheckOptions) {
  const { code, signal, stdout, stderr } = await new Deno.Command(program, {
    args: [...(options.isQuick ? ["--quick"] : []), ...checks],
    env: { ASAN_OPTIONS: "detect_leaks=0", MVGAL_DEBUG: "split", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, signal, out: text(stdout), errors: text(stderr) };
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
  const run: CheckRun = { outcomes: [], splits: 0, wholes: new Map(), seconds: 0 };
  const begin = performance.now();
  let left = checks;
  for (let attempt = 0; left.length > 0;) {
    const { code, signal, out, errors } = await runOnce(program, left, options);
    if (code === 1 && out === "") throw new Error(`cts: ${errors.trim()}`);
    const outcomes = parseOutcomes(out);
    const { splits, wholes } = countVerdicts(errors);
    run.outcomes.push(...outcomes);
    run.splits += splits;
    for (const [why, count] of wholes) run.wholes.set(why, (run.wholes.get(why) ?? 0) + count);
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
