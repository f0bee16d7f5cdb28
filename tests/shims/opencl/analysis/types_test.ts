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
};

poclTest("analysis_judge() takes types for what compilers make of them", async () => {
  const results = await checkSplits(
    Object.entries(KERNELS).map(([name, { source, args = [], options }]) => ({
      name,
      source,
      ...options === undefined ? {} : { options },
      global: [64],
      args: ["buffer 8192 0", ...args],
      parts: 3,
    })),
  );
  assert.equal(results.length, Object.keys(KERNELS).length);
  assert.deepEqual(results.filter(({ bytes }) => bytes === "differs"), []);
  assert.deepEqual(
    results.filter(({ verdict }) => verdict === "split").map(({ name }) => name),
    Object.keys(KERNELS).filter((name) => KERNELS[name]?.split),
  );
});
