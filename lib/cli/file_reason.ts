/**
 * What the system says of a file, for people.
 *
 * @module
 */

/** Why a file cannot be read or written, in one line, without the error's number and the call that failed. */
export function fileReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]?.replace(/ \(os error \d+\).*$/, "") ?? text;
}
