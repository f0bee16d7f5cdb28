import assert from "node:assert/strict";
import { join } from "node:path";
import {
  fakePayload,
  fixture,
  flipBit,
  launcherTest,
  leftovers,
  makeParent,
  offsetOf,
  report,
  run,
  writePacked,
} from "./fixture.ts";

const DAY = 86_400;

function inode(path: string): number | null {
  return Deno.statSync(path).ino;
}

function mode(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

launcherTest("a first start unpacks to $HOME/.cache/mvgal, for the user alone", async () => {
  using made = fixture();
  const { report: said, stderr } = await report(made);
  assert.equal(stderr, "");
  assert.equal(said.get("exe"), join(made.cache, "runtime"));
  assert.equal(said.get("dir"), made.cache);
  for (const directory of [join(made.home, ".cache"), made.store, made.cache]) {
    assert.equal(mode(directory), 0o700, directory);
  }
  assert.equal(mode(join(made.cache, "runtime")), 0o500);
  assert.equal(Deno.readTextFileSync(join(made.cache, "shims/libmvgal_fake.so")), "the shim");
  assert.equal(Deno.readTextFileSync(join(made.cache, "deno/state")), "the state");
  assert.deepEqual(leftovers(made.store), []);
});

launcherTest(
  "the modes of unpacked files do not depend on the umask, which is passed on",
  async () => {
    for (const umask of ["000", "777"]) {
      using made = fixture();
      const { report: said } = await run(
        ["/bin/sh", "-c", `umask ${umask}; exec ${made.executable} report`],
        { HOME: made.home },
      );
      assert.equal(said.get("umask"), umask);
      for (const directory of [join(made.home, ".cache"), made.store, made.cache]) {
        assert.equal(mode(directory), 0o700, directory);
      }
      assert.equal(mode(join(made.cache, "runtime")), 0o500);
      assert.equal(mode(join(made.cache, "deno/state")), 0o600);
    }
  },
);

launcherTest("a second start unpacks nothing", async () => {
  using made = fixture();
  await report(made);
  const before = inode(join(made.cache, "runtime"));
  const stamp = inode(join(made.cache, "stamp"));
  const { code } = await report(made);
  assert.equal(code, 0);
  assert.equal(inode(join(made.cache, "runtime")), before);
  assert.equal(inode(join(made.cache, "stamp")), stamp, "not even the stamp is new");
});

launcherTest("$XDG_CACHE_HOME comes before $HOME, and is made where it is missing", async () => {
  using made = fixture();
  const cache = join(made.root, "not/there/yet");
  const { report } = await run([made.executable, "report"], {
    HOME: made.home,
    XDG_CACHE_HOME: cache,
  });
  assert.ok(report.get("exe")?.startsWith(join(cache, "mvgal/")));
  assert.equal(mode(join(made.root, "not")), 0o700);
  assert.deepEqual(Array.from(Deno.readDirSync(made.home)), []);
});

launcherTest("a relative $XDG_CACHE_HOME is ignored", async () => {
  using made = fixture();
  const { report } = await run([made.executable, "report"], {
    HOME: made.home,
    XDG_CACHE_HOME: "cache",
  });
  assert.equal(report.get("dir"), made.cache);
});

launcherTest("first starts at once all run, from one cache", async () => {
  using made = fixture();
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => report(made)));
  for (const { code, report, stderr } of outcomes) {
    assert.equal(code, 0, stderr);
    assert.equal(report.get("exe"), join(made.cache, "runtime"));
    assert.equal(report.get("content"), "the script");
  }
  assert.deepEqual(leftovers(made.store), []);
});

launcherTest("starts at once that find a damaged cache all run, from a new one", async () => {
  using made = fixture();
  await report(made);
  const path = join(made.cache, "runtime");
  flipBit(path, offsetOf(path, "marker:intact") + "marker:in".length);
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => report(made)));
  for (const { code, report } of outcomes) {
    assert.equal(code, 0);
    assert.equal(report.get("marker"), "intact");
  }
  assert.deepEqual(leftovers(made.store), []);
});

