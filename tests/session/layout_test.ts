/** One layout for TypeScript and C. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { sessionHeader } from "../../scripts/gen_session_header.ts";
import { record, RecordView } from "../../lib/session/fixed_layout.ts";
import * as layout from "../../lib/session/layout.ts";
import { STRATEGY_NAMES } from "../../lib/schedule/strategies.ts";
import { compile, compilerTest } from "../fakes/cc.ts";

const INCLUDE = join(import.meta.dirname ?? ".", "../../shims/include");

Deno.test("mvgal_session.h is what the layout generates", () => {
  const header = Deno.readTextFileSync(join(INCLUDE, "mvgal_session.h"));
  assert.equal(header, sessionHeader(), "run deno task gen");
});

Deno.test("STRATEGY_NUMBERS begins with the numbers of version 1 and has every strategy", () => {
  const first = "round_robin afr sfr task compute_offload hybrid single".split(" ");
  assert.deepEqual(layout.STRATEGY_NUMBERS.slice(0, 7), first);
  assert.deepEqual([...layout.STRATEGY_NUMBERS].sort(), [...STRATEGY_NAMES].sort());
});

compilerTest("C has every field of the layout at its place", () => {
  // The assertions of the header are generated as the offsets are: the compiler is asked by itself.
  const lines = layout.RECORDS.flatMap(({ name, fields }) => [
    `printf("${name} %zu\\n", sizeof(struct ${name}));`,
    ...fields.map(({ name: each }) =>
      `printf("${name}.${each} %zu %zu\\n", offsetof(struct ${name}, ${each}), ` +
      `sizeof(((struct ${name} *)0)->${each}));`
    ),
  ]);
  const program = compile({
    name: "session_offsets",
    source: `#include <stdio.h>\n#include "mvgal_session.h"\nint main(void)\n{\n${
      lines.join("\n")
    }\nreturn 0;\n}\n`,
    args: [`-I${INCLUDE}`],
    includes: [join(INCLUDE, "mvgal_session.h")],
  });
  const { stdout } = new Deno.Command(program).outputSync();
  const printed = new TextDecoder().decode(stdout).trim().split("\n");
  const expected = layout.RECORDS.flatMap(({ name, size, fields }) => [
    `${name} ${size}`,
    ...fields.map(({ name: each, offset, size, count = 1 }) =>
      `${name}.${each} ${offset} ${size * count}`
    ),
  ]);
  assert.deepEqual(printed, expected);
});

Deno.test("what mvgal writes shares no cache line with what the shim writes", () => {
  const { fields } = layout.PAGE;
  for (const name of ["header", "status", "reasons", "policy", "counters"]) {
    const place = fields.find((each) => each.name === name);
    assert.equal((place?.offset ?? 1) % 64, 0, name);
  }
  assert.equal(layout.COUNTERS.size % 64, 0);
});

Deno.test("record() refuses fields that C would pad, and a wrong size", () => {
  const fields = [{ name: "a", type: "u32", doc: "" }, {
    name: "b",
    type: "u64",
    doc: "",
  }] as const;
  assert.throws(() => record("r", 16, "", fields), /r\.b at 4 is not aligned/);
  assert.throws(() => record("r", 16, "", fields.slice(1)), /r has 8 bytes, not 16/);
});

Deno.test("RecordView.text() takes no text without an end, and none that could move a cursor", () => {
  const layout = record("r", 8, "", [{ name: "text", type: "text", length: 8, doc: "" }]);
  const read = (...bytes: number[]) => {
    const view = new RecordView(layout, new Uint8Array(8));
    view.bytes.set(bytes);
    return view.text("text");
  };
  assert.equal(read(0x61, 0x62), "ab");
  assert.equal(read(0x61, 0x62, 0, 0x63), "ab");
  assert.equal(read(...new Array<number>(8).fill(0x61)), undefined);
  assert.equal(read(0x1b, 0x5b), undefined);
  assert.equal(read(0xc3), undefined); // half a letter
  assert.equal(read(0xe2, 0x80, 0xae), undefined); // turns the direction of writing
});
