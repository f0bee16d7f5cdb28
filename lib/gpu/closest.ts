/**
 * Finding what was probably meant.
 *
 * @module
 */

import { distance } from "fastest-levenshtein";

/**
 * The candidate that is at most a third of its letters away from `word`; undefined where none is.
 *
 * @example
 * ```ts
 * import { closest } from "./closest.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(closest("nvdia", ["amd", "nvidia"]), "nvidia");
 * assert.equal(closest("voodoo", ["amd", "nvidia"]), undefined);
 * ```
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    const limit = Math.max(1, Math.floor(candidate.length / 3));
    if (edits <= limit && (best === undefined || edits < best.edits)) best = { candidate, edits };
  }
  return best?.candidate;
}
