import assert from "node:assert/strict";
import { join } from "node:path";
import { compilerTest } from "../../../fakes/cc.ts";
import { MUTATIONS } from "./mutation_kernels.ts";
import { randomCase } from "./random_kernel.ts";
import { checkSplits, compileWithAnalysis, poclTest, type SplitCase } from "./split_check.ts";
import { type Making, missingTranslator, translated } from "./spirv_modules.ts";
import { SPIRV_TRAPS } from "./spirv_traps.ts";
import { ROWS } from "./verdict_rows.ts";

const MODULES = join(import.meta.dirname ?? ".", "..", "spirv");

/** More with MVGAL_RANDOM_KERNELS; from another seed on with MVGAL_RANDOM_SEED. */
const COUNT = Number(Deno.env.get("MVGAL_RANDOM_KERNELS") ?? 12);
const SEED = Number(Deno.env.get("MVGAL_RANDOM_SEED") ?? 1);

/** What the compiler makes of these is no longer what the rule is about. */
const RESOLVED = ["jump", "recursion", "grid", "unknown"];

const without = missingTranslator();

function translatedTest(name: string, fn: () => Promise<void>): void {
  if (without === undefined) poclTest(name, fn);
  else Deno.test({ name: `${name} (skipped: no ${without})`, ignore: true, fn });
}

async function withDirectory<T>(fn: (directory: string) => Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir();
  try {
    return await fn(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Verdicts by module, each with that by source. */
function bothOf(cases: readonly SplitCase[], making: Making) {
  return withDirectory(async (directory) => {
    const modules = await translated(cases, directory, making);
    const bySource = await checkSplits(
      modules.map(({ spirv: _, ...each }) => ({ ...each, parts: 0 })),
    );
    const byModule = await checkSplits(modules);
    assert.equal(byModule.length, modules.length);
    return byModule.map((result, i) => ({ result, source: bySource[i] }));
  });
}

for (const making of ["optimised", "plain"] as const) {
  translatedTest(
    `analysis_judge() says of ${making} SPIR-V what it says of its source`,
    async () => {
      const both = await bothOf(ROWS.map((each) => ({ ...each, parts: 0 })), making);
      assert.ok(both.length > 30, String(both.length));
      for (const { result, source } of both) {
        if (RESOLVED.includes(result.name)) continue;
        const { verdict, rule, dimension } = result;
        assert.deepEqual({ name: result.name, verdict, rule, dimension }, {
          name: source?.name,
          verdict: source?.verdict,
          rule: source?.rule,
          dimension: source?.dimension,
        }, result.reason);
      }
    },
  );

  translatedTest(
    `analysis_judge() splits no ${making} SPIR-V whose bytes in parts differ`,
    async () => {
      const cases = Array.from({ length: COUNT }, (_, i) => randomCase(SEED + i));
      const both = await bothOf(cases, making);
      for (const { result } of both) assert.notEqual(result.bytes, "differs", result.name);
      const odd = both.filter(({ result }) =>
        result.rule === "unknown" || result.rule === "malformed"
      );
      assert.deepEqual(odd, []);
      const equal = both.filter(({ result, source }) => result.verdict === source?.verdict).length;
      assert.ok(equal >= 0.8 * both.length, `${equal} of ${both.length}`);
      // Kernels that all run whole would show nothing.
      assert.ok(both.some(({ result }) => result.bytes === "equal"));
    },
  );
}

translatedTest("analysis_judge() is not taken in by what blocks of SPIR-V look like", async () => {
  for (const making of ["optimised", "plain"] as const) {
    const both = await bothOf(SPIRV_TRAPS, making);
    assert.equal(both.length, SPIRV_TRAPS.length);
    const split = both.filter(({ result }) => result.verdict === "split");
    assert.deepEqual(split.map(({ result: { name, bytes } }) => [name, bytes]), [
      // What only looks hard.
      ["changed_after_load", "equal"],
      ["second_member", "equal"],
      ["group_in_function", "equal"],
      ["linear", "equal"],
      ["linear_in_function", "equal"],
      ["left_in_time", "equal"],
    ], making);
  }
});

translatedTest("analysis_judge() without a rule splits SPIR-V that gives wrong bytes", async () => {
  const cases = MUTATIONS.filter(({ rule }) => !RESOLVED.includes(rule)).map((each): SplitCase => ({
    parts: 3,
    ...each,
    name: each.rule,
  }));
  for (const { result } of await bothOf(cases, "optimised")) {
    assert.deepEqual([result.name, result.verdict, result.rule], [
      result.name,
      "whole",
      result.name,
    ]);
  }
  const wrong = MUTATIONS.filter(({ rule }) => !RESOLVED.includes(rule)).map((each): SplitCase => ({
    parts: 3,
    ...each,
    name: each.rule,
    without: [each.rule, ...each.also ?? []],
  }));
  for (const { result } of await bothOf(wrong, "optimised")) {
    assert.deepEqual([result.name, result.verdict, result.bytes, result.reason], [
      result.name,
      "split",
      "differs",
      "",
    ]);
  }
});

compilerTest("analysis_create() and analysis_judge() outlive 10,000 damaged modules", async () => {
  const program = compileWithAnalysis("spirv_fuzz", "sanitized", []);
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: ["10000", "7", join(MODULES, "optimised.spv"), join(MODULES, "plain.spv")],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const counts = new TextDecoder().decode(stdout).match(/\d+/g)?.map(Number) ?? [];
  // Damage that nothing survives would show nothing.
  for (const count of counts) assert.ok(count > 100, String(counts));
  assert.equal(counts.length, 3);
}, { libraries: ["libasan.so", "libubsan.so"] });
