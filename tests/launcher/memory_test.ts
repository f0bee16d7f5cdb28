import assert from "node:assert/strict";
import { join } from "node:path";
import { compress, packFile } from "../../scripts/compile/pack.ts";
import {
  bashTest,
  fakePayload,
  type Fixture,
  fixture,
  launcherTest,
  type Outcome,
  rootTest,
  run,
} from "./fixture.ts";

/** That a start ran from memory, and with everything that it is to have there. */
function assertFromMemory({ code, report, env, stderr }: Outcome): void {
  assert.equal(code, 0, stderr);
  assert.match(report.get("exe") ?? "", /^\/memfd:runtime/);
  assert.equal(report.get("marker"), "intact");
  assert.equal(report.get("content"), "the script");
  assert.equal(report.get("script"), "/proc/self/fd/1000");
  // F_SEAL_SEAL, SHRINK, GROW and WRITE; newer kernels add F_SEAL_EXEC.
  assert.equal(Number(report.get("seals")) & 0xf, 0xf);
  assert.equal(env.get("MVGAL_LAUNCHER_DIR"), undefined);
  assert.equal(
    env.get("MVGAL_LAUNCHER_FDS"),
    "1001:shims/libmvgal_fake.so 1000:script.js",
    "state is of no use without a directory",
  );
}

/** Runs a start in a mount namespace of its own, after a shell command there. */
function inNamespace(made: Fixture, setup: string, env: Record<string, string> = {}) {
  const script = `${setup} && exec "$EXECUTABLE" report`;
  return run(["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script], {
    HOME: made.home,
    PATH: Deno.env.get("PATH") ?? "",
    EXECUTABLE: made.executable,
    MVGAL_DEBUG: "1",
    ...env,
  });
}

launcherTest("without HOME it runs from memory", async () => {
  using made = fixture();
  const outcome = await run([made.executable, "report"], {});
  assertFromMemory(outcome);
  assert.equal(outcome.stderr, "");
});

launcherTest("with MVGAL_DEBUG=1 it says why it runs from memory", async () => {
  using made = fixture();
  const { stderr } = await run([made.executable, "report"], { HOME: "here", MVGAL_DEBUG: "1" });
  assert.equal(
    stderr,
    "mvgal: runs without a cache: neither XDG_CACHE_HOME nor HOME is set to an absolute path in UTF-8\n",
  );
});

launcherTest(
  "with a HOME that is no UTF-8, which Deno does not take, it runs from memory",
  async () => {
    using made = fixture();
    const script =
      `export HOME="$(printf '${made.root}/\\377')"; mkdir "$HOME" && exec ${made.executable} report`;
    const outcome = await run(["/bin/sh", "-c", script], { PATH: Deno.env.get("PATH") ?? "" });
    assert.match(outcome.report.get("exe") ?? "", /^\/memfd:/);
    assert.equal(outcome.code, 0);
  },
);

launcherTest("with a HOME in any script it has a cache", async () => {
  using made = fixture();
  const home = join(made.root, "домой 家 🏠 : %41#?");
  Deno.mkdirSync(home);
  const { report } = await run([made.executable, "report"], { HOME: home });
  assert.ok(report.get("dir")?.startsWith(home));
});

launcherTest("with a HOME that is not there it runs from memory, and makes none", async () => {
  using made = fixture();
  const home = join(made.root, "nobody");
  assertFromMemory(await run([made.executable, "report"], { HOME: home }));
  assert.throws(() => Deno.statSync(home), Deno.errors.NotFound);
});

launcherTest("with an XDG_CACHE_HOME that cannot be made it runs from memory", async () => {
  using made = fixture();
  assertFromMemory(
    await run([made.executable, "report"], { HOME: made.home, XDG_CACHE_HOME: "/proc/cache" }),
  );
});

launcherTest("with a cache directory that everyone can write it runs from memory", async () => {
  using made = fixture();
  Deno.chmodSync(made.home, 0o777);
  const outcome = await run([made.executable, "report"], { XDG_CACHE_HOME: made.home });
  assertFromMemory(outcome);
  assert.deepEqual(Array.from(Deno.readDirSync(made.home)), []);
});

bashTest("from memory it takes other descriptors where the script's is taken", async () => {
  using made = fixture();
  const { report, env } = await run(
    ["/bin/bash", "-c", `${made.executable} report 1000</dev/null`],
    {},
  );
  assert.equal(report.get("script"), "/proc/self/fd/1001");
  assert.equal(report.get("content"), "the script");
  assert.equal(env.get("MVGAL_LAUNCHER_FDS"), "1002:shims/libmvgal_fake.so 1001:script.js");
});

rootTest("on a home mounted noexec it runs from memory, and unpacks nothing", async () => {
  using made = fixture();
  const outcome = await inNamespace(made, 'mount -t tmpfs -o noexec tmpfs "$HOME"');
  assertFromMemory(outcome);
  assert.match(outcome.stderr, /\.cache is on a file system mounted noexec\n$/);
});

rootTest("on a home mounted noexec a cache from before is not used", async () => {
  using made = fixture();
  await run([made.executable, "report"], { HOME: made.home });
  assertFromMemory(
    await inNamespace(
      made,
      'mount --bind "$HOME" "$HOME" && mount -o remount,bind,noexec "$HOME"',
    ),
  );
});

rootTest("on a read-only home it runs from memory", async () => {
  using made = fixture();
  const outcome = await inNamespace(made, 'mount -t tmpfs -o ro tmpfs "$HOME"');
  assertFromMemory(outcome);
  assert.match(outcome.stderr, /Read-only file system\n$/);
});

rootTest("on a read-only home a cache from before is used", async () => {
  using made = fixture();
  await run([made.executable, "report"], { HOME: made.home });
  const { report } = await inNamespace(
    made,
    'mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME"',
  );
  assert.equal(report.get("dir"), made.cache);
});

rootTest("on a full disk it runs from memory, and leaves nothing behind", async () => {
  using made = fixture();
  const outcome = await inNamespace(
    made,
    'mount -t tmpfs -o size=256k tmpfs "$HOME" && "$EXECUTABLE" report >/dev/null 2>&1; find "$HOME" -type f >&2',
  );
  assertFromMemory(outcome);
  assert.match(outcome.stderr, /No space left on device\n$/);
  assert.match(outcome.stderr, /^\S*\/\.lock\n/, "only the lock is there");
  assert.equal(outcome.stderr.trim().split("\n").length, 2);
});

launcherTest("without the memory to unpack it says so in one line", async () => {
  const payload = fakePayload();
  const large = new Uint8Array(1 << 26);
  const file = { role: "asset", name: "shims/libmvgal_large.so", mode: 0o400 } as const;
  using made = fixture({
    ...payload,
    files: [...payload.files, packFile(file, large, compress(large, 1))],
  });
  const { code, stdout, stderr } = await run(
    ["/bin/sh", "-c", `ulimit -v 32768; exec ${made.executable} report`],
    { TMPDIR: made.root },
  );
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.match(stderr, /^mvgal: cannot start: [^\n]*not enough memory to unpack[^\n]*\n$/);
});
