import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigEditError, editConfig } from "../../lib/config/edit.ts";
import { ConfigFileError, findConfig, loadConfig } from "../../lib/config/config_file.ts";
import { removeIniKey, setIniValue } from "../../lib/config/ini_document.ts";

/** A directory with a file, removed at the end. */
class Place implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "mvgal-config-" });
  readonly file = join(this.directory, "mvgal.conf");

  constructor(text?: string) {
    if (text !== undefined) Deno.writeTextFileSync(this.file, text);
  }

  get text(): string {
    return Deno.readTextFileSync(this.file);
  }

  get names(): string[] {
    return [...Deno.readDirSync(this.directory)].map(({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

const set = (path: string, key: string, value: string, options = {}) =>
  editConfig(path, (document) => setIniValue(document, "core", key, value), options);

Deno.test("editConfig() writes the edit, and leaves nothing else behind", () => {
  using place = new Place("# mine\n[core]\nenabled = true # yes\n");
  const { written, read } = set(place.file, "enabled", "false");
  assert.equal(written, true);
  assert.equal(read.config.core.enabled, false);
  assert.equal(place.text, "# mine\n[core]\nenabled = false # yes\n");
  assert.deepEqual(place.names, ["mvgal.conf"]);
});

Deno.test("editConfig() keeps mode, owner and links", () => {
  using place = new Place("[core]\nenabled = true\n");
  Deno.chmodSync(place.file, 0o640);
  const isRoot = Deno.uid() === 0;
  if (isRoot) Deno.chownSync(place.file, 12345, 54321);
  const link = join(place.directory, "link.conf");
  Deno.symlinkSync("mvgal.conf", link);
  set(link, "enabled", "false");
  assert.equal(Deno.lstatSync(link).isSymlink, true);
  assert.match(place.text, /false/);
  const { mode, uid, gid } = Deno.statSync(place.file);
  assert.equal((mode ?? 0) & 0o7777, 0o640);
  if (isRoot) assert.deepEqual([uid, gid], [12345, 54321]);
});

Deno.test("editConfig() makes a file that is not there, with its directory", () => {
  using place = new Place();
  const file = join(place.directory, "a/b/mvgal.conf");
  set(file, "enabled", "false");
  assert.equal(Deno.readTextFileSync(file), "[core]\nenabled = false\n");
});

Deno.test("editConfig() refuses what would make the file wrong, and leaves it as it is", () => {
  using place = new Place("[core]\nenabled = true\n");
  assert.throws(
    () => set(place.file, "enabled", "maybe"),
    (error) => error instanceof ConfigEditError && /give true or false/.test(error.message),
  );
  assert.equal(place.text, "[core]\nenabled = true\n");
  assert.deepEqual(place.names, ["mvgal.conf"]);
});

Deno.test("editConfig() changes a file that is wrong only where that makes it less wrong", () => {
  const wrong = "[core]\nenabeld = true\nenabled = maybe\n";
  using place = new Place(wrong);
  assert.throws(
    () => set(place.file, "gpu_count", "1"),
    (error) =>
      error instanceof ConfigEditError && /has an error already: .*:2: /.test(error.message),
  );
  assert.equal(place.text, wrong);
  set(place.file, "enabled", "true");
  const { read } = editConfig(place.file, (document) => removeIniKey(document, "core", "enabeld"));
  assert.equal(read.valid, true);
  assert.equal(place.text, "[core]\nenabled = true\n");
});

Deno.test("editConfig() refuses where another program changed the file meanwhile", () => {
  for (const replaced of [true, false]) {
    using place = new Place("[core]\nenabled = true\n");
    const theirs = "[core]\nenabled = true\n# theirs\n";
    const beforeRename = () => {
      // Editors write in place, or put a new file there.
      const at = replaced ? `${place.file}~` : place.file;
      Deno.writeTextFileSync(at, theirs);
      if (replaced) Deno.renameSync(at, place.file);
    };
    assert.throws(
      () => set(place.file, "enabled", "false", { beforeRename }),
      (error) =>
        error instanceof ConfigEditError && /changed by another program/.test(error.message),
    );
    assert.equal(place.text, theirs);
    assert.deepEqual(place.names, ["mvgal.conf"]);
  }
});

Deno.test("editConfig() with dryRun, and with nothing to change, writes nothing", () => {
  using place = new Place("[core]\nenabled = true\n");
  const { after, written } = set(place.file, "enabled", "false", { dryRun: true });
  assert.deepEqual([after, written], ["[core]\nenabled = false\n", false]);
  assert.equal(set(place.file, "enabled", "true").written, false);
  assert.equal(place.text, "[core]\nenabled = true\n");
  const absent = join(place.directory, "none/mvgal.conf");
  set(absent, "enabled", "true", { dryRun: true });
  assert.deepEqual(place.names, ["mvgal.conf"]);
});

Deno.test("editConfig() writes over what a killed edit left behind", () => {
  using place = new Place("[core]\nenabled = true\n");
  const secret = join(place.directory, "other");
  Deno.writeTextFileSync(secret, "untouched");
  Deno.symlinkSync("other", join(place.directory, ".mvgal.conf.new"));
  set(place.file, "enabled", "false");
  assert.match(place.text, /false/);
  assert.equal(Deno.readTextFileSync(secret), "untouched");
});

/** Runs a module of `body` with editConfig and setIniValue at hand. It is no file: several may begin at once. */
function child(place: Place, body: string, ...args: string[]): Promise<Deno.CommandOutput> {
  const imported = (name: string) =>
    JSON.stringify(new URL(`../../lib/config/${name}`, import.meta.url).href);
  const module = `import { editConfig } from ${imported("edit.ts")};
    import { setIniValue } from ${imported("ini_document.ts")};
    ${body}`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", config, module, place.file, ...args],
  }).output();
}

Deno.test("editConfig() that is killed leaves the file whole, and the next edit goes on", async () => {
  using place = new Place("[core]\nenabled = true\n");
  const { signal } = await child(
    place,
    `editConfig(Deno.args[0], (d) => setIniValue(d, "core", "enabled", "false"), {
      beforeRename: () => Deno.kill(Deno.pid, "SIGKILL"),
    });`,
  );
  assert.equal(signal, "SIGKILL");
  assert.equal(place.text, "[core]\nenabled = true\n");
  set(place.file, "enabled", "false");
  assert.equal(place.text, "[core]\nenabled = false\n");
  assert.deepEqual(place.names, ["mvgal.conf"]);
});

Deno.test("editConfig() by several processes at once loses no edit", async () => {
  using place = new Place("");
  const edits = `for (let i = 0; i < 10; i++) {
    const section = "gpu_" + (Number(Deno.args[1]) + i);
    editConfig(Deno.args[0], (d) => setIniValue(d, section, "priority", "7"));
  }`;
  const runs = await Promise.all([0, 10, 20].map((from) => child(place, edits, `${from}`)));
  for (const run of runs) assert.ok(run.success, new TextDecoder().decode(run.stderr));
  const { config: { gpus }, valid } = loadConfig({ option: place.file, env: () => undefined });
  assert.deepEqual([valid, gpus.length], [true, 30]);
});

Deno.test({
  name: Deno.uid() === 0
    ? "editConfig() says that the file may not be written (skipped: root may write everywhere)"
    : "editConfig() says that the file may not be written",
  ignore: Deno.uid() === 0,
  fn() {
    using place = new Place("[core]\nenabled = true\n");
    Deno.chmodSync(place.directory, 0o500);
    try {
      assert.throws(
        () => set(place.file, "enabled", "false"),
        (error) => error instanceof ConfigFileError && /use sudo/.test(error.message),
      );
    } finally {
      Deno.chmodSync(place.directory, 0o700);
    }
  },
});

Deno.test("loadConfig() says what is wrong with a file in one line", () => {
  using place = new Place();
  const load = (option: string) => () => loadConfig({ option, env: () => undefined });
  const fails = (option: string, message: RegExp) =>
    assert.throws(
      load(option),
      (error) => error instanceof ConfigFileError && message.test(error.message),
    );
  fails(place.file, /^there is no file /);
  fails(place.directory, /is no file: /);
  fails("/dev/zero", /is no file: /);
  Deno.writeFileSync(place.file, new Uint8Array([0x5b, 0x61, 0x5d, 0x0a, 0xff, 0x0a]));
  fails(place.file, /mvgal\.conf:2: the line is not UTF-8/);
  Deno.writeFileSync(place.file, new Uint8Array(1_048_577));
  fails(place.file, /may have 1048576$/);
});

Deno.test("findConfig() takes the option, the variable, the user's file, the host's", () => {
  using place = new Place();
  const system = join(place.directory, "system.conf");
  const home = join(place.directory, "home");
  const own = join(home, "mvgal/mvgal.conf");
  const env = (name: string) => name === "XDG_CONFIG_HOME" ? home : undefined;
  const find = (isRoot: boolean) => findConfig({ env, isRoot, system });
  assert.deepEqual(find(false), { path: own, from: "search", exists: false });
  assert.deepEqual(find(true), { path: system, from: "search", exists: false });
  Deno.writeTextFileSync(system, "");
  assert.deepEqual(find(false), { path: system, from: "search", exists: true });
  Deno.mkdirSync(join(home, "mvgal"), { recursive: true });
  Deno.writeTextFileSync(own, "");
  assert.deepEqual(find(false), { path: own, from: "search", exists: true });
  assert.equal(find(true).path, system);
  const named = (name: string) => name === "MVGAL_CONFIG" ? "/named" : env(name);
  assert.deepEqual(findConfig({ env: named, system }), {
    path: "/named",
    from: "MVGAL_CONFIG",
    exists: false,
  });
  assert.equal(findConfig({ option: "/o", env: named }).from, "--config");
});

Deno.test("loadConfig() has all defaults where a search finds no file, and refuses a named one", () => {
  using place = new Place();
  const env = (name: string) => name === "XDG_CONFIG_HOME" ? place.directory : undefined;
  const search = { env, isRoot: false, system: join(place.directory, "none") };
  assert.equal(loadConfig(search).path, null);
  assert.throws(() => loadConfig({ ...search, option: place.file }), ConfigFileError);
});
