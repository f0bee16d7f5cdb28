import assert from "node:assert/strict";
import { isCopyFamily } from "../../../lib/bench/transfer/queues.ts";

const GRAPHICS = 1, COMPUTE = 2, TRANSFER = 4, SPARSE = 8, PROTECTED = 16, DECODE = 32;

Deno.test("isCopyFamily() takes families that do nothing but copy", () => {
  assert.ok(isCopyFamily({ flags: TRANSFER }));
  assert.ok(isCopyFamily({ flags: TRANSFER | SPARSE | PROTECTED }));
  for (
    const flags of [
      GRAPHICS | COMPUTE | TRANSFER,
      COMPUTE | TRANSFER,
      TRANSFER | DECODE,
      SPARSE,
      0,
    ]
  ) {
    assert.ok(!isCopyFamily({ flags }), String(flags));
  }
  assert.ok(!isCopyFamily(undefined));
});
