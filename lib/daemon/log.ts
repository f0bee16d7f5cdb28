/**
 * The service's log: written to standard error, and the last lines kept for those who ask.
 *
 * Under systemd each line begins with its priority in angle brackets, as `sd-daemon(3)` has it, and the journal
 * adds the time.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import { printable } from "../render/text.ts";
import { LOG_LEVELS, type LogLevel, type LogLine, type LogQuery } from "./service_api.ts";

/** How many lines are kept. */
const KEPT = 5000;

/** Lines of a page where the query does not say. */
const PAGE = 100;

/** `syslog(3)`'s numbers. */
const PRIORITY: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Writes a line of the log. */
export type LogSink = (line: LogLine) => void;

/** Lines for a terminal or a file. */
export function plainSink(write: (text: string) => void): LogSink {
  return ({ at, level, part, text }) => write(`${at} ${level} ${part}: ${text}\n`);
}

/** Lines for systemd's journal. */
export function journalSink(write: (text: string) => void): LogSink {
  return ({ level, part, text }) => write(`<${PRIORITY[level]}>${part}: ${text}\n`);
}

/** Takes lines, drops those below its level, and keeps the last. */
export class ServiceLog {
  /** Lines of a lower level are not taken. */
  level: LogLevel;
  readonly #sink: LogSink;
  readonly #publish: (line: LogLine) => void;
  readonly #limit: number;
  readonly #now: () => number;
  readonly #kept: LogLine[] = [];
  #last = 0;

  /** @param publish is told of each line that is taken. */
  constructor(
    sink: LogSink,
    publish: (line: LogLine) => void = () => {},
    { level = "info", kept = KEPT, now = Date.now }: {
      level?: LogLevel;
      kept?: number;
      now?: () => number;
    } = {},
  ) {
    this.#sink = sink;
    this.#publish = publish;
    this.level = level;
    this.#limit = kept;
    this.#now = now;
  }

  /** Takes a line. What could break lines or terminals in `text` is made visible. */
  write(level: LogLevel, part: string, text: string, gpu: GpuId | null = null): void {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(this.level)) return;
    const at = new Date(this.#now()).toISOString();
    const line: LogLine = { id: ++this.#last, at, level, part, text: printable(text), gpu };
    this.#kept.push(line);
    if (this.#kept.length > this.#limit) this.#kept.shift();
    try {
      this.#sink(line);
    } catch {
      // Standard error may be gone: the line is kept none the less.
    }
    this.#publish(line);
  }

  /** The last lines that match, in order; with `after` the first behind it. */
  lines({ level = "debug", part, gpu, after, limit = PAGE }: LogQuery = {}): LogLine[] {
    const least = LOG_LEVELS.indexOf(level);
    const found = this.#kept.filter((line) =>
      LOG_LEVELS.indexOf(line.level) >= least && (part === undefined || line.part === part) &&
      (gpu === undefined || line.gpu === gpu) && (after === undefined || line.id > after)
    );
    return after === undefined ? found.slice(-limit) : found.slice(0, limit);
  }
}
