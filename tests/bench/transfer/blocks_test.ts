import assert from "node:assert/strict";
import { patternWords, PERIOD } from "../../../lib/bench/pattern.ts";
import { WrongResultError } from "../../../lib/bench/benchmark.ts";
import {
  fillPattern,
  HostBlocks,
  POISON_BYTE,
  POISON_WORD,
} from "../../../lib/bench/transfer/blocks.ts";
import { firstDifference } from "../../../lib/transfer/first_difference.ts";

Deno.test("fillPattern() writes the elements of pattern.ts, in every stretch", () => {
  const salt = 77;
  const words = new Uint32Array(4 * (PERIOD + 3));
  fillPattern(words, salt);
  for (const element of [0, 1, 12345, PERIOD - 1, PERIOD, PERIOD + 2]) {
    const expected = patternWords(element, salt);
    assert.deepEqual([...words.subarray(4 * element, 4 * element + 4)], expected);
  }
  assert.ok(!words.includes(POISON_WORD));
});

Deno.test("firstDifference() finds a single byte anywhere", () => {
  const size = 100_003;
  for (const at of [0, 1, 4095, 4096, 50_001, size - 1]) {
    const a = new Uint8Array(size).fill(9), b = a.slice();
    b[at] = 8;
    assert.equal(firstDifference(a, b), at);
  }
  assert.equal(firstDifference(new Uint8Array(size), new Uint8Array(size)), -1);
});

Deno.test("HostBlocks.compare() tells what never arrived from what arrived wrong", () => {
  using blocks = new HostBlocks(2 << 20);
  const offset = 1 << 20;
  const arrived = blocks.pattern.slice(offset);
  blocks.compare(arrived, offset, "the sink");
  const last = arrived.length - 1;
  arrived[last] = (arrived[last] ?? 0) ^ 1;
  assert.throws(() => blocks.compare(arrived, offset, "the sink"), {
    name: "WrongResultError",
    message: `byte ${offset + last} of the sink is wrong`,
  });
  arrived.fill(POISON_BYTE, 100);
  assert.throws(() => blocks.compare(arrived, offset, "the sink"), /of the sink never arrived/);
  assert.throws(() => blocks.compare(arrived, offset, "x"), WrongResultError);
});
