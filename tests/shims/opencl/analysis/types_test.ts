import assert from "node:assert/strict";
import { checkSplits, poclTest } from "./split_check.ts";

/**
 * Kernels whose indices depend on sizes and types as compilers have them, where they are easily
 * mistaken: `o` has other bytes when it is split as if the type were another.
 */
interface Kernel {
  source: string;
  args?: string[];
  options?: string;
  /** What is known well enough. */
  split?: true;
}

const kernel = (body: string, before = "", parameters = "__global int *o"): string =>
  `${before}\n__kernel void k(${parameters}) { int g = get_global_id(0); ${body} }`;
/** It is known whether a constant is 0. */
const constant = (value: string): string =>
  kernel(`const int c = ${value}; if (c) o[g] = g + 1; else o[63 - g] = g + 1;`);
/** It is known whether the condition holds. */
const either = (condition: string, before = "", body = ""): string =>
  kernel(
    `${body} if (${condition}) o[g] = g + 1; else o[63 - g] = g + 1;`,
    before,
    "__global int *o, int n",
  );

const KERNELS: Record<string, Kernel> = {
  // Structures that are not understood to their end.
  partial_anonymous: {
    source: kernel(
      "o[g].a = g + 1;",
      "struct S { int a; struct { int x, y; }; int c; };",
      "__global struct S *o",
    ),
  },
  partial_bool: {
    source: kernel(
      "o[g].a = g + 1;",
      "struct S { int a; _Bool pad[4]; int c; };",
      "__global struct S *o",
    ),
  },
  partial_forward: {
    source: kernel(
      "o[g].a = g + 1;",
      "struct S; struct S { int a; struct { int x, y; }; int c; };",
      "__global struct S *o",
    ),
  },
  partial_in_another: {
    source: kernel(
      "o[g].a = g + 1;",
      "struct T { int a; struct { int x, y; }; }; struct S { int a; struct T t[2]; };",
      "__global struct S *o",
    ),
  },
  partial_number: {
    source: kernel(
      "o[A & g] = g + 1;",
      "enum { A = 63 }; struct S { int a; struct { int x, y; }; int c; };",
    ),
    split: true,
  },
  // Alignments of names of types.
  aligned_typedef: {
    source: kernel(
      "o[g].b = g + 1;",
      "typedef float af __attribute__((aligned(16))); struct S { int a; af b; };",
      "__global struct S *o",
    ),
    split: true,
  },
  aligned_typedef_before: {
    source: kernel(
      "__global struct S *q = (__global struct S *)o; o[0] = 0; q[g].b = g + 1;",
      "typedef __attribute__((aligned(16))) float af; struct S { int a; af b; };",
    ),
  },
  aligned_typedef_inside: {
    source: kernel(
      "__attribute__((aligned(16))) typedef float af; struct S { int a; af b; }; " +
        "__global struct S *q = (__global struct S *)o; q[g].b = g + 1;",
    ),
    split: true,
  },
  aligned_structure: {
    source: kernel(
      "o[g].s.a = g + 1;",
      "typedef struct { int a; } S __attribute__((aligned(16))); struct T { char c; S s; };",
      "__global struct T *o",
    ),
    split: true,
  },
  aligned_first_of_two: {
    source: kernel(
      "o[g].b = g + 1;",
      "typedef float af __attribute__((aligned(16))), bf; struct S { int a; bf b; };",
      "__global struct S *o",
    ),
    split: true,
  },
  aligned_less: {
    source: kernel(
      "o[g].b.y = 1;",
      "typedef int4 i4 __attribute__((aligned(4))); struct S { int a; i4 b; };",
      "__global struct S *o",
    ),
    split: true,
  },
  aligned_in_brackets: {
    source: kernel(
      "o[g].s = g + 1;",
      "struct T { char c; int (__attribute__((aligned(16))) s); };",
      "__global struct T *o",
    ),
  },
  // Numbers before anything runs, as their types have them.
  constant_less: { source: constant("-1 < 1u"), split: true },
  constant_below_zero: { source: constant("0u - 1u > 5"), split: true },
  constant_negated: { source: constant("-1u > 0"), split: true },
  constant_size: { source: constant("sizeof(int) - 5 > 0"), split: true },
  constant_size_less: { source: constant("sizeof(int) > -1"), split: true },
  constant_choice: { source: constant("(1 ? -1 : 0u) > 0"), split: true },
  constant_sum: { source: constant("4294967295u + 1u"), split: true },
  constant_product: { source: constant("65536u * 65535u + 65536u"), split: true },
  constant_shift: { source: constant("((3 << 30) >> 30) > 0"), split: true },
  constant_complement: { source: constant("(9 & ~3) == 8 && ~0u > 5 && ~0 < 5"), split: true },
  constant_cast: { source: constant("(uchar)256"), split: true },
  constant_long: { source: constant("-1L < 1u && (ulong)1 << 63 > 0"), split: true },
  constant_name: {
    source: kernel(
      "const uint a = 5; const int c = a - 6 > 0; if (c) o[g] = g + 1; else o[63 - g] = g + 1;",
    ),
    split: true,
  },
  constant_of_program: {
    source: kernel(
      "if (c == 1) o[g] = g + 1; else o[63 - g] = g + 1;",
      "__constant int c = (-1 < 1u) ? 1 : 2;",
    ),
    split: true,
  },
  constant_enumerator: {
    source: kernel("o[A ? g : 63 - g] = g + 1;", "enum { A = -1 < 1u };"),
    split: true,
  },
  constant_count: {
    source: kernel(
      "o[g].a[0] = g + 1;",
      "struct S { int a[(-1 < 1u) ? 1 : 2]; char b[(5 + 3) & ~3]; };",
      "__global struct S *o",
    ),
    split: true,
  },
  // Enumerations.
  enum_signless: {
    source: either("e < 0", "enum E { A, B };", "enum E e = (enum E)n;"),
    args: ["int -1"],
    split: true,
  },
  enum_signed: {
    source: either("e < 0", "enum E { A = -1, B };", "enum E e = (enum E)n;"),
    args: ["int -1"],
    split: true,
  },
  enum_difference: {
    source: either("l < 0", "enum E { A, B };", "enum E e = A; long l = e - B;"),
    split: true,
  },
  enum_parameter: {
    source: either("f(A)", "enum E { A, B }; int f(enum E e) { return e - 1 < 0; }"),
    split: true,
  },
  enum_in_structure: {
    source: kernel(
      "if (s.e - 1 < 0) o[g] = g + 1; else o[63 - g] = g + 1;",
      "enum E { A, B }; struct S { enum E e; int x; };",
      "__global int *o, struct S s",
    ),
    args: ["long 0"],
    split: true,
  },
  enum_typedef: {
    source: either("e - 1 >= 0", "typedef enum { A, B } E;", "E e = n ? A : B;"),
    args: ["int 1"],
    split: true,
  },
  enum_packed: {
    source: kernel("o[g] = B;", "enum __attribute__((packed)) E { A, B };", "__global enum E *o"),
    split: true,
  },
  enum_packed_after: {
    source: kernel(
      "__global enum E *p = (__global enum E *)o; p[g] = B; p[g + 64] = sizeof(enum E);",
      "enum E { A, B = 255 } __attribute__((packed));",
    ),
  },
  enum_packed_short: {
    source: kernel(
      "o[g] = A;",
      "typedef enum { A = -129 } __attribute__((packed)) E;",
      "__global E *o",
    ),
    split: true,
  },
  enum_long: {
    source: kernel("o[g] = A + g;", "enum E { A, B = 0x100000000L };", "__global enum E *o"),
    split: true,
  },
  enum_not_known: {
    source: kernel("o[g] = A;", "enum E { A, B = sizeof(1 + 1L) << 29 };", "__global enum E *o"),
  },
  enum_not_known_in_structure: {
    source: kernel(
      "o[g].b = A;",
      "enum E { A, B = sizeof(1 + 1L) << 29 }; struct S { enum E a; int b; };",
      "__global struct S *o",
    ),
  },
  enum_overloads: {
    source: either(
      "f(e) == 1",
      "enum E { A, B }; int __attribute__((overloadable)) f(int x) { return 1; }" +
        "int __attribute__((overloadable)) f(uint x) { return 2; }",
      "enum E e = A;",
    ),
  },
  enum_overloads_promoted: {
    source: either(
      "f(+e) == 1 && f(e + 1u) == 1",
      "enum E { A, B }; int __attribute__((overloadable)) f(enum E x) { return 2; }" +
        "int __attribute__((overloadable)) f(uint x) { return 1; }",
      "enum E e = A;",
    ),
    split: true,
  },
  // What some compilers give 64 bits and others 128.
  long_long: {
    source: kernel("__global long long *p = (__global long long *)o; p[g] = g + 1;"),
  },
  long_long_size: { source: either("sizeof(unsigned long long) == 8") },
  long_long_number: { source: either("n - 1000LL < 0", "", "ulong m = n;") },
  long_long_unused: {
    source: kernel(
      "o[g] = g;",
      "typedef unsigned long long u64; u64 f(u64 x) { return x + 1ull; }",
    ),
    split: true,
  },
  long_double: { source: kernel("o[g] = sizeof(long) + 1L + 1UL;"), split: true },
  // Structures of a block.
  inner_structure: {
    source: kernel(
      "((SP)o)[g].b = 1;",
      "struct S; typedef __global struct S *SP; void f(void) { struct S { int b; }; }" +
        "struct S { int a; int b; };",
    ),
    split: true,
  },
  inner_forward: {
    source: kernel(
      "struct S; typedef __global struct S *P; struct S { int a, b; }; ((P)o)[g].b = 1;",
      "struct S { int a; int b; int c; };",
    ),
    split: true,
  },
  // Address spaces as attributes.
  space_of_array: {
    source: kernel(
      "o[g] = 1; __attribute__((opencl_global)) int *a[2]; a[0] = o + 127 - g; *a[0] = 7;",
    ),
  },
  space_of_member: {
    source: kernel(
      "o[g] = 1; struct S s; s.p = o + 127 - g; *s.p = 7;",
      "struct S { __attribute__((opencl_global)) int *p; };",
    ),
  },
  space_of_typedef: {
    source: kernel(
      "o[g] = 1; gi *a[2]; a[0] = o + 127 - g; *a[0] = 7;",
      "typedef __attribute__((__opencl_global__)) int gi;",
    ),
  },
  // Types of what operators and functions give.
  plus: { source: either("abs(+c) - 200 < 0", "", "char c = n;"), split: true },
  plus_overloads: {
    source: either(
      "f(+c) == 1",
      "int __attribute__((overloadable)) f(char x) { return 1; }" +
        "int __attribute__((overloadable)) f(int x) { return 2; }",
      "char c = 1;",
    ),
    split: true,
  },
  true_overloads: {
    source: either(
      "f(true) == 2",
      "int __attribute__((overloadable)) f(bool x) { return 1; }" +
        "int __attribute__((overloadable)) f(int x) { return 2; }",
    ),
    split: true,
  },
  abs_overloads: {
    source: either(
      "f(abs(c)) == 2",
      "int __attribute__((overloadable)) f(uchar x) { return 1; }" +
        "int __attribute__((overloadable)) f(int x) { return 2; }",
      "char c = n;",
    ),
    split: true,
  },
  abs_diff: { source: either("(abs_diff(n, 8) & 7) - 8 < 0"), split: true },
  add_sat_of_two: { source: either("add_sat(c, 100) > 128", "", "char c = 100;") },
  mul24_of_bytes: { source: either("mul24(c, c) > 128", "", "char c = 100;"), split: true },
  // Variables of the program that are no constants, whatever they point to.
  pointer_of_program: {
    source: kernel(
      "if (c == 0) o[g] = 1; else o[g] = 2; c = o;",
      "__global const int *__global c;",
    ),
    options: "-cl-std=CL2.0",
  },
  pointers_of_program: {
    source: kernel(
      "if (c[1] == 0) o[g] = 1; else o[g] = 2; c[1] = o;",
      "__global const int *c[4];",
    ),
    options: "-cl-std=CL2.0",
  },
  pointer_that_stays: {
    source: kernel("static const __global int *c = 0; if (c == 0) o[g] = 1; else o[g] = 2; c = o;"),
    options: "-cl-std=CL2.0",
  },
  table_of_program: {
    source: kernel("o[g] = T[g & 3];", "__constant int T[4] = {1, 2, 3, 4};"),
    split: true,
  },
  local_variable: { source: kernel("__local int x; x = 1; o[g] = x;") },
  // Options that choose a language; PoCL 3.1 does not take these.
  other_language: { source: kernel("o[g] = g;"), options: "-cl-std=CLC++" },
  generic_pointers: {
    source: kernel("o[g] = 1; int *a[2]; a[0] = (int *)(o + 127 - g); *a[0] = 7;"),
    options: "-cl-std=cl2.0",
  },
};

poclTest("analysis_judge() takes types for what compilers make of them", async () => {
  const results = await checkSplits(
    Object.entries(KERNELS).map(([name, { source, args = [], options }]) => ({
      name,
      source,
      ...options === undefined ? {} : { options },
      global: [64],
      args: ["buffer 8192 0", ...source.includes("int n") && !args.length ? ["int 0"] : args],
      parts: 2,
    })),
  );
  assert.equal(results.length, Object.keys(KERNELS).length);
  assert.deepEqual(results.filter(({ bytes }) => bytes === "differs"), []);
  assert.deepEqual(
    results.filter(({ verdict }) => verdict === "split").map(({ name }) => name),
    Object.keys(KERNELS).filter((name) => KERNELS[name]?.split),
  );
});
