import assert from "node:assert/strict";
import type { Answer } from "../../ffi/answer.ts";
import { SeldomAsked } from "../../lib/telemetry/seldom.ts";

const told = (value: number): Answer<number> => ({ ok: true, value, call: "call" });
const refused: Answer<number> = { ok: false, refusal: { call: "call", code: 1, message: "no" } };

Deno.test("SeldomAsked.get() asks again when an answer is too old", () => {
  let now = 0;
  const seldom = new SeldomAsked(5000, () => now);
  assert.deepEqual(seldom.get("a", () => told(1)), told(1));
  now = 4999;
  assert.deepEqual(seldom.get("a", () => told(2)), told(1));
  assert.deepEqual(seldom.get("b", () => told(3)), told(3));
  now = 5000;
  assert.deepEqual(seldom.get("a", () => told(2)), told(2));
});

Deno.test("SeldomAsked.get() does not keep a refusal", () => {
  const seldom = new SeldomAsked(5000, () => 0);
  assert.equal(seldom.get("a", () => refused).ok, false);
  assert.deepEqual(seldom.get("a", () => told(1)), told(1));
});
