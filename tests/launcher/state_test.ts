import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SCRIPT_URL } from "../../scripts/compile/runtime.ts";
import { freezeDatabase, freezeState } from "../../scripts/compile/state.ts";

function withDirectory(run: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** A database such as Deno's, with these specifiers. */
function makeDatabase(path: string, specifiers: readonly string[]): void {
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE cache (specifier TEXT PRIMARY KEY, hash INTEGER, data BLOB)");
  const insert = database.prepare("INSERT INTO cache VALUES (?, ?, ?)");
  for (const specifier of specifiers) {
    insert.run(specifier, -(2n ** 62n), new Uint8Array([1, 2, 3]));
  }
  database.close();
}

Deno.test("freezeDatabase() keeps rows, but those about other files", () => {
  withDirectory((directory) => {
    const [from, to] = [join(directory, "from"), join(directory, "to")];
    makeDatabase(from, [SCRIPT_URL, "node:fs", "file:///home/someone/else.mjs"]);
    freezeDatabase(from, to);
    const copy = new DatabaseSync(to, { readOnly: true });
    const statement = copy.prepare("SELECT * FROM cache ORDER BY specifier");
    statement.setReadBigInts(true);
    const rows = statement.all().map((row) => Object.values(row));
    copy.close();
    assert.deepEqual(rows, [
      [SCRIPT_URL, -(2n ** 62n), new Uint8Array([1, 2, 3])],
      ["node:fs", -(2n ** 62n), new Uint8Array([1, 2, 3])],
    ]);
  });
});

Deno.test("freezeDatabase() makes a file that writes succeed on and do not change", () => {
  withDirectory((directory) => {
    const [from, to] = [join(directory, "from"), join(directory, "to")];
    makeDatabase(from, [SCRIPT_URL, "node:fs"]);
    freezeDatabase(from, to);
    const before = Deno.readFileSync(to);

    // As Deno does at every start.
    const database = new DatabaseSync(to);
    database.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=memory; PRAGMA page_size=4096; PRAGMA mmap_size=6000000; PRAGMA optimize",
    );
    database.exec("CREATE TABLE IF NOT EXISTS cache (specifier TEXT PRIMARY KEY)");
    database.exec("INSERT OR REPLACE INTO cache VALUES ('node:fs', 1, x'00'), ('new', 1, x'00')");
    database.exec("UPDATE cache SET hash = 0");
    database.exec("DELETE FROM cache");
    const { rows } = database.prepare("SELECT count(*) AS rows FROM cache").get() ?? {};
    database.close();
    assert.equal(rows, 2);
    assert.deepEqual(Deno.readFileSync(to), before);
  });
});

Deno.test("freezeDatabase() gives the same bytes whatever the order of rows was", () => {
  withDirectory((directory) => {
    const names = ["node:a", "node:b", "node:c"];
    makeDatabase(join(directory, "1"), names);
    makeDatabase(join(directory, "2"), names.toReversed());
    freezeDatabase(join(directory, "1"), join(directory, "frozen 1"));
    freezeDatabase(join(directory, "2"), join(directory, "frozen 2"));
    assert.deepEqual(
      Deno.readFileSync(join(directory, "frozen 1")),
      Deno.readFileSync(join(directory, "frozen 2")),
    );
  });
});

Deno.test("freezeState() takes the databases of a directory and nothing else", () => {
  withDirectory((directory) => {
    const [from, to] = [join(directory, "deno"), join(directory, "frozen")];
    Deno.mkdirSync(join(from, "npm"), { recursive: true });
    Deno.mkdirSync(to);
    makeDatabase(join(from, "b_cache"), ["node:fs"]);
    makeDatabase(join(from, "a_cache"), ["node:fs"]);
    Deno.writeTextFileSync(join(from, "latest.txt"), "2.9.6");
    assert.deepEqual(freezeState(from, to).map(({ name }) => name), ["a_cache", "b_cache"]);
  });
});
