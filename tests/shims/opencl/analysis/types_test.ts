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
