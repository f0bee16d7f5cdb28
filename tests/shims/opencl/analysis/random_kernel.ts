/**
 * Random kernels of OpenCL C, most of them near to what may be split.
 *
 * @module
 */

import type { SplitCase } from "./split_check.ts";

/** Numbers that come again with their seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  one<T>(of: readonly T[]): T {
    const found = of[this.below(of.length)];
    if (found === undefined) throw new Error("nothing to choose from");
    return found;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

/** Words of a buffer; kernels never leave it, as that has no defined result. */
const WORDS = 1024;
const BUFFERS = ["a", "b"] as const;

const HELPERS = `
#define IN(i) ((i) >= 0 && (i) < ${WORDS})
#define LOAD(p, i) (IN(i) ? (p)[(i)] : 7)
typedef struct { int first, second; } pair;
int twice(int v) { return 2 * v; }
int plus(int v, int by) { if (by > 3) return v + 3; return v + by; }
void divide(int v, int by, int *quotient, int *rest) { *quotient = v / by; *rest = v % by; }
void put(__global int *p, int i, int v) { if (IN(i)) p[i] = v; }
`;

/** A kernel that is being written. */
class Kernel {
  readonly #random: Random;
  readonly #is2d: boolean;
  readonly #hasLocal: boolean;
  /** Names of integers that can be used. */
  readonly #names: string[] = [];
  /** Of these, what loops count with: nothing else may change it, or they never end. */
  readonly #counters = new Set<string>();
  #count = 0;

  constructor(random: Random, is2d: boolean, hasLocal: boolean) {
    this.#random = random;
    this.#is2d = is2d;
    this.#hasLocal = hasLocal;
  }

