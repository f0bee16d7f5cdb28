import assert from "node:assert/strict";
import { labelled, printable, wrap } from "../../lib/render/text.ts";

Deno.test("printable() takes out everything that a terminal acts upon", () => {
  assert.equal(printable("a\x1b[31mb\x07c\r\nd\u009be"), "a\ufffd[31mb\ufffdc\ufffd\ufffdd\ufffde");
  assert.equal(printable("x\u202ey\u2066z\u200b"), "x\ufffdy\ufffdz\ufffd");
  assert.equal(printable("Intel® Arc™ – 摩尔线程 °C"), "Intel® Arc™ – 摩尔线程 °C");
});

Deno.test("wrap() breaks between words and never inside one", () => {
  assert.deepEqual(wrap("one two three", 8), ["one two", "three"]);
  assert.deepEqual(wrap("one extraordinary two", 6), ["one", "extraordinary", "two"]);
  assert.deepEqual(wrap("", 10), [""]);
});

Deno.test("labelled() puts the lines of a text below each other", () => {
  assert.deepEqual(labelled("Name", "one two three four", { columns: 34 }), [
    "  Name        one two three four",
  ]);
  assert.deepEqual(labelled("Name", "aaaaaaaaaa bbbbbbbbbb cccc", { columns: 36 }), [
    "  Name        aaaaaaaaaa bbbbbbbbbb",
    "              cccc",
  ]);
});
