/**
 * A roofline: what a kernel can reach at most, by its operations a byte. Measured roofs are solid,
 * theoretical ones dashed.
 *
 * @module
 */

import { formatFigure, formatShare } from "./bench_figures.ts";
import { peakKey, type PeakRoof, type Roof, type Roofline } from "./bench_roofs.ts";
import { seriesClass, TEXT_SIZE } from "./chart_style.ts";
import type { Markup } from "./markup.ts";
import { type Chart, fitText, label, line, spread, textWidth, wrapText } from "./svg.ts";
import { formatTick, logScale, type Scale } from "./svg_scale.ts";

const WIDTH = 920;
const MARGIN = 16;
const LEFT = 76;
const PLOT_HEIGHT = 340;
/** From one label beside the plot to the next. */
const PITCH = 15;
const SWATCH = 26;
/** From the plot to the bracket before a label, from there to the label, and both with a gap. */
const LEADER = 26, TICK = 8, BESIDE = LEADER + TICK + 4;
/** Level roofs that are nearer than this are one line to the eye. */
const ON_EACH_OTHER = 4;

/** A theoretical roof under the number by which its source is found below. */
type Numbered = PeakRoof & { number: number };

function roofText({ title, figure, unit, peak }: Roof, peaks: readonly Numbered[]): string {
  const words = `${title} ${formatFigure(figure)} ${unit}`;
  const of = peaks.find((one) => peak !== null && peakKey(one.peak) === peakKey(peak));
  return of === undefined
    ? words
    : `${words}, ${formatShare(figure / of.peak.value)} of [${of.number}]`;
}

function peakText({ peak, number }: Numbered): string {
  return `[${number}] ${formatFigure(peak.value)} ${peak.unit} rated`;
}

/** The rectangle that the roofs are drawn in, with its scales: operations a byte, and a second. */
interface Plot {
  x: Scale;
  y: Scale;
  right: number;
  top: number;
  bottom: number;
  /** Ends of the axes. */
  intensity: { low: number; high: number };
}

function plotOf(roofs: Roofline, right: number, top: number, height: number): Plot {
  const bandwidths = [...roofs.bandwidths, ...roofs.bandwidthPeaks].map(({ rate }) => rate);
  const computes = [...roofs.computes, ...roofs.computePeaks].map(({ rate }) => rate);
  const slowest = Math.min(...bandwidths), fastest = Math.max(...bandwidths);
  const low = Math.min(...computes) / fastest / 8;
  const high = (Math.max(...computes) / slowest) * 8;
  const bottom = top + height;
  return {
    x: logScale(low, high, LEFT, right),
    y: logScale(slowest * low, Math.max(...computes) * 1.6, bottom, top),
    right,
    top,
    bottom,
    intensity: { low, high },
  };
}

function axes({ x, y, right, top, bottom }: Plot): Markup[] {
  const content: Markup[] = [];
  for (const tick of x.ticks) {
    content.push(line(x(tick), top, x(tick), bottom, "grid"));
    content.push(label(x(tick), bottom + 17, formatTick(tick), { kind: "m", anchor: "middle" }));
  }
  for (const tick of y.ticks) {
    content.push(line(LEFT, y(tick), right, y(tick), "grid"));
    const words = formatTick(tick / 1e12);
    content.push(label(LEFT - 7, y(tick) + 4, words, { kind: "m", anchor: "end" }));
  }
  content.push(line(LEFT, bottom, right, bottom, "axis"), line(LEFT, top, LEFT, bottom, "axis"));
  const middle = (LEFT + right) / 2;
  content.push(label(middle, bottom + 34, "operations a byte", { kind: "m", anchor: "middle" }));
  return content;
}

/** A roof that rises with the operations a byte, up to the highest one of arithmetic. */
function slope(rate: number, highest: number, { x, y, intensity }: Plot, kind: string): Markup {
  const end = Math.min(highest / rate, intensity.high);
  return line(x(intensity.low), y(rate * intensity.low), x(end), y(rate * end), kind);
}

/** A roof that is level, from where the steepest slope meets it. */
function level(rate: number, steepest: number, { x, y, right }: Plot, kind: string): Markup {
  return line(x(rate / steepest), y(rate), right, y(rate), kind);
}

/** A letter on each slope, side by side so that near ones do not meet. */
function slopeLetters(roofs: readonly Roof[], { x, y, intensity }: Plot): Markup[] {
  return roofs.map(({ rate }, i) => {
    const at = x(intensity.low) + 8 + 18 * i;
    const share = (at - x(intensity.low)) / (x(intensity.high) - x(intensity.low));
    const value = intensity.low * (intensity.high / intensity.low) ** share;
    return label(at - 2, y(rate * value) - 12, letter(i));
  });
}

function letter(i: number): string {
  return String.fromCharCode(65 + i);
}

/** What the slopes are, above the plot. */
function slopeKey(
  { bandwidths }: Roofline,
  peaks: readonly Numbered[],
  top: number,
): { content: Markup[]; bottom: number } {
  const rows: [string, string][] = [
    ...bandwidths.map((roof, i): [string, string] => [
      `${seriesClass(i)} w`,
      `${letter(i)}: ${roofText(roof, peaks)}`,
    ]),
    ...peaks.map((peak): [string, string] => ["axis d", peakText(peak)]),
  ];
  const content = rows.flatMap(([kind, words], i) => {
    const y = top + i * 17;
    return [
      line(LEFT, y - 4, LEFT + SWATCH, y - 4, kind),
      label(LEFT + SWATCH + 8, y, fitText(words, WIDTH - LEFT - SWATCH - 24, TEXT_SIZE.t)),
    ];
  });
  return { content, bottom: top + rows.length * 17 };
}

