/**
 * The journal of changes: files that outlive a killed process and tell the next one what to take back.
 *
 * One file a GPU and group of settings, replaced atomically, and on the disk before the device is touched.
 *
 * @module
 */

import { join } from "node:path";
import type { GpuId } from "../gpu/gpu.ts";
import { type JournalEntry, parseEntry } from "./entry.ts";
import { ControlError, type SettingGroup } from "./setting.ts";

/** Where entries are kept. */
export interface Journal {
  /** All entries that can be read. */
  entries(): JournalEntry[];
  /** Writes an entry, in place of that of the same GPU and group. It is on the disk when this returns. */
  save(entry: JournalEntry): void;
  /** Removes the entry of a GPU and group. */
  remove(gpu: GpuId, group: SettingGroup): void;
  /**
   * Runs `body` while no other process changes settings or the journal.
   *
   * @throws {ControlError} where the journal cannot be locked, and so not be written.
   */
  locked<T>(body: () => T): T;
}

/** The state directory of this user: `/var/lib/mvgal` for root, `$XDG_STATE_HOME/mvgal` for others. */
export function stateDirectory(env: (name: string) => string | undefined): string {
  if (Deno.uid() === 0) return "/var/lib/mvgal";
  const home = env("HOME") ?? "/";
  return join(env("XDG_STATE_HOME") ?? join(home, ".local/state"), "mvgal");
}

/** A journal in a directory. */
export class FileJournal implements Journal {
  readonly directory: string;

  /** Takes the directory, which is made when the first entry is written. */
  constructor(directory: string) {
    this.directory = directory;
  }

  /** Whether there is any entry: cheap enough to ask at every start. */
  get empty(): boolean {
    return this.#names().length === 0;
  }

  #names(): string[] {
    try {
      return [...Deno.readDirSync(this.directory)]
        .filter(({ isFile, name }) => isFile && name.endsWith(".json"))
        .map(({ name }) => name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  entries(): JournalEntry[] {
    return this.#names().flatMap((name) => {
      try {
        return parseEntry(Deno.readTextFileSync(join(this.directory, name))) ?? [];
      } catch (error) {
        // Another process removed it meanwhile.
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    });
  }

  #path(gpu: GpuId, group: SettingGroup): string {
    return join(this.directory, `${gpu.replaceAll(/[^\w:.-]/g, "_")}.${group}.json`);
  }

  save(entry: JournalEntry): void {
    Deno.mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const path = this.#path(entry.gpu, entry.group);
    // Never read as an entry: a kill may leave it behind, and the next write of it starts over.
    const temporary = `${path}.new`;
    {
      using file = Deno.openSync(temporary, {
        write: true,
        create: true,
        truncate: true,
        mode: 0o600,
      });
      const bytes = new TextEncoder().encode(`${JSON.stringify(entry, null, 1)}\n`);
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      file.syncSync();
    }
    Deno.renameSync(temporary, path);
    this.#syncDirectory();
  }

  remove(gpu: GpuId, group: SettingGroup): void {
    try {
      Deno.removeSync(this.#path(gpu, group));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    this.#syncDirectory();
  }

  #syncDirectory(): void {
    try {
      using directory = Deno.openSync(this.directory);
      directory.syncSync();
    } catch {
      // Some file systems cannot; the rename is still atomic, and only power loss could undo it.
    }
  }

  locked<T>(body: () => T): T {
    using _lock = this.#lock();
    return body();
  }

  /**
   * Says until it is disposed that this process waits for changes to become due. The kernel takes that back where
   * the process is killed.
   */
  watch(): Disposable {
    try {
      const file = this.#openLock("watch");
      file.lockSync(false);
      return file;
    } catch {
      // Where that cannot be said the change is taken back the sooner.
      return { [Symbol.dispose]: () => {} };
    }
  }

  /** Whether a process waits for changes to become due. */
  get isWatched(): boolean {
    try {
      using file = this.#openLock("watch");
      return !file.tryLockSync(true);
    } catch {
      return false;
    }
  }

  #openLock(name: "lock" | "watch"): Deno.FsFile {
    Deno.mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const options = { write: true, create: true, mode: 0o600 };
    return Deno.openSync(join(this.directory, name), options);
  }

  #lock(): Deno.FsFile {
    try {
      // The kernel gives up the lock of a process that is killed.
      const file = this.#openLock("lock");
      file.lockSync(true);
      return file;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ControlError(
        `no setting is changed, since it could not be taken back: the journal cannot be written: ${why}`,
      );
    }
  }
}
