/**
 * Style sheet and script of the page of a report.
 *
 * @module
 */

import { CHART_RULES, colorRules } from "./chart_style.ts";

/** The style sheet. */
export const PAGE_STYLE = colorRules(":root") + CHART_RULES + `
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif}
:root{--page:#f4f6f8}
@media screen and (prefers-color-scheme:dark){:root{--page:#0d1014}}
header,main,footer{max-width:1440px;margin:0 auto;padding:0 24px}
header{padding-top:28px}
h1{font-size:28px;line-height:1.2;margin:0}
h2{font-size:20px;margin:40px 0 12px}
h3{font-size:16px;margin:24px 0 8px}
p{margin:4px 0}
a{color:var(--s0)}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:12px}
.muted,caption,dt{color:var(--muted)}
.bad{color:var(--bad)}
.num,td.num,th.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.panel{background:var(--surface);border:1px solid var(--grid);border-radius:10px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(400px,100%),1fr));gap:14px;align-items:start}
.card{padding:16px 18px}
.card h3{margin:0;font-size:16px;overflow-wrap:anywhere}
.card p{font-size:13px;overflow-wrap:anywhere}
.card table{width:100%;margin:10px 0 6px}
.card td{padding:3px 0;border:0;white-space:nowrap}
.card td:first-child{white-space:normal}
.card .bar{width:48px}
.card td.num{font-weight:600;padding:3px 10px}
table{border-collapse:collapse;font-size:13px}
caption{text-align:left;padding:10px 12px;font-size:13px}
th,td{padding:5px 10px;text-align:left;vertical-align:top;border-top:1px solid var(--grid)}
thead th{border-top:0;border-bottom:1px solid var(--axis);white-space:nowrap;vertical-align:bottom}
tbody th{font-weight:500}
tbody tr:hover{background:var(--track)}
th button{all:unset;cursor:pointer;font-weight:600;border-radius:3px}
th button:focus-visible{outline:2px solid var(--s0);outline-offset:2px}
th button::after{content:"\\2195";opacity:.35;padding-left:4px}
th[aria-sort=ascending] button::after{content:"\\2191";opacity:1}
th[aria-sort=descending] button::after{content:"\\2193";opacity:1}
.scroll{overflow-x:auto;margin:12px 0}
.scroll table{min-width:100%}
.bar{display:inline-block;vertical-align:middle;width:72px;height:8px;background:var(--track);border-radius:2px;overflow:hidden;margin-right:8px}
.bar::before{content:"";display:block;width:var(--p);height:100%;background:var(--s0)}
.spark{display:block;width:120px;height:22px}
.spark path{fill:none;stroke:var(--s0);stroke-width:2.4;stroke-linecap:round}
.spark line{stroke:var(--axis);stroke-width:1}
.small{font-size:12px}
.whole,td summary,tbody th{white-space:nowrap}
caption strong{color:var(--text);font-size:14px}
td .small{max-width:46ch;min-width:26ch}
.tag{white-space:nowrap}
details>summary{cursor:pointer}
td dl{min-width:44ch}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:8px 0;font-size:13px}
dd{margin:0;overflow-wrap:anywhere}
td dl{font-size:12px;grid-template-columns:10ch 1fr}
td details[open]{padding-bottom:8px}
.facts{padding:12px 18px}
.charts{columns:2 560px;column-gap:14px;margin:12px 0}
.charts figure{margin:0 0 14px;padding:6px;overflow-x:auto;break-inside:avoid}
.charts figure.wide{column-span:all}
.charts .scroll{margin:0 0 14px;break-inside:avoid}
svg.chart{display:block;width:100%;height:auto;min-width:600px;max-width:920px}
.wide svg.chart{min-width:760px;max-width:1100px;margin:0 auto}
.group{margin:10px 0}
.group>summary{font-weight:600;padding:8px 0}
footer{padding-top:24px;padding-bottom:40px;font-size:13px}
@media screen and (max-width:700px){
header,main,footer{padding-left:14px;padding-right:14px}
.scroll table:has(thead th:nth-child(4)){min-width:860px}
}
@media print{
body{background:#fff;font-size:11px}
header,main,footer{max-width:none;padding:0}
nav,th button::after{display:none}
.panel{border-color:#ccc}
.scroll,.charts figure{overflow:visible}
svg.chart,.wide svg.chart{min-width:0}
table{font-size:9px}
th,td{padding:2px 4px}
thead{display:table-header-group}
tr,figure,.card{break-inside:avoid}
h2,h3{break-after:avoid}
td details{display:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
@page{size:A4 landscape;margin:12mm}
}`;

/**
 * The script: sorts a table by the column whose heading is pressed, and opens what is folded away before
 * printing. Cells say by `data-v` what to sort by where that is not their text; what is empty comes last.
 */
export const PAGE_SCRIPT = `"use strict";
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), body = head.closest("table").tBodies[0];
    const at = head.cellIndex, sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const keyed = Array.from(body.rows, (row) => {
      const cell = row.cells[at], text = cell.dataset.v ?? cell.textContent.trim();
      return { row, text, number: text === "" ? NaN : Number(text) };
    });
    const compare = (a, b) => {
      if (a.text === "" || b.text === "") return Number(a.text === "") - Number(b.text === "");
      const difference = a.number - b.number;
      return sign * (Number.isNaN(difference) ? a.text.localeCompare(b.text) : difference);
    };
    body.append(...keyed.sort(compare).map(({ row }) => row));
  });
}
addEventListener("beforeprint", () => {
  for (const group of document.querySelectorAll("details.group")) group.open = true;
});
`;
