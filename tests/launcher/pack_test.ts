import assert from "node:assert/strict";
import { zstdDecompressSync } from "node:zlib";
import { compress, pack, packFile, type Payload } from "../../scripts/compile/pack.ts";

const LAUNCHER = new TextEncoder().encode("the launcher");

function payload(content: string, packed?: Uint8Array): Payload {
  const bytes = new TextEncoder().encode(content);
  return {
    files: [packFile({ role: "runtime", name: "runtime", mode: 0o500 }, bytes, packed)],
    args: ["run", "{script}"],
    env: { A: "b=c" },
    hide: ["X_"],
    mask: ["dx"],
    scriptFd: 1000,
  };
}

Deno.test("pack() gives the same bytes for the same payload", () => {
  assert.deepEqual(pack(LAUNCHER, payload("x")), pack(LAUNCHER, payload("x")));
});

Deno.test("pack() names content by what it is, not by how it was compressed", () => {
  const large = Array.from({ length: 1000 }, (_, index) => index ** 2).join(" ");
  const bytes = new TextEncoder().encode(large);
  const [fast, small] = [compress(bytes, 1), compress(bytes, 19)];
  assert.notDeepEqual(fast, small);
  const { hash } = pack(LAUNCHER, payload(large, fast));
  assert.equal(pack(LAUNCHER, payload(large, small)).hash, hash);
});

Deno.test("pack() names other content, modes and settings otherwise", () => {
  const one = payload("x");
  const others: Payload[] = [
    payload("y"),
    { ...one, files: one.files.map((file) => ({ ...file, mode: 0o700 })) },
    { ...one, files: one.files.map((file) => ({ ...file, name: "other" })) },
    { ...one, args: ["run"] },
    { ...one, env: { A: "other" } },
    { ...one, hide: [] },
    { ...one, mask: [] },
    { ...one, scriptFd: 1001 },
  ];
  const hashes = [one, ...others].map((payload) => pack(LAUNCHER, payload).hash);
  assert.equal(new Set(hashes).size, hashes.length);
});

Deno.test("pack() writes the manifest and the trailer as payload.h has them", () => {
  const { parts, hash } = pack(LAUNCHER, payload("x"));
  const whole = new Uint8Array(parts.flatMap((part) => Array.from(part)));
  const trailer = whole.subarray(-112);
  const text = new TextDecoder("latin1").decode(trailer);
  assert.equal(text.slice(0, 64), hash);
  assert.equal(text.slice(96), "mvgal-packed-01\0");
  const view = new DataView(trailer.buffer, trailer.byteOffset);
  const [offset = 0, packed = 0, size = 0, total = 0] = [64, 72, 80, 88].map((at) =>
    Number(view.getBigUint64(at, true))
  );
  assert.equal(total, whole.length);
  const manifest = zstdDecompressSync(whole.subarray(offset, offset + packed));
  assert.equal(manifest.length, size);
  assert.equal(
    new TextDecoder().decode(manifest),
    `hash ${hash}\nfile runtime 500 12 ${
      offset - 12
    } 1 runtime\narg run\narg {script}\nenv A=b=c\n` +
      "hide X_\nmask dx\nscript_fd 1000\n",
  );
});

Deno.test("pack() refuses an argument with a line feed", () => {
  assert.throws(
    () => pack(LAUNCHER, { ...payload("x"), args: ["a\nb"] }),
    /^TypeError: cannot pack "arg a\\nb": it has a line feed$/,
  );
});
