/**
 * A matrix of pairs of devices as a heat map.
 *
 * @module
 */

import { figureOf, formatFigure } from "./bench_figures.ts";
import { letterOf, type PairCell, type PairMatrix, pairWords } from "./bench_pairs.ts";
import { TEXT_SIZE } from "./chart_style.ts";
import type { Markup } from "./markup.ts";
import { type Chart, element, fitText, label, wrapText } from "./svg.ts";
import { isDrawable } from "./svg_scale.ts";

const WIDTH = 760;
const MARGIN = 16;
/** For the numbers of the rows. */
const HEAD = 58;
const CELL_HEIGHT = 38;
const TOP = 92;

/** Opacity of the shade of the least and of the largest figure. */
const FAINTEST = 0.12, STRONGEST = 0.95;

/** More refused paths than this are not listed in the drawing. */
const REFUSALS = 8;

/** Figures that differ by less than this share of the best are shaded less than the range allows. */
const TELLING = 0.25;

/** Shade of each figure: strongest for the best; by their logarithms where they differ widely. */
function shades({ cells, better }: PairMatrix): (figure: number) => number {
  const figures = cells.flat().map((cell) => cell?.figure).filter(isDrawable);
  const least = Math.min(...figures), most = Math.max(...figures);
  const place = most / least > 20 ? Math.log : (value: number) => value / most;
  const range = Math.max(place(most) - place(least), TELLING);
  const best = place(better === "higher" ? most : least);
  return (figure) => STRONGEST - ((STRONGEST - FAINTEST) * Math.abs(place(figure) - best)) / range;
}

function cellMarks(
  cell: PairCell | null,
  x: number,
  y: number,
  width: number,
  shade: (figure: number) => number,
): Markup[] {
  const box = { x: x + 1, y: y + 1, width: width - 2, height: CELL_HEIGHT - 2, rx: 3 };
  const middle = x + width / 2;
  if (cell === null) return [element("rect", { class: "track", ...box })];
  const { figure, letter, entry } = cell;
  if (figure === null || !isDrawable(figure)) {
    const words = fitText(figure === null ? entry.state : formatFigure(figure), width - 6, 11);
    const kind = entry.state === "failed" || entry.state === "implausible" ? "m bad" : "m";
    return [
      element("rect", { class: "track", ...box }),
      label(middle, y + CELL_HEIGHT / 2 + 4, words, { kind, anchor: "middle" }),
    ];
  }
  const opacity = Math.round(shade(figure) * 100) / 100;
  return [
    element("rect", { class: "heat", "fill-opacity": opacity, ...box }),
    label(middle, y + 16, fitText(formatFigure(figure), width - 4, 12), { anchor: "middle" }),
    label(middle, y + 30, letter ?? "", { anchor: "middle" }),
  ];
}

/** What stands below the grid: devices, paths, refusals. Each of some lines. */
function legend(matrix: PairMatrix): string[][] {
  const wrapped = (text: string) => wrapText(text, WIDTH - 2 * MARGIN, TEXT_SIZE.m);
  const cells = matrix.cells.flat();
  const devices = matrix.devices.map(({ name, id }, i) =>
    wrapped(name === id ? `${i}: ${name}` : `${i}: ${name} (${id})`)
  );
  const paths = matrix.paths.map((path, i) => {
    const count = cells.filter((cell) => cell?.letter === letterOf(i)).length;
    return wrapped(`${letterOf(i)}: ${path} (${count} of ${cells.filter(Boolean).length} pairs)`);
  });
  const refusals = matrix.refusals.slice(0, REFUSALS).map((refusal) =>
    wrapped(
      `Not taken, ${pairWords(refusal.pairs, matrix)}: ${
        refusal.path ?? refusal.state ?? ""
      }: ${refusal.reason}`,
    )
  );
  const more = matrix.refusals.length - REFUSALS;
  return [...devices, ...paths, ...refusals, ...more > 0 ? [[`and ${more} more reasons`]] : []];
}

/** The heat map. */
export function matrixChart(matrix: PairMatrix): Chart {
  const { devices, cells, unit, better } = matrix;
  const title = `${matrix.title}, ${unit}`;
  const size = Math.max(1, devices.length);
  const cell = Math.min(84, (WIDTH - 2 * MARGIN - HEAD) / size);
  const shade = shades(matrix);
  const left = MARGIN + HEAD;
  const content: Markup[] = [
    label(MARGIN, MARGIN + 15, fitText(title, WIDTH - 2 * MARGIN, TEXT_SIZE.h), { kind: "h" }),
    label(MARGIN, MARGIN + 34, `Stronger shades are better: ${better}. Letters name the path.`, {
      kind: "m",
    }),
    label(left + 2, TOP - 22, "to", { kind: "m" }),
    label(MARGIN, TOP - 4, "from", { kind: "m" }),
  ];
  devices.forEach((_, i) => {
    content.push(
      label(left + (i + 0.5) * cell, TOP - 4, `${i}`, { anchor: "middle" }),
      label(left - 12, TOP + (i + 0.5) * CELL_HEIGHT + 4, `${i}`, { anchor: "end" }),
    );
  });
  cells.forEach((row, from) =>
    row.forEach((one, to) => {
      content.push(...cellMarks(one, left + to * cell, TOP + from * CELL_HEIGHT, cell, shade));
    })
  );
  let y = TOP + size * CELL_HEIGHT + 22;
  for (const lines of legend(matrix)) {
    for (const text of lines) {
      content.push(label(MARGIN, y, text, { kind: "m" }));
      y += 15;
    }
    y += 2;
  }
  return { title, description: describe(matrix), width: WIDTH, height: y + 2, content };
}

function describe({ cells, devices, unit }: PairMatrix): string {
  const tag = (i: number) => devices[i]?.tag ?? "";
  return cells.flatMap((row, from) =>
    row.flatMap((cell, to) => {
      if (cell === null) return [];
      const figure = figureOf(cell.entry);
      const words = figure === null ? cell.entry.state : `${formatFigure(figure)} ${unit}`;
      return [`${tag(from)} to ${tag(to)}: ${words}`];
    })
  ).join("; ");
}
