/**
 * Where the service of this user listens.
 *
 * @module
 */

import { join } from "node:path";
import { findConfig } from "../config/config_path.ts";
import { stateDirectory } from "../control/journal.ts";
import { HOST_DIRECTORY } from "../session/directory.ts";

type Environment = (name: string) => string | undefined;

/** The runtime directory of this user: `/run/mvgal` for root, else mvgal in `XDG_RUNTIME_DIR`. */
export function runtimeDirectory(env: Environment): string {
  if (Deno.uid() === 0) return HOST_DIRECTORY;
  const own = env("XDG_RUNTIME_DIR");
  return own === undefined ? join(stateDirectory(env), "run") : join(own, "mvgal");
}

/** The socket that this user's service makes, where the configuration says nothing else. */
export function socketPath(env: Environment): string {
  return join(runtimeDirectory(env), "mvgal.sock");
}

/**
 * Whether a service may run: its socket is there, or a configuration that may name another. Reads nothing, so
 * that hosts without one pay little.
 */
export function mayHaveService(env: Environment): boolean {
  return socketPaths(env, null).some(isThere) || findConfig({ env }).exists;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The sockets at which a service may be found: this user's, then the host's. */
export function socketPaths(env: Environment, configured: string | null): string[] {
  return [
    ...new Set([
      ...(configured === null ? [] : [configured]),
      socketPath(env),
      join(HOST_DIRECTORY, "mvgal.sock"),
    ]),
  ];
}
