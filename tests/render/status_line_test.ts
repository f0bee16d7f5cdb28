import assert from "node:assert/strict";
import {
  cutToWidth,
  displayWidth,
  padToWidth,
  showable,
  takeColumns,
} from "../../lib/render/display_width.ts";
import { fitLine, flow, lineWidth, paint, span, spread } from "../../lib/render/status_line.ts";

const UNICODE = { unicode: true, color: false };
const ASCII = { unicode: false, color: false };
const text = (line: readonly { text: string }[]) => line.map((each) => each.text).join("");

Deno.test("displayWidth() counts two columns for wide characters, none for marks", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["GPU 0", 5],
    ["中文", 4],
    ["ﾃｽﾄ", 3],
    ["e\u0301", 1],
    ["😀", 2],
    ["█▏·", 3],
    ["\u1112\u1161\u11ab", 2],
    ["\ufffd", 1],
  ];
  for (const [string, width] of cases) assert.equal(displayWidth(string), width, string);
});

Deno.test("takeColumns() never takes half of a wide character, and keeps marks with theirs", () => {
  assert.equal(takeColumns("中文", 3), "中");
  assert.equal(takeColumns("e\u0301e\u0301", 1), "e\u0301");
  assert.equal(takeColumns("abc", -1), "");
});

Deno.test("cutToWidth() and padToWidth() put a mark where something was left out", () => {
  assert.equal(cutToWidth("abcdef", 4, "…"), "abc…");
  assert.equal(cutToWidth("中文字", 4, "…"), "中…");
  assert.equal(padToWidth("中文字", 4, { mark: "…" }), "中… ");
  assert.equal(padToWidth("12", 4, { align: "right", mark: "…" }), "  12");
  assert.equal(padToWidth("abc", 0, { mark: "…" }), "");
});

Deno.test("showable() leaves no character that moves the cursor or hides others", () => {
  assert.equal(showable("a\x1b[2J\r\n\t\u202eb\u200d", true), "a�[2J����b�");
  assert.equal(showable("❤\ufe0f", true), "❤");
  assert.equal(showable(`z${"\u0301".repeat(500)}`, true), "z\u0301\u0301");
  assert.equal(showable("µ 中\x07", false), "u ??");
});

Deno.test("fitLine() gives exactly the columns, and marks what it cuts", () => {
  assert.equal(text(fitLine([span("ab"), span("cd", "bold")], 6, UNICODE)), "abcd  ");
  assert.equal(text(fitLine([span("ab"), span("cd")], 4, UNICODE)), "abcd");
  assert.equal(text(fitLine([span("ab"), span("cd")], 3, UNICODE)), "abc".slice(0, 2) + "…");
  assert.equal(text(fitLine([span("ab"), span("cd")], 2, ASCII)), "a~");
  assert.equal(text(fitLine([span("ab")], 0, UNICODE)), "");
  assert.equal(lineWidth(fitLine([span("中中")], 3, UNICODE)), 3);
});

Deno.test("spread() lets the left part give way, and drops the right one where there is no room", () => {
  assert.equal(text(spread([span("left")], [span("right")], 12, UNICODE)), "left        ");
  assert.equal(text(spread([span("left")], [span("right")], 14, UNICODE)), "left     right");
  assert.equal(text(spread([span("a long left")], [span("right")], 14, UNICODE)), "a long … right");
});

Deno.test("flow() puts pieces beside each other as long as they fit", () => {
  const lines = flow([[span("one")], [span("two")], [span("three")]], 9, UNICODE).map(text);
  assert.deepEqual(lines, ["one  two", "three"]);
  assert.deepEqual(flow([[span("too long a piece")]], 8, UNICODE).map(text), ["too lon…"]);
});

Deno.test("paint() closes every colour in its line, and writes none without colour", () => {
  const line = [span("a"), span("b", "bad"), span("", "bold")];
  assert.equal(paint(line, UNICODE), "ab");
  assert.equal(paint(line, { unicode: true, color: true }), "a\x1b[31;1mb\x1b[0m");
});
