import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyDecoder } from "../../lib/cli/keys.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Keys of pieces that are read one after the other. */
function keys(...pieces: (string | Uint8Array)[]): string[] {
  const decoder = new KeyDecoder();
  const found = pieces.flatMap((piece) =>
    decoder.feed(typeof piece === "string" ? bytes(piece) : piece)
  );
  return [...found, ...decoder.flush()];
}

Deno.test("KeyDecoder tells characters and named keys", () => {
  assert.deepEqual(keys("qä中😀?"), ["q", "ä", "中", "😀", "?"]);
  assert.deepEqual(keys("\r\x7f\b\t\x15\x0c"), [
    "<enter>",
    "<backspace>",
    "<backspace>",
    "<tab>",
    "<clear>",
    "<redraw>",
  ]);
  assert.deepEqual(keys("\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1bOF\x1b[1~\x1b[8~"), [
    "<up>",
    "<down>",
    "<pageup>",
    "<pagedown>",
    "<home>",
    "<end>",
    "<home>",
    "<end>",
  ]);
  assert.deepEqual(keys("\x1bOP\x1b[11~\x1b[[A\x1b[17~\x1b[20~\x1b[21~"), [
    "<f1>",
    "<f1>",
    "<f1>",
    "<f6>",
    "<f9>",
    "<f10>",
  ]);
});

Deno.test("KeyDecoder takes a modifier off", () => {
  assert.deepEqual(keys("\x1b[1;5A\x1b[6;2~"), ["<up>", "<pagedown>"]);
});

Deno.test("KeyDecoder puts sequences and characters together that come in pieces", () => {
  assert.deepEqual(keys("\x1b", "[", "A"), ["<up>"]);
  assert.deepEqual(keys("\x1b[", "1", "7~x"), ["<f6>", "x"]);
  assert.deepEqual(keys(bytes("中").subarray(0, 2), bytes("中").subarray(2)), ["中"]);
});

Deno.test("KeyDecoder takes an escape character alone for the Escape key, when nothing follows", () => {
  const decoder = new KeyDecoder();
  assert.deepEqual([decoder.feed(bytes("\x1b")), decoder.isWaiting], [[], true]);
  assert.deepEqual([decoder.flush(), decoder.isWaiting], [["<escape>"], false]);
  assert.deepEqual(keys("\x1b\x1b[A"), ["<escape>", "<up>"]);
});

Deno.test("KeyDecoder drops what is no key", () => {
  assert.deepEqual(keys("\x1bxq"), ["q"]);
  assert.deepEqual(keys("\x1b[99~\x1b[?1;2c\x1b[Zq"), ["q"]);
  assert.deepEqual(keys("\x00\x01\x1eq"), ["q"]);
  assert.deepEqual(keys(new Uint8Array([0xff, 0x71])), ["q"]);
  assert.deepEqual(keys("\x1b[12"), []);
  assert.deepEqual(keys(`\x1b[${"1;".repeat(40)}`, "q").at(-1), "q");
});

Deno.test("KeyDecoder takes no key from what is pasted", () => {
  assert.deepEqual(keys("a\x1b[200~kky\r\x1b[Aq\x1b[201~b"), ["a", "b"]);
  assert.deepEqual(keys("\x1b[20", "0~kk", "y\x1b[2", "01~", "b"), ["b"]);
  assert.deepEqual(keys("\x1b[200~never ends: kky"), []);
});

Deno.test("KeyDecoder gives the same keys however what is read is cut", () => {
  const typed = "q\x1b[A中\x1b[200~kky\x1b[201~\x1bOP/ä\x1b[17~\r";
  const whole = keys(typed);
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 40 }), (sizes) => {
    const all = bytes(typed);
    const pieces: Uint8Array[] = [];
    let at = 0;
    for (const size of sizes) pieces.push(all.subarray(at, at += size));
    assert.deepEqual(keys(...pieces, all.subarray(at)), whole);
  }));
});

Deno.test("KeyDecoder goes on after anything", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
    const decoder = new KeyDecoder();
    decoder.feed(noise);
    decoder.flush();
    for (const key of decoder.feed(bytes("\x1b[201~q"))) assert.notEqual(key, "");
    decoder.flush();
    assert.equal(decoder.feed(bytes("q")).at(-1), "q");
  }));
});
