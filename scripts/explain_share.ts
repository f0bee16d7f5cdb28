// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * How many kernels of OpenCL programs may be split, and the reasons for the rest, each for a launch that
 * `mvgal explain` makes up.
 *
 *     deno run -A scripts/explain_share.ts FILE... [-- OPTION...]
 *
 * A FILE that is no text (a program, a library) gives the kernels of the strings in it.
 *
 * @module
 */

import { join } from "node:path";
import { explainProgram } from "../lib/pool/opencl_explain.ts";

const LIBRARY = join(import.meta.dirname ?? ".", "..", "build", "shims", "libmvgal_opencl.so");

/** The sources in a file: all of it, or the zero-ended strings that hold a kernel. */
function sourcesIn(file: string): Uint8Array<ArrayBuffer>[] {
  const bytes = Deno.readFileSync(file);
  if (!bytes.includes(0)) return [bytes];
  const text = new TextDecoder("latin1").decode(bytes);
  return text.split("\0").filter((each) =>
    /\bkernel\s+void\b|__kernel\b/.test(each) && /{/.test(each)
  )
    .map((each) => Uint8Array.from(each, (c) => c.charCodeAt(0)));
}

function main(): number {
  const cut = Deno.args.indexOf("--");
  const files = cut < 0 ? Deno.args : Deno.args.slice(0, cut);
  const options = cut < 0 ? "" : Deno.args.slice(cut + 1).join(" ");
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const source of files.flatMap(sourcesIn)) {
    const outcome = explainProgram(LIBRARY, source, options);
    if (outcome.state === "absent") {
      console.error(`explain_share: ${outcome.reason}`);
      return 1;
    }
    const { error, kernels } = outcome.program;
    if (error !== null) count("a program that cannot be read");
    for (const { verdict, rule } of kernels) {
      count(verdict === "split" ? "split" : `whole: ${rule}`);
    }
  }
  const all = [...counts.values()].reduce((sum, each) => sum + each, 0);
  for (const [what, number] of [...counts].sort((a, b) => b[1] - a[1])) {
    console.log(`${number}\t${(100 * number / all).toFixed(1)} %\t${what}`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(main());
