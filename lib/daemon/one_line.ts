/**
 * Errors for logs and answers.
 *
 * @module
 */

/** What an error says, in its first line. */
export function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
