import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { plot, type PlotOptions, type PlotSeries } from "../../lib/render/plot.ts";
import { formatPlotRange } from "../../lib/render/plot_time.ts";

const NOON = Date.UTC(2026, 0, 31, 12);
const MINUTE = 60_000;

/** A plot of an hour from noon, of values a minute apart; null where there is none. */
function hour(values: (number | null)[], options: Partial<PlotOptions> = {}): string[] {
  return plot([{ mark: "0", points: pointsOf(values) }], settings(options));
}

function pointsOf(values: (number | null)[]): PlotSeries["points"] {
  return values.flatMap((value, i) => value === null ? [] : [{ at: NOON + i * MINUTE, value }]);
}

function settings(options: Partial<PlotOptions>): PlotOptions {
  return {
    from: NOON,
    to: NOON + 60 * MINUTE,
    gap_ms: 2.5 * MINUTE,
    columns: 40,
    rows: 5,
    unicode: false,
    color: false,
    offset_ms: 0,
    ...options,
  };
}

Deno.test("plot() draws a line between its axes", () => {
  assert.deepEqual(hour(Array.from({ length: 61 }, (_, i) => i)), [
    "100 +",
    "    |",
    " 50 +                      0000000000000",
    "    |       000000000000000",
    "  0 +00000000",
    "    ++----------------+----------------+",
    "   12:00            12:30          13:00",
  ]);
});

Deno.test("plot() draws braille where the terminal shows it", () => {
  const values = Array.from({ length: 61 }, (_, i) => i);
  assert.deepEqual(hour(values, { unicode: true, columns: 20, rows: 3 }), [
    "100 ┤",
    "    │       ⢀⣀⣀⠤⠤⠔⠒⠚",
    "  0 ┤⣀⡤⠤⠔⠒⠚⠉⠉",
    "    └┬─────────────┬",
    "   12:00       13:00",
  ]);
});

Deno.test("plot() leaves gaps open, and joins what is not further apart than usual", () => {
  const values = Array.from({ length: 61 }, (_, i) => i > 20 && i < 40 ? null : 5);
  const [row] = hour(values, { rows: 2 }).filter((line) => line.includes("0000"));
  assert.match(row ?? "", /0{12,14} {10,12}0{12,14}$/);
  const sparse = Array.from({ length: 61 }, (_, i) => i % 2 === 0 ? 5 : null);
  assert.match(hour(sparse, { rows: 2 }).find((line) => line.includes("00")) ?? "", /\+0{35,}$/);
});

Deno.test("plot() tells several series apart by marks, and by colours where there are some", () => {
  const both = [
    { mark: "0", points: pointsOf(Array(61).fill(1)) },
    { mark: "b", points: pointsOf(Array(61).fill(9)) },
  ];
  const plain = plot(both, settings({ unicode: true })).join("\n");
  assert.match(plain, /bbbbbbb/);
  assert.match(plain, /0000000/);
  const colored = plot(both, settings({ unicode: true, color: true })).join("\n");
  assert.match(colored.replaceAll("\x1b", "<"), /<\[36m[⠁-⣿]+<\[39m/);
  assert.match(colored.replaceAll("\x1b", "<"), /<\[33m[⠁-⣿]+<\[39m/);
});

Deno.test("plot() begins at 0 unless that would squeeze the values", () => {
  const first = (values: number[]) =>
    hour(values).filter((line) => line.includes("+")).slice(0, -1)
      .map((line) => Number(line.split(" +")[0]));
  assert.equal(first([10, 40, 90]).at(-1), 0);
  assert.ok((first([1000, 1001, 1002]).at(-1) ?? 0) >= 990);
  assert.equal(first([-5, 5]).at(-1), -5);
  assert.deepEqual(first([0]).at(-1), 0);
  assert.ok(hour([5e-324, 0]).length > 0);
  assert.ok(hour([1e15, 1e15 + 0.125]).length > 0);
});

Deno.test("plot() has the lines and columns that it was asked for, whatever the values", () => {
  const value = fc.oneof(fc.double({ min: -1e15, max: 1e15 }), fc.constantFrom(0, 1, 5e-324, NaN));
  const series = fc.array(
    fc.record({
      mark: fc.constantFrom("0", "z"),
      points: fc.array(fc.record({ at: fc.integer({ min: NOON - 1e9, max: NOON + 1e10 }), value }))
        .map((points) => points.sort((a, b) => a.at - b.at)),
    }),
    { maxLength: 4 },
  );
  const options = fc.record({
    columns: fc.integer({ min: 40, max: 200 }),
    rows: fc.integer({ min: 2, max: 30 }),
    length: fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e12 })),
    gap_ms: fc.double({ min: 0, max: 1e9, noNaN: true }),
    unicode: fc.boolean(),
    color: fc.boolean(),
    offset_ms: fc.integer({ min: -14 * 60, max: 14 * 60 }).map((minutes) => minutes * MINUTE),
  });
  fc.assert(fc.property(series, options, (series, { length, ...given }) => {
    const lines = plot(series, settings({ ...given, from: NOON, to: NOON + length }));
    assert.equal(lines.length, given.rows + 2);
    for (const line of lines) {
      const shown = stripVTControlCharacters(line);
      assert.ok(shown.length <= given.columns, `${shown.length}: '${shown}'`);
      if (!given.unicode) assert.match(shown, /^[\x20-\x7e]*$/);
    }
  }));
});

Deno.test("formatPlotRange() names the days, once where it is one, and the clock", () => {
  assert.equal(
    formatPlotRange(NOON, NOON + 90 * MINUTE, 0),
    "2026-01-31 12:00 - 13:30 UTC",
  );
  assert.equal(
    formatPlotRange(NOON, NOON + 1500, -9.5 * 60 * MINUTE),
    "2026-01-31 02:30 - 02:30:01 UTC-09:30",
  );
  assert.equal(
    formatPlotRange(NOON, NOON + 13 * 60 * MINUTE, 60 * MINUTE),
    "2026-01-31 13:00 - 2026-02-01 02:00 UTC+01:00",
  );
});