/** The level roofs, and what they are beside the plot. */
function levels(
  roofs: Roofline,
  peaks: readonly Numbered[],
  plot: Plot,
  width: number,
): Markup[] {
  const steepest = Math.max(...roofs.bandwidths.map(({ rate }) => rate));
  const steepestPeak = Math.max(...roofs.bandwidthPeaks.map(({ rate }) => rate), 0) || steepest;
  const rows = [
    ...peaks.map((peak) => ({
      rate: peak.rate,
      words: peakText(peak),
      kind: "axis",
      mark: level(peak.rate, Math.max(steepest, steepestPeak), plot, "axis d"),
    })),
    ...roofs.computes.map((roof, i) => ({
      rate: roof.rate,
      words: roofText(roof, peaks),
      kind: seriesClass(i + roofs.bandwidths.length),
      mark: level(
        roof.rate,
        steepest,
        plot,
        `${seriesClass(i + roofs.bandwidths.length)} w`,
      ),
    })),
  ].sort((a, b) => b.rate - a.rate);
  const heights = rows.map(({ rate }) => plot.y(rate));
  const places = spread(heights, PITCH, plot.bottom);
  const lift = Math.max(0, plot.top - Math.min(...places));
  const marks = rows.flatMap(({ words, kind, mark }, i) => {
    const place = (places[i] ?? 0) + lift;
    return [
      mark,
      line(plot.right + LEADER, place, plot.right + LEADER + TICK, place, `${kind} l`),
      label(plot.right + BESIDE, place + 4, fitText(words, width, TEXT_SIZE.k), { kind: "k" }),
    ];
  });
  return [...marks, ...leaders(heights, places.map((place) => place + lift), plot)];
}

/** Lines to the labels: one for all roofs that lie on each other, to a bracket before their labels. */
function leaders(heights: readonly number[], places: readonly number[], plot: Plot): Markup[] {
  const groups: number[][] = [];
  heights.forEach((height, i) => {
    const last = groups.at(-1);
    const above = last && heights[last.at(-1) ?? 0];
    if (last && above !== undefined && height - above < ON_EACH_OTHER) last.push(i);
    else groups.push([i]);
  });
  const middle = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
  return groups.flatMap((group) => {
    const own = group.map((i) => places[i] ?? 0), end = plot.right + LEADER;
    const from = middle(group.map((i) => heights[i] ?? 0));
    return [
      line(plot.right, from, end, middle(own), "axis l"),
      ...own.length === 1 ? [] : [line(end, Math.min(...own), end, Math.max(...own), "axis l")],
    ];
  });
}

/** The sources of the theoretical roofs, below the plot. */
function sources(peaks: readonly Numbered[]): string[] {
  return peaks.flatMap(({ peak, number, titles }) =>
    wrapText(
      `[${number}] ${titles.join("; ")}: ${formatFigure(peak.value)} ${peak.unit} = ` +
        `${peak.formula} (${peak.source})`,
      WIDTH - 2 * MARGIN,
      TEXT_SIZE.m,
    )
  );
}

/** The roofline of a device. */
export function rooflineChart(roofs: Roofline): Chart {
  const { device, bandwidths, bandwidthPeaks, computes, computePeaks } = roofs;
  const numbered = (peaks: readonly PeakRoof[], first: number) =>
    peaks.map((peak, i): Numbered => ({ ...peak, number: first + i }));
  const slopes = numbered(bandwidthPeaks, 1);
  const tops = numbered(computePeaks, 1 + slopes.length);
  const all = [...slopes, ...tops];
  const title = `${device.tag}: roofline`;
  const beside = [...tops.map(peakText), ...computes.map((roof) => roofText(roof, tops))];
  const width = Math.min(
    420,
    Math.max(...beside.map((words) => textWidth(words, TEXT_SIZE.k))),
  );
  const key = slopeKey(roofs, slopes, MARGIN + 60);
  const height = Math.max(PLOT_HEIGHT, (beside.length + 1) * PITCH);
  const plot = plotOf(roofs, WIDTH - width - BESIDE - 12, key.bottom + 10, height);
  const highest = Math.max(...computes.map(({ rate }) => rate));
  const highestPeak = Math.max(highest, ...tops.map(({ rate }) => rate));
  const dashed = all.length > 0 ? ", dashed theoretical at the rated clock" : "";
  const words = `10^12 operations a second; solid measured${dashed}`;
  const notes = sources(all);
  const content = [
    label(MARGIN, MARGIN + 15, fitText(title, WIDTH - 2 * MARGIN, TEXT_SIZE.h), { kind: "h" }),
    label(MARGIN, MARGIN + 34, words, { kind: "m" }),
    ...key.content,
    ...axes(plot),
    ...slopes.map(({ rate }) => slope(rate, highestPeak, plot, "axis d")),
    ...levels(roofs, tops, plot, width),
    ...bandwidths.map(({ rate }, i) => slope(rate, highest, plot, `${seriesClass(i)} w`)),
    ...slopeLetters(bandwidths, plot),
    ...notes.map((text, i) => label(MARGIN, plot.bottom + 60 + i * 15, text, { kind: "m" })),
  ];
  const description = [...bandwidths, ...computes].map((roof) => roofText(roof, all))
    .concat(all.map(peakText)).join("; ");
  const end = plot.bottom + 52 + notes.length * 15 + (notes.length > 0 ? 8 : 0);
  return { title, description, width: WIDTH, height: end, content };
}
