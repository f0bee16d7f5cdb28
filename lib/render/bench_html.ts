/**
 * A report as one page that needs nothing else: no other file, no other host.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { SUITES } from "../bench/benchmark.ts";
import type { BenchReport } from "../bench/report.ts";
import { arrange, type Arrangement, unmeasured } from "./bench_arrange.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import { environmentSection } from "./bench_html_environment.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./bench_html_style.ts";
import { stateWords, summaryCards } from "./bench_html_summary.ts";
import {
  type Cell,
  pairTable,
  sortableTable,
  staircaseTable,
  suiteTable,
} from "./bench_html_table.ts";
import type { Section } from "./bench_html_section.ts";
import { benchCharts, type NamedChart } from "./bench_svg.ts";
import { verdictSections } from "./bench_html_verdicts.ts";
import { Markup, markup } from "./markup.ts";
import { svgElement } from "./svg.ts";
import { plural } from "./units.ts";

/** Nothing is loaded, and no script runs but the page's own (W3C, Content Security Policy Level 3). */
function contentPolicy(): string {
  const digest = createHash("sha256").update(PAGE_SCRIPT).digest("base64");
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; ` +
    "base-uri 'none'; form-action 'none'";
}

function figureFor({ name, kind, chart }: NamedChart): Markup {
  // A roofline has much to say beside its lines.
  const wide = kind === "roofline" ? " wide" : "";
  return markup`<figure class="panel${wide}">${svgElement(chart, name)}</figure>\n`;
}

/** A chart of bars for each suite. */
function barSection(charts: readonly NamedChart[]): Section[] {
  const bars = charts.filter(({ kind }) => kind === "bars");
  if (bars.length === 0) return [];
  const content = markup`<div class="charts">${bars.map(figureFor)}</div>`;
  return [{ id: "bars", title: "At a glance", content }];
}

/** A table for each suite. */
function figureSection({ plain, devices }: Arrangement): Section[] {
  const tables = SUITES.flatMap((suite) =>
    suiteTable(suite, plain.filter((entry) => entry.suite === suite), devices) ?? []
  );
  return tables.length === 0 ? [] : [{ id: "figures", title: "Figures", content: tables }];
}

function pairSection({ matrices }: Arrangement, charts: readonly NamedChart[]): Section[] {
  if (matrices.length === 0) return [];
  const figures = charts.filter(({ kind }) => kind === "matrix").map(figureFor);
  const tables = matrices.map((matrix) =>
    markup`<details class="group"><summary>${matrix.title}, pair by pair</summary>${
      pairTable(matrix)
    }</details>\n`
  );
  const content = markup`<div class="charts">${figures}</div>${tables}`;
  return [{ id: "pairs", title: "Between devices", content }];
}

/** Rooflines and caches: of devices that are alike, those of the first are unfolded. */
function roofSection(
  { devices, staircases }: Arrangement,
  charts: readonly NamedChart[],
): Section[] {
  const seen = new Set<string>();
  const groups = devices.flatMap((device: DeviceLabel) => {
    const own = charts.filter((chart) => chart.device === device);
    if (own.length === 0) return [];
    const open = seen.has(device.name) ? null : markup` open`;
    seen.add(device.name);
    const stairs = staircases.filter((staircase) => staircase.device === device);
    return [
      markup`<details class="group"${open}><summary>${device.tag}</summary><div class="charts">${
        own.map(figureFor)
      }${stairs.length === 0 ? null : staircaseTable(stairs)}</div></details>\n`,
    ];
  });
  return groups.length === 0
    ? []
    : [{ id: "roofs", title: "Rooflines and caches", content: groups }];
}

function missingSection(report: BenchReport, { devices }: Arrangement): Section[] {
  const groups = unmeasured(report.benchmarks ?? []);
  if (groups.length === 0) return [];
  const tagOf = (id: string) => devices.find((device) => device.id === id)?.tag ?? id;
  const rows = groups.map(({ state, reason, entries }): Cell[] => {
    const where = entries.map(({ device, peer }) =>
      peer ? `${tagOf(device)} to ${tagOf(peer)}` : tagOf(device)
    );
    const isBad = state === "failed" || state === "implausible";
    return [
      { content: isBad ? markup`<span class="bad">${state}</span>` : state },
      { content: [...new Set(entries.map(({ title }) => title))].join("; ") },
      { content: [...new Set(where)].join(", ") },
      { content: reason },
    ];
  });
  const columns = ["State", "Benchmark", "Device", "Reason"].map((title) => ({ title }));
  const content = sortableTable({ title: "Benchmarks without a figure, and why" }, columns, rows);
  return [{ id: "missing", title: "Not measured", content }];
}

function heading({ context, benchmarks }: BenchReport, sections: readonly Section[]): Markup {
  const gpus = (context.devices ?? []).filter(({ kind }) => kind !== "host").length;
  const words = [
    plural(gpus, "GPU"),
    context.effort === "quick" ? "quick run" : "full run",
    context.data === undefined ? "" : `${context.data} data`,
    `mvgal ${context.mvgal_version}`,
    context.date,
  ];
  const links = sections.map(({ id, title }) => markup`<a href="#${id}">${title}</a>\n`);
  return markup`<header><h1>mvgal bench</h1>
<p class="muted">${words.filter((word) => word).join(" · ")}</p>
<p>${stateWords(benchmarks ?? [])}</p>
<nav aria-label="Sections">${links}</nav></header>`;
}

const FOOTER = markup`<footer class="muted"><p>1 GB is 10^9 bytes, 1 TFLOP is 10^12 operations. A
fused multiply-add is 2 operations. The percentages are of the theoretical peak at the clock that was seen
while the figure was measured, and of the peak at the rated clock where none was seen. Every sample, every
shape and every condition is in the JSON report.</p></footer>`;

/** The page of a report. */
export function benchHtml(report: BenchReport): string {
  const arrangement = arrange(report);
  const charts = benchCharts(arrangement);
  const sections: Section[] = [
    {
      id: "summary",
      title: "Summary",
      content: summaryCards(arrangement, report.benchmarks ?? []),
    },
    ...barSection(charts),
    ...figureSection(arrangement),
    ...pairSection(arrangement, charts),
    ...roofSection(arrangement, charts),
    ...missingSection(report, arrangement),
    ...verdictSections(report, arrangement),
    {
      id: "environment",
      title: "Environment",
      content: environmentSection(report, arrangement),
    },
  ];
  const body = sections.map(({ id, title, content }) =>
    markup`<section id="${id}"><h2>${title}</h2>\n${content}</section>\n`
  );
  return `<!DOCTYPE html>\n${markup`<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>mvgal bench: ${arrangement.devices.map(({ tag }) => tag).join(", ")}</title>
<style>${new Markup(PAGE_STYLE)}</style></head>
<body>${heading(report, sections)}
<main>${body}</main>
${FOOTER}
<script>${new Markup(PAGE_SCRIPT)}</script></body></html>
`}`;
}
