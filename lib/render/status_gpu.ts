/**
 * A GPU as a panel of lines: bars, their course over time, and what else there is to know.
 *
 * @module
 */

import type { GpuHealth } from "../telemetry/health/report.ts";
import type { GpuSample } from "../telemetry/metrics.ts";
import { bar } from "./bar.ts";
import { padToWidth, showable } from "./display_width.ts";
import { sparkline } from "./sparkline.ts";
import { amongst, gpuFacts, temperatureTone } from "./status_facts.ts";
import {
  type Charset,
  ellipsis,
  fitLine,
  flow,
  type Line,
  lineWidth,
  type Span,
  span,
  spread,
  type Tone,
} from "./status_line.ts";
import { wrap } from "./text.ts";
import { formatBytes } from "./units.ts";

/** How two values went over time: shares from 0 to 1, oldest first; null where not known. */
export interface GpuHistory {
  readonly busy: readonly (number | null)[];
  readonly memory: readonly (number | null)[];
}

/** What a panel shows. */
export interface GpuView {
  readonly sample: GpuSample;
  readonly history: GpuHistory;
  readonly health?: GpuHealth | undefined;
}

/**
 * How much room a panel takes: `line` is one line; `short` three; `full` has a line for each bar; `tall` has
 * its history in rows of their own.
 */
export type PanelForm = "line" | "short" | "full" | "tall";

/** Rows of the history of a tall panel: at least, and at most where there is room. */
export const CHART_ROWS = { least: 4, most: 12 } as const;

/** Lines of each form, of a tall panel without its history. */
export const PANEL_HEIGHTS: Readonly<Record<PanelForm, number>> = {
  line: 1,
  short: 3,
  full: 5,
  tall: 7,
};

/** Used memory as a share; null where it is not known. */
export function memoryShare(
  { vram_used_bytes: used, vram_total_bytes: total }: GpuSample,
): number | null {
  return used === null || total === null || total <= 0 ? null : used / total;
}

/** Utilisation as a share; null where it is not known. */
export function busyShare({ utilization_pct: pct }: GpuSample): number | null {
  return pct === null ? null : pct / 100;
}

/** The name for people, where there is none: the id. */
function nameOf({ name, id }: GpuSample, unicode: boolean): string {
  return showable(name ?? id, unicode);
}

