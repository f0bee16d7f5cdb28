/**
 * Which part of the repository may import which.
 *
 * @module
 */

import type { Import } from "./graph.ts";

/** One direction in which nothing may be imported. */
export interface Rule {
  /** What the rule keeps true, as it is shown where it is broken. */
  readonly rule: string;
  /** Whether an import breaks it. */
  breaks(edge: Import): boolean;
}

/** Parts of lib/ that speak to libraries of the system, and so may import ffi/. */
const BACKENDS = [
  "lib/discovery/",
  "lib/telemetry/",
  "lib/control/",
  "lib/pool/",
  "lib/transfer/",
  "lib/bench/",
  "lib/session/",
  "lib/launch/",
  "lib/doctor/",
  "lib/daemon/",
];

function within(path: string, ...directories: string[]): boolean {
  return directories.some((directory) => path.startsWith(directory));
}

/** All rules. */
export const rules: readonly Rule[] = [
  {
    rule: "ffi/ imports nothing of lib/",
    breaks: ({ from, to }) => within(from, "ffi/") && within(to, "lib/"),
  },
  {
    rule: "lib/gpu/ imports nothing from outside itself but packages",
    breaks: ({ from, to }) =>
      within(from, "lib/gpu/") && !within(to, "lib/gpu/") && !to.startsWith("npm:"),
  },
  {
    rule: "nothing in lib/ imports lib/cli/",
    breaks: ({ from, to }) =>
      within(from, "lib/") && !within(from, "lib/cli/") && within(to, "lib/cli/"),
  },
  {
    rule: "nothing in lib/ but lib/cli/ imports lib/daemon/",
    breaks: ({ from, to }) =>
      within(from, "lib/") && !within(from, "lib/cli/", "lib/daemon/") && within(to, "lib/daemon/"),
  },
  {
    rule: "only backends import ffi/",
    breaks: ({ from, to }) =>
      within(to, "ffi/") && !within(from, "ffi/", "tests/", "scripts/", ...BACKENDS),
  },
  {
    rule: "nothing imports main.ts",
    breaks: ({ to }) => to === "main.ts",
  },
  {
    rule: "the program imports nothing of scripts/ and tests/",
    breaks: ({ from, to }) =>
      !within(from, "scripts/", "tests/") && within(to, "scripts/", "tests/"),
  },
  {
    rule: "packages are named in deno.json alone",
    breaks: ({ specifier }) => /^(npm|jsr|https?):/.test(specifier),
  },
];

/** An import and a rule that it breaks. */
export interface Breach {
  readonly edge: Import;
  readonly rule: string;
}

/** Every import that breaks a rule. */
export function findBreaches(imports: readonly Import[], table = rules): Breach[] {
  return imports.flatMap((edge) =>
    table.filter((each) => each.breaks(edge)).map(({ rule }) => ({ edge, rule }))
  );
}
