/**
 * A chart of bars for a suite: a panel for each unit, in it a group for each benchmark, in it a bar for
 * each device.
 *
 * @module
 */

import type { BenchEntry } from "../bench/report.ts";
import type { Arrangement } from "./bench_arrange.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import { figureOf, formatFigure, formatShare, ratedPeak, shareOfPeak } from "./bench_figures.ts";
import { seriesClass, TEXT_SIZE } from "./chart_style.ts";
import type { Markup } from "./markup.ts";
import { type Chart, element, fitText, label, line, textWidth, wrapText } from "./svg.ts";
import { formatTick, isDrawable, linearScale } from "./svg_scale.ts";

const WIDTH = 760;
const MARGIN = 16;
/** For what stands behind the bars. */
const VALUES = 158;

/** So many devices have a colour and a figure each; more share them. */
const TOLD_APART = 3;

/** One bar. */
interface Bar {
  device: number;
  figure: number;
  peak: number | null;
  entry: BenchEntry;
}

/** The bars of one benchmark. */
interface Group {
  title: string;
  bars: Bar[];
}

/** The benchmarks of one unit. */
interface Panel {
  unit: string;
  better: BenchEntry["better"];
  groups: Group[];
}

function panelsOf(entries: readonly BenchEntry[], devices: readonly DeviceLabel[]): Panel[] {
  const drawn = entries.filter((entry) => isDrawable(figureOf(entry)));
  const units = Map.groupBy(drawn, ({ unit, better }) => JSON.stringify([unit, better]));
  return [...units.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const names = Map.groupBy(
      alike,
      ({ name, parameters }) => JSON.stringify([name, parameters ?? {}]),
    );
    const groups = [...names.values()].map((group): Group => ({
      title: group[0]?.title ?? "",
      bars: group.map((entry) => {
        const peak = ratedPeak(entry);
        const isSameUnit = peak?.unit === entry.unit && isDrawable(peak.value);
        return {
          device: devices.findIndex(({ id }) => id === entry.device),
          figure: figureOf(entry) ?? 0,
          peak: isSameUnit ? peak.value : null,
          entry,
        };
      }),
    }));
    return [{ unit: first.unit, better: first.better, groups }];
  });
}

function barText({ entry, figure }: Bar): string {
  const share = shareOfPeak(entry);
  const words = `${formatFigure(figure)} ${entry.unit}`;
  return share === null ? words : `${words}, ${formatShare(share)}`;
}

function groupText({ bars }: Group): string {
  const figures = bars.map(({ figure }) => figure);
  const least = formatFigure(Math.min(...figures)), most = formatFigure(Math.max(...figures));
  const unit = bars[0]?.entry.unit ?? "";
  return least === most ? `${least} ${unit}` : `${least} to ${most} ${unit}`;
}

/** Draws downwards, and remembers how far it came. */
class Drawing {
  readonly content: Markup[] = [];
  y = MARGIN;

  /** Below what is there. */
  text(words: string, kind: keyof typeof TEXT_SIZE, height: number, x = MARGIN): void {
    this.y += height;
    const fitting = fitText(words, WIDTH - x - MARGIN, TEXT_SIZE[kind]);
    this.content.push(label(x, this.y - 4, fitting, { kind }));
  }
}

/** `NVIDIA H200 #0 to #7`, or all tags. */
function tagWords(devices: readonly DeviceLabel[]): string {
  const [first] = devices, last = devices.at(-1);
  return first && last && devices.every(({ name }) => name === first.name)
    ? `${first.tag} to ${last.tag.slice(last.name.length + 1)}`
    : devices.map(({ tag }) => tag).join(", ");
}

function legend(drawing: Drawing, devices: readonly DeviceLabel[], used: readonly number[]): void {
  const shown = used.flatMap((index) => devices[index] ?? []);
  const tags = shown.map(({ tag }) => tag);
  if (used.length === 1) return drawing.text(tags[0] ?? "", "m", 16);
  if (used.length <= TOLD_APART) {
    tags.forEach((tag, i) => {
      drawing.text(tag, "t", 18, MARGIN + 20);
      drawing.content.push(
        element("rect", {
          class: `f ${seriesClass(i)}`,
          x: MARGIN,
          y: drawing.y - 14,
          width: 12,
          height: 12,
          rx: 2,
        }),
      );
    });
    return;
  }
  const words = `Bars of each group from top to bottom: ${tagWords(shown)}`;
  for (const text of wrapText(words, WIDTH - 2 * MARGIN, TEXT_SIZE.m)) drawing.text(text, "m", 15);
}

