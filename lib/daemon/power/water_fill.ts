/**
 * Sharing watts: those who need less than their part get what they need, the others share the rest. Pure.
 *
 * This is weighted max-min fairness: Bertsekas and Gallager, "Data Networks", section 6.5.2. Plain
 * proportions of the demand would not do: a GPU at its cap does not show what it would draw, is given more,
 * and takes it from one that shows what it needs, which then is at its cap in turn.
 *
 * @module
 */

/** One who takes part. All in W. */
export interface Claim {
  /** What it needs now. */
  need: number;
  /** The least and the most that it can be given. */
  min: number;
  max: number;
}

/** A container that is filled between two levels; its weight is how fast it fills. */
interface Vessel {
  weight: number;
  floor: number;
  ceiling: number;
}

const held = ({ weight, floor, ceiling }: Vessel, level: number) =>
  Math.min(ceiling, Math.max(floor, level * weight));

/** Fills all to one level, such that together they hold `total`, which is between their sums. */
function fill(vessels: readonly Vessel[], total: number): number[] {
  const sum = (level: number) => vessels.reduce((all, vessel) => all + held(vessel, level), 0);
  const levels = vessels.flatMap(({ weight, floor, ceiling }) => [floor / weight, ceiling / weight])
    .sort((a, b) => a - b);
  // Between two neighbouring levels the sum is a straight line.
  const above = levels.findIndex((level) => sum(level) >= total);
  const high = above < 0 ? Math.max(0, ...levels) : levels[above] ?? 0;
  const low = above < 1 ? 0 : levels[above - 1] ?? 0;
  const [less, more] = [sum(low), sum(high)];
  const level = more > less && total < more
    ? low + (high - low) * Math.max(0, total - less) / (more - less)
    : high;
  return vessels.map((vessel) => held(vessel, level));
}

const total = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

/**
 * Shares `budget` W.
 *
 * Where the needs fit, all get what they need, and what is left goes on in proportion to their most. Where
 * they do not, each gets what it needs or its part in proportion to its most, whichever is less.
 *
 * @returns W in the order of the claims; all at their least where even that is more than the budget.
 */
export function shareWatts(claims: readonly Claim[], budget: number): number[] {
  const bounded = claims.map(({ need, min, max }) => ({
    min,
    max: Math.max(min, max),
    need: Math.min(Math.max(need, min), Math.max(min, max)),
  }));
  const least = bounded.map(({ min }) => min);
  const most = bounded.map(({ max }) => max);
  if (total(least) >= budget) return least;
  if (total(most) <= budget) return most;
  const needs = bounded.map(({ need }) => need);
  const scarce = total(needs) > budget;
  return fill(
    bounded.map(({ min, max, need }) => ({
      weight: Math.max(max, 1),
      floor: scarce ? min : need,
      ceiling: scarce ? need : max,
    })),
    budget,
  );
}
