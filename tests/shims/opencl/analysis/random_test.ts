import assert from "node:assert/strict";
import { checkSplits, poclTest } from "./split_check.ts";
import { randomCase, randomFill } from "./random_kernel.ts";

/** More with MVGAL_RANDOM_KERNELS; from another seed on with MVGAL_RANDOM_SEED. */
const COUNT = Number(Deno.env.get("MVGAL_RANDOM_KERNELS") ?? 60);
const SEED = Number(Deno.env.get("MVGAL_RANDOM_SEED") ?? 1);

poclTest("analysis_judge() splits no random kernel whose bytes in parts differ", async () => {
  const cases = Array.from({ length: COUNT }, (_, i) => randomCase(SEED + i));
  const results = await checkSplits(cases);
  assert.equal(results.length, COUNT);
  const wrong = results.filter(({ bytes }) => bytes === "differs").map(({ name }) => name);
  assert.deepEqual(wrong, [], cases.find(({ name }) => name === wrong[0])?.source);
  const split = results.filter(({ verdict }) => verdict === "split").length;
  // Kernels that all run whole would show nothing.
  assert.ok(split >= COUNT / 10, `${split} of ${COUNT} were split`);
  // Nothing that the generator writes is unknown to the analysis.
  const odd = results.filter(({ rule }) => rule === "unknown" || rule === "malformed");
  assert.deepEqual(odd, []);
});

poclTest("analysis_judge() thinks of no random kernel that it fills what it does not", async () => {
  const count = Math.ceil(COUNT / 2);
  const cases = Array.from({ length: count }, (_, i) => randomFill(SEED + i));
  const results = await checkSplits(cases);
  const wrong = results.filter(({ bytes }) => bytes === "differs").map(({ name }) => name);
  assert.deepEqual(wrong, [], cases.find(({ name }) => name === wrong[0])?.source);
  const filled = results.filter((each) => each.filled !== "").length;
  assert.ok(filled >= count / 10, `${filled} of ${count} fill a buffer`);
});