  #fresh(): string {
    return `v${this.#count++}`;
  }

  #id(): string {
    const ids = ["(int)get_global_id(0)", "x", "x", "x"];
    if (this.#is2d) {
      ids.push("y", "y", "(int)get_global_id(1)", "y * 16 + x", "x * 16 + y", "y * w + x");
    }
    if (this.#hasLocal) {
      ids.push(
        "(int)get_local_id(0)",
        "(int)get_group_id(0)",
        "(int)(get_group_id(0) * get_local_size(0) + get_local_id(0))",
        "(int)get_num_groups(0)",
      );
    }
    ids.push("(int)(get_global_id(0) - get_global_offset(0))", "(int)get_global_size(0)");
    return this.#random.one(ids);
  }

  #leaf(): string {
    const r = this.#random;
    const kind = r.below(10);
    if (kind < 4) return this.#id();
    if (kind < 7 && this.#names.length > 0) return r.one(this.#names);
    if (kind < 9) return String(r.one([0, 1, 2, 3, 4, 8, 16, 5]));
    return r.one(["n", "w"]);
  }

  /** An expression near to a multiple of the id. */
  index(depth = 2): string {
    const r = this.#random;
    if (depth === 0) return this.#leaf();
    const a = () => this.index(depth - 1);
    switch (r.below(17)) {
      case 0:
      case 1:
      case 2:
        return this.#id();
      case 3:
        return `${r.one([2, 3, 4])} * ${this.#id()} + ${r.one(["0", "1", this.#leaf()])}`;
      case 4:
        return `(${a()} + ${this.#leaf()})`;
      case 5:
        return `(${a()} - ${this.#leaf()})`;
      case 6:
        return `(${this.#id()} * ${this.#leaf()} + ${this.#leaf()})`;
      case 7:
        return `(${this.#id()} / ${r.one([1, 2, 4, 3])})`;
      case 8:
        return `((${a()}) & ${r.one([3, 7, 63, "~3", 1023])})`;
      case 9:
        return `((${a()}) % ${r.one([4, 8, 64, 5])})`;
      case 10:
        return `((${a()}) ${r.one(["<<", ">>"])} ${r.one([1, 2])})`;
      case 11:
        return `${r.one(["min", "max"])}(${a()}, ${this.#leaf()})`;
      case 12:
        return `(${this.#leaf()} < ${this.#leaf()} ? ${a()} : ${a()})`;
      case 13:
        return `(int)(${r.one(["uchar", "short", "uint", "ushort", "long"])})(${a()})`;
      case 14:
        return `${r.one(["twice(", "plus(1, ", "mad24(2, 2, "])}${a()})`;
      case 15:
        return `((${a()}) ${r.one(["|", "^"])} ${r.one([1, 64, 128])})`;
      default:
        return this.#leaf();
    }
  }

  #condition(): string {
    const r = this.#random;
    const one = () =>
      `${this.#leaf()} ${r.one(["<", "<=", ">", ">=", "==", "!="])} ${this.#leaf()}`;
    return r.chance(70) ? one() : `${one()} ${r.one(["&&", "||"])} ${one()}`;
  }

  #store(): string {
    const r = this.#random;
    const p = r.one(BUFFERS), i = this.#fresh();
    const value = r.one([
      `LOAD(in, ${this.#leaf()})`,
      `LOAD(${p}, ${i})`,
      `LOAD(${r.one(["in", ...BUFFERS])}, ${this.index(1)})`,
      `${this.#leaf()} + ${i}`,
    ]);
    const index = `{ int ${i} = ${this.index()}; `;
    switch (r.below(7)) {
      case 0:
        return `${index}put(${p}, ${i}, ${value}); }`;
      case 1:
        return `${index}if (IN(4 * ${i}) && 4 * ${i} + 4 <= ${WORDS}) vstore4((int4)(${value}), ${i}, ${p}); }`;
      case 2:
        return `${index}if (IN(${i}) && ${i} < ${WORDS / 2}) ((__global pair *)${p})[${i}].${
          r.one(["first", "second"])
        } = ${value}; }`;
      case 3:
        return `${index}if (IN(${i})) { __global int *q = ${p} + ${i}; *q = ${value}; }}`;
      case 4:
        return `${index}if (IN(${i})) ${p}[${i}] ${r.one(["+=", "-=", "^="])} ${this.#leaf()}; }`;
      case 5:
        return `${index}int2 at = (int2)(${i}, ${this.#leaf()}); if (IN(at.${
          r.one(["x", "y"])
        }) && IN(at.x)) ${p}[at.x] = ${value}; }`;
      default:
        return `${index}if (IN(${i})) ${p}[${i}] = ${value}; }`;
    }
  }

  #loop(depth: number): string {
    const r = this.#random;
    const v = this.#fresh(), known = this.#names.length;
    this.#names.push(v);
    this.#counters.add(v);
    const leave = r.chance(20) ? `if (${this.#condition()}) ${r.one(["break", "continue"])};` : "";
    const body = this.statements(depth - 1, 1 + r.below(2));
    const inner = `${leave} ${body}`;
    const bound = r.one(["4", "3", "n", "w", "8"]);
    this.#names.length = known;
    switch (r.below(4)) {
      case 0:
        return `for (int ${v} = ${r.one(["0", "1", "x"])}; ${v} < ${bound}; ${v}${
          r.one(["++", " += 2"])
        }) { ${inner} }`;
      case 1:
        return `for (int ${v} = ${bound}; ${v} > 0; ${v}--) { ${inner} }`;
      case 2:
        return `{ int ${v} = 0; while (${v} < 4) { ${v}++; ${inner} } }`;
      default:
        return `{ int ${v} = 0; do { ${v} += 1; ${inner} } while (${v} < 3); }`;
    }
  }

  #statement(depth: number): string {
    const r = this.#random;
    if (depth === 0) return this.#store();
    const name = this.#fresh();
    switch (r.below(9)) {
      case 0:
        this.#names.push(name);
        return `int ${name} = ${this.index()};`;
      case 1: {
        const other = this.#fresh(), value = this.index(1);
        this.#names.push(name, other);
        return `int ${name}, ${other}; divide(${value}, ${
          r.one([2, 4, 16])
        }, &${name}, &${other});`;
      }
      case 2: {
        const known = this.#names.length;
        const body = this.statements(depth - 1, 2);
        this.#names.length = known;
        const other = r.chance(40) ? ` else { ${this.#store()} }` : "";
        return `if (${this.#condition()}) { ${body} }${other}`;
      }
      case 3: {
        const free = this.#names.filter((each) => !this.#counters.has(each));
        return free.length > 0
          ? `${r.one(free)} ${r.one(["=", "+=", "-="])} ${this.#leaf()};`
          : this.#store();
      }
      case 4:
        return this.#loop(depth);
      case 5:
        return `switch (${this.#leaf()}) { case 0: ${this.#store()} ${
          r.one(["break;", ""])
        } case 2: ${this.#store()} break; ${r.one(["default:", "case 3:"])} ${this.#store()} }`;
      default:
        return this.#store();
    }
  }

  statements(depth: number, count: number): string {
    return Array.from({ length: count }, () => this.#statement(depth)).join("\n    ");
  }
}

/** The kernel of a seed, with a launch. */
export function randomCase(seed: number): SplitCase {
  const random = new Random(seed);
  const is2d = random.chance(40), hasLocal = random.chance(50);
  const kernel = new Kernel(random, is2d, hasLocal);
  const early = random.chance(30)
    ? `if (x ${random.one([">= n * 8", "> 40", "== 3"])}) return;`
    : "";
  const source = `${HELPERS}
__kernel void k(__global int *a, __global int *b, __global const int *in, int n, int w) {
    const int x = get_global_id(0)${is2d ? ", y = get_global_id(1)" : ""};
    ${early}
    ${kernel.statements(2, 1 + random.below(3))}
}
`;
  return {
    name: `seed${seed}`,
    source,
    global: is2d ? [16, 12] : [48],
    ...hasLocal ? { local: is2d ? [4, 2] as const : [4] as const } : {},
    ...random.chance(25) ? { offset: is2d ? [4, 3] as const : [8] as const } : {},
    args: [
      `buffer ${4 * WORDS} ${seed}`,
      `buffer ${4 * WORDS} ${seed + 1}`,
      `buffer ${4 * WORDS} ${seed + 2}`,
      `int ${random.one([4, 5, 8])}`,
      `int ${random.one([16, 16, 17])}`,
    ],
    parts: 2 + random.below(2),
  };
}

