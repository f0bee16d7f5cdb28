/**
 * A chart over time by uPlot, with a table of what is in it for all who cannot see it.
 *
 * @module
 */

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Aligned, Span } from "../core/plot_data.ts";
import { colorOf } from "../theme.ts";
import { timeLabels } from "../core/format.ts";

/** One line of the chart. */
export interface Line {
  label: string;
  /** Dashed, so that it differs from the first by more than its colour. */
  isDashed: boolean;
}

/** What is drawn: for each line three series of `data`, its mean, most and least. */
export interface PlotProps {
  title: string;
  data: Aligned;
  lines: readonly Line[];
  span: Span;
  text: (value: number) => string;
  /** The value at the top where it is given; as the figures are where not. */
  most: number | null;
  /** Steps between the marks of the vertical axis are powers of two. */
  isBinary: boolean;
  onZoom: (span: Span) => void;
  /** Told of the place in `data.x` under the pointer; null where there is none. */
  onPoint: (index: number | null) => void;
}

/** Height, and width of the vertical axis, in the page's own unit: letters are larger on large screens. */
const HEIGHT_REM = 12, AXIS_REM = 4.75;

/** Pixels of that unit. */
function rem(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** Steps of an axis in bytes. */
const BINARY_STEPS = Array.from({ length: 46 }, (_, i) => 2 ** i);

function seriesOf(lines: readonly Line[]): uPlot.Series[] {
  return lines.flatMap(({ label, isDashed }, i): uPlot.Series[] => {
    const name = `--line-${i + 1}`;
    const edge: uPlot.Series = { points: { show: false }, width: 0 };
    return [
      {
        label,
        stroke: () => colorOf(name),
        width: 1.5,
        ...(isDashed && { dash: [6, 4] }),
        points: { size: 3 },
      },
      edge,
      edge,
    ];
  });
}

function optionsOf(
  { lines, text, isBinary, most }: PlotProps,
  width: number,
  now: () => PlotProps,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => colorOf("--muted"),
    grid: { stroke: () => colorOf("--rule"), width: 1 },
    ticks: { stroke: () => colorOf("--rule"), width: 1 },
    font: `${Math.round(0.75 * rem())}px system-ui, sans-serif`,
  };
  return {
    width,
    height: HEIGHT_REM * rem(),
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "detail" } },
    scales: {
      x: { time: true, range: () => [now().span.from / 1000, now().span.to / 1000] },
      y: {
        range: (_, __, high) => [0, most ?? (Number.isFinite(high) && high > 0 ? high * 1.08 : 1)],
      },
    },
    axes: [
      {
        ...axis,
        size: 3 * rem(),
        space: 5 * rem(),
        values: (_, splits, __, ___, step) => timeLabels(splits, step),
      },
      {
        ...axis,
        size: AXIS_REM * rem(),
        values: (_, splits) => splits.map((value) => text(value)),
        ...(isBinary && { incrs: BINARY_STEPS }),
      },
    ],
    series: [{}, ...seriesOf(lines)],
    bands: lines.map((_, i) => ({
      series: [3 * i + 2, 3 * i + 3] as [number, number],
      fill: () => colorOf(`--band-${i + 1}`),
    })),
    hooks: {
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width < 8) return;
        const at = (x: number) => plot.posToVal(x, "x") * 1000;
        now().onZoom({ from: at(left), to: at(left + width) });
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
      setCursor: [(plot) => now().onPoint(plot.cursor.idx ?? null)],
    },
  };
}

/** The chart. Dragging over it zooms. */
export function Plot(props: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const [plot, setPlot] = useState<uPlot | null>(null);
  const { data, span, lines, title, isBinary, most } = props;
  const shape = `${lines.map(({ label }) => label).join()} ${isBinary} ${most}`;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const width = Math.max(200, element.clientWidth);
    const made = new uPlot(optionsOf(latest.current, width, () => latest.current), [[]], element);
    setPlot(made);
    const follow = new ResizeObserver(() => {
      const width = Math.max(200, element.clientWidth);
      if (width !== made.width) made.setSize({ width, height: HEIGHT_REM * rem() });
    });
    follow.observe(element);
    const recolor = () => made.redraw(false, true);
    addEventListener("mvgal-theme", recolor);
    return () => {
      follow.disconnect();
      removeEventListener("mvgal-theme", recolor);
      made.destroy();
    };
  }, [shape]);

  useEffect(() => {
    plot?.setData([data.x, ...data.series] as uPlot.AlignedData);
  }, [plot, data, span.from, span.to]);

  return (
    <div
      class="plot"
      ref={place}
      role="img"
      aria-label={`${title}: its figures are in the table`}
    />
  );
}
