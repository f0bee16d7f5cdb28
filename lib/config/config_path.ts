/**
 * Which file the configuration is in.
 *
 * @module
 */

import { join } from "node:path";

/** The file for the whole host. */
export const SYSTEM_CONFIG = "/etc/mvgal/mvgal.conf";

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
