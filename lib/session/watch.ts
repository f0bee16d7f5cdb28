/**
 * Looking at sessions again and again: every so often, and as soon as a program begins or ends where the
 * kernel tells of it.
 *
 * @module
 */

import { join } from "node:path";
import type { SessionLook, SessionRegistry } from "./registry.ts";

/** After a change in a directory, so long more changes are waited for, in ms. */
const SETTLE_MS = 50;

/** Options of {@linkcode watchSessions}. */
export interface WatchOptions {
  /** Time between looks, in ms. */
  interval_ms: number;
  /** Takes each look. What it throws is passed to `failed`. */
  looked: (look: SessionLook) => void;
  failed?: (error: unknown) => void;
}

/** Looks now, and until it is disposed. Does not keep the process alive. */
export function watchSessions(
  registry: SessionRegistry,
  { interval_ms, looked, failed = () => {} }: WatchOptions,
): Disposable {
  let settling: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    // A directory that was made since is watched from now on.
    watchers.forEach((watcher) => watcher.start());
    try {
      looked(registry.look());
    } catch (error) {
      failed(error);
    }
  };
  const changed = () => {
    settling ??= setTimeout(() => {
      settling = undefined;
      look();
    }, SETTLE_MS);
  };
  const { own, foreign } = registry.directories;
  const watchers = [...own, ...foreign].map((directory) =>
    new DirectoryWatcher(join(directory, "sessions"), changed)
  );
  look();
  const timer = setInterval(look, interval_ms);
  Deno.unrefTimer(timer);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      clearTimeout(settling);
      watchers.forEach((watcher) => watcher[Symbol.dispose]());
    },
  };
}

/** Tells of changes in a directory, where there is one and the kernel has inotify watches left. */
class DirectoryWatcher implements Disposable {
  readonly #path: string;
  readonly #changed: () => void;
  #watcher: Deno.FsWatcher | undefined;

  constructor(path: string, changed: () => void) {
    this.#path = path;
    this.#changed = changed;
  }

  /** Begins, where it has not. */
  start(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = Deno.watchFs(this.#path, { recursive: false });
    } catch {
      return; // Looks at intervals do without.
    }
    this.#follow(this.#watcher);
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const { kind, paths } of watcher) {
        if (kind === "access") continue;
        // The directory itself was removed: another of its name is another.
        if (kind === "remove" && paths.includes(this.#path)) break;
        this.#changed();
      }
    } catch {
      // As above.
    }
    if (this.#watcher === watcher) this.#watcher = undefined;
  }

  [Symbol.dispose](): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.close();
  }
}