/** An expression that is `x` in most cases. */
function nearly(random: Random, x: string): string {
  return random.one([
    x,
    x,
    `(${x} + 0)`,
    `(int)(${x})`,
    `(${x} * 2 - ${x})`,
    `(-(-${x}))`,
    `((${x} + 3) - 3)`,
    `((${x} << 1) - ${x})`,
    `(${x} * (n - 3))`,
    `(${x} / 2 * 2)`,
    `(int)(uchar)(${x})`,
    `(${x} & ~${random.one([0, 1])})`,
    `(in[${x}] > 60 ? 0 : ${x})`,
  ]);
}

/** What may or may not change variables, or keep some work-items from what follows. */
function aside(random: Random, name: string): string {
  const condition = random.one([
    "n == 4",
    "n != 4",
    "x < 16",
    "x >= 16",
    "x < 15",
    "x < 16 && y < 16",
    "x > 15 || y < 0",
    "!(y < 16)",
    "in[x] > 30",
    `${name} < n * 4`,
  ]);
  const act = random.one([
    `${name} += 0;`,
    `${name}++;`,
    `${name} = x;`,
    `{ int *at = &${name}; *at = *at; }`,
    "return;",
    "sum += 3;",
    "sum = x++;",
    "{ int x = 7; sum += x; }",
  ]);
  return random.one([
    `if (${condition}) ${act}`,
    `if (${condition}) ${act} else sum--;`,
    `for (int k = 0; k < n; k++) if (${condition}) { ${act} }`,
    `{ int r = 0; while (r++ < 3) { if (in[r] > 40) break; ${act} } }`,
    `switch (in[x] & 3) { case 1: ${act} break; default: sum++; }`,
    `sum = (${condition}) ? ${name}++ : 3;`,
    `sum += (${condition}) && (${name} = x);`,
    "sum += in[x];",
    act === "return;" ? "" : act,
  ]);
}

/** Kernels that write all of a buffer, or nearly so. */
export function randomFill(seed: number): SplitCase {
  const random = new Random(seed);
  const hasLocal = random.chance(50);
  const x = hasLocal && random.chance(50)
    ? "get_group_id(0) * 4 + get_local_id(0)"
    : "get_global_id(0)";
  const y = hasLocal && random.chance(50)
    ? "get_group_id(1) * get_local_size(1) + get_local_id(1)"
    : "get_global_id(1)";
  const type = random.one(["int", "int", "int2", "short", "uchar4", "int3", "float"]);
  const index = random.one([
    () => `${nearly(random, "y")} * 16 + ${nearly(random, "x")}`,
    () => `${nearly(random, "y")} * n * 4 + ${nearly(random, "x")}`,
    () => `(${nearly(random, "y")} << 4) + ${nearly(random, "x")}`,
    () => `y * 16 + (15 - ${nearly(random, "x")})`,
    () => `(11 - y) * 16 + ${nearly(random, "x")}`,
    () => `y * ${random.one(["16", "17", "w"])} + ${nearly(random, "x")}`,
    () => "at",
  ])();
  const value = random.one(["sum", "x", "in[x]", "y + 1"]);
  const store = random.one([
    `o[128 + ${index}] = (${type})(${value});`,
    `o[128 + ${index}] = (${type})(${value});`,
    `*(o + (${index} + 128)) = (${type})(${value});`,
    `if (${
      random.one(["n == 4", "x < 16", "y < 11", "sum < 90"])
    }) { o[128 + ${index}] = (${type})(${value}); }`,
    `{ __global ${type} *q = o; q[${index} + 128] = (${type})(${value}); }`,
    `o[128 + ${index}]${type === "int2" || type === "uchar4" ? ".x" : ""} = (${value});`,
  ]);
  const asides = Array.from(
    { length: random.below(3) },
    () => aside(random, random.one(["x", "y", "at", "sum"])),
  );
  return {
    name: `fill${seed}`,
    source: `__kernel void k(__global ${type} *o, __global const int *in, int n, int w) {
    int x = ${x}, y = ${y}, sum = 0;
    int at = y * 16 + x;
    ${asides.join("\n    ")}
    ${store}
}
`,
    global: [16, 12],
    ...hasLocal ? { local: [4, 2] as const } : {},
    args: [
      `buffer 16384 ${seed}`,
      `buffer 4096 ${seed + 1}`,
      "int 4",
      `int ${random.one([16, 17])}`,
    ],
    parts: 1,
  };
}