launcherTest("a flipped bit in the cached runtime is found, and the runtime replaced", async () => {
  using made = fixture();
  await report(made);
  const path = join(made.cache, "runtime");
  const before = Deno.statSync(path);
  flipBit(path, offsetOf(path, "marker:intact") + "marker:in".length);
  assert.deepEqual(Deno.statSync(path).mtime, before.mtime, "nothing but ctime tells");
  const { report: said } = await report(made);
  assert.equal(said.get("marker"), "intact");
  assert.notEqual(inode(path), before.ino);
  assert.deepEqual(leftovers(made.store), []);
});

for (const name of ["script.js", "shims/libmvgal_fake.so", "deno/state"]) {
  launcherTest(`a flipped bit in the cached ${name} is found, and the file replaced`, async () => {
    using made = fixture();
    await report(made);
    const path = join(made.cache, name);
    const before = Deno.readFileSync(path);
    flipBit(path, 4);
    assert.notDeepEqual(Deno.readFileSync(path), before);
    const { report: said } = await report(made);
    assert.equal(said.get("content"), "the script");
    assert.deepEqual(Deno.readFileSync(path), before);
  });
}

launcherTest("a cached file that is longer, shorter, missing or a link is replaced", async () => {
  using made = fixture();
  const path = join(made.cache, "script.js");
  const spoil: Record<string, () => void> = {
    longer: () => Deno.writeTextFileSync(path, "the script and more"),
    shorter: () => Deno.writeTextFileSync(path, "the"),
    missing: () => Deno.removeSync(path),
    "a link": () => {
      Deno.writeTextFileSync(join(made.root, "elsewhere"), "the script");
      Deno.removeSync(path);
      Deno.symlinkSync(join(made.root, "elsewhere"), path);
    },
    "open to others": () => Deno.chmodSync(path, 0o666),
    "a directory": () => {
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    },
  };
  for (const [how, change] of Object.entries(spoil)) {
    await report(made);
    if (how !== "missing") Deno.chmodSync(path, 0o600);
    change();
    const { report: said } = await report(made);
    assert.equal(said.get("content"), "the script", how);
    assert.ok(Deno.lstatSync(path).isFile, how);
    assert.equal(mode(path), 0o400, how);
  }
});

launcherTest("files that were touched but not changed are compared, and kept", async () => {
  using made = fixture();
  await report(made);
  const path = join(made.cache, "runtime");
  const before = inode(path);
  Deno.utimeSync(path, 1, 1);
  const stamp = Deno.readTextFileSync(join(made.cache, "stamp"));
  const { report: said } = await report(made);
  assert.equal(said.get("exe"), path);
  assert.equal(inode(path), before);
  assert.notEqual(Deno.readTextFileSync(join(made.cache, "stamp")), stamp);
});

launcherTest(
  "a damaged or missing stamp makes the files be compared, and is written anew",
  async () => {
    using made = fixture();
    await report(made);
    const path = join(made.cache, "stamp");
    const good = Deno.readTextFileSync(path);
    const before = inode(join(made.cache, "runtime"));
    Deno.writeTextFileSync(path, good.replace(" ", "  "));
    await report(made);
    assert.equal(Deno.readTextFileSync(path), good);
    Deno.removeSync(path);
    Deno.writeTextFileSync(`${path}.new`, "of a start that was killed");
    await report(made);
    assert.equal(Deno.readTextFileSync(path), good);
    assert.equal(inode(join(made.cache, "runtime")), before);
  },
);

launcherTest("a cache that others can enter is replaced", async () => {
  using made = fixture();
  await report(made);
  const before = inode(made.cache);
  Deno.chmodSync(made.cache, 0o755);
  await report(made);
  assert.equal(mode(made.cache), 0o700);
  assert.notEqual(inode(made.cache), before);
});

launcherTest("a directory of versions that others can enter is closed to them", async () => {
  using made = fixture();
  await report(made);
  Deno.chmodSync(made.store, 0o777);
  await report(made);
  assert.equal(mode(made.store), 0o700);
});

