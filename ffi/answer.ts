/**
 * What a library answers where a refusal is an answer like any other: telemetry asks for much that a GPU
 * does not have, many times a second, and an exception for each would cost more than the call.
 *
 * @module
 */

import { CallError } from "./call_error.ts";

/** Why a call gave nothing. */
export interface Refusal {
  /** The function: `nvmlDeviceGetFanSpeed_v2`. */
  readonly call: string;
  /** The result in numbers; null where the call succeeded, with a value that stands for none. */
  readonly code: number | null;
  /** One line: the call, the library's name for the result and its words. */
  readonly message: string;
}

/** A value and the function that gave it, or why there is none. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T; readonly call: string }
  | { readonly ok: false; readonly refusal: Refusal };

/** Makes refusals, each once: they repeat with every reading. */
export class Refusals {
  readonly #known = new Map<string, { ok: false; refusal: Refusal }>();
  readonly #describe: (code: number) => string;

  /** Takes what names a result: `NVML_ERROR_NOT_SUPPORTED (Not Supported)`. */
  constructor(describe: (code: number) => string) {
    this.#describe = describe;
  }

  /** That `call` failed with `code`. */
  of(call: string, code: number): { ok: false; refusal: Refusal } {
    const key = `${call} ${code}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const message = `${call}: ${this.#describe(code)}`;
    const made = { ok: false as const, refusal: { call, code, message } };
    this.#known.set(key, made);
    return made;
  }
}

/** That `call` succeeded, with a value that stands for none. */
export function noValue(call: string, why: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { call, code: null, message: `${call} ${why}` } };
}

/** What `ask` gives, where a refusal is thrown as a {@linkcode CallError}. Throws any other error. */
export function answerOf<T>(call: string, ask: () => T): Answer<T> {
  try {
    return { ok: true, value: ask(), call };
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return { ok: false, refusal: { call: error.call, code: error.code, message: error.message } };
  }
}
