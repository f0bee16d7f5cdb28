/**
 * Limits of groups and programs, as a table.
 *
 * @module
 */

import { table } from "./table.ts";
import { printable } from "./text.ts";
import { formatBytes } from "./units.ts";

/** A limit that is shown. */
export interface ShownLimit {
  gpu: string;
  /** Bytes; null where unknown. */
  used_bytes: number | null;
  /** Bytes; null for none. */
  memory_limit_bytes: number | null;
  /** 1 to 100. */
  compute_pct: number;
}

/** What has limits. */
export interface ShownLimits {
  kind: "group" | "program";
  /** Of a group its name, of a program its pid. */
  name: string;
  /** Of a group its programs, of a program its command. */
  what: string;
  limits: readonly ShownLimit[];
}

const HEAD = ["Kind", "Name", "Program", "GPU", "Memory", "Limit", "Time"];
const ALIGN = ["left", "left", "left", "left", "right", "right", "right"] as const;

/** Renders them; one line that says so where there are none. */
export function renderLimits(shown: readonly ShownLimits[]): string {
  if (shown.length === 0) {
    return "No group, and no program with a shim of mvgal (mvgal run starts one)\n";
  }
  const rows = shown.flatMap(({ kind, name, what, limits }) => {
    const head = [kind, printable(name), printable(what)];
    if (limits.length === 0) return [[...head, "-", "-", "-", "-"]];
    return limits.map(({ gpu, used_bytes, memory_limit_bytes: bytes, compute_pct }, i) => [
      ...(i === 0 ? head : ["", "", ""]),
      printable(gpu),
      used_bytes === null ? "?" : formatBytes(used_bytes),
      bytes === null ? "none" : formatBytes(bytes),
      compute_pct === 100 ? "none" : `${compute_pct} %`,
    ]);
  });
  return table([HEAD, ...rows], ALIGN).map((line) => `${line}\n`).join("");
}
