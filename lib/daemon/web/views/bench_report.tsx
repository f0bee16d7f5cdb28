/**
 * A report: a table and bars for each suite.
 *
 * @module
 */

import type { BenchEntry, BenchReport } from "../../../bench/report.ts";
import { formatDateTime, formatFigure, formatNumber } from "../core/format.ts";
import { Bar } from "../parts/bar.tsx";
import { SortTable } from "../parts/sort_table.tsx";
import { Matrix } from "./matrix.tsx";
import { useReport } from "./use_report.ts";

/** The report of a run. */
export function ReportView({ id }: { id: string }) {
  const { report, why } = useReport(id);
  return (
    <section class="panel">
      <h2>Report</h2>
      {why !== null && <p class="failure">{why}</p>}
      {report === null && why === null && <p class="muted">Waiting for the report…</p>}
      {report !== null && <Report report={report} />}
    </section>
  );
}

/** The name of a device of the report. */
export function deviceName({ context }: BenchReport, id: string): string {
  return context.devices.find((device) => device.id === id)?.name ?? id;
}

/** A device, or the two of a transfer. */
function between(report: BenchReport, { device, peer }: BenchEntry): string {
  const name = deviceName(report, device);
  return peer === null ? name : `${name} (${device}) to ${deviceName(report, peer)} (${peer})`;
}

function Report({ report }: { report: BenchReport }) {
  const { context, benchmarks, matrices = [] } = report;
  const suites = [...new Set(benchmarks.map(({ suite }) => suite))];
  return (
    <>
      <p>
        {formatDateTime(context.date)}, mvgal {context.mvgal_version}, {context.effort};{" "}
        {context.devices.map(({ name }) => name).join(", ")}
      </p>
      {suites.map((suite) => (
        <Suite
          key={suite}
          suite={suite}
          report={report}
          entries={benchmarks.filter((entry) => entry.suite === suite)}
        />
      ))}
      {matrices.map((matrix) => <Matrix key={matrix.benchmark} matrix={matrix} />)}
    </>
  );
}

function Suite(
  { suite, report, entries }: { suite: string; report: BenchReport; entries: BenchEntry[] },
) {
  return (
    <>
      <h3>{suite}</h3>
      <SortTable
        caption={`Suite ${suite}`}
        rows={entries.map((entry, i) => ({ ...entry, i }))}
        rowKey={({ i }) => String(i)}
        start={{ column: "order", descending: false }}
        empty="Nothing was measured."
        columns={[
          {
            id: "name",
            title: "Benchmark",
            key: ({ name }) => name,
            cell: ({ name, title }) => <span title={title}>{name}</span>,
          },
          {
            id: "device",
            title: "Device",
            key: (entry) => between(report, entry),
            cell: (entry) => between(report, entry),
          },
          {
            id: "median",
            title: "Median",
            isNumber: true,
            key: ({ median }) => median,
            cell: ({ median, unit, state, reason }) =>
              median === null
                ? <span class="unknown">{state}: {reason ?? "no reason was given"}</span>
                : `${formatFigure(median)} ${unit}`,
          },
          {
            id: "spread",
            title: "Spread",
            isNumber: true,
            key: ({ statistics }) => statistics?.cv ?? null,
            cell: ({ statistics }) =>
              statistics === null ? "–" : `± ${formatNumber(100 * statistics.cv, 1)} %`,
          },
          {
            id: "peak",
            title: "Of the peak",
            isNumber: true,
            key: ({ peak_ratio }) => peak_ratio,
            cell: ({ peak_ratio }) =>
              peak_ratio === null ? "–" : (
                <span class="share">
                  <Bar share={Math.min(1, peak_ratio)} isFullWell />
                  {formatNumber(100 * peak_ratio, 0)} %
                </span>
              ),
          },
        ]}
      />
    </>
  );
}
