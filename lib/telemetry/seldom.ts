/**
 * Answers that hardly change, asked for seldom: each call goes to the driver, and often on to the GPU's firmware.
 *
 * @module
 */

import type { Answer } from "../../ffi/answer.ts";

/** Remembers answers for a while. */
export class SeldomAsked {
  readonly #everyMs: number;
  readonly #now: () => number;
  readonly #known = new Map<string, { answer: Answer<unknown>; at: number }>();

  /** @param now a monotonic clock in ms. */
  constructor(everyMs: number, now: () => number) {
    this.#everyMs = everyMs;
    this.#now = now;
  }

  /**
   * The last answer under a name, or a new one where that is too old. A refusal is not kept: a GPU that fails now
   * is asked again at the next look.
   */
  get<T>(name: string, ask: () => Answer<T>): Answer<T> {
    const now = this.#now(), known = this.#known.get(name);
    if (known !== undefined && now - known.at < this.#everyMs) return known.answer as Answer<T>;
    const answer = ask();
    if (answer.ok) this.#known.set(name, { answer, at: now });
    else this.#known.delete(name);
    return answer;
  }

  /** Asks for all of them again. */
  forget(): void {
    this.#known.clear();
  }
}
