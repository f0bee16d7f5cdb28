/**
 * Limits as options of commands: by GPU as people choose GPUs. Pure.
 *
 * @module
 */

import { parseGpuSelector } from "../gpu/selector.ts";
import { type LimitEntry, LimitTextError, parseLimitList } from "./limit_text.ts";

/** What was typed cannot be meant. */
export class RunRequestError extends Error {
  override readonly name = "RunRequestError";
}

function isSelector(text: string): boolean {
  try {
    parseGpuSelector(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The limits of an option; undefined where it was not given.
 *
 * @param value parses an amount; undefined is none.
 * @throws {RunRequestError} where they are none; one line.
 */
export function parseLimitOption<T>(
  option: string,
  text: string | undefined,
  value: (text: string) => T | undefined,
  example: string,
): LimitEntry<T>[] | undefined {
  if (text === undefined) return undefined;
  try {
    return parseLimitList(text, value, isSelector);
  } catch (error) {
    if (!(error instanceof LimitTextError)) throw error;
    const why = error.message.startsWith("before") ? "before '=' stands no GPU" : "it is no limit";
    throw new RunRequestError(
      `--${option} ${text}: ${why}: write ${example}, or 0=${example},1=${example} by GPU`,
    );
  }
}
