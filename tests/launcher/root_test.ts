import assert from "node:assert/strict";
import { join } from "node:path";
import { fixture, leftovers, makeParent, report, rootTest, run } from "./fixture.ts";

/** `nobody` of most distributions; any user but root will do. */
const NOBODY = 65_534;

/** Runs a command as that user. */
function asNobody(command: readonly string[], env: Record<string, string>) {
  return run(["setpriv", `--reuid=${NOBODY}`, "--clear-groups", ...command], {
    PATH: Deno.env.get("PATH") ?? "",
    ...env,
  });
}

rootTest("a version that belongs to another user is replaced", async () => {
  using made = fixture();
  await report(made);
  const before = Deno.statSync(made.cache).ino;
  Deno.chownSync(made.cache, NOBODY, NOBODY);
  const { report: said } = await report(made);
  assert.equal(said.get("dir"), made.cache);
  assert.equal(Deno.statSync(made.cache).uid, 0);
  assert.notEqual(Deno.statSync(made.cache).ino, before);
  assert.deepEqual(leftovers(made.store), []);
});

rootTest("a cached file that belongs to another user is replaced", async () => {
  using made = fixture();
  await report(made);
  const path = join(made.cache, "runtime");
  Deno.chownSync(path, NOBODY, NOBODY);
  await report(made);
  assert.equal(Deno.statSync(path).uid, 0);
});

rootTest("a cache that belongs to another user is put aside, and never used", async () => {
  using made = fixture();
  await report(made);
  Deno.writeTextFileSync(join(made.store, "theirs"), "");
  Deno.chownSync(made.store, NOBODY, NOBODY);
  const { report: said } = await report(made);
  assert.equal(said.get("dir"), made.cache);
  assert.equal(Deno.statSync(made.store).uid, 0);
  assert.deepEqual(leftovers(made.store), []);
  assert.deepEqual(leftovers(join(made.home, ".cache")), ["mvgal"]);
});

rootTest("another user's link in the cache's place is not followed", async () => {
  using made = fixture();
  const elsewhere = join(made.root, "elsewhere");
  Deno.mkdirSync(elsewhere, { mode: 0o700 });
  Deno.symlinkSync(elsewhere, makeParent(made.store));
  await run(["chown", "--no-dereference", `${NOBODY}`, made.store], {
    PATH: Deno.env.get("PATH") ?? "",
  });
  const { report: said } = await report(made);
  assert.equal(said.get("dir"), made.cache);
  assert.ok(Deno.lstatSync(made.store).isDirectory);
  assert.deepEqual(Array.from(Deno.readDirSync(elsewhere)), []);
});

rootTest("another user's home, as under sudo, is left alone", async () => {
  using made = fixture();
  Deno.chownSync(made.home, NOBODY, NOBODY);
  const { report: said, stderr } = await run([made.executable, "report"], {
    HOME: made.home,
    MVGAL_DEBUG: "1",
  });
  assert.match(said.get("exe") ?? "", /^\/memfd:/);
  assert.match(stderr, /HOME=\S+ is not a directory of this user\n$/);
  assert.deepEqual(Array.from(Deno.readDirSync(made.home)), []);
});

rootTest("a cache directory that belongs to another user is left alone", async () => {
  using made = fixture();
  Deno.chownSync(made.home, NOBODY, NOBODY);
  const { report: said, stderr } = await run([made.executable, "report"], {
    XDG_CACHE_HOME: made.home,
    MVGAL_DEBUG: "1",
  });
  assert.match(said.get("exe") ?? "", /^\/memfd:/);
  assert.match(stderr, /home belongs to another user\n$/);
  assert.deepEqual(Array.from(Deno.readDirSync(made.home)), []);
});

rootTest("a user without rights in a foreign cache's parent runs from memory", async () => {
  using made = fixture();
  Deno.chmodSync(made.root, 0o755);
  // Sticky, as /tmp: root's directory there cannot be moved away.
  const shared = join(made.root, "shared");
  Deno.mkdirSync(join(shared, "mvgal"), { recursive: true });
  Deno.chmodSync(shared, 0o1777);
  const { report: said, code, stderr } = await asNobody([made.executable, "report"], {
    XDG_CACHE_HOME: shared,
    MVGAL_DEBUG: "1",
  });
  assert.equal(code, 0);
  assert.match(said.get("exe") ?? "", /^\/memfd:/);
  assert.match(stderr, /cannot replace mvgal: Operation not permitted\n$/);
});

rootTest("an ordinary user has a cache of their own", async () => {
  using made = fixture();
  Deno.chmodSync(made.root, 0o755);
  Deno.chownSync(made.home, NOBODY, NOBODY);
  for (let start = 0; start < 2; start++) {
    const { report: said } = await asNobody([made.executable, "report"], { HOME: made.home });
    assert.equal(said.get("dir"), made.cache);
  }
  assert.equal(Deno.statSync(made.cache).uid, NOBODY);
});

rootTest("an ordinary user has a cache under any umask", async () => {
  using made = fixture();
  Deno.chmodSync(made.root, 0o755);
  Deno.chownSync(made.home, NOBODY, NOBODY);
  const command = ["/bin/sh", "-c", `umask 777; exec ${made.executable} report`];
  const { report: said } = await asNobody(command, { HOME: made.home });
  assert.equal(said.get("dir"), made.cache);
});

/** Runs the executable in a root directory that holds it and /tmp, after a shell command outside it. */
async function inEmptyRoot(proc: boolean, args: readonly string[]) {
  const made = fixture();
  const root = join(made.root, "empty");
  Deno.mkdirSync(join(root, "tmp"), { recursive: true });
  Deno.chmodSync(join(root, "tmp"), 0o1777);
  Deno.copyFileSync(made.executable, join(root, "mvgal"));
  const mount = proc ? `mkdir ${root}/proc && mount -t proc proc ${root}/proc &&` : "";
  const outcome = await run(
    [
      ...["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c"],
      `${mount} exec env -i MVGAL_DEBUG=1 $(command -v chroot) ${root} /mvgal ${args.join(" ")}`,
    ],
    { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin` },
  );
  return { made, root, hash: made.cache.slice(-64), outcome };
}

rootTest("in an empty root with /proc it runs from memory", async () => {
  const { made, root, outcome } = await inEmptyRoot(true, ["report"]);
  using _ = made;
  assert.match(outcome.report.get("exe") ?? "", /^\/memfd:/, outcome.stderr);
  assert.equal(outcome.report.get("content"), "the script");
  assert.equal(outcome.env.get("MVGAL_LAUNCHER_SELF"), "/mvgal");
  assert.deepEqual(Array.from(Deno.readDirSync(join(root, "tmp"))), []);
});

rootTest("in an empty root without /proc it runs from a directory in /tmp", async () => {
  const { made, root, hash, outcome } = await inEmptyRoot(false, ["report"]);
  using _ = made;
  const directory = `/tmp/mvgal-0/${hash}`;
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(outcome.report.get("script"), `${directory}/script.js`);
  assert.equal(outcome.report.get("content"), "the script");
  assert.equal(outcome.env.get("MVGAL_LAUNCHER_DIR"), directory);
  assert.equal(outcome.env.get("MVGAL_LAUNCHER_SELF"), "/mvgal");
  assert.equal((Deno.statSync(join(root, "tmp/mvgal-0")).mode ?? 0) & 0o777, 0o700);
});