launcherTest("a link of the user's own in the cache's place is followed", async () => {
  using made = fixture();
  const elsewhere = join(made.root, "disk");
  Deno.mkdirSync(elsewhere);
  Deno.symlinkSync(elsewhere, makeParent(made.store));
  const { report: said } = await report(made);
  assert.equal(said.get("exe"), join(elsewhere, made.cache.slice(-64), "runtime"));
});

launcherTest(
  "a link in the place of a version, or one that leads nowhere, is replaced",
  async () => {
    using made = fixture();
    Deno.symlinkSync("/nonexistent", makeParent(made.store));
    await report(made);
    assert.ok(Deno.lstatSync(made.store).isDirectory);

    const moved = join(made.root, "moved");
    Deno.renameSync(made.cache, moved);
    Deno.symlinkSync(moved, made.cache);
    const { report: said } = await report(made);
    assert.equal(said.get("exe"), join(made.cache, "runtime"));
    assert.ok(Deno.lstatSync(made.cache).isDirectory);
    assert.ok(Deno.statSync(join(moved, "runtime")).isFile, "what it led to is left alone");
  },
);

launcherTest("files in the place of directories are replaced", async () => {
  using made = fixture();
  Deno.writeTextFileSync(makeParent(made.store), "");
  assert.equal((await report(made)).report.get("dir"), made.cache);
  Deno.removeSync(made.cache, { recursive: true });
  Deno.writeTextFileSync(made.cache, "");
  assert.equal((await report(made)).report.get("dir"), made.cache);
});

launcherTest(
  "what a start that was killed left behind is removed by the next that unpacks",
  async () => {
    using made = fixture();
    const left = join(made.store, ".new-1/deno");
    Deno.mkdirSync(left, { recursive: true });
    Deno.writeTextFileSync(join(left, "state"), "half");
    await report(made);
    assert.deepEqual(leftovers(made.store), []);
  },
);

/** Puts a version of another name into the store, last started `days` ago. */
function oldVersion(store: string, digit: string, days: number): string {
  const path = join(store, digit.repeat(64));
  Deno.mkdirSync(path, { mode: 0o700 });
  Deno.writeTextFileSync(join(path, "stamp"), "");
  const then = Date.now() / 1000 - days * DAY;
  Deno.utimeSync(join(path, "stamp"), then, then);
  return path;
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

launcherTest("unpacking removes versions not started for two weeks, and nothing else", async () => {
  using made = fixture();
  Deno.mkdirSync(made.store, { recursive: true, mode: 0o700 });
  const forgotten = oldVersion(made.store, "a", 15);
  const recent = oldVersion(made.store, "b", 13);
  const running = oldVersion(made.store, "c", 15);
  const other = join(made.store, "names");
  Deno.mkdirSync(other, { mode: 0o700 });

  Deno.copyFileSync("/bin/sleep", join(running, "runtime"));
  const sleeper = new Deno.Command(join(running, "runtime"), { args: ["60"] }).spawn();
  try {
    await report(made);
    assert.equal(isThere(forgotten), false, "forgotten");
    assert.equal(isThere(recent), true, "recently started");
    assert.equal(isThere(running), true, "running");
    assert.equal(isThere(other), true, "not a version");
  } finally {
    sleeper.kill();
    await sleeper.status;
  }
});

launcherTest("a start notes its day, so that a version in use is not forgotten", async () => {
  using made = fixture();
  await report(made);
  const stamp = join(made.cache, "stamp");
  const old = Date.now() / 1000 - 20 * DAY;
  Deno.utimeSync(stamp, old, old);
  await report(made);
  assert.ok((Deno.statSync(stamp).mtime?.getTime() ?? 0) > Date.now() - 3_600_000);

  const second = join(made.root, "second");
  writePacked(second, { ...fakePayload(), env: { OTHER: "version" } });
  await run([second, "report"], { HOME: made.home });
  assert.equal(isThere(made.cache), true);
});
