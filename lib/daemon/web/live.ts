/**
 * The connection to the service: follows its events, and begins again whenever that ends.
 *
 * @module
 */

import type { ServiceEvent } from "../service_api.ts";
import { ApiError, fetchHistory, fetchPart, openEvents } from "./api.ts";
import { EventParser } from "./core/sse.ts";
import type { Action, PartName } from "./core/state.ts";
import type { Store } from "./core/store.ts";
import { TREND_MS } from "./core/trend.ts";

const PARTS: readonly PartName[] = [
  "inventory",
  "status",
  "scheduler",
  "sessions",
  "changes",
  "runs",
  "log",
  "config",
  "power",
];

/** Waits before the next attempt, in ms: the last of them again and again. */
const WAITS = [1000, 2000, 4000, 8000, 10_000] as const;

/** However long the service says to wait, in ms. */
const LONGEST_WAIT_MS = 60_000;

/** Without a word for so long, in ms, nobody is there: the service says something every 15 s at least. */
const SILENCE_MS = 25_000;

/** Without a word of the service of when, a part that it could not give now is asked for again after so many ms. */
const AGAIN_MS = 2000;

/** Events before a request by this much, in ms, may still be news to it: clocks are not quite the same. */
const OVERLAP_MS = 2000;

/** After how many ms a request may go well that failed; null where asking again is of no use. */
function againAfter(error: unknown): number | null {
  const isFull = error instanceof ApiError && [429, 503].includes(error.status);
  return isFull ? Math.max(error.retryMs ?? 0, AGAIN_MS) : null;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Follows the service for as long as the page is open. */
export class Live {
  readonly #store: Store;
  #lastId: string | null = null;
  #attempts = 0;
  #abort = new AbortController();
  #wake: () => void = () => {};
  /** For each part that is being fetched, the events that came meanwhile. */
  readonly #underWay = new Set<ServiceEvent[]>();
  /** Parts that will be asked for again. */
  readonly #again = new Set<PartName>();

  /** Does nothing yet. */
  constructor(store: Store) {
    this.#store = store;
  }

  /** Connects, and never ends. */
  async run(): Promise<never> {
    while (true) {
      const { why, retryMs } = await this.#follow();
      const usual = WAITS[Math.min(this.#attempts++, WAITS.length - 1)] ?? 10_000;
      const wait = Math.max(usual, Math.min(retryMs ?? 0, LONGEST_WAIT_MS));
      this.#lose(why, wait);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, wait);
      });
    }
  }

  /** Tries at once, as when a token was given or the network is back. */
  retry(): void {
    if (this.#store.state.link.state === "live") return;
    this.#attempts = 0;
    this.#wake();
  }

  /**
   * Fetches parts again. One that cannot be fetched is said to be so, and asked for again where the service is
   * just too busy.
   */
  async refresh(parts: readonly PartName[] = PARTS): Promise<void> {
    await Promise.all(parts.map((part) => this.#fetch(part)));
  }

  async #fetch(part: PartName): Promise<void> {
    const { signal } = this.#abort;
    const { sampleAt, clockAheadMs } = this.#store.state;
    const from = sampleAt === null ? -Infinity : Date.now() + clockAheadMs - OVERLAP_MS;
    const meanwhile: ServiceEvent[] = [];
    this.#underWay.add(meanwhile);
    try {
      const data = await fetchPart(part, signal);
      // The part and its data belong together, which the compiler cannot follow here.
      this.#store.dispatch({ do: "fetched", part, data, now: Date.now() } as Action);
      // The answer may have been written before them, though it came after.
      for (const event of meanwhile) {
        if (Date.parse(event.at) >= from) this.#dispatch(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#store.dispatch({ do: "failed", part, why: reasonOf(error) });
      this.#fetchAgain(part, againAfter(error));
    } finally {
      this.#underWay.delete(meanwhile);
    }
  }

  #fetchAgain(part: PartName, wait: number | null): void {
    if (wait === null || this.#again.has(part)) return;
    const { signal } = this.#abort;
    this.#again.add(part);
    setTimeout(() => {
      this.#again.delete(part);
      if (!signal.aborted) this.#fetch(part);
    }, wait);
  }

  /** Fetches what cards show of the minutes before the page was opened. Without a history they start empty. */
  async #fetchPast(): Promise<void> {
    const to = Date.now() + this.#store.state.clockAheadMs;
    const span = { from: to - TREND_MS, to };
    try {
      const history = await fetchHistory(
        { metrics: ["utilization_pct"], ...span },
        this.#abort.signal,
      );
      this.#store.dispatch({ do: "past", history });
    } catch {
      // The views of the past say why there is none.
    }
  }

  #lose(why: string, wait: number): void {
    const now = Date.now();
    const { link } = this.#store.state;
    const since = link.state === "lost" ? link.since : now;
    this.#store.dispatch({ do: "link", link: { state: "lost", since, why, retryAt: now + wait } });
  }

  /** Until the stream ends: why it did, and when to come again where the service said so. */
  async #follow(): Promise<{ why: string; retryMs: number | null }> {
    const abort = this.#abort = new AbortController();
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(watchdog);
      const interval = this.#store.state.parts.status?.interval_ms ?? 1000;
      // A peer that is gone without a word ends no stream: silence has to be noticed here.
      watchdog = setTimeout(() => abort.abort(), Math.max(SILENCE_MS, 3 * interval));
    };
    try {
      heard();
      const response = await openEvents(this.#lastId, abort.signal);
      const refreshing = this.refresh();
      await this.#read(response, heard, refreshing);
      return { why: "the service ended the connection", retryMs: null };
    } catch (error) {
      if (abort.signal.aborted) return { why: "the service went silent", retryMs: null };
      return error instanceof ApiError
        ? { why: error.message, retryMs: error.retryMs }
        : { why: "the connection broke off", retryMs: null };
    } finally {
      clearTimeout(watchdog);
      abort.abort();
    }
  }

  async #read(response: Response, heard: () => void, ready: Promise<void>): Promise<void> {
    const parser = new EventParser();
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) throw new ApiError(0, "the service sent no events");
    ready.then(() => {
      if (this.#abort.signal.aborted) return;
      this.#attempts = 0;
      this.#store.dispatch({ do: "link", link: { state: "live", since: Date.now() } });
      this.#fetchPast();
    });
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      for (const { id, kind, data } of parser.push(value)) {
        if (id !== null) this.#lastId = id;
        this.#take(id, kind, data);
      }
    }
  }

  #take(id: string | null, kind: string, data: string): void {
    const event = eventOf(id, kind, data);
    // `gap`: events were missed that are not kept any more.
    if (kind === "gap") this.refresh();
    if (event === null) return;
    this.#dispatch(event);
    // Looks come anew anyway.
    if (event.kind !== "sample") this.#underWay.forEach((list) => list.push(event));
    if (event.kind === "gpus") this.refresh(["inventory", "scheduler", "changes", "power"]);
  }

  /** Takes an event. One that is not as it should be changes nothing, and ends no stream. */
  #dispatch(event: ServiceEvent): void {
    try {
      this.#store.dispatch({ do: "event", event, now: Date.now() });
    } catch {
      // Of another version of the service.
    }
  }
}

/** The event in a message of the stream, whose data are its time and its own data; null where it is none. */
function eventOf(id: string | null, kind: string, text: string): ServiceEvent | null {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== "object" || message === null) return null;
    if (id === null || !("at" in message) || !("data" in message)) return null;
    return { id, at: message.at, kind, data: message.data } as ServiceEvent;
  } catch {
    return null;
  }
}