/** Memory nearly full is worth a look; a busy GPU is doing its work. */
function memoryTone(share: number): Tone {
  return share >= 0.95 ? "bad" : share >= 0.85 ? "warn" : "good";
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`.padStart(5);
}

function barSpans(share: number, width: number, tone: Tone, { unicode }: Charset): Span[] {
  // A bar that is too narrow for its smallest mark is none.
  if (width <= 0) return [];
  const { filled, rest } = bar(share, width, { unicode, ofWhole: true });
  return [span(filled, tone), span(rest, "dim")];
}

/** How a state other than `ok` is said. */
function stateSpan({ state }: GpuSample): Span[] {
  if (state === "ok") return [];
  return [span(state, state === "lost" ? "bad" : "warn")];
}

const HEALTH_TONES = { ok: "good", warning: "warn", critical: "bad", unknown: "dim" } as const;

function title({ sample, health }: GpuView, width: number, charset: Charset): Line {
  const { unicode } = charset;
  const { performance_state: performance } = sample;
  const left: Span[] = [
    span(`GPU ${sample.index}  `, "dim"),
    span(nameOf(sample, unicode), "bold"),
    span(sample.name === null ? "" : `  ${showable(sample.id, unicode)}`, "dim"),
  ];
  const right: Span[] = [
    ...(performance === null ? [] : [span(showable(performance, unicode), "dim")]),
    ...stateSpan(sample),
    ...(health === undefined ? [] : [span(health.state, HEALTH_TONES[health.state])]),
  ];
  const apart = right.flatMap((part, i) => i === 0 ? [part] : [span("  "), part]);
  return spread(left, apart, width, charset);
}

/** `24.1 of 141 GiB`, with one unit where both have the same. */
function memoryText({ vram_used_bytes: used, vram_total_bytes: total }: GpuSample): string {
  if (used === null || total === null) {
    return `? of ${total === null ? "?" : formatBytes(total)}`;
  }
  const [amount = "", unit] = formatBytes(used).split(" ");
  const most = formatBytes(total);
  return most.endsWith(` ${unit}`) ? `${amount} of ${most}` : `${amount} ${unit} of ${most}`;
}

/** `1980 of 1980 MHz`; empty where the clock is not known. */
function clockText({ core_clock_mhz: now, core_clock_max_mhz: most }: GpuSample): string {
  return now === null ? "" : `${amongst(now, most)} MHz`;
}

/** Whether the clock stands beside the bar, and so not among the other facts. */
function showsClock(sample: GpuSample, width: number): boolean {
  return width >= WIDE && busyShare(sample) !== null && clockText(sample) !== "";
}

interface Meter {
  label: string;
  share: number | null;
  tone: Tone;
  text: string;
  history: readonly (number | null)[];
  /** Why the share is not known. */
  reason: string;
}

function meters({ sample, history }: GpuView): [busy: Meter, memory: Meter] {
  const busy = busyShare(sample);
  const memory = memoryShare(sample);
  const { absent } = sample;
  return [{
    label: "busy",
    share: busy,
    tone: "good",
    text: clockText(sample),
    history: history.busy,
    reason: absent.utilization_pct ?? "no reason given",
  }, {
    label: "mem",
    share: memory,
    tone: memoryTone(memory ?? 0),
    text: memoryText(sample),
    history: history.memory,
    reason: absent.vram_used_bytes ?? absent.vram_total_bytes ?? "no reason given",
  }];
}

/** From how many columns on a bar has more than its share behind it. */
const WIDE = 56;

/** Columns of what stands behind the share: `682.7 MiB of 141 GiB`, `1980 of 1980 MHz`. */
const TEXT_WIDTH = 20;

/** A bar with its figures, and its course where there is room for that. */
function meterLine(meter: Meter, width: number, charset: Charset, withHistory: boolean): Line {
  const { label, share, tone, text, history, reason } = meter;
  const head = span(label.padEnd(5), "dim");
  if (share === null) {
    const known = label === "busy" || text.startsWith("? of ?") ? "unknown" : text;
    const why = showable(reason, charset.unicode);
    return fitLine([head, span(known, "dim"), span(`: ${why}`, "dim")], width, charset);
  }
  const mark = ellipsis(charset);
  const figures = width >= WIDE
    ? ` ${percent(share)}  ${padToWidth(text, TEXT_WIDTH, { mark })}`
    : ` ${percent(share)}`;
  const room = width - head.text.length - figures.length;
  const chart = withHistory && width >= 64 ? Math.floor((room - 2) / 2) : 0;
  const line = [
    head,
    ...barSpans(share, chart > 0 ? room - 2 - chart : room, tone, charset),
    span(figures),
  ];
  if (chart > 0) {
    const [course = ""] = sparkline(history, { width: chart, rows: 1, unicode: charset.unicode });
    line.push(span("  "), span(course, "dim"));
  }
  return fitLine(line, width, charset);
}

/** Two meters beside each other, or the first alone where it is narrow. */
function meterPair([busy, memory]: [Meter, Meter], width: number, charset: Charset): Line {
  if (width < 40) return meterLine(busy, width, charset, false);
  const left = Math.min(Math.floor((width - 2) / 2), 55);
  const right = width - 2 - left;
  return [
    ...meterLine(busy, left, charset, false),
    span("  "),
    ...meterLine(memory, right, charset, false),
  ];
}

/** History in rows, busy at the left and memory at the right, below a line that says which is which. */
function charts(
  [busy, memory]: [Meter, Meter],
  { width, rows }: { width: number; rows: number },
  charset: Charset,
): Line[] {
  const left = Math.floor((width - 2) / 2);
  const right = width - 2 - left;
  const { unicode } = charset;
  const draw = (meter: Meter, columns: number) =>
    sparkline(meter.history, { width: columns, rows, unicode });
  const memoryRows = draw(memory, right);
  const caption = (text: string, columns: number) =>
    fitLine(
      [
        span(`${text} `, "dim"),
        span((unicode ? "─" : "-").repeat(Math.max(0, columns - text.length - 1)), "dim"),
      ],
      columns,
      charset,
    );
  return [
    [...caption("busy, 0 to 100 %", left), span("  "), ...caption("memory, 0 to 100 %", right)],
    ...draw(busy, left).map((row, i) => [
      span(row, "good"),
      span("  "),
      span(memoryRows[i] ?? "", memory.tone),
    ]),
  ];
}

/** Everything in one line: a list of many GPUs. */
function oneLine(view: GpuView, width: number, charset: Charset): Line {
  const { sample } = view;
  const head = [span(`${sample.index} `.padStart(3), "dim")];
  const mark = ellipsis(charset);
  const name = nameOf(sample, charset.unicode);
  if (sample.state !== "ok") {
    const text = showable(sample.reason ?? "", charset.unicode);
    return fitLine(
      [...head, span(name, "bold"), span("  "), ...stateSpan(sample), span(`: ${text}`, "dim")],
      width,
      charset,
    );
  }
  const [busy, memory] = meters(view);
  const tail: Span[] = [];
  const unit = charset.unicode ? "°C" : "C";
  const { temperature_c: celsius, temperature_slowdown_c: slowdown, power_w: power } = sample;
  const heat = celsius === null ? "?" : `${Math.round(celsius)}`;
  const tone = celsius === null ? "dim" : temperatureTone(celsius, slowdown);
  tail.push(span(`  ${heat.padStart(3)} ${unit}`, tone));
  if (width >= 48) {
    tail.push(span(`  ${(power === null ? "?" : `${Math.round(power)}`).padStart(4)} W`));
  }
  const rest = width - lineWidth(head) - lineWidth(tail);
  const title = width >= 64 ? Math.min(28, Math.floor(rest * 0.36)) : 0;
  const each = Math.floor((rest - title - (title > 0 ? 3 : 1)) / 2);
  const gauge = ({ label, share, tone }: Meter): Span[] => {
    const barWidth = each - 11;
    return [
      span(`${label} `, "dim"),
      ...(share === null ? [span("?".padStart(Math.max(0, each - label.length - 1)), "dim")] : [
        ...barSpans(share, barWidth + (4 - label.length), tone, charset),
        span(` ${percent(share)}`),
      ]),
    ];
  };
  return fitLine(
    [
      ...head,
      ...(title > 0 ? [span(padToWidth(name, title, { mark }), "bold"), span("  ")] : []),
      ...gauge(busy),
      span(" "),
      ...gauge(memory),
      ...tail,
    ],
    width,
    charset,
  );
}

/** The most severe finding, where there is room for one. */
function findingSpans({ health }: GpuView, unicode: boolean): Line[] {
  return (health?.findings ?? []).map(({ severity, text }) => [
    span(showable(text, unicode), HEALTH_TONES[severity]),
  ]);
}

/**
 * The panel without a limit to its lines, and without findings: what `mvgal status` prints, where those of all
 * GPUs stand together.
 */
export function gpuBlock(view: GpuView, width: number, charset: Charset): Line[] {
  const { sample } = view;
  const head = title(view, width, charset);
  if (sample.state !== "ok") {
    const why = showable(sample.reason ?? "no reason given", charset.unicode);
    return [head, ...wrap(why, width).map((text) => [span(text, "dim")])];
  }
  const facts = gpuFacts(sample, charset, { withClock: !showsClock(sample, width) });
  return [
    head,
    ...meters(view).map((meter) => meterLine(meter, width, charset, false)),
    ...flow(facts, width, charset),
  ];
}

/** What of a panel is not in the GPU. */
export interface PanelSize {
  readonly form: PanelForm;
  readonly width: number;
  /** Rows of the history of a tall panel. */
  readonly chartRows: number;
}

/** Lines of a panel. */
export function panelHeight({ form, chartRows }: Omit<PanelSize, "width">): number {
  return PANEL_HEIGHTS[form] + (form === "tall" ? chartRows : 0);
}

/** Rows of facts by form. */
const FACT_ROWS: Readonly<Record<PanelForm, number>> = { line: 0, short: 1, full: 2, tall: 3 };

/** The panel of a GPU: exactly as many lines as {@linkcode panelHeight} says, each of `width` columns. */
export function gpuPanel(view: GpuView, size: PanelSize, charset: Charset): Line[] {
  const { form, width } = size;
  const lines = form === "line"
    ? [oneLine(view, width, charset)]
    : [title(view, width, charset), ...panelBody(view, size, charset)];
  return Array.from(
    { length: panelHeight(size) },
    (_, i) => fitLine(lines[i] ?? [], width, charset),
  );
}

function panelBody(
  view: GpuView,
  { form, width, chartRows }: PanelSize,
  charset: Charset,
): Line[] {
  const { sample } = view;
  const { unicode } = charset;
  if (sample.state !== "ok") {
    const why = showable(sample.reason ?? "no reason given", unicode);
    return wrap(why, width).map((text) => [span(text, "dim")]);
  }
  const both = meters(view);
  const withClock = form === "short" || !showsClock(sample, width);
  const facts = [...findingSpans(view, unicode), ...gpuFacts(sample, charset, { withClock })];
  const rows = flow(facts, width, charset).slice(0, FACT_ROWS[form]);
  if (form === "short") return [meterPair(both, width, charset), ...rows];
  const bars = both.map((meter) => meterLine(meter, width, charset, form === "full"));
  if (form === "full") return [...bars, ...rows];
  while (rows.length < FACT_ROWS.tall) rows.push([]);
  return [...bars, ...rows, ...charts(both, { width, rows: chartRows }, charset)];
}
