/**
 * Bandwidth against working set: each step down is a cache that no longer holds it.
 *
 * @module
 */

import { figureOf, finite, formatFigure } from "./bench_figures.ts";
import type { Staircase, Step } from "./bench_sweeps.ts";
import { seriesClass, TEXT_SIZE } from "./chart_style.ts";
import type { Markup } from "./markup.ts";
import { type Chart, element, fitText, label, line, path, spread, textWidth } from "./svg.ts";
import { formatTick, isDrawable, linearScale, logScale } from "./svg_scale.ts";
import { formatBytes } from "./units.ts";

const WIDTH = 760, HEIGHT = 340;
const LEFT = 72, TOP = 66, BOTTOM = HEIGHT - 52;

/** `4 MiB`. */
function shortBytes(bytes: number): string {
  return formatBytes(bytes).replace(".0 ", " ");
}

/** A step that can be drawn. */
type Point = Step & { figure: number };

function pointsOf({ steps }: Staircase): Point[] {
  return steps.flatMap((step) => {
    const figure = figureOf(step.entry);
    return isDrawable(figure) && isDrawable(step.bytes) ? [{ ...step, figure }] : [];
  });
}

interface Series {
  title: string;
  points: Point[];
}

function drawSeries(
  { points }: Series,
  kind: string,
  x: (bytes: number) => number,
  y: (figure: number) => number,
): Markup[] {
  const ranges = points.flatMap(({ bytes, entry }) => {
    const low = finite(entry.statistics?.p5), high = finite(entry.statistics?.p95);
    if (!isDrawable(low) || !isDrawable(high)) return [];
    return [line(x(bytes), y(low), x(bytes), Math.max(TOP, y(high)), `${kind} l`)];
  });
  const dots = points.map(({ bytes, figure }) =>
    element("circle", { class: `f ${kind}`, cx: x(bytes), cy: y(figure), r: 3 })
  );
  const at = points.map(({ bytes, figure }) => [x(bytes), y(figure)] as const);
  return [...ranges, path(at, `${kind} w`), ...dots];
}

/** The chart of the staircases of one device and one unit; undefined without two sizes to draw. */
export function staircaseChart(stairs: readonly Staircase[]): Chart | undefined {
  const [first] = stairs;
  const series = stairs.map((staircase) => ({
    title: staircase.title,
    points: pointsOf(staircase),
  })).filter(({ points }) => points.length > 0);
  const all = series.flatMap(({ points }) => points);
  const sizes = all.map(({ bytes }) => bytes);
  const low = Math.min(...sizes), high = Math.max(...sizes);
  if (first === undefined || !(high > low)) return undefined;
  const title = `${first.device.tag}: ${first.unit} by working set`;
  const words = series.map((one) => `${one.title} ${formatFigure(one.points.at(-1)?.figure ?? 0)}`);
  const labels = Math.min(220, Math.max(...words.map((text) => textWidth(text, TEXT_SIZE.t))));
  const right = WIDTH - labels - 40;
  const x = logScale(low, high, LEFT + 12, right - 12, 2, 9);
  const y = linearScale(Math.max(...all.map(({ figure }) => figure)), BOTTOM, TOP);
  const content: Markup[] = [
    label(16, 31, fitText(title, WIDTH - 32, TEXT_SIZE.h), { kind: "h" }),
    label(16, 50, fitText(`${first.unit}, ${first.better} is better`, 300, 11), { kind: "m" }),
    label((LEFT + right) / 2, BOTTOM + 40, "working set", { kind: "m", anchor: "middle" }),
  ];
  for (const tick of y.ticks) {
    content.push(line(LEFT, y(tick), right, y(tick), tick === 0 ? "axis" : "grid"));
    content.push(label(LEFT - 8, y(tick) + 4, formatTick(tick), { kind: "m", anchor: "end" }));
  }
  for (const tick of x.ticks) {
    content.push(line(x(tick), BOTTOM, x(tick), BOTTOM + 5, "axis"));
    content.push(
      label(x(tick), BOTTOM + 19, shortBytes(tick), { kind: "m", anchor: "middle" }),
    );
  }
  const ends = series.map(({ points }) => y(points.at(-1)?.figure ?? 0));
  const places = spread(ends, 16, BOTTOM);
  series.forEach((one, i) => {
    const kind = seriesClass(i);
    const end = ends[i] ?? BOTTOM, place = places[i] ?? BOTTOM;
    const from = x(one.points.at(-1)?.bytes ?? high);
    content.push(
      line(from + 5, end, right + 22, place, `${kind} l`),
      ...drawSeries(one, kind, x, y),
      label(right + 26, place + 4, fitText(words[i] ?? "", labels, TEXT_SIZE.t)),
    );
  });
  const description = series.map((one) =>
    `${one.title}: ${
      one.points.map(({ bytes, figure }) => `${formatFigure(figure)} at ${shortBytes(bytes)}`)
        .join(", ")
    }`
  ).join("; ");
  return { title, description, width: WIDTH, height: HEIGHT, content };
}
