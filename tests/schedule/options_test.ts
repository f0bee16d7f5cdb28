/** Options of strategies. */

import assert from "node:assert/strict";
import { parseOptions } from "../../lib/schedule/options.ts";
import { Scheduler, STRATEGIES, STRATEGY_NAMES } from "../../lib/schedule/strategies.ts";

const SCHEMA = {
  depth: { type: "integer", default: 2, minimum: 1, maximum: 9, description: "" },
  percent: { type: "number", default: 5, minimum: 0, maximum: 90, description: "" },
  even: { type: "boolean", default: true, description: "" },
  pick: { type: "choice", default: "first", choices: ["first", "best"], description: "" },
  device: { type: "device", default: null, description: "" },
  ratio: { type: "weights", default: null, description: "" },
} as const;

Deno.test("parseOptions() fills in defaults, and reads JSON and text alike", () => {
  const defaults = {
    depth: 2,
    percent: 5,
    even: true,
    pick: "first",
    device: null,
    ratio: null,
  };
  assert.deepEqual(parseOptions("x", SCHEMA), defaults);
  const values = {
    depth: 9,
    percent: 0.5,
    even: false,
    pick: "best",
    device: "gpu1",
    ratio: [3, 0, 1.5],
  };
  assert.deepEqual(parseOptions("x", SCHEMA, values), values);
  const text = {
    depth: "9",
    percent: " 0.5",
    even: "false",
    pick: "best",
    device: " gpu1 ",
    ratio: "3, 0,1.5",
  };
  assert.deepEqual(parseOptions("x", SCHEMA, text), values);
});

Deno.test("parseOptions() refuses what is wrong in one line, and says what would be right", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ dept: 1 }, "x has no option 'dept': did you mean depth?"],
    [
      { colour: 1 },
      "x has no option 'colour': there are depth, percent, even, pick, device, ratio",
    ],
    [{ depth: 0 }, "x: depth cannot be 0: give a whole number from 1 to 9"],
    [{ depth: 1.5 }, "x: depth cannot be 1.5: give a whole number from 1 to 9"],
    [{ depth: "" }, "x: depth cannot be '': give a whole number from 1 to 9"],
    [{ percent: NaN }, "x: percent cannot be NaN: give a number from 0 to 90"],
    [{ percent: 90.5 }, "x: percent cannot be 90.5: give a number from 0 to 90"],
    [{ percent: "5%" }, "x: percent cannot be '5%': give a number from 0 to 90"],
    [{ even: "yes" }, "x: even cannot be 'yes': give true or false"],
    [{ pick: "worst" }, "x: pick cannot be 'worst': give first or best"],
    [{ device: " " }, "x: device cannot be ' ': give the id of a device"],
    [
      { ratio: "0,0" },
      "x: ratio cannot be '0,0': give a number for each device, 0 or more, and one of them above " +
      "0, such as 3,1",
    ],
  ];
  for (const [given, message] of cases) {
    assert.throws(() => parseOptions("x", SCHEMA, given), { name: "RangeError", message });
  }
  assert.throws(() => parseOptions("x", SCHEMA, { ratio: [1, -1] }), /cannot be \[1,-1\]/);
  assert.throws(() => parseOptions("x", {}, { a: 1 }), /x has no option 'a': it has none/);
  assert.throws(() => parseOptions("x", SCHEMA, { pick: "a\nb" }), /'a b'/);
});

Deno.test("every strategy's options are described, and its defaults are allowed", () => {
  for (const name of STRATEGY_NAMES) {
    const { options } = STRATEGIES[name];
    for (const [option, spec] of Object.entries(options)) {
      assert.match(option, /^[a-z]+(_[a-z]+)*$/);
      assert.match(spec.description, /^[^\n]{20,120}$/);
    }
    const defaults = Object.fromEntries(
      Object.entries(options).map(([option, spec]) => [option, spec.default]),
    );
    assert.deepEqual(new Scheduler(name, defaults).options, new Scheduler(name).options);
    assert.throws(() => new Scheduler(name, { no_such: 1 }), /^RangeError: [^\n]+ no option/);
  }
});
