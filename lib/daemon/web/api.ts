/**
 * Asking the service: every path of its API that the dashboard uses.
 *
 * @module
 */

import type { SettingGroup } from "../../control/setting.ts";
import type { BenchReport } from "../../bench/report.ts";
import type {
  BenchRequest,
  BenchRunView,
  ControlEntryView,
  ControlPlanView,
  ControlRequest,
  ControlView,
  HistoryView,
  SchedulerChange,
  SchedulerView,
} from "../service_api.ts";
import type { PartName, Parts } from "./core/state.ts";
import { keep, recall } from "./storage.ts";

/** Where the API is, below the page's own address. */
const BASE = "api/v1";

/** Where each part is fetched. */
const PART_PATHS: Record<PartName, string> = {
  inventory: "/inventory",
  status: "/status",
  scheduler: "/scheduler",
  sessions: "/sessions",
  changes: "/control",
  runs: "/bench",
  log: "/logs?limit=1000",
  config: "/config",
  power: "/power",
};

/** What of an answer is the part, where it is not the whole answer. */
function partOf(part: PartName, answer: unknown): unknown {
  return part === "log" ? (answer as { lines: unknown }).lines : answer;
}

/** The service refused, or is not there. The message is one line. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** After how many ms to ask again, where the service said so; null where it did not. */
  readonly retryMs: number | null;

  /** Takes the status and one line for people. */
  constructor(status: number, message: string, retryMs: number | null = null) {
    super(message);
    this.status = status;
    this.retryMs = retryMs;
  }
}

/** Where the token is kept: for this tab, until it is closed. */
const TOKEN_KEY = "mvgal-token";

/** The token with which changes are asked for; empty where there is none. */
export function token(): string {
  return recall("tab", TOKEN_KEY) ?? "";
}

/** Keeps a token for this tab; an empty one is forgotten. */
export function keepToken(text: string): void {
  keep("tab", TOKEN_KEY, text === "" ? null : text);
}

function authorization(): Record<string, string> {
  return token() === "" ? {} : { authorization: `Bearer ${token()}` };
}

/** What a problem document (RFC 9457) says; else the status. */
async function refusal(response: Response): Promise<ApiError> {
  let said: unknown;
  try {
    said = await response.json();
  } catch {
    // No document, or a broken one: the status has to do.
  }
  const problem = typeof said === "object" && said !== null ? said as Record<string, unknown> : {};
  const text = [problem["detail"], problem["title"]]
    .find((each) => typeof each === "string" && each !== "");
  // Seconds (RFC 9110, section 10.2.3); the service does not use the other form, a date.
  const seconds = /^\d{1,4}$/.exec(response.headers.get("retry-after") ?? "")?.[0];
  return new ApiError(
    response.status,
    String(text ?? `the service answered ${response.status}`),
    seconds === undefined ? null : 1000 * Number(seconds),
  );
}

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`${BASE}${path}`, { cache: "no-store", redirect: "error", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "the service does not answer");
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await request(path, { headers: authorization(), signal: signal ?? null });
  return await response.json() as T;
}

async function send<T>(
  method: "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await request(path, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...authorization(),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return await response.json() as T;
}

/** A part of what the dashboard shows, whole. */
export async function fetchPart<K extends PartName>(
  part: K,
  signal?: AbortSignal,
): Promise<Parts[K]> {
  const data = partOf(part, await get(PART_PATHS[part], signal));
  if (data === null) throw new ApiError(503, "the service has not looked at the GPUs yet");
  return data as Parts[K];
}

/** The stream of events. */
export function openEvents(after: string | null, signal: AbortSignal): Promise<Response> {
  return request("/events", {
    headers: {
      accept: "text/event-stream",
      ...(after === null ? {} : { "last-event-id": after }),
      ...authorization(),
    },
    signal,
  });
}

/** The past of metrics of one GPU, of all where none is named. */
export function fetchHistory(
  { gpu, metrics, from, to }: {
    gpu?: string;
    metrics: readonly string[];
    from: number;
    to: number;
  },
  signal: AbortSignal,
): Promise<HistoryView> {
  const query = new URLSearchParams({
    ...(gpu !== undefined && { gpu }),
    metric: metrics.join(","),
    from: String(Math.round(from)),
    to: String(Math.round(to)),
  });
  return get(`/history?${query}`, signal);
}

/** Changes the scheduler. */
export function changeScheduler(change: SchedulerChange): Promise<SchedulerView> {
  return send("PUT", "/scheduler", change);
}

/** The settings of a GPU. */
export function fetchSettings(gpu: string, signal: AbortSignal): Promise<ControlView> {
  return get(`/control/${encodeURIComponent(gpu)}`, signal);
}

/** What a change of settings would do. Nothing is written. */
export function planChange(wanted: ControlRequest): Promise<ControlPlanView> {
  return send("POST", "/control/plan", wanted);
}

/** Carries a plan out. @param seconds after which it is taken back unless it is confirmed. */
export function applyPlan(planned: string, seconds: number): Promise<ControlEntryView> {
  return send("POST", "/control/apply", { token: planned, seconds });
}

/** Keeps a change, or takes it back. */
export function endChange(
  how: "confirm" | "revert",
  gpu: string,
  group: SettingGroup,
): Promise<ControlEntryView> {
  return send("POST", `/control/${encodeURIComponent(gpu)}/${group}/${how}`);
}

/** Starts a benchmark run. */
export function startBench(wanted: BenchRequest): Promise<BenchRunView> {
  return send("POST", "/bench", wanted);
}

/** Ends a benchmark run. */
export function cancelBench(id: string): Promise<BenchRunView> {
  return send("DELETE", `/bench/${encodeURIComponent(id)}`);
}

/** The report of a benchmark run. */
export function fetchReport(id: string, signal: AbortSignal): Promise<BenchReport> {
  return get(`/bench/${encodeURIComponent(id)}`, signal);
}
