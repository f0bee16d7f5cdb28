/**
 * The history of the metrics: what the service keeps, and what it can be asked for.
 *
 * The service goes on without it where the file cannot be written, says why, and tries again.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { GpuSample } from "../../telemetry/metrics.ts";
import { type HistoryQuery, type HistoryView, ServiceError } from "../service_api.ts";
import { type OpenDatabase, openDatabase } from "./database.ts";
import { isCorruption, whyUnavailable } from "./errors.ts";
import { readHistory } from "./reader.ts";
import { RETENTION, type Retention, stepStart, TIERS } from "./tiers.ts";
import { HistoryWriter, pack, type PackedSample } from "./writer.ts";

/** Samples are written after so long at most, in ms: a killed service loses no more. */
export const FLUSH_MS = 5000;

/** A file that could not be used is tried again after so long, in ms. */
export const RETRY_MS = 5_000;

/** Samples that are kept in memory while the file cannot be written. */
const MOST_PENDING = 120;

/** The most points that an answer has. */
export const MOST_POINTS = 100_000;

/** Clocks, both in ms. */
export interface HistoryClock {
  /** Wall time since 1970; may jump. */
  now(): number;
  /** Never goes back. */
  monotonic(): number;
}

/** Options of {@linkcode openHistory}. */
export interface HistoryOptions {
  /** The file. Its directory is made where there is none. */
  path: string;
  clock?: HistoryClock;
  retention?: Retention;
  /** Is told in one line when the history stops, goes on, or was moved aside. */
  tell?: (level: "info" | "warning" | "error", text: string) => void;
  /** For tests: works on the file before it is written. */
  prepare?: (database: DatabaseSync) => void;
}

/** Whether samples are kept. */
export type HistoryState = { state: "ok" } | { state: "degraded"; reason: string };

/** The history of a service. No method but {@linkcode query} throws. */
export interface HistoryStore extends Disposable {
  /**
   * Keeps a look. It is written when the next one comes behind {@linkcode FLUSH_MS}, or behind a step's end.
   *
   * @param at wall time in ms since 1970. A look of no finite time is not kept.
   */
  record(gpus: readonly GpuSample[], at: number): void;
  /**
   * Answers a question, the newest sample included.
   *
   * @throws {ServiceError} 400, 404 where it makes no sense, 503 where the file cannot be read.
   */
  query(query: HistoryQuery): Promise<HistoryView>;
  state(): HistoryState;
  /** Writes what is not written yet. */
  flush(): void;
}

/** Opens the history. It is degraded, and tries again later, where the file cannot be used. */
export function openHistory(options: HistoryOptions): HistoryStore {
  return new FileHistory(options);
}

interface Open extends OpenDatabase {
  writer: HistoryWriter;
  /** Which file it is: another under its name is not ours. */
  inode: number | null;
  /** Monotonic time when it was opened. */
  since: number;
}

class FileHistory implements HistoryStore {
  readonly #path: string;
  readonly #clock: HistoryClock;
  readonly #retention: Retention;
  readonly #tell: NonNullable<HistoryOptions["tell"]>;
  readonly #prepare: NonNullable<HistoryOptions["prepare"]>;
  #open: Open | undefined;
  /** Why samples are not kept; empty where they are. */
  #reason = "";
  /** When to try again, by the monotonic clock. */
  #retryAt = -Infinity;
  #pending: PackedSample[] = [];
  #flushedAt: number;
  /** The whole file is looked through once, at the start. */
  #check = true;
  /** How it showed while it was written that the file is corrupt. */
  #corruption: string | undefined;

  constructor({ path, clock, retention, tell, prepare }: HistoryOptions) {
    this.#path = path;
    this.#clock = clock ?? { now: () => Date.now(), monotonic: () => performance.now() };
    this.#retention = retention ?? RETENTION;
    this.#tell = tell ?? (() => undefined);
    this.#prepare = prepare ?? (() => undefined);
    this.#flushedAt = this.#clock.monotonic();
    this.#tryToOpen();
  }

