/**
 * Two reports side by side, by the rules of `mvgal bench --compare`.
 *
 * @module
 */

import { useEffect, useState } from "preact/hooks";
import { compareReports } from "../../../bench/compare.ts";
import type { BenchReport } from "../../../bench/report.ts";
import type { ChangeVerdict, Comparison } from "../../../bench/verdicts.ts";
import { formatDateTime, formatFigure, formatNumber } from "../core/format.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { SortTable } from "../parts/sort_table.tsx";
import { deviceName } from "./bench_report.tsx";
import { useReport } from "./use_report.ts";

const VERDICTS: Record<ChangeVerdict, Tone> = {
  same: "plain",
  better: "good",
  worse: "bad",
  unsure: "unknown",
  lost: "bad",
  gained: "good",
};

/** The runs before and after. */
export function CompareView({ old, now }: { old: string; now: string }) {
  const before = useReport(old);
  const after = useReport(now);
  const why = before.why ?? after.why;
  return (
    <section class="panel">
      <h2>Two runs</h2>
      {why !== null && <p class="failure">{why}</p>}
      {why === null && (before.report === null || after.report === null) && (
        <p class="muted">Waiting for the reports…</p>
      )}
      {before.report !== null && after.report !== null && (
        <Changes before={before.report} after={after.report} />
      )}
    </section>
  );
}

/** Benchmarks that are compared at a time: resampling all of them would hold the page up. */
const AT_A_TIME = 12;

/** What has changed; null until all of it was judged. */
function useComparison(before: BenchReport, after: BenchReport): Comparison | null {
  const [comparison, setComparison] = useState<Comparison | null>(null);
  useEffect(() => {
    let isWanted = true;
    const compare = async () => {
      const whole = compareReports(before, { ...after, benchmarks: [] });
      for (let at = 0; at < after.benchmarks.length; at += AT_A_TIME) {
        await new Promise((resolve) => setTimeout(resolve));
        if (!isWanted) return;
        const benchmarks = after.benchmarks.slice(at, at + AT_A_TIME);
        whole.changes.push(...compareReports(before, { ...after, benchmarks }).changes);
      }
      setComparison(whole);
    };
    compare();
    return () => {
      isWanted = false;
    };
  }, [before, after]);
  return comparison;
}

function Changes({ before, after }: { before: BenchReport; after: BenchReport }) {
  const comparison = useComparison(before, after);
  if (comparison === null) return <p class="muted">Waiting for the comparison…</p>;
  const { changes, method } = comparison;
  return (
    <>
      <p>
        Before: {formatDateTime(before.context.date)}; after: {formatDateTime(after.context.date)}.
      </p>
      <p class="muted">Judged by {method}.</p>
      <SortTable
        caption="What has changed"
        rows={changes.map((change, i) => ({ ...change, i }))}
        rowKey={({ i }) => String(i)}
        start={{ column: "ratio", descending: false }}
        empty="Nothing was measured in both runs."
        columns={[
          { id: "name", title: "Benchmark", key: ({ name }) => name, cell: ({ name }) => name },
          {
            id: "device",
            title: "Device",
            key: ({ device, peer }) => `${device} ${peer ?? ""}`,
            cell: ({ device, peer }) =>
              peer === null ? deviceName(after, device) : `${device} to ${peer}`,
          },
          {
            id: "old",
            title: "Before",
            isNumber: true,
            key: ({ old }) => old,
            cell: ({ old, unit }) => old === null ? "–" : `${formatFigure(old)} ${unit}`,
          },
          {
            id: "now",
            title: "After",
            isNumber: true,
            key: ({ now }) => now,
            cell: ({ now, unit, reason }) =>
              now === null ? reason ?? "–" : `${formatFigure(now)} ${unit}`,
          },
          {
            id: "ratio",
            title: "Change",
            isNumber: true,
            key: ({ ratio }) => ratio,
            cell: ({ ratio }) =>
              ratio === null
                ? "–"
                : `${ratio >= 1 ? "+" : "−"}${formatNumber(Math.abs(100 * (ratio - 1)), 1)} %`,
          },
          {
            id: "verdict",
            title: "Verdict",
            key: ({ verdict }) => verdict,
            cell: ({ verdict }) => <Badge tone={VERDICTS[verdict]} text={verdict} />,
          },
        ]}
      />
    </>
  );
}
