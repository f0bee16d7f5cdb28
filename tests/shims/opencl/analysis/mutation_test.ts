import assert from "node:assert/strict";
import { type Mutation, MUTATIONS } from "./mutation_kernels.ts";
import { checkSplits, poclTest, type SplitCase } from "./split_check.ts";

const named = MUTATIONS.map((each): Mutation & SplitCase => ({
  parts: 3,
  ...each,
  name: each.rule,
}));

poclTest(
  "analysis_judge() keeps what would go wrong in parts whole, each by its rule",
  async () => {
    for (const result of await checkSplits(named)) {
      assert.deepEqual([result.name, result.verdict, result.rule], [
        result.name,
        "whole",
        result.name,
      ]);
    }
  },
);

poclTest("analysis_judge() without a rule splits kernels that give wrong bytes", async () => {
  const cases = named.map((each) => ({ ...each, without: [each.rule, ...each.also ?? []] }));
  for (const { name, verdict, bytes, reason } of await checkSplits(cases)) {
    assert.deepEqual([name, verdict, bytes, reason], [name, "split", "differs", ""]);
  }
});
