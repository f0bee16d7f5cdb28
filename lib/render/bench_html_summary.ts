/**
 * The page's first look at each device.
 *
 * @module
 */

import type { BenchEntry } from "../bench/report.ts";
import type { Arrangement } from "./bench_arrange.ts";
import type { DeviceLabel } from "./bench_devices.ts";
import { figureOf, finite, formatFigure, heldBack, shareOfPeak } from "./bench_figures.ts";
import { shareBar } from "./bench_html_table.ts";
import { type Markup, markup } from "./markup.ts";
import { plural } from "./units.ts";

/** What people look for first, by name. Of several that match one pattern the best is shown. */
const KEY_FIGURES: readonly RegExp[] = [
  /^(memory|host)\.read$/,
  /^(memory|host)\.copy$/,
  /^(compute|host)\.fp64$/,
  /^(compute|host)\.fp32$/,
  /^(compute|host)\.fp16$/,
  /^compute\.gemm_(fp16|bf16)_/,
  /^compute\.matrix_(fp16|bf16)_fp32$/,
  /^transfer\.h2d$/,
  /^transfer\.d2h$/,
  /^sync\.(empty|submit_fence)$/,
];

function bestOf(entries: readonly BenchEntry[]): BenchEntry | undefined {
  const sign = entries[0]?.better === "lower" ? 1 : -1;
  return entries.filter((entry) => figureOf(entry) !== null)
    .sort((a, b) => sign * ((figureOf(a) ?? 0) - (figureOf(b) ?? 0)))[0];
}

function keyRows(entries: readonly BenchEntry[]): Markup[] {
  return KEY_FIGURES.flatMap((pattern) => {
    const entry = bestOf(entries.filter(({ name }) => pattern.test(name)));
    const figure = entry && figureOf(entry);
    if (entry === undefined || figure === null || figure === undefined) return [];
    const share = shareOfPeak(entry);
    const isPlain = /^memory /.test(entry.title) || entry.suite !== "memory";
    const title = isPlain ? entry.title : `memory ${entry.title}`;
    return [
      markup`<tr><td>${title}<td class="num">${formatFigure(figure)} ${entry.unit}<td>${
        share === null ? null : shareBar(share)
      }`,
    ];
  });
}

/** `core 1755 to 1815 MHz, at most 598 W, at most 50 °C`. */
function conditionsOf(entries: readonly BenchEntry[]): Markup | null {
  const summaries = entries.flatMap(({ conditions }) => conditions?.summary ?? []);
  const most = (values: (number | null)[]) =>
    values.reduce(
      (top, value) => value !== null && (top === null || value > top) ? value : top,
      null,
    );
  const clocks = summaries.flatMap(({ core_mhz }) => finite(core_mhz?.median) ?? []);
  const power = most(summaries.map(({ power_w }) => finite(power_w?.max)));
  const heat = most(summaries.map(({ temperature_c }) => finite(temperature_c?.max)));
  const low = clocks.reduce((a, b) => Math.min(a, b), Infinity);
  const high = clocks.reduce((a, b) => Math.max(a, b), -Infinity);
  const words = [
    ...clocks.length === 0 ? [] : [`core ${Math.round(low)} to ${Math.round(high)} MHz`],
    ...power === null ? [] : [`up to ${Math.round(power)} W`],
    ...heat === null ? [] : [`up to ${Math.round(heat)} °C`],
  ];
  const throttled = new Set(
    summaries.flatMap(({ throttle_reasons }) => heldBack(throttle_reasons)),
  );
  if (words.length === 0 && throttled.size === 0) return null;
  const warning = throttled.size === 0
    ? null
    : markup` <span class="bad">Held back: ${[...throttled].join(", ")}.</span>`;
  return markup`<p class="muted">${words.join(", ")}.${warning}`;
}

/** How many benchmarks ended how: `45 measured, 2 unsupported`. */
export function stateWords(entries: readonly BenchEntry[]): string {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    const state = figureOf(entry) !== null
      ? "measured"
      : entry.state === "ok"
      ? "failed"
      : entry.state;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
}

/** What names a device beside its name. */
function identity({ id, name, device }: DeviceLabel): string {
  const words = [
    id === name || id === "host" ? null : id,
    device?.kind,
    device?.driver,
    device?.api_version ? `Vulkan ${device.api_version}` : null,
  ];
  return words.filter((word) => word).join(", ");
}

/** A card for each device that was measured. */
export function summaryCards(
  { devices }: Arrangement,
  entries: readonly BenchEntry[],
): Markup {
  const cards = devices.flatMap((device) => {
    const own = entries.filter((entry) => entry.device === device.id);
    if (own.length === 0) return [];
    const bad = own.filter(({ state }) => state === "failed" || state === "implausible");
    const said = bad.length === 0
      ? null
      : markup` <span class="bad">See the ${
        plural(bad.length, "figure")
      } that could not be had below.</span>`;
    return [
      markup`<section class="card panel"><h3>${device.tag}</h3><p class="muted">${identity(device)}
<table>${keyRows(own)}</table>
${conditionsOf(own)}<p class="muted">${stateWords(own)}.${said}</section>
`,
    ];
  });
  return markup`<div class="cards">${cards}</div>`;
}
