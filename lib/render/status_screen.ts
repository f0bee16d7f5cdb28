/**
 * The live screen of `mvgal status` as lines. Pure: the same state, size and character set give the same lines.
 *
 * @module
 */

import { showable } from "./display_width.ts";
import { CHART_ROWS, gpuPanel, type GpuView, type PanelForm, panelHeight } from "./status_gpu.ts";
import {
  type Charset,
  ellipsis,
  fitLine,
  type Line,
  lineWidth,
  paint,
  type Span,
  span,
  spread,
} from "./status_line.ts";
import { detailsPage, helpPage } from "./status_pages.ts";
import { noProgram, processTable } from "./status_processes.ts";
import { rowKey } from "./status_rows.ts";
import { type ScreenState, shownRows } from "./status_state.ts";
import { plural } from "./units.ts";

/** A terminal's size in characters. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Columns from which on a panel may stand beside another one. */
const PANEL_COLUMNS = 76;

/** `500 ms`, `1 s`, `2.5 s`. */
export function formatInterval(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

/** The clock's time at the host, of a look. */
function clockOf(at: string): string {
  return new Date(at).toTimeString().slice(0, 8);
}

function header(state: ScreenState, width: number, charset: Charset): Line {
  const { look, paused, interval_ms, host } = state;
  const worst = look?.health?.worst;
  const left = [
    span("mvgal status", "bold"),
    span(`  ${showable(host, charset.unicode)}`, "dim"),
    ...(worst === undefined || worst === "ok"
      ? []
      : [span(`  health: ${worst}`, worst === "critical" ? "bad" : "warn")]),
  ];
  const right = [
    ...(paused ? [span("paused", "warn"), span("  ")] : []),
    ...(look === null ? [] : [span(clockOf(look.at))]),
    ...(width < 60 ? [] : [span(`  every ${formatInterval(interval_ms)}`, "dim")]),
  ];
  return spread(left, right, width, charset);
}

/** The last line: what the keys do now, or what is asked. */
function footer(state: ScreenState, width: number, charset: Charset): Line {
  const { mode, message, filter } = state;
  const { unicode } = charset;
  const key = (letter: string, name: string): Span[] => [
    span(letter, "bold"),
    span(` ${name}  `, "dim"),
  ];
  switch (mode.kind) {
    case "filter":
      return fitLine(
        [
          span("/", "bold"),
          span(showable(filter, unicode)),
          span(unicode ? "▏  " : "_  "),
          ...key("Enter", "keep"),
          ...key("Esc", "drop"),
        ],
        width,
        charset,
      );
    case "signal": {
      const { pid, title } = mode.target;
      const keys = [
        ...key("t", "TERM"),
        ...key("k", "KILL"),
        ...key("i", "INT"),
        ...key("Esc", "none"),
      ];
      return spread([span(`Signal to ${pid} ${showable(title, unicode)}`)], keys, width, charset);
    }
    case "confirm": {
      const { signal, target: { pid, title } } = mode;
      const question = `Send ${signal} to ${pid} ${showable(title, unicode)}?`;
      return spread(
        [span(question, "bad")],
        [...key("y", "yes"), ...key("n", "no")],
        width,
        charset,
      );
    }
    case "details":
      return fitLine(
        [...key("arrows", "scroll, next GPU"), ...key("Esc", "back")],
        width,
        charset,
      );
    case "help":
      return fitLine([span("any key goes back", "dim")], width, charset);
    case "list":
      break;
  }
  if (message !== null) return fitLine([span(showable(message, unicode), "warn")], width, charset);
  return fitLine(
    [
      ...key("q", "quit"),
      ...key("?", "help"),
      ...key("s", "sort"),
      ...key("/", "filter"),
      ...key("k", "signal"),
      ...key("i", "details"),
      ...key("p", state.paused ? "go on" : "pause"),
      ...key("+-", "interval"),
    ],
    width,
    charset,
  );
}

/** How the panels are laid out. */
export interface PanelLayout {
  form: PanelForm;
  /** Panels beside each other. */
  across: number;
  /** Whether an empty line is between them. */
  gap: boolean;
  /** Rows of the history of each tall panel. */
  chartRows: number;
}

/** The largest panels that fit in `rows` lines; the smallest where none do. */
export function layPanels(count: number, { columns, rows }: ScreenSize): PanelLayout {
  const most = Math.max(1, Math.floor((columns + 2) / (PANEL_COLUMNS + 2)));
  const across = Math.max(1, Math.min(most, count));
  const down = Math.ceil(count / across);
  for (const form of ["tall", "full", "short"] as const) {
    const isTall = form === "tall";
    if (isTall && columns < PANEL_COLUMNS) continue;
    const least = down * panelHeight({ form, chartRows: CHART_ROWS.least });
    const gap = least + down - 1 <= rows;
    if (!gap && (isTall || least > rows)) continue;
    const spare = Math.floor((rows - least - (down - 1)) / down);
    const chartRows = Math.min(CHART_ROWS.most, CHART_ROWS.least + Math.max(0, spare));
    return { form, across, gap, chartRows };
  }
  return { form: "line", across, gap: false, chartRows: CHART_ROWS.least };
}

function panels(views: readonly GpuView[], size: ScreenSize, charset: Charset): Line[] {
  const layout = layPanels(views.length, size);
  const { form, across, gap } = layout;
  const width = Math.floor((size.columns - 2 * (across - 1)) / across);
  const lines: Line[] = [];
  // Beside each other in the order of reading.
  for (let first = 0; first < views.length; first += across) {
    const row = views.slice(first, first + across)
      .map((view) => gpuPanel(view, { ...layout, width }, charset));
    if (gap && first > 0) lines.push([]);
    for (let i = 0; i < panelHeight(layout); i++) {
      lines.push(row.flatMap((panel, at) => [...(at > 0 ? [span("  ")] : []), ...panel[i] ?? []]));
    }
  }
  if (lines.length <= size.rows || form !== "line") return lines.slice(0, size.rows);
  const shown = Math.max(0, size.rows - 1);
  const left = views.length - shown * across;
  const mark = ellipsis(charset);
  return [
    ...lines.slice(0, shown),
    [span(`${mark} and ${plural(left, "GPU")} more: a larger screen or --gpu shows them`, "warn")],
  ].slice(0, size.rows);
}

/** The line between the GPUs and the programs. */
function summary(state: ScreenState, shown: number, width: number, charset: Charset): Line {
  const { look, filter, sort } = state;
  const all = look?.processes?.length ?? 0;
  const count = shown === all ? plural(all, "program") : `${shown} of ${plural(all, "program")}`;
  const words = [
    `by ${sort.column}${sort.reversed ? ", reversed" : ""}`,
    ...(filter === "" ? [] : [`with "${showable(filter, charset.unicode)}"`]),
  ].join(", ");
  const line = charset.unicode ? "─" : "-";
  const head = [span(`${line}${line} `, "dim"), span(count, "bold"), span(`, ${words} `)];
  const rest = Math.max(0, width - lineWidth(head));
  return fitLine([...head, span(line.repeat(rest), "dim")], width, charset);
}

function programs(state: ScreenState, { columns, rows }: ScreenSize, charset: Charset): Line[] {
  if (rows <= 0) return [];
  const { look, sort, selected } = state;
  const all = look?.processes ?? [];
  const shown = shownRows(state);
  const partial = look?.partial ?? null;
  const withPartial = partial !== null && rows >= 4;
  const room = Math.max(0, rows - 1 - (withPartial ? 1 : 0));
  const at = shown.findIndex((row) => rowKey(row) === selected);
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), shown.length - room));
  const window = shown.slice(from, from + room);
  const lines = processTable(
    { rows: window, all, gpus: look?.gpus ?? [], sort, selected },
    columns,
    charset,
  );
  if (shown.length === 0 && look !== null) {
    const none = all.length === 0 ? noProgram(partial) : "No program matches the filter";
    lines.push([span(` ${none}`, "dim")]);
  }
  while (lines.length < rows - (withPartial ? 1 : 0)) lines.push([]);
  if (withPartial) lines.push([span(`not all: ${showable(partial, charset.unicode)}`, "warn")]);
  return lines.slice(0, rows);
}

