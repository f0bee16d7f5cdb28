import assert from "node:assert/strict";
import { join } from "node:path";
import { packFile } from "../../scripts/compile/pack.ts";
import {
  build,
  fakePayload,
  type Fixture,
  fixture,
  flipBit,
  launcherTest,
  run,
} from "./fixture.ts";

const SIZE_OF_TRAILER = 112;

/** Runs the executable and asserts that it refuses in one line that says what is wrong. */
async function assertRefuses(made: Fixture, why: RegExp): Promise<void> {
  const { code, signal, stdout, stderr } = await run([made.executable, "report"], {
    HOME: made.home,
    TMPDIR: made.root,
  });
  assert.deepEqual({ code, signal, stdout }, { code: 1, signal: null, stdout: "" }, stderr);
  assert.match(stderr, /^mvgal: [^\n]+\n$/);
  assert.match(stderr, why);
}

launcherTest("a truncated executable says so, wherever it was cut", async () => {
  using made = fixture();
  const { size } = Deno.statSync(made.executable);
  for (const lost of [1, 15, 16, 17, SIZE_OF_TRAILER, SIZE_OF_TRAILER + 1, 1000, 200_000]) {
    using copy = fixture();
    Deno.truncateSync(copy.executable, size - lost);
    await assertRefuses(copy, /mvgal is damaged or incomplete, get a new copy: its end is missing/);
  }
});

launcherTest("an executable with bytes missing in the middle or added says so", async () => {
  using made = fixture();
  const bytes = Deno.readFileSync(made.executable);
  const launcherEnd = bytes.length - 300_000;
  const cut = new Uint8Array([
    ...bytes.subarray(0, launcherEnd),
    ...bytes.subarray(launcherEnd + 1),
  ]);
  Deno.writeFileSync(made.executable, cut);
  await assertRefuses(made, /damaged or incomplete, .*: its length is not what it was built with/);
});

launcherTest(
  "an executable with a flipped bit in its trailer or its list of files says so",
  async () => {
    using made = fixture();
    const { size } = Deno.statSync(made.executable);
    const good = Deno.readFileSync(made.executable);
    // Each number's lowest and highest byte, the hash, the magic, and the list's checksum and content.
    const offsets = [1, 16, 17, 24, 25, 32, 33, 40, 41, 48, 49, 80, 112, 113, 116, 130, 200];
    for (const offset of offsets) {
      flipBit(made.executable, size - offset);
      const { code, stderr } = await run([made.executable, "report"], { HOME: made.home });
      assert.equal(code, 1, `offset ${offset}`);
      assert.match(stderr, /^mvgal: [^\n]* is damaged or incomplete, get a new copy: [^\n]+\n$/);
      Deno.writeFileSync(made.executable, good);
    }
  },
);

launcherTest(
  "an executable with a flipped bit in a packed file says which, and caches nothing",
  async () => {
    using made = fixture();
    // The state is the last file before the list.
    const packed = fakePayload().files.at(-1)?.packed.length ?? 0;
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(made.executable));
    const at = text.lastIndexOf("the state");
    assert.ok(at > text.length - 2000 && packed > 0);
    flipBit(made.executable, at);
    await assertRefuses(made, /deno\/state in it does not unpack: .*checksum/);
    assert.throws(() => Deno.statSync(made.cache), Deno.errors.NotFound);
  },
);

launcherTest("an executable damaged after its first start still runs from its cache", async () => {
  using made = fixture();
  await run([made.executable, "report"], { HOME: made.home });
  const text = new TextDecoder("latin1").decode(Deno.readFileSync(made.executable));
  flipBit(made.executable, text.lastIndexOf("the state"));
  const { code } = await run([made.executable, "report"], { HOME: made.home });
  assert.equal(code, 0);
});

launcherTest(
  "the launcher alone, without anything behind it, says that its end is missing",
  async () => {
    using made = fixture();
    Deno.copyFileSync(build().launcher.launcher, made.executable);
    await assertRefuses(made, /its end is missing/);
  },
);

launcherTest("names that lead out of the cache are refused", async () => {
  const payload = fakePayload();
  for (const name of ["../evil", "/evil", ".hidden", "a/../b", "a/b/c", "a/", "", "a\\b"]) {
    const files = payload.files.map((file) => file.role === "asset" ? { ...file, name } : file);
    using made = fixture({ ...payload, files });
    await assertRefuses(made, /its list of files is not one that this launcher knows/);
    assert.deepEqual(Array.from(Deno.readDirSync(made.home)), [], name);
  }
});

launcherTest("a file of another length than the list says is refused", async () => {
  const payload = fakePayload();
  const files = payload.files.map((file) => ({ ...file, size: file.size + 1 }));
  using made = fixture({ ...payload, files });
  await assertRefuses(made, /runtime in it does not unpack: wrong length/);
});

launcherTest("a runtime that cannot be executed is reported in one line", async () => {
  const payload = fakePayload();
  const text = new TextEncoder().encode("no executable");
  using made = fixture({
    ...payload,
    files: [packFile({ role: "runtime", name: "runtime", mode: 0o500 }, text)],
  });
  await assertRefuses(made, /cannot execute \S+: Exec format error/);
  assert.ok(Deno.statSync(join(made.cache, "runtime")).isFile);
});
