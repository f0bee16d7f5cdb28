/**
 * Changing the file: one edit at a time, checked before it is written, written whole or not at all.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { type ConfigProblem, formatProblem, type ReadConfig, readConfig } from "./config.ts";
import { ConfigFileError, fileProblem, readConfigBytes, textOf } from "./config_file.ts";
import { formatIni, type IniDocument } from "./ini_document.ts";

/** The edit cannot be made. The message is one line. */
export class ConfigEditError extends Error {
  override readonly name = "ConfigEditError";
}

/** What came of an edit. */
export interface ConfigEdit {
  /** The file itself, where the path is a link to it. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** What the file holds after it. */
  readonly read: ReadConfig;
  /** Whether the file was written: not where nothing changes, or nothing is to be written. */
  readonly written: boolean;
}

/** How an edit is made. */
export interface EditOptions {
  /** Checks alone, and writes nothing. */
  readonly dryRun?: boolean;
  /** Called before the new file takes the old one's place. For tests. */
  readonly beforeRename?: () => void;
}

const same = (a: ConfigProblem, b: ConfigProblem) =>
  a.severity === b.severity && a.section === b.section && a.key === b.key &&
  a.message === b.message;

/**
 * Refuses an edit that makes the file wrong. A file that was wrong before may be edited where that makes
 * it less wrong: otherwise two errors could not be taken away one after the other.
 */
function checkResult(path: string, before: ReadConfig, after: ReadConfig): void {
  if (after.valid) return;
  const errors = (read: ReadConfig) => read.problems.filter(({ severity }) => severity === "error");
  const added = errors(after).find((error) => !errors(before).some((old) => same(old, error)));
  const first = added ?? errors(after)[0];
  if (first === undefined) return;
  if (added !== undefined) throw new ConfigEditError(added.message);
  if (errors(after).length >= errors(before).length) {
    throw new ConfigEditError(
      `not changed, for the file has an error already: ${formatProblem(path, first)}`,
    );
  }
}

/** The file behind links; the path itself where there is no file yet. */
function fileBehind(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new ConfigEditError(fileProblem(path, error, "read"));
    }
  }
  const isLink = (() => {
    try {
      return Deno.lstatSync(path).isSymlink;
    } catch {
      return false;
    }
  })();
  if (isLink) throw new ConfigEditError(`${path} is a link to a file that is not there`);
  return path;
}

interface Original {
  readonly bytes: Uint8Array;
  readonly info: Deno.FileInfo | undefined;
}

function original(path: string): Original {
  try {
    const info = Deno.statSync(path);
    return { info, bytes: readConfigBytes(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { bytes: new Uint8Array(), info: undefined };
    throw error;
  }
}

const equal = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Whether the file is what it was, and the same one. */
function isUntouched(path: string, before: Original): boolean {
  const now = original(path);
  return now.info?.ino === before.info?.ino && equal(now.bytes, before.bytes);
}

/** Gives the new file the old one's owner and mode. */
function takeOver(temporary: string, info: Deno.FileInfo | undefined): void {
  if (info === undefined) return;
  const own = Deno.statSync(temporary);
  if (info.uid !== own.uid || info.gid !== own.gid) Deno.chownSync(temporary, info.uid, info.gid);
  // After the owner: a change of it takes bits of the mode away.
  if (info.mode !== null) Deno.chmodSync(temporary, info.mode & 0o7777);
}

function replace(path: string, before: Original, bytes: Uint8Array, options: EditOptions): void {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  try {
    // One that a kill left behind. Under the lock it is nobody's.
    Deno.removeSync(temporary);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    {
      const mode = before.info === undefined ? 0o644 : 0o600;
      using file = Deno.openSync(temporary, { write: true, createNew: true, mode });
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      takeOver(temporary, before.info);
      file.syncSync();
    }
    options.beforeRename?.();
    if (!isUntouched(path, before)) {
      throw new ConfigEditError(
        `${path} was changed by another program meanwhile, and is left as it is: try again`,
      );
    }
    Deno.renameSync(temporary, path);
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It was never made, or is the file now.
    }
    throw error;
  }
}

function syncDirectory(directory: Deno.FsFile): void {
  try {
    directory.syncSync();
  } catch {
    // Some file systems cannot; the rename is still atomic, and only power loss could undo it.
  }
}

/**
 * Edits the file: under a lock on its directory, checked as a whole, by a new file that takes the old one's
 * place, name, owner and mode. Links are followed. A file that is not there is made.
 *
 * @param change gives the new document.
 * @throws {ConfigEditError} where the result would be wrong or the file changed meanwhile.
 * @throws {ConfigFileError} where the file cannot be read or written.
 */
export function editConfig(
  path: string,
  change: (document: IniDocument) => IniDocument,
  options: EditOptions = {},
): ConfigEdit {
  const file = fileBehind(path);
  const edited = (): Omit<ConfigEdit, "written"> & { from: Original } => {
    const from = original(file);
    const before = textOf(file, from.bytes);
    const old = readConfig(before);
    const after = formatIni(change(old.document));
    const read = readConfig(after);
    checkResult(file, old, read);
    return { path: file, before, after, read, from };
  };
  if (options.dryRun) {
    const { from: _, ...edit } = edited();
    return { ...edit, written: false };
  }
  try {
    Deno.mkdirSync(dirname(file), { recursive: true });
    // A lock on the directory leaves no file behind, and the kernel gives it up with the process.
    using directory = Deno.openSync(dirname(file));
    directory.lockSync(true);
    const { from, ...edit } = edited();
    if (edit.after === edit.before) return { ...edit, written: false };
    replace(file, from, new TextEncoder().encode(edit.after), options);
    syncDirectory(directory);
    return { ...edit, written: true };
  } catch (error) {
    if (error instanceof ConfigEditError || error instanceof ConfigFileError) throw error;
    if (error instanceof RangeError) throw error;
    throw new ConfigFileError(fileProblem(file, error, "write"));
  }
}
