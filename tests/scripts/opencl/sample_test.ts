import assert from "node:assert/strict";
import { samplesAgree } from "../../../scripts/opencl/sample.ts";

/** Floats as hexadecimal words. */
function words(values: readonly number[]): string {
  return [...new Uint32Array(new Float32Array(values).buffer)]
    .map((word) => word.toString(16).padStart(8, "0")).join("");
}

Deno.test("samplesAgree() takes what is near for the same, and a few that are not", () => {
  const values = Array.from({ length: 200 }, (_, i) => i - 50);
  const near = values.map((value) => value * 1.0005), far = values.map((value) => value * 1.01);
  assert.equal(samplesAgree(words(values), words(values)), true);
  assert.equal(samplesAgree(words(values), words(near)), true);
  assert.equal(samplesAgree(words(values), words(far)), false);
  assert.equal(samplesAgree(words(values), words([1e9, ...values.slice(1)])), true);
  assert.equal(
    samplesAgree(words(values), words([...far.slice(0, 20), ...values.slice(20)])),
    false,
  );
  assert.equal(samplesAgree(words(values), words(values.slice(1))), false);
  assert.equal(samplesAgree("", ""), false);
});

Deno.test("samplesAgree() takes the same bits for the same, whatever they mean", () => {
  assert.equal(samplesAgree("7fc00001ffffffff", "7fc00001ffffffff"), true);
  assert.equal(samplesAgree("7fc00001ffffffff", "7fc00002ffffffff"), false);
});
