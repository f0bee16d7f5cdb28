import assert from "node:assert/strict";
import { join } from "node:path";
import { compile, compilerTest } from "../../fakes/cc.ts";
import { analysisFiles } from "./analysis/split_check.ts";
import { objects, SANITIZERS } from "./build.ts";
import { run } from "./pool.ts";

const HERE = import.meta.dirname ?? ".";
const SHIM = join(HERE, "..", "..", "..", "shims", "opencl");

/** What became of each question. */
function told(split: string): string[] {
  const parts = ["split_memo.c", "settings.c"].map((name) => join(SHIM, name));
  const driver = compile({
    name: "memo_driver",
    source: { file: join(HERE, "memo_driver.c") },
    args: [
      ...parts,
      ...objects("sanitized", ["opencl/analysis"]),
      ...[...SANITIZERS, "-pthread", "-lm"],
      ...[`-I${SHIM}`, `-I${join(SHIM, "analysis")}`],
    ],
    includes: [...parts, ...analysisFiles(), join(SHIM, "split_memo.h")],
  });
  const { code, out, errors } = run(driver, [], { ASAN_OPTIONS: "", MVGAL_SPLIT: split });
  assert.equal(code, 0, errors);
  return out.trim().split("\n");
}

const LIBRARIES = { libraries: ["libasan.so", "libubsan.so"] };

compilerTest("memo_judge() knows launches by their facts, and judges no more than pays", () => {
  assert.deepEqual(told("auto"), [
    "first judged split",
    "again known split",
    "others' memory known split",
    "one memory, too soon left -",
    "one memory, of long launches judged aliasing",
    "a number, too soon left -",
    "a number, of long launches judged split",
    "more groups judged split",
    "the first known split",
    "one more judged split",
    "the first, kept known split",
    "one memory, given up left -",
  ]);
}, LIBRARIES);

compilerTest("memo_judge() judges each launch where parts are forced", () => {
  const forced = told("force");
  assert.ok(forced.every((line) => !line.includes("left")));
  assert.equal(forced[3], "one memory, too soon judged aliasing");
}, LIBRARIES);
