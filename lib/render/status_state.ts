/**
 * The state of the live screen, and how keys and looks change it. Pure: what is to be done to the world comes
 * back as an effect.
 *
 * @module
 */

import { METRIC_NAMES } from "../telemetry/metrics.ts";
import type { GpuProcess } from "../telemetry/process.ts";
import type { StatusDocument } from "./status_document.ts";
import { busyShare, type GpuHistory, memoryShare } from "./status_gpu.ts";
import { arrangeRows, rowKey, type Sort, SORT_COLUMNS, titleOf } from "./status_rows.ts";

/**
 * A key: one character as it is typed, or a name in angle brackets: `<up>`, `<enter>`, `<f1>`.
 */
export type Key = string;

/** Signals that can be sent to a program, by the key that chooses each. */
export const SIGNALS = { t: "SIGTERM", k: "SIGKILL", i: "SIGINT" } as const;

/** One of them. */
export type SignalName = typeof SIGNALS[keyof typeof SIGNALS];

/** A program that is to get a signal. */
export interface Target {
  readonly pid: number;
  /** Its row, so that it is seen when it has gone. */
  readonly key: string;
  readonly title: string;
}

/** What the keys act on. */
export type Mode =
  | { readonly kind: "list" }
  | { readonly kind: "help" }
  | { readonly kind: "filter"; readonly before: string }
  | { readonly kind: "details"; readonly gpu: number; readonly scroll: number }
  | { readonly kind: "signal"; readonly target: Target }
  | { readonly kind: "confirm"; readonly target: Target; readonly signal: SignalName };

/** Everything that the screen shows. */
export interface ScreenState {
  /** The newest look; null before the first. */
  readonly look: StatusDocument | null;
  readonly histories: ReadonlyMap<string, GpuHistory>;
  readonly sort: Sort;
  readonly filter: string;
  /** The selected row by its key; null for none. */
  readonly selected: string | null;
  readonly mode: Mode;
  /** One line for people, until the next key; null for none. */
  readonly message: string | null;
  readonly paused: boolean;
  readonly interval_ms: number;
  /** The name of the host, or of the dump. */
  readonly host: string;
  /** This process, which gets no signal; processes of a dump get none at all (`null`). */
  readonly own_pid: number | null;
}

/** What is to be done. */
export type ScreenEffect =
  | { readonly kind: "quit" }
  /** A program has been chosen for a signal: what it is now is what it has to be when the signal is sent. */
  | { readonly kind: "aim"; readonly pid: number }
  | {
    readonly kind: "signal";
    readonly pid: number;
    readonly signal: SignalName;
    readonly title: string;
  };

/** What happens to the screen. */
export type ScreenEvent =
  | { readonly kind: "key"; readonly key: Key }
  | { readonly kind: "look"; readonly look: StatusDocument }
  | { readonly kind: "message"; readonly text: string };

/** What came of an event. */
export interface Step {
  readonly state: ScreenState;
  readonly effect?: ScreenEffect;
}

/** Looks that are remembered of each GPU: as many as the widest chart has columns. */
export const HISTORY_LENGTH = 512;

/** The times between looks that the keys + and - go through, in ms. */
export const INTERVALS = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const;

/** A screen before its first look. */
export function initialState(
  from: Pick<ScreenState, "interval_ms" | "host" | "own_pid">,
): ScreenState {
  return {
    ...from,
    look: null,
    histories: new Map(),
    sort: { column: "busy", reversed: false },
    filter: "",
    selected: null,
    mode: { kind: "list" },
    message: null,
    paused: false,
  };
}

/** The rows that are shown, in order. */
export function shownRows({ look, sort, filter }: ScreenState): GpuProcess[] {
  return arrangeRows(look?.processes ?? [], look?.gpus ?? [], { sort, filter });
}

/** What a screen is after an event. */
export function reduce(state: ScreenState, event: ScreenEvent): Step {
  switch (event.kind) {
    case "look":
      return { state: state.paused ? state : seen(state, event.look) };
    case "message":
      return { state: { ...state, message: event.text } };
    case "key":
      return pressed({ ...state, message: null }, event.key);
  }
}

