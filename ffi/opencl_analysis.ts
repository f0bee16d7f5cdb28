/**
 * libmvgal_opencl's analysis of OpenCL C and SPIR-V: which kernels may be split, and why not.
 *
 * Interface: `mvgal_explain` of `shims/opencl/analysis/analysis.h`. It reads a text and returns a text; it
 * needs no OpenCL on the host.
 *
 * @module
 */

import { openLibrary } from "./library.ts";

const SYMBOLS = {
  mvgal_explain: {
    parameters: ["buffer", "usize", "buffer", "buffer", "usize"],
    result: "usize",
  },
} as const;

/** What came of {@linkcode explainOpenCl}: its JSON, or why there is none. */
export type ExplainOutcome = { state: "ok"; json: string } | { state: "absent"; reason: string };

/**
 * Analyses a program.
 *
 * @param library path of `libmvgal_opencl.so`.
 * @param source the program's text, or a module's bytes.
 * @param options those of clBuildProgram, and `--global=X[xY[xZ]]`, `--local=…`, `--arg=NAME=NUMBER`.
 * @throws {Error} where there is no memory for it.
 */
export function explainOpenCl(
  library: string,
  source: Uint8Array<ArrayBuffer>,
  options: string,
): ExplainOutcome {
  const opened = openLibrary([library], SYMBOLS);
  if (opened.state === "absent") return { state: "absent", reason: opened.reason };
  using open = opened.library;
  const zeroed = new TextEncoder().encode(`${options}\0`);
  // A text that fits is written at the first call; else the call says how long it is.
  for (let room = 1 << 20;;) {
    const out = new Uint8Array(room);
    const { mvgal_explain: call } = open.symbols;
    const length = Number(call(source, BigInt(source.length), zeroed, out, BigInt(out.length)));
    if (length === 0) throw new Error("the analysis of the kernels found no memory");
    if (length <= room) {
      return { state: "ok", json: new TextDecoder().decode(out.subarray(0, length)) };
    }
    room = length;
  }
}
