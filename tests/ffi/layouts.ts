/**
 * Holding layouts against what the C compiler says.
 *
 * @module
 */

import { sizeAndAlign } from "../../ffi/layout.ts";
import type { Layout } from "../../ffi/struct.ts";
import { compile } from "../fakes/cc.ts";

/** Where the C declarations come from. */
export interface LayoutSource {
  /** Headers: `vulkan/vulkan.h`. */
  includes?: readonly string[];
  /** C source behind the includes: declarations that are in no header on this host. */
  prelude?: string;
  /** Further arguments of the compiler: `-I…`. */
  args?: readonly string[];
}

/**
 * Compiles and runs a program that prints `sizeof`, `_Alignof` and `offsetof` of each layout's structure
 * and of its members, by the names in the layout.
 *
 * @returns one line for each difference; empty where all agree.
 * @throws {Error} where C has no such structure or member, with the compiler's message.
 */
export function checkLayouts(
  layouts: readonly Layout[],
  { includes = [], prelude = "", args = [] }: LayoutSource,
): string[] {
  const source = [
    "#include <stddef.h>",
    "#include <stdio.h>",
    ...includes.map((header) => `#include <${header}>`),
    prelude,
    '#define S(type) printf("%zu %zu\\n", sizeof(type), _Alignof(type))',
    "#define M(type, member) \\",
    '  printf("%zu %zu\\n", offsetof(type, member), sizeof(((type *)0)->member))',
    "int main(void)",
    "{",
    ...layouts.flatMap((layout) => [
      `  S(${layout.name});`,
      ...layout.fields.map((field) => `  M(${layout.name}, ${field.name});`),
    ]),
    "  return 0;",
    "}",
    "",
  ].join("\n");
  const program = compile({ name: "layouts", source, args });
  const { success, stdout } = new Deno.Command(program).outputSync();
  if (!success) throw new Error("the layout program failed");
  const said = new TextDecoder().decode(stdout).trim().split("\n");
  const expected = layouts.flatMap((layout) => [
    { what: layout.name, first: "size", numbers: [layout.size, layout.align], second: "alignment" },
    ...layout.fields.map((field) => ({
      what: `${layout.name}.${field.name}`,
      first: "offset",
      numbers: [field.offset, sizeAndAlign(field.type).size],
      second: "size",
    })),
  ]);
  return expected.flatMap(({ what, first, second, numbers }, at) =>
    said[at] === numbers.join(" ")
      ? []
      : [`${what}: ${first} and ${second} are ${said[at]} in C, ${numbers.join(" ")} here`]
  );
}
