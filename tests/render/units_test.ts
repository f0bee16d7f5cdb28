import assert from "node:assert/strict";
import { styleFor } from "../../lib/render/style.ts";
import { table } from "../../lib/render/table.ts";
import { formatBytes, formatLink, plural } from "../../lib/render/units.ts";

Deno.test("formatBytes() uses binary units and no more digits than tell something", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), "1023 B");
  assert.equal(formatBytes(1024), "1.0 KiB");
  assert.equal(formatBytes(512 * 1024 ** 2), "512 MiB");
  assert.equal(formatBytes(8573157376), "8.0 GiB");
  assert.equal(formatBytes(150754820096), "140.4 GiB");
  assert.equal(formatBytes(2 ** 60), "1024 PiB");
});

Deno.test("formatLink() shows what is not known as a question mark", () => {
  assert.equal(formatLink(4, 16), "gen 4 x16 (16 GT/s)");
  assert.equal(formatLink(1, null), "gen 1 x? (2.5 GT/s)");
  assert.equal(formatLink(null, 8), "gen ? x8");
});

Deno.test("plural() has a singular", () => {
  assert.equal(plural(1, "GPU"), "1 GPU");
  assert.equal(plural(0, "GPU"), "0 GPUs");
});

Deno.test("table() aligns columns, ragged rows too", () => {
  assert.deepEqual(table([["a", "1"], ["long"], ["b", "22"]], ["left", "right"]), [
    "a      1",
    "long",
    "b     22",
  ]);
});

Deno.test("styleFor() writes escape sequences only where colour is shown", () => {
  assert.equal(styleFor(false).bold("x"), "x");
  assert.equal(styleFor(true).bold("x"), "\x1b[1mx\x1b[22m");
});
