/**
 * Which file the configuration is in, and reading it.
 *
 * @module
 */

import { type ReadConfig, readConfig } from "./config.ts";
import { type ConfigSearch, findConfig } from "./config_path.ts";

export { type ConfigPath, type ConfigSearch, findConfig, SYSTEM_CONFIG } from "./config_path.ts";

/** A file longer than this is no configuration, in bytes. */
const LONGEST = 1_048_576;

/** The file is there, and cannot be taken for a configuration at all. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
}

/**
 * The text of bytes, with its byte order mark.
 *
 * @throws {ConfigFileError} where it is no text, with the line.
 */
export function textOf(path: string, bytes: Uint8Array): string {
  const decode = (part: Uint8Array) =>
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part);
  try {
    return decode(bytes);
  } catch {
    let from = 0;
    for (let line = 1; from < bytes.length; line++) {
      const newline = bytes.indexOf(0x0a, from);
      const to = newline < 0 ? bytes.length : newline + 1;
      try {
        decode(bytes.subarray(from, to));
      } catch {
        throw new ConfigFileError(`${path}:${line}: the line is not UTF-8: write it as such`);
      }
      from = to;
    }
    throw new ConfigFileError(`${path} is not UTF-8: write it as such`);
  }
}

/** One line on why a file cannot be used. */
export function fileProblem(path: string, error: unknown, doing: "read" | "write"): string {
  if (error instanceof Deno.errors.NotFound) return `there is no file ${path}`;
  if (error instanceof Deno.errors.PermissionDenied) {
    return `cannot ${doing} ${path}: this user may not: use sudo, or name another file with --config`;
  }
  const why = error instanceof Error
    ? error.message.replace(/ \(os error \d+\).*$/, "")
    : `${error}`;
  return `cannot ${doing} ${path}: ${why}`;
}

/**
 * The bytes of a file.
 *
 * @throws {ConfigFileError} where it is none, cannot be read or is far too long; one line.
 */
export function readConfigBytes(path: string): Uint8Array {
  try {
    const { isFile, size } = Deno.statSync(path);
    if (!isFile) throw new ConfigFileError(`${path} is no file: name one with --config`);
    if (size > LONGEST) {
      throw new ConfigFileError(
        `${path} is no configuration: it has ${size} bytes, and may have ${LONGEST}`,
      );
    }
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof ConfigFileError) throw error;
    throw new ConfigFileError(fileProblem(path, error, "read"));
  }
}

/** A configuration with the file that it is from. */
export interface LoadedConfig extends ReadConfig {
  /** Null where there is none, and all are defaults. */
  readonly path: string | null;
}

/**
 * Reads the configuration. Where a search found no file, all are defaults.
 *
 * @throws {ConfigFileError} where the file that was named is not there, or one cannot be read; one line.
 */
export function loadConfig(search: ConfigSearch): LoadedConfig {
  const { path, from, exists } = findConfig(search);
  if (!exists && from === "search") return { ...readConfig(""), path: null };
  return { ...readConfig(textOf(path, readConfigBytes(path))), path };
}
