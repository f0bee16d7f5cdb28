/**
 * The last minutes of a metric as a small line. The figure stands beside it: it is for the eye alone.
 *
 * @module
 */

import { TREND_MS, trendPath, type TrendPoint } from "../core/trend.ts";

const WIDTH = 200, HEIGHT = 36;

/** @param now in ms since 1970, by the clock of the points. */
export function Sparkline(
  { points, now, most, intervalMs }: {
    points: readonly TrendPoint[];
    now: number;
    most: number;
    intervalMs: number;
  },
) {
  const path = trendPath(points, {
    width: WIDTH,
    height: HEIGHT - 4,
    now,
    most,
    gapMs: 2.5 * Math.max(intervalMs, 500),
  });
  return (
    <svg
      class="sparkline"
      viewBox={`0 -2 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      data-minutes={TREND_MS / 60_000}
    >
      <path class="ground" d={`M0 ${HEIGHT - 4}H${WIDTH}`} />
      <path class="line" d={path} />
    </svg>
  );
}
