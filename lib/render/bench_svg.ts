/**
 * The charts of a report.
 *
 * @module
 */

import { SUITES } from "../bench/benchmark.ts";
import type { BenchReport } from "../bench/report.ts";
import { arrange, type Arrangement } from "./bench_arrange.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import { rooflineOf } from "./bench_roofs.ts";
import { barsChart } from "./bench_svg_bars.ts";
import { matrixChart } from "./bench_svg_matrix.ts";
import { rooflineChart } from "./bench_svg_roofline.ts";
import { staircaseChart } from "./bench_svg_staircase.ts";
import { CHART_STYLE } from "./chart_style.ts";
import { type Chart, svgDocument } from "./svg.ts";

/** What a chart shows. */
export type ChartKind = "roofline" | "staircase" | "matrix" | "bars";

/** A chart of a report. */
export interface NamedChart {
  /** Unique in the report; of letters, digits, `-` and `_`, and so good for a file and for an id. */
  name: string;
  kind: ChartKind;
  /** The device that the chart is about; undefined for one about several. */
  device?: DeviceLabel;
  chart: Chart;
}

/** Text as part of a name: `pci-0000-06-00-0`. */
function slug(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 60) ||
    "unnamed";
}

function* charts(arrangement: Arrangement): Generator<NamedChart> {
  const { devices, staircases, matrices } = arrangement;
  for (const device of devices) {
    const roofs = rooflineOf(arrangement, device);
    if (roofs !== undefined) {
      yield {
        name: `roofline-${slug(device.id)}`,
        kind: "roofline",
        device,
        chart: rooflineChart(roofs),
      };
    }
    const own = staircases.filter((staircase) => staircase.device === device);
    for (const group of Map.groupBy(own, ({ unit, better }) => `${unit} ${better}`).values()) {
      const chart = staircaseChart(group);
      if (chart) yield { name: `staircase-${slug(device.id)}`, kind: "staircase", device, chart };
    }
  }
  for (const matrix of matrices) {
    yield { name: `matrix-${slug(matrix.key)}`, kind: "matrix", chart: matrixChart(matrix) };
  }
  for (const suite of SUITES) {
    const chart = barsChart(suite, arrangement);
    if (chart) yield { name: `bars-${suite}`, kind: "bars", chart };
  }
}

/** The charts of an arranged report, each under a name of its own. */
export function benchCharts(arrangement: Arrangement): NamedChart[] {
  const taken = new Set<string>();
  return [...charts(arrangement)].map((chart) => {
    let { name } = chart;
    for (let i = 2; taken.has(name); i++) name = `${chart.name}_${i}`;
    taken.add(name);
    return { ...chart, name };
  });
}

/** The charts of a report as SVG documents: file name -> text. */
export function benchSvgs(report: BenchReport): Map<string, string> {
  return new Map(
    benchCharts(arrange(report)).map(({ name, chart }) => [
      `${name}.svg`,
      svgDocument(chart, name, CHART_STYLE),
    ]),
  );
}
