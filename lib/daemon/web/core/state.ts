/**
 * All that the dashboard knows, and what changes it. Pure.
 *
 * @module
 */

import type { InventoryDocument } from "../../../discovery/inventory.ts";
import type { StatusDocument } from "../../../render/status_document.ts";
import type { HealthEvent } from "../../../telemetry/health/report.ts";
import type { GpuSample } from "../../../telemetry/metrics.ts";
import { lookOf } from "../../sample_event.ts";
import type {
  BenchRunView,
  ConfigView,
  ControlEntryView,
  HistoryView,
  LogLine,
  PowerView,
  SchedulerView,
  ServiceEvent,
  SessionView,
} from "../../service_api.ts";
import { type Look, looksOf, withLook, withPast } from "./trend.ts";

/** What is fetched whole when the connection begins, and kept right by events after that. */
export interface Parts {
  inventory: InventoryDocument;
  status: StatusDocument;
  scheduler: SchedulerView;
  sessions: SessionView[];
  changes: ControlEntryView[];
  runs: BenchRunView[];
  log: LogLine[];
  config: ConfigView;
  power: PowerView;
}

/** The name of a part. */
export type PartName = keyof Parts;

/** Whether the service is there. Times are those of the browser, in ms since 1970. */
export type Link =
  | { state: "connecting" }
  | { state: "live"; since: number }
  | { state: "lost"; since: number; why: string; retryAt: number };

/** A change of health, and when it was told of. */
export interface HealthNews extends HealthEvent {
  id: string;
  told: string;
}

/** All that is known. */
export interface State {
  link: Link;
  parts: { [K in PartName]: Parts[K] | null };
  /** Why a part could not be fetched. */
  failed: Partial<Record<PartName, string>>;
  /** When the last look came, by the browser's clock in ms; null before the first. */
  sampleAt: number | null;
  /** The service's clock minus the browser's, in ms: countdowns are by the service's. */
  clockAheadMs: number;
  recent: Look[];
  /** The newest first. */
  healthNews: HealthNews[];
  /** The browser's clock when it was looked at last. */
  now: number;
}

/** How many lines of the log, and how many changes of health, are kept. */
export const LOG_KEPT = 2000, NEWS_KEPT = 200;

/** What can happen. */
export type Action =
  | { do: "link"; link: Link }
  | { [K in PartName]: { do: "fetched"; part: K; data: Parts[K]; now: number } }[PartName]
  | { do: "failed"; part: PartName; why: string }
  | { do: "event"; event: ServiceEvent; now: number }
  | { do: "past"; history: HistoryView }
  | { do: "tick"; now: number };

/** Nothing is known yet. */
export function initialState(now: number): State {
  return {
    link: { state: "connecting" },
    parts: {
      inventory: null,
      status: null,
      scheduler: null,
      sessions: null,
      changes: null,
      runs: null,
      log: null,
      config: null,
      power: null,
    },
    failed: {},
    sampleAt: null,
    clockAheadMs: 0,
    recent: [],
    healthNews: [],
    now,
  };
}

/** What is known after something happened. */
export function reduce(state: State, action: Action): State {
  switch (action.do) {
    case "link":
      return { ...state, link: action.link };
    case "past":
      return { ...state, recent: withPast(state.recent, looksOf(action.history)) };
    case "tick":
      return ticked(state, action.now);
    case "failed":
      return { ...state, failed: { ...state.failed, [action.part]: action.why } };
    case "fetched": {
      const { [action.part]: _, ...failed } = state.failed;
      return action.part === "status"
        ? sampled({ ...state, failed }, action.data, action.now)
        : { ...state, failed, parts: { ...state.parts, [action.part]: action.data } };
    }
    case "event":
      return { ...afterEvent(state, action.event, action.now), now: action.now };
  }
}

/** The browser's clock goes on; or was set back: then the last look is not of later than now. */
function ticked(state: State, now: number): State {
  const sampleAt = state.sampleAt === null ? null : Math.min(state.sampleAt, now);
  return { ...state, now, sampleAt };
}

/** How far behind the newest look an answer may be, in ms, that was under way while that one came. */
const BEHIND_MS = 10_000;

