/**
 * Which kernels of an OpenCL program may be split: the analysis of the OpenCL shim, asked without OpenCL.
 *
 * @module
 */

import { explainOpenCl } from "../../ffi/opencl_analysis.ts";

/** Group `w` touches `[stride * w + first, stride * w + end)`: bytes, or texels along an axis. */
export interface ExplainedWindow {
  stride: number;
  first: number;
  end: number;
}

/** An argument of a kernel. */
export interface ExplainedArg {
  name: string;
  type: string;
  kind: "value" | "buffer" | "local" | "image" | "sampler" | "other";
  /** The number that it had in the launch that was looked at. */
  value?: number;
  /** Whether that number was made up. */
  assumed?: boolean;
  /** Absent where it is not known what the kernel touches. */
  writes?: ExplainedWindow | "all" | null;
  reads?: ExplainedWindow | "all" | null;
  axis?: "x" | "y" | "z";
}

/** A kernel, and what the analysis says of the launch that was looked at. */
export interface ExplainedKernel {
  name: string;
  line: number;
  column: number;
  /** Whether its text for a split has one more argument: it asks for the whole grid. */
  hidden: boolean;
  global: number[];
  /** Null where the launch leaves it open. */
  local: number[] | null;
  global_assumed: boolean;
  local_assumed: boolean;
  verdict: "split" | "whole";
  dimension?: "x" | "y" | "z";
  group?: number;
  groups?: number;
  rule?: string;
  reason?: string;
  advice?: string;
  at?: { line: number; column: number } | null;
  /** Of SPIR-V, in place of `at`: the word in the module, and the source's line where that says it. */
  instruction?: { word: number; name: string; file?: string; line?: number };
  args: ExplainedArg[];
}

/** `mvgal.explain/1`. */
export interface ExplainedProgram {
  schema: "mvgal.explain/1";
  /** Why the program could not be read. Line 0: not in its own text. */
  error: { message: string; line: number; column: number } | null;
  kernels: ExplainedKernel[];
  /** What was stepped over between functions. */
  skipped: { message: string; line: number; column: number }[];
}

/** What came of {@linkcode explainProgram}. */
export type ExplainedOutcome =
  | { state: "ok"; program: ExplainedProgram; json: string }
  | { state: "absent"; reason: string };

/**
 * Analyses a program's kernels.
 *
 * @param source OpenCL C, or a module of SPIR-V.
 * @param library path of `libmvgal_opencl.so`.
 * @param options those of clBuildProgram, and `--global=X[xY[xZ]]`, `--local=…`, `--arg=NAME=NUMBER`.
 * @throws {Error} where there is no memory for it.
 */
export function explainProgram(
  library: string,
  source: Uint8Array<ArrayBuffer>,
  options: string,
): ExplainedOutcome {
  const outcome = explainOpenCl(library, source, options);
  if (outcome.state === "absent") return outcome;
  return { ...outcome, program: JSON.parse(outcome.json) };
}