  state(): HistoryState {
    return this.#reason === "" ? { state: "ok" } : { state: "degraded", reason: this.#reason };
  }

  record(gpus: readonly GpuSample[], at: number): void {
    // No time, no place in any series.
    if (!Number.isFinite(at)) return;
    const now = this.#clock.monotonic();
    const last = this.#pending.at(-1);
    const finest = TIERS[0]?.step_ms ?? FLUSH_MS;
    // At the end of a step at the latest, so that a step is mostly written once, and whole.
    const stepEnds = last !== undefined && stepStart(last.at, finest) !== stepStart(at, finest);
    if (stepEnds || now - this.#flushedAt >= FLUSH_MS) this.#write(at);
    this.#pending.push(pack(gpus, at));
    if (this.#pending.length > MOST_PENDING) this.#pending.shift();
  }

  flush(): void {
    this.#write(undefined);
  }

  async query(query: HistoryQuery): Promise<HistoryView> {
    this.flush();
    try {
      return await readHistory(this.#path, query, {
        now: this.#clock.now(),
        most_points: MOST_POINTS,
      });
    } catch (error) {
      if (error instanceof ServiceError && error.status !== 422) throw error;
      const state = this.state();
      const reason = state.state === "ok" ? whyUnavailable(error, this.#path) : state.reason;
      throw new ServiceError(503, reason);
    }
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#close();
    this.#reason = "the history is closed";
    this.#retryAt = Infinity;
  }

  #tryToOpen(): void {
    const now = this.#clock.monotonic();
    if (this.#open !== undefined || now < this.#retryAt) return;
    try {
      const opened = openDatabase(this.#path, {
        check: this.#check,
        corruption: this.#corruption,
      });
      this.#check = false;
      this.#corruption = undefined;
      try {
        this.#prepare(opened.database);
        const writer = new HistoryWriter(opened.database, this.#retention);
        this.#open = { ...opened, writer, inode: inodeOf(this.#path), since: now };
      } catch (error) {
        opened.database.close();
        opened.lock.close();
        throw error;
      }
      const { aside } = opened;
      if (aside !== undefined) {
        this.#tell(
          "warning",
          `${this.#path} ${aside.reason}: moved to ${aside.path}, a new history begins`,
        );
      }
      // Where there is something to write, that has to succeed first.
      if (this.#pending.length === 0) this.#recover();
    } catch (error) {
      this.#degrade(error);
    }
  }

  #recover(): void {
    if (this.#reason !== "") this.#tell("info", `history ${this.#path} is kept again`);
    this.#reason = "";
  }

  /** @param next wall time of the sample that comes next. */
  #write(next: number | undefined): void {
    this.#tryToOpen();
    if (this.#open !== undefined && inodeOf(this.#path) !== this.#open.inode) {
      this.#tell("warning", `history ${this.#path} was taken away: a new one begins`);
      this.#close();
      this.#tryToOpen();
    }
    if (this.#open === undefined || this.#pending.length === 0) return;
    const now = this.#clock.monotonic();
    try {
      this.#open.writer.write(this.#pending, now - this.#open.since, next);
      this.#pending = [];
      this.#flushedAt = now;
      this.#recover();
    } catch (error) {
      this.#degrade(error);
    }
  }

  #degrade(error: unknown): void {
    this.#close();
    const reason = whyUnavailable(error, this.#path);
    const now = this.#clock.monotonic();
    this.#retryAt = now + RETRY_MS;
    if (isCorruption(error)) {
      // Moved aside at the next write.
      this.#corruption = error instanceof Error ? error.message : String(error);
      this.#retryAt = now;
    }
    if (reason !== this.#reason) this.#tell("error", `${reason}; the service goes on without`);
    this.#reason = reason;
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    try {
      open.database.close();
    } catch {
      // What was not written stays in its log.
    }
    open.lock.close();
  }
}

function inodeOf(path: string): number | null {
  try {
    return Deno.statSync(path).ino;
  } catch {
    return null;
  }
}