function list(state: ScreenState, { columns, rows }: ScreenSize, charset: Charset): Line[] {
  const { look, histories } = state;
  if (look === null) return [[span(`looking${ellipsis(charset)}`, "dim")]];
  const views = look.gpus.map((sample): GpuView => ({
    sample,
    history: histories.get(sample.id) ?? { busy: [], memory: [] },
    health: look.health?.gpus.find(({ id }) => id === sample.id),
  }));
  if (views.length === 0) return [[span("No GPU found: mvgal info says where it looked", "warn")]];
  // The same share whatever programs come and go, so that nothing jumps.
  const least = Math.max(4, Math.floor(rows * 0.35));
  const upper = panels(views, { columns, rows: Math.max(1, rows - least - 1) }, charset);
  const below = rows - upper.length;
  if (below < 3) return upper;
  return [
    ...upper,
    summary(state, shownRows(state).length, columns, charset),
    ...programs(state, { columns, rows: below - 1 }, charset),
  ];
}

function body(state: ScreenState, size: ScreenSize, charset: Charset): Line[] {
  const { mode, look } = state;
  if (mode.kind === "help") return helpPage(size.columns, size.rows, charset);
  if (mode.kind === "details") {
    const sample = look?.gpus[mode.gpu] ?? look?.gpus[0];
    const page = { scroll: mode.scroll, width: size.columns, rows: size.rows };
    if (sample !== undefined) return detailsPage(sample, page, charset);
  }
  return list(state, size, charset);
}

/**
 * Draws the screen.
 *
 * @returns exactly `rows` lines, each of exactly `columns` columns, with no control character but those of
 * colours, which each line closes.
 */
export function renderScreen(state: ScreenState, size: ScreenSize, charset: Charset): string[] {
  const columns = Math.max(1, Math.floor(size.columns));
  const rows = Math.max(1, Math.floor(size.rows));
  const inside = { columns, rows: Math.max(0, rows - 2) };
  const lines = [header(state, columns, charset), ...body(state, inside, charset)];
  const middle = Array.from({ length: Math.max(0, rows - 1) }, (_, i) => lines[i] ?? []);
  // A screen of one line shows what is asked.
  return [...middle, footer(state, columns, charset)]
    .map((line) => paint(fitLine(line, columns, charset), charset));
}
