import assert from "node:assert/strict";
import { checkSplits, poclTest, type SplitCase } from "./split_check.ts";

const B = "buffer 4096 3", C = "buffer 4096 0";

/** Letters of arguments that a kernel fills; then its launch, its arguments and its text. */
type Row = [
  filled: string,
  name: string,
  launch: Pick<SplitCase, "global" | "local" | "offset">,
  args: string[],
  body: string,
];

const ROWS: readonly Row[] = [
  ["a", "element", { global: [1000] }, [B], "o[get_global_id(0)] = 1;"],
  [
    "a",
    "rows",
    { global: [32, 24] },
    [B, "int 32"],
    `
    int x = get_global_id(0), y = get_global_id(1);
    o[y * n + x] = x;`,
  ],
  [
    "a",
    "rows_of_the_grid",
    { global: [32, 24] },
    [B, "int 32"],
    `
    size_t x = get_global_id(0), y = get_global_id(1);
    o[y * get_global_size(0) + x] = x;`,
  ],
  [
    "a",
    "layers",
    { global: [8, 8, 8] },
    [B, "int 8"],
    `
    int x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);
    o[(z * n + y) * n + x] = z;`,
  ],
  [
    "a",
    "groups",
    { global: [256], local: [16] },
    [B],
    `
    o[get_group_id(0) * get_local_size(0) + get_local_id(0)] = 2;`,
  ],
  [
    "a",
    "tiles",
    { global: [32, 16], local: [8, 4] },
    [B],
    `
    int x = get_group_id(0) * 8 + get_local_id(0), y = get_group_id(1) * 4 + get_local_id(1);
    o[y * 32 + x] = x;`,
  ],
  ["a", "turned", { global: [1000] }, [B], "o[999 - (int)get_global_id(0)] = get_global_id(0);"],
  [
    "a",
    "turned_rows",
    { global: [32, 24] },
    [B],
    `
    int x = get_global_id(0), y = get_global_id(1);
    o[y * 32 + 31 - x] = x;`,
  ],
  ["a", "offset", { global: [512], offset: [64] }, [B], "o[get_global_id(0)] = 5;"],
  ["a", "vectors", { global: [128] }, [B], "((void)0); vstore4((int4)(7), get_global_id(0), o);"],
  [
    "a",
    "shifted",
    { global: [32, 16] },
    [B],
    `
    uint x = get_global_id(0), y = get_global_id(1); uint at = (y << 5) + x; o[at] = x;`,
  ],
  [
    "a",
    "after_a_loop",
    { global: [256] },
    [B, "int 5"],
    `
    int i = get_global_id(0), sum = 0;
    for (int k = 0; k < n; k++) { if (sum > 40) break; sum += k * i; }
    o[i] = sum;`,
  ],
  [
    "a",
    "guard_that_all_pass",
    { global: [256] },
    [B, "int 256"],
    `
    int i = get_global_id(0);
    if (i >= n) return;
    o[i] = 3;`,
  ],
  [
    "a",
    "in_a_guard_that_all_pass",
    { global: [16, 16] },
    [B, "int 16"],
    `
    int x = get_global_id(0), y = get_global_id(1);
    if (x < n && y < n) { o[y * n + x] = 3; }`,
  ],
  ["ab", "sum", { global: [256] }, [B, B], "int i = get_global_id(0); o[i] += 1; p[i] = p[i];"],
  ["ab", "two", { global: [256] }, [B, C], "int i = get_global_id(0); o[i] = 1; p[i] = 2;"],
  ["a", "pointer", { global: [256] }, [B], "*(o + get_global_id(0)) = 9;"],
  [
    "a",
    "set_before",
    { global: [256] },
    [B, "int 5"],
    `
    int i = n; i = get_global_id(0); i += 0; o[i] = 3;`,
  ],
  // What is left out is what was there.
  [
    "",
    "block_that_returns",
    { global: [256] },
    [B, B],
    "int g = get_global_id(0); o[g] = ({ if (p[g] & 1) return; 5; });",
  ],
  [
    "",
    "block_before",
    { global: [256] },
    [B, B],
    "int g = get_global_id(0); int t = ({ if (p[g] & 1) return; 5; }); o[g] = t;",
  ],
  ["", "every_second", { global: [256] }, [B], "o[2 * get_global_id(0)] = 1;"],
  [
    "",
    "ends_of_rows",
    { global: [24] },
    [B],
    "int y = get_global_id(0); o[y * 32] = 1; o[y * 32 + 31] = 2;",
  ],
  [
    "",
    "narrow_rows",
    { global: [30, 24] },
    [B],
    `
    o[get_global_id(1) * 32 + get_global_id(0)] = 1;`,
  ],
  [
    "",
    "guard",
    { global: [256] },
    [B, "int 250"],
    `
    int i = get_global_id(0);
    if (i >= n) return;
    o[i] = 3;`,
  ],
  [
    "",
    "in_a_guard",
    { global: [256] },
    [B, "int 250"],
    `
    int i = get_global_id(0); if (i < n) o[i] = 3;`,
  ],
  [
    "",
    "guard_by_memory",
    { global: [256] },
    [B, B],
    `
    int i = get_global_id(0); if (p[i] > 20) return; o[i] = 3;`,
  ],
  [
    "",
    "loop_that_some_do_not_enter",
    { global: [256] },
    [B, B],
    `
    int i = get_global_id(0); for (int k = 20; k < p[i]; k++) o[i] = k;`,
  ],
  [
    "",
    "return_in_a_loop",
    { global: [256] },
    [B, B],
    `
    int i = get_global_id(0); for (int k = 0; k < 3; k++) if (p[i] == 4 + k) return; o[i] = 3;`,
  ],
  [
    "",
    "return_in_a_switch",
    { global: [256] },
    [B],
    `
    int i = get_global_id(0); switch (i & 3) { case 0: return; default: break; } o[i] = 3;`,
  ],
  [
    "",
    "index_set_in_a_loop",
    { global: [256], local: [4] },
    [B, B],
    `
    int i = get_local_id(0);
    while (p[get_global_id(0)] > 20 && i > 0) i--;
    o[get_group_id(0) * 4 + (i & 3)] = 3;`,
  ],
  [
    "",
    "index_set_by_a_pointer",
    { global: [256], local: [4] },
    [B, B],
    `
    int i = get_global_id(0), *at = &i; *at &= ~1; o[i] = 3;`,
  ],
  [
    "",
    "index_set_aside",
    { global: [256], local: [4] },
    [B, B],
    `
    int i = get_global_id(0), k = (i &= ~1) + 1; o[i] = k;`,
  ],
  [
    "",
    "choice",
    { global: [256], local: [4] },
    [B, B],
    `
    int i = get_global_id(0); o[p[i] > 20 ? i : i & ~3] = 3;`,
  ],
  ["", "half_of_each", { global: [256] }, [B], "((__global short *)o)[2 * get_global_id(0)] = 1;"],
  [
    "",
    "three_of_four",
    { global: [256] },
    [B],
    `
    vstore3((int3)(7), 0, o + 4 * get_global_id(0));`,
  ],
  [
    "",
    "structure",
    { global: [256] },
    [B],
    `
    ((__global struct { char c; int i; } *)o)[get_global_id(0)].i = 1;`,
  ],
  [
    "",
    "pointer_that_moves",
    { global: [256] },
    [B, "int 1"],
    `
    if (n > 0) o += get_global_id(0); o[get_global_id(0)] = 2;`,
  ],
  [
    "",
    "logical",
    { global: [256] },
    [B, B],
    `
    int i = get_global_id(0); (p[i] > 20) && (o[i] = 3);`,
  ],
  [
    "",
    "unsigned_that_wraps",
    { global: [256] },
    [B],
    `
    uchar i = get_global_id(0) * 2; o[get_global_id(0) * 2 + (i > 3)] = 1;`,
  ],
];

const cases = ROWS.map(([, name, launch, args, body]): SplitCase => {
  const { length } = args.filter((arg) => arg.startsWith("buffer"));
  const parameters = ["__global int *o", "__global int *p"].slice(0, length);
  if (args.length > length) parameters.push("int n");
  return {
    name,
    ...launch,
    args,
    source: `__kernel void k(${parameters.join(", ")}) { ${body} }`,
    parts: 2,
  };
});

poclTest("analysis_judge() says what a kernel writes without a gap, and nothing else", async () => {
  const results = await checkSplits(cases);
  assert.deepEqual(
    results.map(({ name, filled, bytes, reason }) => [name, filled, bytes, reason]),
    ROWS.map(([filled, name]) => [name, filled, "equal", ""]),
  );
});

poclTest(
  "kernels that leave something out give wrong bytes if they are thought to fill",
  async () => {
    const some = cases.filter((_, i) => ROWS[i]?.[0] === "").map((each) => ({ ...each, parts: 1 }));
    const results = await checkSplits(some, { SPLIT_CHECK_FILLED: "1" });
    assert.equal(results.length, some.length);
    const right = results.filter(({ bytes }) => bytes !== "differs").map(({ name }) => name);
    assert.deepEqual(right, []);
  },
);
