/**
 * What a library's function answers when it fails.
 *
 * @module
 */

/** A call that failed, with the library's own name for the result. */
export class CallError extends Error {
  /** The function that was called: `nvmlDeviceGetName`. */
  readonly call: string;
  /** The result in numbers. */
  readonly code: number;
  /** The library's name for the result: `NVML_ERROR_GPU_IS_LOST`; the number where it has none. */
  readonly result: string;

  /**
   * @param description the library's own words, where it has any.
   */
  constructor(call: string, code: number, result: string, description?: string) {
    super(`${call}: ${result}${description ? ` (${description})` : ""}`);
    this.name = new.target.name;
    this.call = call;
    this.code = code;
    this.result = result;
  }
}
