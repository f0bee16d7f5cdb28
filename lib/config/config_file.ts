/**
 * Which file the configuration is in, and reading it.
 *
 * @module
 */

import { join } from "node:path";
import { type ReadConfig, readConfig } from "./config.ts";

/** The file for the whole host. */
export const SYSTEM_CONFIG = "/etc/mvgal/mvgal.conf";

/** A file longer than this is no configuration, in bytes. */
const LONGEST = 1_048_576;

/** Which file it is. */
export interface ConfigPath {
  readonly path: string;
  /** Who named it: an option or a variable, or the search. */
  readonly from: "--config" | "MVGAL_CONFIG" | "search";
  readonly exists: boolean;
}

/** What the search goes by. Tests pass their own. */
export interface ConfigSearch {
  /** What `--config` says. */
  readonly option?: string | undefined;
  env(name: string): string | undefined;
  readonly isRoot?: boolean;
  /** In place of {@linkcode SYSTEM_CONFIG}. */
  readonly system?: string;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    // A file that may not be looked at is there: reading it says what is wrong.
    return !(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory);
  }
}

/**
 * The file: that of `--config`, else of `MVGAL_CONFIG`, else for users other than root
 * `$XDG_CONFIG_HOME/mvgal/mvgal.conf` where there is one, else `/etc/mvgal/mvgal.conf` where there is one,
 * else the one of these that the user would write.
 */
export function findConfig(
  { option, env, isRoot = Deno.uid() === 0, system = SYSTEM_CONFIG }: ConfigSearch,
): ConfigPath {
  if (option !== undefined) return { path: option, from: "--config", exists: isThere(option) };
  const named = env("MVGAL_CONFIG");
  if (named !== undefined) return { path: named, from: "MVGAL_CONFIG", exists: isThere(named) };
  const home = env("XDG_CONFIG_HOME") ?? join(env("HOME") ?? "/", ".config");
  const own = join(home, "mvgal/mvgal.conf");
  if (isRoot) return { path: system, from: "search", exists: isThere(system) };
  if (isThere(own)) return { path: own, from: "search", exists: true };
  if (isThere(system)) return { path: system, from: "search", exists: true };
  return { path: own, from: "search", exists: false };
}

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
