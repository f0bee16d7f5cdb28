/**
 * What Deno remembers of a script between starts (its imports, V8's compiled code), made once at build time.
 *
 * It saves a third of a warm start. Deno would gather it by itself in its cache directory, but V8 runs cached
 * code without checking it: a damaged byte there ends the program with a signal. Packed with the other
 * files it is compared and stamped as they are. For that its databases must not change, so triggers in
 * them ignore every write.
 *
 * Nothing here depends on Deno's tables. Where a later Deno keeps its state otherwise, starts are slower.
 *
 * @module
 */

import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SCRIPT_URL } from "./runtime.ts";

/** Bytes of a database as it is to be packed, and its file name. */
export interface FrozenDatabase {
  readonly name: string;
  readonly content: Uint8Array;
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** The schema without what SQLite keeps for itself, tables before the indexes on them. */
function schemaOf(database: DatabaseSync): SchemaRow[] {
  return database.prepare(
    `SELECT type, name, sql FROM sqlite_schema
     WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
     ORDER BY type = 'table' DESC, name`,
  ).all() as unknown as SchemaRow[];
}

/** Whether a row is about a file of the machine on which it was made, other than the script. */
function isForeign(row: readonly unknown[]): boolean {
  return row.some((value) =>
    typeof value === "string" && value.startsWith("file:") && value !== SCRIPT_URL
  );
}

/** Rows in the order of their first columns, that they may come out the same at each build. */
function sortedRows(database: DatabaseSync, table: string): SQLInputValue[][] {
  const statement = database.prepare(`SELECT * FROM ${quote(table)}`);
  statement.setReadBigInts(true);
  const key = (row: readonly unknown[]) => row.slice(0, 2).join("\0");
  return statement.all().map((row) => Object.values(row))
    .filter((row) => !isForeign(row))
    .sort((a, b) => key(a) < key(b) ? -1 : 1);
}

/** SQL by which `table` takes writes and does not change. RAISE(IGNORE): the statement succeeds. */
function freezing(table: string): string {
  return ["INSERT", "UPDATE", "DELETE"].map((event) =>
    `CREATE TRIGGER ${quote(`mvgal_${event}_${table}`)} BEFORE ${event} ON ${quote(table)}
     BEGIN SELECT RAISE(IGNORE); END;`
  ).join("\n");
}

/**
 * Copies a SQLite database into one that no longer changes.
 *
 * @param from an existing database.
 * @param to where the copy goes; nothing may be there.
 */
export function freezeDatabase(from: string, to: string): void {
  const source = new DatabaseSync(from);
  const copy = new DatabaseSync(to);
  try {
    const schema = schemaOf(source);
    copy.exec("BEGIN");
    for (const { sql } of schema) copy.exec(sql);
    for (const { type, name } of schema) {
      if (type !== "table") continue;
      for (const row of sortedRows(source, name)) {
        const values = row.map(() => "?").join(", ");
        copy.prepare(`INSERT INTO ${quote(name)} VALUES (${values})`).run(...row);
      }
      copy.exec(freezing(name));
    }
    copy.exec("COMMIT");
    // Deno asks SQLite to optimize, which writes where it finds tables that were never analyzed.
    copy.exec("ANALYZE");
    // As Deno opens it: else its first start would write this into the file.
    copy.exec("PRAGMA journal_mode = WAL");
  } finally {
    copy.close();
    source.close();
  }
}

/**
 * Freezes every database of a Deno cache directory.
 *
 * @param denoDir as Deno left it.
 * @param scratch an empty directory for the copies.
 */
export function freezeState(denoDir: string, scratch: string): FrozenDatabase[] {
  return Array.from(Deno.readDirSync(denoDir))
    .filter(({ name, isFile }) => isFile && !/-(wal|shm|journal)$/.test(name))
    .map(({ name }) => name)
    .sort()
    .filter((name) => isDatabase(join(denoDir, name)))
    .map((name) => {
      freezeDatabase(join(denoDir, name), join(scratch, name));
      return { name, content: Deno.readFileSync(join(scratch, name)) };
    });
}

/** The 16 bytes at the start of every database. Source: "Database File Format" of SQLite, section 1.3.1. */
function isDatabase(path: string): boolean {
  using file = Deno.openSync(path);
  const header = new Uint8Array(16);
  file.readSync(header);
  return new TextDecoder().decode(header) === "SQLite format 3\0";
}
