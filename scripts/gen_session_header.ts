// deno-lint-ignore-file no-console -- a script speaks to people
/**
 * Writes `shims/include/mvgal_session.h` from `lib/session/layout.ts`.
 *
 *     deno run -A scripts/gen_session_header.ts
 *
 * @module
 */

import { join } from "node:path";
import type { Field, RecordLayout } from "../lib/session/fixed_layout.ts";
import * as layout from "../lib/session/layout.ts";

const OUTPUT = join(import.meta.dirname ?? ".", "../shims/include/mvgal_session.h");

const C_TYPES = { u32: "uint32_t", u64: "uint64_t", text: "char", reserved: "uint8_t" } as const;

function member({ name, type, size, count, atomic, doc }: Field): string {
  const base = typeof type === "string" ? C_TYPES[type] : `struct ${type.name}`;
  const bytes = type === "text" || type === "reserved" ? `[${size}]` : "";
  const array = count === undefined ? bytes : `[${count}]${bytes}`;
  return `\t${atomic ? `_Atomic ${base}` : base} ${name}${array}; /* ${doc} */`;
}

function definition(record: RecordLayout): string {
  const { name, size, fields, doc } = record;
  const asserts = fields.map((field) =>
    `_Static_assert(offsetof(struct ${name}, ${field.name}) == ${field.offset}, "${name}.${field.name}");`
  );
  return [
    `/* ${doc} */`,
    `struct ${name} {`,
    ...fields.map(member),
    "};",
    `_Static_assert(sizeof(struct ${name}) == ${size}, "${name}");`,
    ...asserts,
  ].join("\n");
}

/** A list of names as an enumeration that begins at `first`. */
function enumeration(name: string, entries: readonly (readonly [string, number])[]): string {
  const prefix = name.toUpperCase();
  const lines = entries.map(([entry, value]) => `\t${prefix}_${entry.toUpperCase()} = ${value},`);
  return [`enum ${name} {`, ...lines, "};"].join("\n");
}

/** The header. */
export function sessionHeader(): string {
  const constants: [string, string][] = [
    ["MVGAL_SESSION_MAGIC", `UINT64_C(0x${layout.PAGE_MAGIC.toString(16)})`],
    ["MVGAL_GROUP_MAGIC", `UINT64_C(0x${layout.GROUP_MAGIC.toString(16)})`],
    ["MVGAL_SESSION_LAYOUT_VERSION", String(layout.LAYOUT_VERSION)],
    ["MVGAL_SESSION_GPUS", String(layout.GPU_ROWS)],
    ["MVGAL_SESSION_REASONS", String(layout.REASON_ROWS)],
    ["MVGAL_GROUP_SLOTS", String(layout.GROUP_SLOTS)],
    ["MVGAL_NO_LIMIT", "UINT64_MAX"],
    ["MVGAL_FULL_WEIGHT", String(layout.FULL_WEIGHT)],
  ];
  const strategies = layout.STRATEGY_NUMBERS.map((name, i) => [name, i + 1] as const);
  return [
    "/* SPDX-License-Identifier: MIT */",
    "/*",
    " * The page through which a program with a shim and mvgal speak: see docs/sessions.md.",
    " *",
    " * Made by scripts/gen_session_header.ts from lib/session/layout.ts: change that, not this.",
    " */",
    "#ifndef MVGAL_SESSION_LAYOUT_H",
    "#define MVGAL_SESSION_LAYOUT_H",
    "",
    "#include <stdatomic.h>",
    "#include <stddef.h>",
    "#include <stdint.h>",
    "",
    ...constants.map(([name, value]) => `#define ${name} ${value}`),
    "",
    '_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are little-endian");',
    '_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics take no lock");',
    "",
    "/* Strategies. */",
    enumeration("mvgal_strategy", [["none", 0], ...strategies]),
    "",
    "/* Their names, from MVGAL_STRATEGY_NONE + 1 on. */",
    `#define MVGAL_STRATEGY_NAMES { ${
      layout.STRATEGY_NUMBERS.map((name) => JSON.stringify(name)).join(", ")
    } }`,
    "",
    "/* Bits of mvgal_policy_gpu.flags. */",
    enumeration("mvgal_policy_gpu", Object.entries(layout.POLICY_GPU_FLAGS)).replace(
      "enum mvgal_policy_gpu {",
      "enum mvgal_policy_gpu_flags {",
    ),
    "",
    ...layout.RECORDS.map((record) => `${definition(record)}\n`),
    "#endif",
    "",
  ].join("\n");
}

if (import.meta.main) {
  Deno.writeTextFileSync(OUTPUT, sessionHeader());
  console.log(`wrote ${OUTPUT}`);
}