function seen(state: ScreenState, look: StatusDocument): ScreenState {
  const histories = new Map<string, GpuHistory>();
  const add = (before: readonly (number | null)[] | undefined, value: number | null) =>
    [...before ?? [], value].slice(-HISTORY_LENGTH);
  for (const sample of look.gpus) {
    const before = state.histories.get(sample.id);
    histories.set(sample.id, {
      busy: add(before?.busy, busyShare(sample)),
      memory: add(before?.memory, memoryShare(sample)),
    });
  }
  const keys = new Set((look.processes ?? []).map(rowKey));
  const { mode, selected } = state;
  const after = {
    ...state,
    look,
    histories,
    selected: selected !== null && keys.has(selected) ? selected : null,
  };
  // Who has ended gets no signal: its number may be another's soon.
  if ((mode.kind === "signal" || mode.kind === "confirm") && !keys.has(mode.target.key)) {
    const message =
      `${mode.target.pid} (${mode.target.title}) no longer uses a GPU: no signal sent`;
    return { ...after, mode: { kind: "list" }, message };
  }
  return after;
}

function pressed(state: ScreenState, key: Key): Step {
  switch (state.mode.kind) {
    case "list":
      return inList(state, key);
    case "help":
      return { state: { ...state, mode: { kind: "list" } } };
    case "filter":
      return inFilter(state, state.mode.before, key);
    case "details":
      return inDetails(state, state.mode, key);
    case "signal":
      return chooseSignal(state, state.mode.target, key);
    case "confirm":
      return confirm(state, state.mode, key);
  }
}

function inList(state: ScreenState, key: Key): Step {
  const { sort } = state;
  switch (key) {
    case "q":
    case "<f10>":
      return { state, effect: { kind: "quit" } };
    case "?":
    case "h":
    case "<f1>":
      return { state: { ...state, mode: { kind: "help" } } };
    case "s":
    case "<f6>": {
      const next = (SORT_COLUMNS.indexOf(sort.column) + 1) % SORT_COLUMNS.length;
      const column = SORT_COLUMNS[next] ?? "busy";
      return { state: { ...state, sort: { column, reversed: false } } };
    }
    case "r":
      return { state: { ...state, sort: { ...sort, reversed: !sort.reversed } } };
    case "/":
    case "<f4>":
      return { state: { ...state, mode: { kind: "filter", before: state.filter } } };
    case "p":
    case " ":
      return { state: { ...state, paused: !state.paused } };
    case "+":
    case "=":
      return { state: { ...state, interval_ms: nextInterval(state.interval_ms, 1) } };
    case "-":
      return { state: { ...state, interval_ms: nextInterval(state.interval_ms, -1) } };
    case "i":
    case "<enter>":
      return { state: showDetails(state) };
    case "k":
    case "<f9>":
      return aim(state);
    case "<escape>":
      return { state: { ...state, selected: null, filter: "" } };
    default:
      return { state: moved(state, key) };
  }
}

/** How far each key moves the selection; a page is ten rows. */
const MOVES: Readonly<Record<string, number>> = {
  "<up>": -1,
  "<down>": 1,
  "<pageup>": -10,
  "<pagedown>": 10,
  "<home>": -Infinity,
  "<end>": Infinity,
};

function moved(state: ScreenState, key: Key): ScreenState {
  const by = MOVES[key];
  const rows = shownRows(state);
  if (by === undefined || rows.length === 0) return state;
  const at = rows.findIndex((row) => rowKey(row) === state.selected);
  const from = at >= 0 ? at : by > 0 ? -1 : rows.length;
  const row = rows[Math.min(rows.length - 1, Math.max(0, from + by))];
  return { ...state, selected: row === undefined ? null : rowKey(row) };
}

