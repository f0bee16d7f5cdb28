/** Files that are written whole or not at all, and the commands that write them. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { whyNotWritable, writeWhole } from "../../lib/cli/whole_file.ts";
import { DUMPS } from "../sysfs/tree.ts";
import { capture } from "./capture.ts";

const MAIN = join(import.meta.dirname ?? ".", "..", "..", "main.ts");

/** A directory, which is gone afterwards. */
class Work implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-whole-" });

  /** A file with a text in it. */
  file(text: string, name = "file"): string {
    const path = join(this.directory, name);
    Deno.writeTextFileSync(path, text);
    return path;
  }

  names(): string[] {
    return [...Deno.readDirSync(this.directory)].map(({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

function* failing(): Generator<Uint8Array> {
  yield new TextEncoder().encode("the first half");
  throw new Error("no more");
}

Deno.test("writeWhole() leaves what was there, and nothing beside it, where it fails", async () => {
  using work = new Work();
  const path = work.file("good");
  await assert.rejects(writeWhole(path, failing()), new Error(`cannot write ${path}: no more`));
  assert.equal(Deno.readTextFileSync(path), "good");
  assert.deepEqual(work.names(), ["file"]);
});

Deno.test("writeWhole() keeps the mode of a file, and links to it", async () => {
  using work = new Work();
  const path = work.file("old");
  Deno.chmodSync(path, 0o600);
  Deno.symlinkSync("file", join(work.directory, "link"));
  Deno.symlinkSync("later", join(work.directory, "dangling"));
  await writeWhole(join(work.directory, "link"), "new");
  await writeWhole(join(work.directory, "dangling"), "first");
  assert.equal(Deno.readTextFileSync(path), "new");
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  assert.equal(Deno.readTextFileSync(join(work.directory, "later")), "first");
  assert.deepEqual(work.names(), ["dangling", "file", "later", "link"]);
  assert.ok(Deno.lstatSync(join(work.directory, "link")).isSymlink);
});

Deno.test("whyNotWritable() leaves no trace", () => {
  using work = new Work();
  const path = work.file("good");
  assert.equal(whyNotWritable(path), undefined);
  assert.equal(whyNotWritable(join(work.directory, "new")), undefined);
  assert.equal(whyNotWritable("/dev/null"), undefined);
  assert.equal(
    whyNotWritable(join(work.directory, "nowhere", "new")),
    "No such file or directory",
  );
  assert.deepEqual([Deno.readTextFileSync(path), work.names()], ["good", ["file"]]);
});

/** Runs mvgal by a shell: `"$@"` stands for it and its arguments. */
async function shell(script: string, args: readonly string[]): Promise<Captured> {
  const mvgal = [Deno.execPath(), "run", "-A", "--no-check", "--no-code-cache", MAIN, ...args];
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", ...mvgal],
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

interface Captured {
  code: number;
  stdout: string;
  stderr: string;
}

const DUMP = ["--sysroot", join(DUMPS, "rx580")];

Deno.test("mvgal dump leaves an archive that is there where the new one does not fit", async () => {
  using work = new Work();
  const path = work.file("good");
  // Of one block, of 512 or 1024 bytes.
  const run = await shell(`trap '' XFSZ; ulimit -f 1; exec "$@"`, ["dump", path, ...DUMP]);
  assert.equal(run.code, 1, run.stderr);
  assert.equal(run.stderr, `mvgal: cannot write ${path}: File too large\n`);
  assert.equal(Deno.readTextFileSync(path), "good");
  assert.deepEqual(work.names(), ["file"]);
});

Deno.test("mvgal dump writes to a descriptor, behind what its file holds already", async () => {
  using work = new Work();
  const path = join(work.directory, "all");
  // /dev/stdout leads here, and some containers lack it.
  const args = ["dump", "/proc/self/fd/1", ...DUMP];
  const run = await shell(`{ echo before; "$@" && echo after; } >> ${path}`, args);
  assert.equal(run.code, 0, run.stderr);
  const plain = await capture(["dump", "-", ...DUMP]);
  const all = new TextDecoder().decode(Deno.readFileSync(path));
  assert.ok(all === `before\n${plain.stdout}after\n`, `${all.length} characters`);
  const piped = await shell(`"$@" | cat`, args);
  assert.ok(piped.stdout === plain.stdout, `${piped.stdout.length} characters`);
});

Deno.test("mvgal dump says in a line where a device is full, and keeps the device", async () => {
  const { status, stderr } = await capture(["dump", "/dev/full", ...DUMP]);
  assert.deepEqual([status, stderr], [
    1,
    "mvgal: cannot write /dev/full: No space left on device\n",
  ]);
  assert.ok(Deno.statSync("/dev/full").isCharDevice);
});
