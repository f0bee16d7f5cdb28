/**
 * Whether a launch that is not proved safe to split may be tried: run in parts on copies, which are compared
 * with what was there before, and merged where no two of them changed the same.
 *
 * What is compared is bytes of the buffers that are bound and written, and nothing else. So a launch may be
 * tried where the following holds.
 *
 * 1. All that it does to the outside is stores to buffers that it binds. The rules that say otherwise, or that
 *    it is not known, are findings of the module (atomics, coherent memory, barriers between work-groups,
 *    addresses, pointers that are chosen, whatever is unknown): a module with any of these is refused, and so
 *    is one that binds images, which are not compared.
 * 2. A work-group is told the same as in the whole: the number of work-groups is patched, or not asked for.
 * 3. It does not matter that a part sees what was there before, where another part writes. Without atomics,
 *    coherent memory and barriers between work-groups nothing orders one work-group before another
 *    (Vulkan specification, appendix "Memory Model": no operation synchronizes with one of another
 *    work-group). If one writes a byte that another reads or writes, that is a data race, in the whole as
 *    well, and the kernel has no defined result. In a kernel without races each byte is written by one
 *    work-group alone, and read by no other: the merged bytes are those of the whole.
 *
 * Of kernels that do have races, some work none the less, as on each device some order comes about. Two parts
 * that change the same are seen, and the launch runs whole. What cannot be seen is a race that leaves no trace:
 * one that only reads, and one that writes what was there before. Then the result is one that the whole might
 * have had on a device that runs the parts at once and whose stores become visible at the end. That is why it
 * is done on request alone.
 *
 * Stores outside of what is bound are no part of a defined program either: no more is said of them.
 *
 * @module
 */

import type { KernelInfo } from "./kernel_info.ts";
import { patched } from "./patch.ts";
import type { Dimension, SplitVerdict, Triple, WholeRule, WholeVerdict } from "./verdict.ts";

/** The rules of which the bytes show whether they matter to a launch. */
export const SPECULATIVE_RULES: ReadonlySet<WholeRule> = new Set<WholeRule>([
  "store_not_affine",
  "store_overlaps",
  "store_overflows",
  "load_of_written",
  "aliasing",
]);

/** How a launch is tried. */
export interface SpeculativeVerdict {
  /** How to run its parts, each of which may touch all that is bound. Not proved safe. */
  split: SplitVerdict;
  /** The least that it stores at once, as far as that matters to what is a conflict: in bytes. */
  granule: 1 | 4;
}

/** The dimension with the most work-groups: of equal ones the last, whose parts lie closest together. */
function longest(groups: Triple): Dimension {
  const [x, y, z] = groups;
  if (z >= x && z >= y) return 2;
  return y >= x ? 1 : 0;
}

/**
 * How a launch that would run whole may be tried.
 *
 * @param groups of the launch that `verdict` is of.
 * @returns a string that says in one sentence why it may not.
 */
export function speculative(
  kernel: KernelInfo,
  groups: Triple,
  verdict: WholeVerdict,
): SpeculativeVerdict | string {
  const { rule, uses } = verdict;
  if (!SPECULATIVE_RULES.has(rule) || uses === null) {
    return `what comes of the rule ${rule} is not seen by comparing bytes`;
  }
  const { program, words } = kernel;
  // A later rule than the one that decided may be broken too.
  if (program.findings.length > 0) {
    return `what comes of the rule ${program.findings[0]?.rule} is not seen by comparing bytes`;
  }
  const other = kernel.bindings.find(({ kind }) =>
    kind !== "storage_buffer" && kind !== "uniform_buffer"
  );
  if (other !== undefined) return `a ${other.kind.replaceAll("_", " ")} is not compared`;
  const patch = program.asksForGroups ? patched(kernel) : undefined;
  if (patch === null) {
    return "it asks for the number of work-groups in a way that cannot be replaced by constants";
  }
  const isFine = program.accesses.some(({ isStore, size }) => isStore && (size ?? 0) < 4);
  return {
    split: {
      kind: "split",
      dimension: longest(groups),
      uses,
      words: patch?.words ?? words,
      specialization: new Map(patch?.ids.map((id, i) => [id, groups[i] ?? 1])),
      usesSubgroups: program.usesSubgroups,
    },
    granule: isFine ? 1 : 4,
  };
}
