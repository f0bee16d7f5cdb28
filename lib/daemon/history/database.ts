/**
 * The file of the history: opening it, making it, and moving it aside where it cannot be used.
 *
 * @module
 */

import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isCorruption } from "./errors.ts";
import { NUMBER_METRICS } from "./metrics.ts";
import { TIERS } from "./tiers.ts";

/** `mvgH`: by which `file` and we know it (https://www.sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x6d766748;

/** Version of the tables. */
export const SCHEMA_VERSION = 1;

/** Files moved aside that are kept, the newest. */
const KEPT_ASIDE = 3;

/**
 * `seq` grows with the time of recording in ms whatever the wall clock does. `start` is a step's start in
 * ms since 1970. `folded`: up to which `seq` the raw samples are in the rows of a tier.
 */
const SCHEMA = `
  CREATE TABLE gpu (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, position INTEGER, name TEXT);
  CREATE TABLE metric (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE folded (tier TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE raw (
    seq INTEGER PRIMARY KEY, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, data BLOB NOT NULL
  );
  ${
  TIERS.map(({ table }) => `
  CREATE TABLE ${table} (start INTEGER PRIMARY KEY, seq INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE INDEX ${table}_seq ON ${table} (seq);`).join("")
}
`;

/** An open file. */
export interface OpenDatabase {
  database: DatabaseSync;
  /** Held as long as the file is written. */
  lock: Deno.FsFile;
  /** What was there before and could not be used: where it is now, and why. */
  aside: { path: string; reason: string } | undefined;
}

/** Options of {@linkcode openDatabase}. */
export interface OpenOptions {
  /** Whether to look through the whole file for corruption. */
  check: boolean;
  /** How it showed that the file is corrupt, where that is known. */
  corruption?: string | undefined;
}

/**
 * Opens the file for writing; makes it where there is none. A file that is no history of this version
 * is moved aside, under a name that says why.
 *
 * @param check whether to look through the whole file for corruption.
 * @throws what SQLite and the file system throw, and where another service has it open.
 */
export function openDatabase(path: string, options: OpenOptions): OpenDatabase {
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const lock = Deno.openSync(`${path}.lock`, { write: true, create: true, mode: 0o600 });
  try {
    // The kernel gives up the lock of a process that is killed.
    if (!lock.tryLockSync(true)) {
      throw new Error(`${path} is written by another service: end that one, or go on without`);
    }
    const problem = problemOf(path, options);
    const aside = problem === undefined
      ? undefined
      : { path: moveAside(path, problem.word), reason: problem.reason };
    return { database: openChecked(path), lock, aside };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Why the file cannot be used: a word for its new name, and a line. */
interface Problem {
  word: string;
  reason: string;
}

function problemOf(path: string, { check, corruption }: OpenOptions): Problem | undefined {
  let database: DatabaseSync | undefined;
  try {
    if (Deno.statSync(path).size === 0) return undefined;
    if (corruption !== undefined) return corrupt(corruption);
    database = new DatabaseSync(path, { timeout: 0 });
    const known = numberOf(database, "PRAGMA application_id");
    const version = numberOf(database, "PRAGMA user_version");
    if (known === 0 && numberOf(database, "SELECT count(*) FROM sqlite_schema") === 0) {
      // Made, and killed before there were tables.
      return undefined;
    }
    if (known !== APPLICATION_ID) {
      return { word: "foreign", reason: "is a database of another program" };
    }
    if (version !== SCHEMA_VERSION) {
      const age = version > SCHEMA_VERSION ? "a newer" : "another";
      return { word: `version-${version}`, reason: `is of ${age} version of mvgal (${version})` };
    }
    const verdict = check ? database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"] : "ok";
    return verdict === "ok" ? undefined : corrupt(verdict);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (isCorruption(error)) return corrupt(error instanceof Error ? error.message : error);
    throw error;
  } finally {
    database?.close();
  }
}

function corrupt(detail: unknown): Problem {
  return { word: "corrupt", reason: `is corrupt (${String(detail).replaceAll(/\s+/g, " ")})` };
}

/** The only number that a statement gives. */
export function numberOf(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0);
}

/**
 * Renames the file, with what SQLite keeps beside it. It must not be open.
 *
 * @param word what is wrong with it.
 * @returns its new name.
 */
export function moveAside(path: string, word: string): string {
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const aside = `${path}.${word}.${time}`;
  Deno.renameSync(path, aside);
  // What was written last may be there alone.
  attempt(() => Deno.renameSync(`${path}-wal`, `${aside}-wal`));
  attempt(() => Deno.removeSync(`${path}-shm`));
  if (word === "corrupt") pruneAside(path);
  return aside;
}

/** A disk that corrupts every file must not be filled with them. */
function pruneAside(path: string): void {
  const directory = dirname(path);
  const prefix = `${path.slice(directory.length).replace(/^\//, "")}.corrupt.`;
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name)
    .filter((name) => name.startsWith(prefix) && !name.endsWith("-wal")).sort();
  for (const name of names.slice(0, -KEPT_ASIDE)) {
    for (const end of ["", "-wal"]) attempt(() => Deno.removeSync(`${directory}/${name}${end}`));
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Not there, or not ours to touch: nothing depends on it.
  }
}

function openChecked(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Rows are of some KiB: in larger pages less is lost between them. Both are fixed by the first write.
    database.exec("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;");
    // A commit waits for no disk, a checkpoint does: killed or without power, the file stays whole.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    // A checkpoint holds everything up for as long as the disk takes: about one in ten minutes, for 8 GPUs.
    database.exec("PRAGMA wal_autocheckpoint = 512; PRAGMA journal_size_limit = 8388608;");
    database.exec("PRAGMA cache_size = -2048;");
    database.exec("BEGIN IMMEDIATE");
    if (numberOf(database, "PRAGMA application_id") !== APPLICATION_ID) {
      database.exec(SCHEMA);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    }
    const add = database.prepare("INSERT OR IGNORE INTO metric (name) VALUES (?)");
    for (const name of NUMBER_METRICS) add.run(name);
    database.exec("COMMIT");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
