/**
 * One look at a GPU through a vendor's library: what the library answered, and whether the GPU answers at
 * all.
 *
 * @module
 */

import type { Answer } from "../../ffi/answer.ts";
import { ReadingBuilder } from "./driver.ts";
import type { GpuMetrics, MetricName } from "./metrics.ts";

/** What the results of a library mean. */
export interface AnswerMeanings {
  /** What stands before the function in a metric's source: `nvml`. */
  readonly source: string;
  /** Results that say that the GPU is gone. */
  readonly gone: readonly number[];
  /** Results that a GPU gives that is well, and does not have what was asked for. */
  readonly lacking: readonly number[];
  /** What to do about a result, where there is something to do. */
  readonly advice?: Readonly<Record<number, string>>;
}

/** What a reading hands each answer of a library to. */
export class AnswerReading {
  readonly builder: ReadingBuilder = new ReadingBuilder();
  readonly #meanings: AnswerMeanings;
  #answered = false;
  #gone: string | undefined;
  #failed: string | undefined;

  /** Begins a reading of nothing. */
  constructor(meanings: AnswerMeanings) {
    this.#meanings = meanings;
  }

  /** Notes whether the GPU answers at all; gives the value, or undefined for a refusal. */
  hear<T>(answer: Answer<T>): T | undefined {
    if (answer.ok) {
      this.#answered = true;
      return answer.value;
    }
    const { code, message } = answer.refusal;
    if (code === null || this.#meanings.lacking.includes(code)) this.#answered = true;
    else if (this.#meanings.gone.includes(code)) this.#gone ??= message;
    else this.#failed ??= message;
    return undefined;
  }

  /**
   * Notes a metric, or why there is none.
   *
   * @param scale converts from the library's unit; undefined for a value that stands for none.
   * @param whyNot one line for that case.
   */
  put<N extends MetricName, T>(
    name: N,
    answer: Answer<T>,
    scale: (value: T) => GpuMetrics[N] | undefined,
    whyNot?: string,
  ): void {
    const value = this.hear(answer);
    this.builder.put(
      name,
      value === undefined ? undefined : scale(value),
      answer.ok ? `${this.#meanings.source}:${answer.call}` : "",
      answer.ok ? (whyNot ?? `${answer.call} gives ${answer.value}`) : this.#why(answer),
    );
  }

  #why({ refusal: { code, message } }: Extract<Answer<never>, { ok: false }>): string {
    const advice = code === null ? undefined : this.#meanings.advice?.[code];
    return advice === undefined ? message : `${message}: ${advice}`;
  }

  /** Whether the GPU has answered so far, and has not been told to be gone since. */
  get isAnswering(): boolean {
    return this.#answered && this.#gone === undefined;
  }

  /**
   * Why the GPU does not answer: the library said so, or nothing that was asked was answered. A single call
   * may fail on a GPU that is well.
   */
  lost(): string | undefined {
    return this.#gone ?? (this.#answered ? undefined : this.#failed);
  }
}

/** Of several fans the fastest: one that is blocked or idle does not hide the others. */
export function fastestFan(count: number, ask: (fan: number) => Answer<number>): Answer<number> {
  return Array.from({ length: Math.min(count, MOST_FANS) }, (_, fan) => ask(fan)).reduce(
    (most, next) => !most.ok || (next.ok && next.value <= most.value) ? most : next,
  );
}

/** No board has as many fans: a number beyond it is none. */
const MOST_FANS = 16;
