import assert from "node:assert/strict";
import { checkSplits, poclTest } from "./split_check.ts";
import { type Row, ROWS } from "./verdict_rows.ts";

poclTest(
  "analysis_judge() says of each kernel what is proved, and its parts are right",
  async () => {
    const results = await checkSplits(ROWS);
    assert.equal(results.length, ROWS.length);
    results.forEach((result, i) => {
      const { name, says, hidden } = ROWS[i] as Row;
      const { verdict, rule, dimension, bytes } = result;
      if (verdict === "whole") assert.deepEqual([name, rule], [name, says], result.reason);
      else {
        assert.deepEqual(
          [name, dimension, bytes, rule],
          [name, says, "equal", hidden ? "hidden" : "plain"],
        );
      }
    });
  },
);
