import assert from "node:assert/strict";
import { notesOn } from "../../lib/bench/notes.ts";
import { summarize } from "../../lib/bench/statistics.ts";

/** Samples with a sure median and a wide spread. */
const WIDE: readonly number[] = Array.from(
  { length: 101 },
  (_, i) => i < 10 ? 5 : i < 91 ? 10 : 20,
);

function notes(
  better: "higher" | "lower",
  clock: "device" | "host",
  samples: readonly number[] = WIDE,
): string[] {
  const of = { warmUp: [10], samples, prepared: { clock } };
  return notesOn(summarize(samples), of, better, {}, "none");
}

Deno.test("notesOn() says how throughputs vary, and latencies by the device's clock", () => {
  for (
    const text of [notes("higher", "device"), notes("higher", "host"), notes("lower", "device")]
  ) {
    assert.equal(text.length, 1);
    assert.match(text.join(), /^samples vary by \d+\.\d % \(CV\)$/);
  }
});

Deno.test("notesOn() leaves the spread of latencies by the host's clock to their percentiles", () => {
  assert.deepEqual(notes("lower", "host"), []);
});

Deno.test("notesOn() says of any latency that its median is not sure", () => {
  const text = notes("lower", "host", [10, 10, 11, 12, 13, 14, 15]).join();
  assert.match(text, /^the median is known to ±\d+\.\d % only$/);
});

Deno.test("notesOn() says that a first run was slow", () => {
  const of = { warmUp: [40], samples: [10, 10, 11, 10, 10], prepared: { clock: "host" } } as const;
  const text = notesOn(summarize(of.samples), of, "lower", {}, "none").join();
  assert.match(text, /the first run was 4\.00 times slower than the median/);
});
