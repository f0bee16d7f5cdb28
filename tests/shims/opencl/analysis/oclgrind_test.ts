/**
 * What the analysis says, beside what Oclgrind sees: whoever may run in parts has no race between these.
 *
 * @module
 */

import assert from "node:assert/strict";
import { findRaces, OCLGRIND, parseRaces, racesBetweenParts } from "./races.ts";
import { randomCase } from "./random_kernel.ts";
import { poclTest, type Rule, type SplitCase } from "./split_check.ts";

/** More with MVGAL_RANDOM_KERNELS; from another seed on with MVGAL_RANDOM_SEED. */
const COUNT = Number(Deno.env.get("MVGAL_RANDOM_KERNELS") ?? 120);
const SEED = Number(Deno.env.get("MVGAL_RANDOM_SEED") ?? 1);

const OUT = "buffer 4096 0", IN = "buffer 4096 7";

function kernel(
  name: string,
  body: string,
  global: SplitCase["global"],
  more: Partial<SplitCase> = {},
): SplitCase {
  const source = `kernel void k(global int *o, global int *i, local int *t) { ${body} }`;
  return { name, source, global, local: [8], args: [OUT, IN, "local_memory 4096"], ...more };
}

const SIDE = { local: [4, 4] } as const;

/** Kernels that may be split. */
const CLEAN: SplitCase[] = [
  kernel("own", "int g = get_global_id(0); o[g] = i[g] + i[(g + 9) & 63];", [64]),
  kernel("back", "int g = get_global_id(0); o[63 - g] = i[g];", [64]),
  kernel("in_place", "int g = get_global_id(0); o[g] = 3 * o[g] + 1;", [64]),
  kernel("four", "int g = get_global_id(0); for (int j = 0; j < 4; j++) o[4 * g + j] = i[j];", [
    64,
  ]),
  kernel(
    "rows",
    `int x = get_global_id(0), y = get_global_id(1), s = 0;
    for (int j = 0; j < 16; j++) s += i[y * 16 + j] * i[j * 16 + x];
    if (x < 16) o[y * 16 + x] = s;`,
    [16, 16],
    SIDE,
  ),
  kernel(
    "sums",
    `int l = get_local_id(0); t[l] = i[get_global_id(0)];
    for (int s = 4; s > 0; s >>= 1) { barrier(CLK_LOCAL_MEM_FENCE); if (l < s) t[l] += t[l + s]; }
    if (l == 0) o[get_group_id(0)] = t[0];`,
    [64],
  ),
  kernel(
    "within",
    `o[get_group_id(0) * 8] = get_local_id(0); o[get_global_id(0)] += 1;`,
    [64],
  ),
];

/** Kernels that race, with the rules without which they would be split: then there is a race to be seen. */
const RACY: (SplitCase & { rules: readonly Rule[] })[] = [
  {
    ...kernel("all_one", "o[get_local_id(0)] = get_global_id(0);", [64]),
    rules: ["store_overlaps"],
  },
  {
    ...kernel("half", "o[get_global_id(0) / 16] = get_global_id(0);", [64]),
    rules: ["store_overlaps"],
  },
  {
    ...kernel("scatter", "o[i[get_global_id(0)]] = get_global_id(0);", [64]),
    rules: ["store_overlaps", "store_not_affine"],
  },
  {
    ...kernel("next", "int g = get_global_id(0); o[g] = o[g + 8] + 1;", [64]),
    rules: ["load_of_written"],
  },
  {
    ...kernel("twice", "int g = get_global_id(0); o[g] = i[g + 8];", [64], {
      args: [OUT, "again 0", "local_memory 64"],
    }),
    rules: ["aliasing"],
  },
  {
    ...kernel(
      "two_each",
      "int g = get_global_id(0); for (int j = 0; j < 9; j++) o[8 * g + j] = g;",
      [
        64,
      ],
    ),
    rules: ["store_overlaps"],
  },
];

/** `poclTest`, where Oclgrind is there as well. */
function oclgrindTest(name: string, fn: () => Promise<void>): void {
  try {
    Deno.statSync(OCLGRIND);
    poclTest(name, fn);
  } catch {
    Deno.test({ name: `${name} (skipped: no Oclgrind)`, ignore: true, fn });
  }
}

oclgrindTest("analysis_judge() splits kernels whose parts do not race", async () => {
  const results = await findRaces(CLEAN);
  assert.equal(results.length, CLEAN.length);
  for (const result of results) {
    assert.equal(result.verdict, "split", `${result.name}: ${result.rule} ${result.reason}`);
    assert.equal(racesBetweenParts(result), false, result.name);
  }
});

oclgrindTest(
  "analysis_judge() keeps whole what races, and would not without its rules",
  async () => {
    const whole = await findRaces(RACY);
    const split = await findRaces(RACY.map((each) => ({ ...each, without: each.rules })));
    RACY.forEach(({ name, rules }, at) => {
      assert.equal(whole[at]?.verdict, "whole", name);
      assert.ok(rules.some((rule) => rule === whole[at]?.rule), `${name}: ${whole[at]?.rule}`);
      const [without] = split.slice(at);
      assert.ok(without);
      assert.equal(without.verdict, "split", `${name}: ${without.rule} ${without.reason}`);
      assert.equal(racesBetweenParts(without), true, name);
    });
  },
);

oclgrindTest("analysis_judge() splits no random kernel whose parts race", async () => {
  const cases = Array.from({ length: COUNT }, (_, i) => randomCase(SEED + i));
  const results = await findRaces(cases);
  // It knows no llvm.assume, for one.
  assert.ok(results.length >= 0.95 * COUNT, `${results.length} of ${COUNT} were run`);
  const split = results.filter(({ verdict }) => verdict === "split");
  const wrong = split.filter(racesBetweenParts).map(({ name }) => name);
  assert.deepEqual(wrong, [], cases.find(({ name }) => name === wrong[0])?.source);
  // Where nothing is split, or nothing races, nothing was shown.
  assert.ok(split.length >= COUNT / 10, `${split.length} of ${COUNT} were split`);
  const racy = results.filter((each) => each.verdict === "whole" && racesBetweenParts(each)).length;
  assert.ok(racy >= COUNT / 10, `${racy} of ${COUNT} raced`);
});

Deno.test("parseRaces() takes races for global memory alone, by the groups of who raced", () => {
  const report = (where: string, ...entities: string[]) =>
    `\nWrite-write data race at ${where} memory address 0x1\n\tKernel: k\n\n${
      entities.map((each) => `\tFirst entity:  ${each}\n\t  store\n\t\n`).join("")
    }`;
  const item = (global: string) => `Global(${global}) Local(0,0,0) Group(9,9,9)`;
  const grid = { global: [16, 12], local: [4, 2] } as const;
  assert.deepEqual(parseRaces("", grid), []);
  assert.deepEqual(parseRaces(report("local", item("0,0,0"), item("1,0,0")), grid), []);
  const text = report("global", item("5,3,0"), "Group(2,1,0)") +
    report("local", item("1,1,0"), item("2,2,0")) + report("global");
  assert.deepEqual(parseRaces(text, grid), [
    { first: [1, 1, 0], second: [2, 1, 0] },
    { first: [-1, -1, -1], second: [-2, -2, -2] },
  ]);
  // Ids from (4, 3) on, of which (16, 3) is printed as (0, 4).
  const moved = report("global", item("0,4,0"), item("4,3,0"));
  assert.deepEqual(parseRaces(moved, { ...grid, offset: [4, 3] }), [
    { first: [3, 0, 0], second: [0, 0, 0] },
  ]);
});