function nextInterval(now: number, direction: 1 | -1): number {
  const beyond = direction > 0
    ? INTERVALS.find((each) => each > now)
    : INTERVALS.findLast((each) => each < now);
  return beyond ?? now;
}

/** The GPU of the selected program, else the first. */
function showDetails(state: ScreenState): ScreenState {
  const gpus = state.look?.gpus ?? [];
  if (gpus.length === 0) return { ...state, message: "there is no GPU to tell more of" };
  const row = shownRows(state).find((each) => rowKey(each) === state.selected);
  const gpu = Math.max(0, gpus.findIndex(({ id }) => id === row?.gpu));
  return { ...state, mode: { kind: "details", gpu, scroll: 0 } };
}

function inDetails(
  state: ScreenState,
  { gpu, scroll }: Extract<Mode, { kind: "details" }>,
  key: Key,
): Step {
  const count = Math.max(1, state.look?.gpus.length ?? 0);
  const go = (to: number, line: number): Step => ({
    state: { ...state, mode: { kind: "details", gpu: to, scroll: Math.max(0, line) } },
  });
  const by = MOVES[key];
  if (by !== undefined) return go(gpu, Math.min(METRIC_NAMES.length, scroll + by));
  if (key === "<right>" || key === "<tab>") return go((gpu + 1) % count, 0);
  if (key === "<left>") return go((gpu + count - 1) % count, 0);
  return { state: { ...state, mode: { kind: "list" } } };
}

function inFilter(state: ScreenState, before: string, key: Key): Step {
  if (key === "<enter>") return { state: { ...state, mode: { kind: "list" } } };
  if (key === "<escape>") return { state: { ...state, filter: before, mode: { kind: "list" } } };
  if (key === "<backspace>") {
    return { state: { ...state, filter: [...state.filter].slice(0, -1).join("") } };
  }
  if (key === "<clear>") return { state: { ...state, filter: "" } };
  // Named keys mean nothing in a text.
  if ([...key].length !== 1) return { state: moved(state, key) };
  return { state: { ...state, filter: state.filter + key } };
}

/** Why a program must not get a signal; undefined where it may. */
function whyNot({ pid, name }: GpuProcess, ownPid: number | null): string | undefined {
  if (ownPid === null) return "these are another host's programs: signals go to this host's alone";
  if (pid === ownPid) return "that is mvgal itself: q ends it";
  if (pid === 1) return "process 1 is the system's first one: it gets no signal from here";
  if (!Number.isSafeInteger(pid) || pid < 1) return `${pid} is no number of a process`;
  // Drivers number processes as the host does: in a container such a number is another's.
  if (name === null) return `process ${pid} is not known here: its number may mean another one`;
  return undefined;
}

function aim(state: ScreenState): Step {
  const row = shownRows(state).find((each) => rowKey(each) === state.selected);
  if (row === undefined) {
    return { state: { ...state, message: "select a program first, with the arrow keys" } };
  }
  const reason = whyNot(row, state.own_pid);
  if (reason !== undefined) return { state: { ...state, message: reason } };
  const target: Target = { pid: row.pid, key: rowKey(row), title: titleOf(row) ?? "" };
  return {
    state: { ...state, mode: { kind: "signal", target } },
    effect: { kind: "aim", pid: row.pid },
  };
}

function chooseSignal(state: ScreenState, target: Target, key: Key): Step {
  const signal = Object.entries(SIGNALS).find(([letter]) => letter === key)?.[1];
  if (signal === undefined) {
    return { state: { ...state, mode: { kind: "list" }, message: "no signal sent" } };
  }
  return { state: { ...state, mode: { kind: "confirm", target, signal } } };
}

function confirm(
  state: ScreenState,
  { target, signal }: Extract<Mode, { kind: "confirm" }>,
  key: Key,
): Step {
  const after: ScreenState = { ...state, mode: { kind: "list" } };
  if (key !== "y" && key !== "Y") return { state: { ...after, message: "no signal sent" } };
  const { pid, title } = target;
  return { state: after, effect: { kind: "signal", pid, signal, title } };
}
