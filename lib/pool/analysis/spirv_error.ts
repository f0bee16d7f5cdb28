/**
 * The error for words that are no kernel.
 *
 * @module
 */

/** Words that are no SPIR-V module, or hold no such compute kernel. The message is one line. */
export class SpirvError extends Error {
  override name = "SpirvError";
}
