import assert from "node:assert/strict";
import fc from "fast-check";
import ini from "ini";
import {
  formatIni,
  getIniValue,
  iniEntries,
  parseIni,
  removeIniKey,
  setIniValue,
} from "../../lib/config/ini_document.ts";
import { readIniValue, writeIniValue } from "../../lib/config/ini_value.ts";

const set = (text: string, section: string, key: string, value: string) =>
  formatIni(setIniValue(parseIni(text), section, key, value));
const remove = (text: string, section: string, key: string) =>
  formatIni(removeIniKey(parseIni(text), section, key));

/** Lines that such files have, and some that they should not. */
const line = fc.oneof(
  fc.constantFrom(
    "",
    "  ",
    "# comment",
    "; key = in a comment",
    "#a = 1",
    "[core]",
    "[ core ] # note",
    "[gpu pci:0000:06:00.0]",
    "[broken",
    "[]",
    "a = 1",
    "a=",
    "\tb\t=\t2 ; two",
    'c = "quoted; # text" # note',
    "c = 'single'",
    "= nothing",
    "word",
    "a = one = two",
    "\0",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const text = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), { maxLength: 12 }).chain(
  (lines) =>
    fc.tuple(fc.boolean(), fc.boolean()).map(([bom, cut]) => {
      const whole = lines.map(([each, end]) => each + end).join("");
      return (bom ? "\ufeff" : "") + (cut ? whole.replace(/[\r\n]+$/, "") : whole);
    }),
);

Deno.test("formatIni() gives back any text that parseIni() read", () => {
  fc.assert(fc.property(fc.oneof(text, fc.string({ unit: "binary" })), (any) => {
    assert.equal(formatIni(parseIni(any)), any);
  }));
});

Deno.test("setIniValue() is read back, and changes or adds no other line", () => {
  const value = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("a;b", "'x'", '"', " p "));
  const section = fc.constantFrom("core", "gpu pci:0000:06:00.0", "new");
  fc.assert(
    fc.property(text, section, fc.constantFrom("a", "b", "z"), value, (any, where, key, given) => {
      const before = parseIni(any);
      const after = parseIni(set(any, where, key, given));
      assert.equal(getIniValue(after, where, key), given);
      const rest = (document: typeof before) => {
        const index = iniEntries(document)
          .findLast((each) => each.section === where && each.key === key)?.line ?? 0;
        return document.lines.flatMap(({ text }, i) => i === index - 1 ? [] : [text]);
      };
      const [old, now] = [rest(before), rest(after)];
      const extra = now.length - old.length;
      // A new section has a header, and a blank line before it.
      assert.ok(extra >= 0 && extra <= 2);
      assert.deepEqual(extra === 0 ? now : now.slice(0, old.length), old);
      const hadEnd = /^\ufeff?$|\n$/.test(any);
      assert.equal(formatIni(after).endsWith("\n"), hadEnd);
    }),
  );
});

Deno.test("removeIniKey() leaves no value, and all other lines", () => {
  fc.assert(fc.property(text, fc.constantFrom("a", "b", "c"), (any, key) => {
    const after = parseIni(remove(any, "core", key));
    assert.equal(getIniValue(after, "core", key), undefined);
    const gone = parseIni(any).lines.length - after.lines.length;
    const there = iniEntries(parseIni(any))
      .filter((each) => each.section === "core" && each.key === key).length;
    assert.equal(gone, there);
  }));
});

Deno.test("removeIniKey() keeps a blank line before the last one, and the missing end of others", () => {
  assert.equal(remove("[core]\n\na = 1", "core", "a"), "[core]\n\n");
  assert.equal(remove("[core]\nb = 1\na = 1", "core", "a"), "[core]\nb = 1");
});

Deno.test("setIniValue() keeps the comment behind a value, CRLF, the mark and the missing end", () => {
  assert.equal(
    set("\ufeff[core]\r\nenabled=true  ; why\r\nlast = 1", "core", "enabled", "false"),
    "\ufeff[core]\r\nenabled=false  ; why\r\nlast = 1",
  );
  assert.equal(set("[core]\r\nlast = 1", "core", "a", "2"), "[core]\r\nlast = 1\r\na = 2");
});

Deno.test("setIniValue() puts a new key behind its section's last, written as that one is", () => {
  assert.equal(
    set("[a]\n  x=1\n\n# about b\n[b]\ny = 1\n", "a", "z", "2"),
    "[a]\n  x=1\n  z=2\n\n# about b\n[b]\ny = 1\n",
  );
});

Deno.test("setIniValue() puts a key behind the comment that shows it", () => {
  assert.equal(
    set("[a]\n# How much.\n#z = 5\n\n# Other.\n#y = 1\n", "a", "z", "2"),
    "[a]\n# How much.\n#z = 5\nz = 2\n\n# Other.\n#y = 1\n",
  );
});

Deno.test("setIniValue() puts a new section to the end", () => {
  assert.equal(set("[a]\nx = 1\n", "b", "y", "2"), "[a]\nx = 1\n\n[b]\ny = 2\n");
  assert.equal(set("", "b", "y", "2"), "[b]\ny = 2\n");
});

Deno.test("setIniValue() quotes what would be read as something else", () => {
  assert.equal(set("", "a", "x", "1;2"), '[a]\nx = "1;2"\n');
  assert.equal(set("", "a", "x", " 1\n"), '[a]\nx = " 1\\n"\n');
  assert.equal(set("", "a", "x", ""), "[a]\nx = \n");
});

Deno.test("setIniValue() refuses names that would be read as something else", () => {
  for (const name of ["", "a]", "a\nb", " a"]) {
    assert.throws(() => set("", name, "x", "1"), RangeError, name);
  }
  for (const name of ["", "a=b", "#a", "[a", "a\nb", " a"]) {
    assert.throws(() => set("", "a", name, "1"), RangeError, name);
  }
});

Deno.test("parseIni() says what is wrong with a line", () => {
  const problems = parseIni("[a\n[]\nword\n= 1\na\0 = 1\n").lines
    .map(({ meaning }) => meaning.kind === "bad" ? meaning.problem : meaning.kind);
  assert.deepEqual(problems, [
    "begins a section with [ and does not end it with ]",
    "names no section between [ and ]",
    "is no section, comment or key: write [section], # comment or key = value",
    "has no key before the =",
    "has a control character: is this a text file?",
  ]);
});

Deno.test("readIniValue() agrees with the npm package ini", () => {
  const piece = fc.constantFrom("a", "b c", ";", "#", "\\", '"', "'", " ", "=", "0", "[", "é");
  const written = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("").trim());
  fc.assert(
    fc.property(written, (value) => {
      // Where ini has no comment behind quotes, it means something else.
      fc.pre(!/^["']/.test(value) || /^(["'])[^"'\\]*\1$/.test(value));
      // So it does where it makes a number of what single quotes hold: of '0 ' it makes 0.
      fc.pre(!/^'\s*\d+\s*'$/.test(value));
      const theirs: unknown = ini.parse(`x = ${value}`)["x"];
      assert.equal(readIniValue(value).value, String(theirs ?? ""));
    }),
    { numRuns: 1000 },
  );
  assert.equal(readIniValue("'0 '").value, "0 ");
});

Deno.test("writeIniValue() is read as what was written, by ini too", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (value) => {
      assert.equal(readIniValue(writeIniValue(value)).value, value);
      if (!/^(true|false|null)$/.test(value)) {
        assert.equal(String(ini.parse(`x = ${writeIniValue(value)}`)["x"] ?? ""), value);
      }
    }),
    { examples: [["'"], ['"'], ["'a"], ["a\u2028b"]] },
  );
});
