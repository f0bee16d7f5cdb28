/**
 * What a run was held against, for the page of a report: another report, and expectations.
 *
 * @module
 */

import type { Change } from "../bench/compare.ts";
import type { BenchReport } from "../bench/report.ts";
import type { Arrangement } from "./bench_arrange.ts";
import { finite, formatFigure } from "./bench_figures.ts";
import type { Section } from "./bench_html_section.ts";
import { type Cell, type Column, sortableTable } from "./bench_html_table.ts";
import { markup } from "./markup.ts";

type TagOf = (id: string) => string;

function where(tagOf: TagOf, device: string | null, peer: string | null): string {
  if (device === null) return "";
  return peer ? `${tagOf(device)} to ${tagOf(peer)}` : tagOf(device);
}

const CHANGE_COLUMNS: readonly Column[] = [
  { title: "Benchmark" },
  { title: "Device" },
  { title: "Before", isNumber: true },
  { title: "Now", isNumber: true },
  { title: "Unit" },
  { title: "Change", isNumber: true },
  { title: "Verdict" },
];

function changeRow(change: Change, tagOf: TagOf): Cell[] {
  const number = (value: number | null): Cell => {
    const figure = finite(value);
    return { content: figure === null ? null : formatFigure(figure), key: figure };
  };
  const parameters = Object.entries(change.parameters ?? {}).map(([key, value]) =>
    `${key}=${value}`
  );
  const ratio = finite(change.ratio);
  const percent = ratio === null ? null : 100 * (ratio - 1);
  const sign = (percent ?? 0) > 0 ? "+" : "";
  const verdict = change.reason ? `${change.verdict}: ${change.reason}` : change.verdict;
  return [
    { content: [change.name, ...parameters].join(" ") },
    { content: where(tagOf, change.device, change.peer) },
    number(change.old),
    number(change.now),
    { content: change.unit },
    { content: percent === null ? null : `${sign}${percent.toFixed(1)} %`, key: percent },
    { content: change.fails ? markup`<span class="bad">${verdict}, fails</span>` : verdict },
  ];
}

/** The comparison and the expectations, where there were any. */
export function verdictSections(report: BenchReport, { devices }: Arrangement): Section[] {
  const tagOf: TagOf = (id) => devices.find((device) => device.id === id)?.tag ?? id;
  const { comparison, expectations = [] } = report;
  const sections: Section[] = [];
  if (comparison) {
    const { old_date, method, threshold, changes } = comparison;
    const remark = `significant: ${method}; a loss above ${100 * threshold} % fails`;
    const rows = changes.map((change) => changeRow(change, tagOf));
    const title = `Against the report of ${old_date}`;
    sections.push({
      id: "comparison",
      title: "Comparison",
      content: sortableTable({ title, remark }, CHANGE_COLUMNS, rows),
    });
  }
  if (expectations.length > 0) {
    const columns = ["Expectation", "Device", "State", "Found"].map((title) => ({ title }));
    const rows = expectations.map(({ expectation, device, peer, state, line }): Cell[] => [
      { content: expectation },
      { content: where(tagOf, device, peer) },
      { content: state === "met" ? state : markup`<span class="bad">${state}</span>` },
      { content: line },
    ]);
    const content = sortableTable({ title: "Expectations of this run" }, columns, rows);
    sections.push({ id: "expectations", title: "Expectations", content });
  }
  return sections;
}
