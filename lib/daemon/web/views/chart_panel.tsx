/**
 * One chart of a GPU, with the table of its figures.
 *
 * @module
 */

import { useMemo, useState } from "preact/hooks";
import type { HistoryView } from "../../service_api.ts";
import type { GpuSample } from "../../../telemetry/metrics.ts";
import { formatDateTime } from "../core/format.ts";
import { SHOWN, whyUnknown } from "../core/metrics.ts";
import { align, type Points, pointsOf, type Span, summaryOf, withLive } from "../core/plot_data.ts";
import { type RememberedMetric, trendOf } from "../core/trend.ts";
import { useApp } from "../parts/app_context.ts";
import { Plot } from "../parts/plot.tsx";
import type { Chart } from "./charts.ts";

/** A line of the chart: the metric, and what is known of it. */
interface Known {
  metric: RememberedMetric;
  points: Points;
}

/** The points of a metric in a span: of the history, and since then of the looks of this page. */
function usePoints(
  gpu: string,
  metric: RememberedMetric | undefined,
  history: HistoryView | null,
  span: Span,
): Points {
  const { state: { recent } } = useApp();
  const kept = useMemo(() => {
    const series = history?.series.find((each) => each.gpu === gpu && each.metric === metric);
    return series === undefined ? [] : pointsOf(series);
  }, [gpu, metric, history]);
  return useMemo(() => {
    if (metric === undefined) return [];
    return withLive(kept, trendOf(recent, gpu, metric))
      .filter(({ at }) => at >= span.from && at <= span.to);
  }, [gpu, metric, kept, recent, span.from, span.to]);
}

/** The chart; or why there is none. */
export function ChartPanel(
  { chart, sample, history, span, onZoom }: {
    chart: Chart;
    sample: GpuSample;
    history: HistoryView | null;
    span: Span;
    onZoom: (span: Span) => void;
  },
) {
  const { state: { parts } } = useApp();
  const [first, second] = chart.metrics;
  const firstPoints = usePoints(sample.id, first, history, span);
  const secondPoints = usePoints(sample.id, second, history, span);
  const [index, setIndex] = useState<number | null>(null);
  const known: Known[] = [
    { metric: first, points: firstPoints },
    ...(second === undefined ? [] : [{ metric: second, points: secondPoints }]),
  ].filter(({ points }) => points.length > 0);

  const interval = parts.status?.interval_ms ?? 1000;
  const gapMs = Math.max(2.5 * interval, (history?.gap_s ?? 0) * 1000);
  const data = useMemo(
    () =>
      align(
        known.flatMap(({ points }) =>
          (["mean", "max", "min"] as const).map((pick) => ({ points, pick }))
        ),
        gapMs,
      ),
    [firstPoints, secondPoints, gapMs],
  );

  const text = SHOWN[first].text;
  const at = index === null ? undefined : data.x[index];
  return (
    <section class="panel chart">
      <h3>
        {chart.title}
        <span class="at muted">{at === undefined ? "" : formatDateTime(at * 1000)}</span>
      </h3>
      {known.length === 0
        ? (
          <p class="reason">
            Not known:{" "}
            {sample[first] === null
              ? whyUnknown(sample, first)
              : "there are no figures of this time"}
          </p>
        )
        : (
          <>
            <Plot
              title={chart.title}
              data={data}
              lines={known.map(({ metric }, i) => ({
                label: SHOWN[metric].label,
                isDashed: i > 0,
              }))}
              span={span}
              text={text}
              most={chart.most(sample)}
              isBinary={chart.isBinary ?? false}
              onZoom={onZoom}
              onPoint={setIndex}
            />
            <Summary title={chart.title} known={known} at={index} data={data} />
          </>
        )}
      {known.length > 0 && chart.metrics.map((metric) =>
        metric !== undefined && !known.some((each) => each.metric === metric) && (
          <p class="reason" key={metric}>
            {SHOWN[metric].label} is not known: {sample[metric] === null
              ? whyUnknown(sample, metric)
              : "there are no figures of this time"}
          </p>
        )
      )}
    </section>
  );
}

/** The columns of the table. */
const FIGURES = ["Pointed at", "Least", "Mean", "Most", "Last"] as const;

function Summary(
  { title, known, at, data }: {
    title: string;
    known: readonly Known[];
    at: number | null;
    data: ReturnType<typeof align>;
  },
) {
  return (
    <div class="scroll" role="region" aria-label={`Figures: ${title}`} tabIndex={0}>
      <table class="summary">
        <caption class="unseen">{title}: least, mean and most of this time</caption>
        <thead>
          <tr>
            <th scope="col">Line</th>
            {FIGURES.map((name) => <th scope="col" class="number" key={name}>{name}</th>)}
          </tr>
        </thead>
        <tbody>
          {known.map(({ metric, points }, i) => {
            const { label, text } = SHOWN[metric];
            const summary = summaryOf(points);
            const pointed = at === null ? null : data.series[3 * i]?.[at] ?? null;
            return (
              <tr key={metric}>
                <th scope="row">
                  <svg class={`swatch line-${i + 1}`} viewBox="0 0 20 6" aria-hidden="true">
                    <path d="M0 3H20" />
                  </svg>
                  {label}
                </th>
                <td class="number" data-name={FIGURES[0]}>
                  {pointed === null ? "–" : text(pointed)}
                </td>
                {summary !== null &&
                  (["min", "mean", "max", "last"] as const).map((name, i) => (
                    <td class="number" key={name} data-name={FIGURES[i + 1]}>
                      {text(summary[name])}
                    </td>
                  ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
