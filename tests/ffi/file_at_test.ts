import assert from "node:assert/strict";
import { join } from "node:path";
import { AT_FDCWD, encodePath, Errno, FileAt } from "../../ffi/file_at.ts";

/** A directory with some files, and the calls. */
class Fixture implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-file-at-" });
  readonly at = new FileAt();

  path(name: string): Uint8Array<ArrayBuffer> {
    return encodePath(join(this.directory, name));
  }

  [Symbol.dispose](): void {
    this.at[Symbol.dispose]();
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("FileAt.numbers() lists decimal names alone, as many as there are", () => {
  using fixture = new Fixture();
  const { at, directory } = fixture;
  const names = Array.from({ length: 3000 }, (_, index) => index);
  for (const name of names) Deno.writeTextFileSync(join(directory, String(name)), "");
  for (const name of ["self", "01", "-1", "1x", "9".repeat(30), "2147483648", ".5"]) {
    Deno.writeTextFileSync(join(directory, name), "");
  }
  const fd = at.openDirectory(AT_FDCWD, encodePath(directory));
  assert.ok(fd >= 0);
  const found: number[] = [99];
  assert.equal(at.numbers(fd, found), names.length);
  at.close(fd);
  assert.deepEqual(found.sort((a, b) => a - b), names);
});

Deno.test("FileAt.readLink() gives a link's target, and why there is none", () => {
  using fixture = new Fixture();
  const { at, directory } = fixture;
  Deno.symlinkSync("/dev/dri/renderD128", join(directory, "link"));
  const length = at.readLink(AT_FDCWD, fixture.path("link"));
  assert.equal(new TextDecoder().decode(at.target.subarray(0, length)), "/dev/dri/renderD128");
  assert.equal(at.readLink(AT_FDCWD, fixture.path("none")), -Errno.ENOENT);
});

Deno.test("FileAt.readFile() reads files of the kernel's and ordinary ones, cut to the buffer", () => {
  using fixture = new Fixture();
  const { at, directory } = fixture;
  const text = "0123456789".repeat(1000);
  Deno.writeTextFileSync(join(directory, "file"), text);
  const buffer = new Uint8Array(20_000);
  const length = at.readFile(AT_FDCWD, fixture.path("file"), buffer);
  assert.equal(new TextDecoder().decode(buffer.subarray(0, length)), text);
  assert.equal(at.readFile(AT_FDCWD, fixture.path("file"), new Uint8Array(7)), 7);
  assert.ok(at.readFile(AT_FDCWD, encodePath("/proc/self/stat"), buffer) > 0);
});

Deno.test("FileAt follows no link and waits for no FIFO", () => {
  using fixture = new Fixture();
  const { at, directory } = fixture;
  Deno.symlinkSync("/proc/self/stat", join(directory, "link"));
  Deno.symlinkSync("/proc", join(directory, "elsewhere"));
  new Deno.Command("mkfifo", { args: [join(directory, "fifo")] }).outputSync();
  const buffer = new Uint8Array(100);
  assert.ok(at.readFile(AT_FDCWD, fixture.path("link"), buffer) < 0);
  assert.ok(at.openDirectory(AT_FDCWD, fixture.path("elsewhere")) < 0);
  assert.ok(at.readFile(AT_FDCWD, fixture.path("fifo"), buffer) <= 0);
});

Deno.test("FileAt.size() gives the file system's size", () => {
  using fixture = new Fixture();
  Deno.writeTextFileSync(join(fixture.directory, "file"), "12345");
  assert.equal(fixture.at.size(AT_FDCWD, fixture.path("file")), 5);
  assert.equal(fixture.at.size(AT_FDCWD, fixture.path("none")), -Errno.ENOENT);
});

Deno.test("FileAt leaves no descriptor open", () => {
  using fixture = new Fixture();
  const { at, directory } = fixture;
  Deno.writeTextFileSync(join(directory, "file"), "x");
  const open = () => Array.from(Deno.readDirSync("/proc/self/fd")).length;
  const before = open();
  for (let index = 0; index < 20; index++) {
    at.readFile(AT_FDCWD, fixture.path("file"), new Uint8Array(10));
    at.close(at.openDirectory(AT_FDCWD, encodePath(directory)));
  }
  assert.equal(open(), before);
});