function drawPanel(drawing: Drawing, panel: Panel, used: readonly number[], labels: number): void {
  const { content } = drawing;
  const from = MARGIN + labels + 10, to = WIDTH - MARGIN - VALUES;
  const values = panel.groups.flatMap(({ bars }) =>
    bars.flatMap(({ figure, peak }) => [figure, peak ?? 0])
  );
  const scale = linearScale(Math.max(...values), from, to);
  const isTold = used.length <= TOLD_APART;
  const [thickness, gap] = isTold ? [14, 3] : [5, 1];
  drawing.text(`${panel.unit}, ${panel.better} is better`, "m", 24, from);
  const top = drawing.y;
  const marks: Markup[] = [];
  for (const group of panel.groups) {
    const pitch = thickness + gap;
    const height = Math.max(18, group.bars.length * pitch);
    const start = drawing.y + 5 + (height - group.bars.length * pitch) / 2;
    const middle = drawing.y + 5 + height / 2 + 4;
    const title = fitText(group.title, labels, TEXT_SIZE.t);
    marks.push(label(from - 10, middle, title, { anchor: "end" }));
    let end = from;
    group.bars.forEach((bar, i) => {
      const y = start + i * pitch;
      const x = scale(bar.figure);
      const series = seriesClass(isTold ? Math.max(0, used.indexOf(bar.device)) : 0);
      marks.push(
        element("rect", {
          class: `f ${series}`,
          x: from,
          y,
          width: Math.max(1, x - from),
          height: thickness,
        }),
      );
      const peakAt = bar.peak === null ? x : scale(bar.peak);
      if (bar.peak !== null) marks.push(line(peakAt, y - 1, peakAt, y + thickness + 1, "peak"));
      end = Math.max(end, x, peakAt);
      if (isTold) {
        const words = fitText(barText(bar), WIDTH - MARGIN / 2 - Math.max(x, peakAt) - 6, 12);
        marks.push(label(Math.max(x, peakAt) + 6, y + thickness - 3, words));
      }
    });
    if (!isTold) {
      marks.push(label(end + 8, middle, fitText(groupText(group), WIDTH - end - 16, 12)));
    }
    drawing.y += height + 10;
  }
  for (const tick of scale.ticks) {
    const x = scale(tick);
    content.push(line(x, top, x, drawing.y, tick === 0 ? "axis" : "grid"));
    content.push(label(x, drawing.y + 14, formatTick(tick), { kind: "m", anchor: "middle" }));
  }
  content.push(...marks);
  drawing.y += 22;
}

function describe(panels: readonly Panel[], devices: readonly DeviceLabel[]): string {
  return panels.flatMap(({ groups }) =>
    groups.flatMap(({ title, bars }) =>
      bars.map((bar) => `${title}, ${devices[bar.device]?.tag ?? ""}: ${barText(bar)}`)
    )
  ).join("; ");
}

/** The chart of a suite; undefined where it has no figure to draw. */
export function barsChart(
  suite: string,
  { plain, devices }: Pick<Arrangement, "plain" | "devices">,
): Chart | undefined {
  const panels = panelsOf(plain.filter((entry) => entry.suite === suite), devices);
  if (panels.length === 0) return undefined;
  const groups = panels.flatMap((panel) => panel.groups);
  const found = new Set(groups.flatMap(({ bars }) => bars.map(({ device }) => device)));
  const used = [...found].sort((a, b) => a - b);
  const widest = Math.max(...groups.map(({ title }) => textWidth(title, TEXT_SIZE.t)));
  const labels = Math.min(360, Math.max(90, widest));
  const drawing = new Drawing();
  const title = `Suite ${suite}`;
  drawing.text(title, "h", 20);
  legend(drawing, devices, used);
  for (const panel of panels) drawPanel(drawing, panel, used, labels);
  if (groups.some(({ bars }) => bars.some(({ peak }) => peak !== null))) {
    drawing.text("Dashed marks: theoretical peak at the rated clock.", "m", 18);
  }
  const hasShares = groups.some(({ bars }) => bars.some((bar) => shareOfPeak(bar.entry) !== null));
  if (hasShares && used.length <= TOLD_APART) {
    drawing.text(
      "Percentages: of the peak at the clock that was seen; of the rated one where none was seen.",
      "m",
      15,
    );
  }
  const { content, y } = drawing;
  return { title, description: describe(panels, devices), width: WIDTH, height: y + 8, content };
}
