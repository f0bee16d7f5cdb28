/**
 * `split_check.c`: kernels whole and in parts on an OpenCL device of this host.
 *
 * @module
 */

import { join } from "node:path";
import { compile, compiler } from "../../../fakes/cc.ts";
import { type Build, objects, SANITIZERS } from "../build.ts";

const HERE = import.meta.dirname ?? ".";
/** Where the analysis is. */
export const ANALYSIS = join(HERE, "..", "..", "..", "..", "shims", "opencl", "analysis");

/** Numbers of `enum analysis_rule`. */
export const RULES = [
  "split",
  "one_group",
  "atomic",
  "coherent",
  "side_effect",
  "unknown_pointer",
  "global_variable",
  "grid",
  "aliasing",
  "store_not_affine",
  "store_overlaps",
  "load_of_written",
  "image_store",
  "no_store",
  "no_local_size",
  "unknown",
  "too_complex",
  "malformed",
] as const;

/** Why a kernel runs whole. */
export type Rule = typeof RULES[number];

type Sizes = readonly [number, number?, number?];

/** A kernel and its launch. */
export interface SplitCase {
  name: string;
  source: string;
  options?: string;
  global: Sizes;
  local?: Sizes;
  offset?: Sizes;
  /** Lines of `split_check.c`: `buffer 256 1`, `int 7`. */
  args: readonly string[];
  parts?: number;
  without?: readonly Rule[];
  /** A module of SPIR-V that is judged in place of the source. */
  spirv?: string;
}

/** What came of a case. */
export interface SplitResult {
  name: string;
  verdict: "split" | "whole";
  /** Of what runs whole: the rule; else whether there is a hidden argument. */
  rule: string;
  dimension: string;
  bytes: "equal" | "differs" | "-";
  /** Letters of the arguments that it fills, from `a` on. */
  filled: string;
  reason: string;
}

/** The files of the analysis: a program that is linked with it is another when they change. */
export function analysisFiles(): string[] {
  const names = [...Deno.readDirSync(ANALYSIS)].map(({ name }) => name).sort();
  return names.map((name) => join(ANALYSIS, name));
}

/** What programs of this directory have beside their own file. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  split_check: ["split_case.c", "split_case.h"],
  fuzz: ["fuzz.h"],
  spirv_fuzz: ["fuzz.h"],
};

/** Compiles a program of this directory with the analysis. */
export function compileWithAnalysis(
  name: string,
  how: Build = "plain",
  libraries: readonly string[] = ["-l:libOpenCL.so.1"],
): string {
  const beside = (BESIDE[name] ?? []).map((file) => join(HERE, file));
  return compile({
    name,
    source: { file: join(HERE, `${name}.c`) },
    args: [
      ...beside.filter((file) => file.endsWith(".c")),
      ...how === "plain" ? ["-O1", "-g"] : SANITIZERS,
      `-I${ANALYSIS}`,
      "-Wl,--no-as-needed",
      ...objects(how, ["opencl/analysis"]),
      "-lm",
      ...libraries,
    ],
    includes: [...analysisFiles(), ...beside],
  });
}

const hasOpenCl = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"].some(
  (directory) => {
    try {
      return Deno.statSync(`${directory}/libOpenCL.so.1`).isFile;
    } catch {
      return false;
    }
  },
);
const hasPocl = (() => {
  try {
    return Deno.statSync("/etc/OpenCL/vendors/pocl.icd").isFile;
  } catch {
    return false;
  }
})();

/** Declares a test that runs kernels with PoCL; skipped by name where something is missing. */
export function poclTest(name: string, fn: () => Promise<void>): void {
  const missing = compiler === null
    ? "C compiler"
    : !hasOpenCl
    ? "libOpenCL.so.1"
    : !hasPocl
    ? "PoCL"
    : undefined;
  const ignore = missing !== undefined;
  Deno.test({ name: ignore ? `${name} (skipped: no ${missing})` : name, ignore, fn });
}

function sizes([x, y = 1, z = 1]: Sizes): string {
  return `${x} ${y} ${z}`;
}

/** A case as programs read it. */
export function textOf(each: SplitCase): string {
  const without = (each.without ?? []).reduce((mask, rule) => mask | 1 << RULES.indexOf(rule), 0);
  return [
    `case ${each.name}`,
    `options ${each.options ?? ""}`,
    `global ${sizes(each.global)}`,
    ...each.local ? [`local ${sizes(each.local)}`] : [],
    ...each.offset
      ? [`offset ${sizes([each.offset[0], each.offset[1] ?? 0, each.offset[2] ?? 0])}`]
      : [],
    ...each.args,
    ...each.spirv === undefined ? [] : [`spirv ${each.spirv}`],
    `parts ${each.parts ?? 0}`,
    `without ${without}`,
    `source ${new TextEncoder().encode(each.source).length}`,
    each.source,
  ].join("\n");
}

/** A line of `split_check.c`. */
export function parseResult(line: string): SplitResult {
  const [name = "", verdict = "", rule = "", dimension = "", bytes = "", ...reason] = line.split(
    " ",
  );
  if (verdict !== "split" && verdict !== "whole") throw new Error(line);
  return {
    name,
    verdict,
    rule,
    dimension,
    bytes: bytes as SplitResult["bytes"],
    filled: verdict === "split" ? reason.join("").replace("-", "") : "",
    reason: verdict === "whole" ? reason.join(" ") : "",
  };
}

/** Runs cases. Work-groups of one launch run one after another, so that races have one outcome. */
export async function checkSplits(
  cases: readonly SplitCase[],
  env: Record<string, string> = {},
): Promise<SplitResult[]> {
  const cache = await Deno.makeTempDir();
  try {
    const child = new Deno.Command(compileWithAnalysis("split_check"), {
      env: {
        OCL_ICD_VENDORS: "/etc/OpenCL/vendors/pocl.icd",
        POCL_DEVICES: "pthread",
        POCL_MAX_PTHREAD_COUNT: "1",
        POCL_CACHE_DIR: cache,
        LLVM_SPIRV: "llvm-spirv-15",
        ...env,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const input = new TextEncoder().encode(`${cases.map(textOf).join("\n")}\n`);
    const written = writer.write(input).then(() => writer.close()).catch(() => {});
    const { code, stdout, stderr } = await child.output();
    await written;
    const text = new TextDecoder().decode(stdout).trim();
    if (code !== 0) throw new Error(`${text}\n${new TextDecoder().decode(stderr)}`);
    return text === "" ? [] : text.split("\n").map(parseResult);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}
