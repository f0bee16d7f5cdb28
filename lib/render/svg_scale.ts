/**
 * Scales of charts: from values to coordinates, and the values to mark on the way.
 *
 * @module
 */

/** A scale. */
export interface Scale {
  /** The coordinate of a value. */
  (value: number): number;
  /** Values for marks, ascending, all within the scale. */
  readonly ticks: readonly number[];
}

/** Values that can be drawn: larger and smaller ones would leave nothing of a scale's arithmetic. */
export function isDrawable(value: number | null | undefined): value is number {
  return typeof value === "number" && value > 1e-30 && value < 1e30;
}

/** 1, 2 or 5 times a power of ten: the least that is at least `value`. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5].find((one) => one * power >= value * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/**
 * A linear scale from 0 to a round number that is not less than `most`.
 *
 * @param from coordinate of 0.
 * @param to coordinate of the upper end.
 * @param marks about how many ticks.
 */
export function linearScale(most: number, from: number, to: number, marks = 5): Scale {
  const top = isDrawable(most) ? most : 1;
  const step = roundUp(top / marks);
  const count = Math.ceil(top / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, i) => i * step);
  const end = count * step;
  return Object.assign((value: number) => from + ((to - from) * value) / end, { ticks });
}

/**
 * A logarithmic scale.
 *
 * @param low more than 0.
 * @param high more than `low`.
 * @param base of the ticks: each is a power of it.
 * @param marks how many ticks at most.
 */
export function logScale(
  low: number,
  high: number,
  from: number,
  to: number,
  base = 10,
  marks = 8,
): Scale {
  const log = (value: number) => Math.log(value) / Math.log(base);
  const a = log(low), b = log(high);
  const first = Math.ceil(a - 1e-9), last = Math.floor(b + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / marks));
  const ticks: number[] = [];
  for (let power = first; power <= last; power += step) ticks.push(base ** power);
  // Less than two decades: 2 and 5 of each have marks too.
  if (base === 10 && ticks.length < 3) {
    ticks.length = 0;
    for (let power = first - 1; power <= last; power++) {
      ticks.push(
        ...[1, 2, 5].map((one) => one * base ** power)
          .filter((tick) => tick >= low && tick <= high),
      );
    }
  }
  return Object.assign(
    (value: number) => from + ((to - from) * (log(value) - a)) / (b - a),
    { ticks },
  );
}

/** A value on an axis: `0.1`, `50`, `4000`, `1e+7`. */
export function formatTick(value: number): string {
  return Math.abs(value) >= 1e6 ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}