/** GPUs of which only events have told, with what these leave out from an answer that is a little older. */
function withOrigins(gpus: readonly GpuSample[], older: readonly GpuSample[]): GpuSample[] {
  const known = new Map(older.map((gpu) => [gpu.id, gpu]));
  const isEmpty = (told: object) => Object.keys(told).length === 0;
  return gpus.map((gpu) => {
    const { sources = {}, absent = {} } = known.get(gpu.id) ?? {};
    return {
      ...gpu,
      ...(isEmpty(gpu.sources) && { sources }),
      ...(isEmpty(gpu.absent) && { absent }),
    };
  });
}

function sampled(state: State, status: StatusDocument, now: number): State {
  const before = state.parts.status;
  const { processes, partial, health } = before ?? {};
  // Looks of the stream are without the programs: the last that were seen stay beside them.
  const kept = {
    ...(processes !== undefined && { processes, partial: partial ?? null }),
    ...(health !== undefined && { health }),
  };
  const at = Date.parse(status.at);
  const behind = before === null ? 0 : Date.parse(before.at) - at;
  if (before !== null && behind > 0 && behind < BEHIND_MS) {
    const { processes, partial } = status;
    const late = processes === undefined ? {} : { processes, partial: partial ?? null };
    const gpus = withOrigins(before.gpus, status.gpus);
    return { ...state, parts: { ...state.parts, status: { ...before, gpus, ...late } } };
  }
  return {
    ...state,
    parts: { ...state.parts, status: { ...kept, ...status } },
    sampleAt: now,
    clockAheadMs: at - now,
    recent: withLook(state.recent, status),
  };
}

/** The list with an item in place of the one that is the same, or before all others. */
function upsert<T>(items: readonly T[] | null, item: T, isSame: (other: T) => boolean): T[] {
  const list = items ?? [];
  return list.some(isSame) ? list.map((other) => isSame(other) ? item : other) : [item, ...list];
}

function afterEvent(state: State, event: ServiceEvent, now: number): State {
  const { parts } = state;
  switch (event.kind) {
    case "sample":
      return sampled(state, lookOf(event.data, parts.status), now);
    case "health": {
      const known = new Set(state.healthNews.map(({ id }) => id));
      const news = (event.data?.events ?? [])
        .map((each, i) => ({ ...each, id: `${event.id}/${i}`, told: event.at }))
        .filter(({ id }) => !known.has(id));
      return { ...state, healthNews: [...news.reverse(), ...state.healthNews].slice(0, NEWS_KEPT) };
    }
    case "gpus":
      // The inventory is fetched again: until then what is there stays.
      return state;
    case "power":
      return { ...state, parts: { ...parts, power: event.data } };
    case "scheduler":
      return { ...state, parts: { ...parts, scheduler: event.data } };
    case "session": {
      const { edge, session } = event.data;
      const isIt = ({ id }: SessionView) => id === session.id;
      const sessions = edge === "begin"
        ? upsert(parts.sessions, session, isIt)
        : (parts.sessions ?? []).filter((each) => !isIt(each));
      return { ...state, parts: { ...parts, sessions } };
    }
    case "log": {
      const log = parts.log ?? [];
      // Ids start anew with the service; the same line twice is one that was fetched and replayed.
      if (log.some(({ id, at }) => id === event.data.id && at === event.data.at)) return state;
      return { ...state, parts: { ...parts, log: [...log, event.data].slice(-LOG_KEPT) } };
    }
    case "config":
      return { ...state, parts: { ...parts, config: event.data } };
    case "control": {
      const { gpu, group } = event.data;
      const changes = upsert(
        parts.changes,
        event.data,
        (each) => each.gpu === gpu && each.group === group,
      );
      return { ...state, parts: { ...parts, changes } };
    }
    case "bench": {
      const runs = upsert(parts.runs, event.data, ({ id }) => id === event.data.id);
      return { ...state, parts: { ...parts, runs } };
    }
    default:
      // A kind of a later version of the service.
      return state;
  }
}

/** Whether what is shown of the GPUs is of now; else one line of why not. */
export function staleness({ link, sampleAt, now, parts }: State): string | null {
  if (link.state === "lost") return "the connection is lost";
  if (sampleAt === null) return null;
  const interval = parts.status?.interval_ms ?? 1000;
  return now - sampleAt > 3 * interval + 3_000 ? "the service sends no new figures" : null;
}
