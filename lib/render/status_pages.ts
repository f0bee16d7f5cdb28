/**
 * What the live screen shows in place of the list: help, and everything about one GPU.
 *
 * @module
 */

import { type GpuSample, METRIC_NAMES } from "../telemetry/metrics.ts";
import { showable } from "./display_width.ts";
import { type Charset, fitLine, flow, type Line, span } from "./status_line.ts";

/** The keys, their short names, and what each does. */
const KEYS: readonly [keys: string, name: string, meaning: string][] = [
  ["s, F6", "sort", "sort by the next column: busy, memory, pid, user, GPU, command"],
  ["r", "reverse", "reverse the order"],
  ["/, F4", "filter", "show the programs alone whose command, user, pid or GPU has a text"],
  ["arrows", "select", "select a program; also PgUp, PgDn, Home, End"],
  ["k, F9", "signal", "send TERM, KILL or INT to the selected program, after asking"],
  ["i, Enter", "details", "everything about the GPU, with sources, and why a value is unknown"],
  ["p, Space", "pause", "stop looking, or go on"],
  ["+ -", "interval", "look less often, or more often"],
  ["Esc", "clear", "drop the selection and the filter"],
  ["?, h, F1", "help", "this page; any key leaves it"],
  ["q, F10", "quit", "end; so does Ctrl-C"],
];

/** The page of keys in at most `rows` lines. */
export function helpPage(width: number, rows: number, charset: Charset): Line[] {
  if (rows < KEYS.length + 2 || width < 60) {
    const items = KEYS.map(([keys, name]) => [span(`${keys} `, "bold"), span(name)]);
    return flow(items, width, charset).slice(0, rows);
  }
  return [
    [span("Keys", "bold")],
    [],
    ...KEYS.map(([keys, , meaning]) => [span(`  ${keys.padEnd(10)}`, "bold"), span(meaning)]),
    ...(rows < KEYS.length + 6 ? [] : [
      [],
      [span("A value that is not known is shown as ? or -, never as 0.", "dim")],
      [span("A GPU that sleeps is left asleep.", "dim")],
    ]),
  ].map((line) => fitLine(line, width, charset));
}

/** A metric's value as it is in the JSON document. */
function valueOf(sample: GpuSample, name: typeof METRIC_NAMES[number]): string {
  const value = sample[name];
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  if (typeof value !== "number") return value ?? "unknown";
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

/** Everything about a GPU, from a line on, in at most `rows` lines. */
export function detailsPage(
  sample: GpuSample,
  { scroll, width, rows }: { scroll: number; width: number; rows: number },
  charset: Charset,
): Line[] {
  const { unicode } = charset;
  const head: Line[] = [[
    span(`GPU ${sample.index}  `, "dim"),
    span(showable(sample.name ?? sample.id, unicode), "bold"),
    span(`  ${showable(sample.id, unicode)}  ${sample.state}`, "dim"),
    ...(sample.reason === null ? [] : [span(`: ${showable(sample.reason, unicode)}`, "warn")]),
  ]];
  const labels = Math.min(30, Math.max(16, Math.floor(width * 0.35)));
  const values = width < 60 ? 12 : 20;
  const metrics = METRIC_NAMES.map((name): Line => {
    const known = sample[name] !== null;
    const why = known ? sample.sources[name] : sample.absent[name];
    return [
      ...fitLine([span(name, known ? "plain" : "dim")], labels, charset),
      span(" "),
      ...fitLine(
        [span(showable(valueOf(sample, name), unicode), known ? "bold" : "dim")],
        values,
        charset,
      ),
      span(" "),
      span(showable(why ?? "", unicode), "dim"),
    ];
  });
  const room = Math.max(0, rows - head.length);
  const from = Math.min(scroll, Math.max(0, metrics.length - room));
  return [...head, ...metrics.slice(from, from + room)].slice(0, rows)
    .map((line) => fitLine(line, width, charset));
}
