import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { installIcd, uninstallIcd } from "../../lib/launch/opencl_icd.ts";
import { shimPath } from "../../lib/launch/self.ts";
import { capture } from "./capture.ts";

/** Directories for an installation. */
class Places implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-opencl-" });
  readonly vendors = join(this.directory, "etc", "vendors");
  readonly libraries = join(this.directory, "lib");
  readonly icd = join(this.vendors, "mvgal.icd");
  readonly library = join(this.libraries, "libmvgal_opencl.so");

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("installIcd() names the library to loaders, and uninstallIcd() takes both away", () => {
  using places = new Places();
  assert.deepEqual(installIcd(new Uint8Array([1, 2]), places), [places.library, places.icd]);
  assert.equal(Deno.readTextFileSync(places.icd), `${places.library}\n`);
  // Again, over what is there.
  installIcd(new Uint8Array([3]), places);
  assert.deepEqual(Deno.readFileSync(places.library), new Uint8Array([3]));
  assert.deepEqual([...Deno.readDirSync(places.vendors)].map(({ name }) => name), ["mvgal.icd"]);
  Deno.writeTextFileSync(join(places.vendors, "other.icd"), "libother.so\n");
  assert.deepEqual(uninstallIcd(places), [places.icd, places.library]);
  assert.deepEqual(uninstallIcd(places), []);
  assert.ok(exists(join(places.vendors, "other.icd")));
});

Deno.test("uninstallIcd() leaves a library that somebody else's file names elsewhere", () => {
  using places = new Places();
  installIcd(new Uint8Array([1]), places);
  Deno.writeTextFileSync(places.icd, "/opt/libmvgal_opencl.so\n");
  assert.deepEqual(uninstallIcd(places), [places.icd]);
  assert.ok(exists(places.library));
});

Deno.test("uninstallIcd() leaves a file that names no library of mvgal, and its own library", () => {
  using places = new Places();
  installIcd(new Uint8Array([1]), places);
  for (const text of ["/opt/vendor.so\n", ""]) {
    Deno.writeTextFileSync(places.icd, text);
    assert.throws(
      () => uninstallIcd(places),
      /^Error: .*mvgal\.icd names '[^\n]*', which is no library of mvgal: [^\n]*$/,
    );
    assert.equal(Deno.readTextFileSync(places.icd), text);
    assert.ok(exists(places.library));
  }
});

Deno.test("installIcd() says in a line what cannot be written", () => {
  using places = new Places();
  Deno.writeTextFileSync(join(places.directory, "lib"), "a file");
  assert.throws(
    () => installIcd(new Uint8Array([1]), places),
    /^Error: cannot write .*libmvgal_opencl\.so: [^\n]*$/,
  );
});

Deno.test({
  name: "mvgal opencl install and uninstall say which files they touch",
  ignore: shimPath("opencl") === undefined,
  async fn() {
    using places = new Places();
    const args = ["--vendors", places.vendors, "--libraries", places.libraries];
    const installed = await capture(["opencl", "install", ...args]);
    assert.equal(installed.stdout, `wrote ${places.library}\nwrote ${places.icd}\n`);
    const removed = await capture(["opencl", "uninstall", ...args]);
    assert.equal(removed.stdout, `removed ${places.icd}\nremoved ${places.library}\n`);
    const again = await capture(["opencl", "uninstall", ...args]);
    assert.deepEqual([again.status, again.stdout], [0, "it is not installed\n"]);
    assert.equal((await capture(["opencl", "remove"])).status, 2);
  },
});

Deno.test({
  name: "mvgal opencl install writes an absolute path, wherever the directories are named from",
  ignore: shimPath("opencl") === undefined,
  async fn() {
    using places = new Places();
    const from = (path: string) => relative(Deno.cwd(), path);
    const args = ["--vendors", from(places.vendors), "--libraries", from(places.libraries)];
    const installed = await capture(["opencl", "install", ...args]);
    assert.equal(installed.stdout, `wrote ${places.library}\nwrote ${places.icd}\n`);
    assert.equal(Deno.readTextFileSync(places.icd), `${places.library}\n`);
    const removed = await capture(["opencl", "uninstall", ...args]);
    assert.equal(removed.stdout, `removed ${places.icd}\nremoved ${places.library}\n`);
  },
});

Deno.test("mvgal opencl refuses a directory without a name", async () => {
  using places = new Places();
  for (const action of ["install", "uninstall"]) {
    const { status, stderr } = await capture([
      "opencl",
      action,
      "--libraries=",
      "--vendors",
      places.vendors,
    ]);
    assert.deepEqual([status, stderr], [2, "mvgal: --libraries '' names no directory\n"]);
  }
});
