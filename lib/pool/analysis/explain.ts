/**
 * A verdict in a few lines for people.
 *
 * @module
 */

import type { KernelInfo } from "./kernel_info.ts";
import type { AccessWindow, BindingUse, Verdict } from "./verdict.ts";

const DIMENSIONS = ["x", "y", "z"] as const;

function nameOf({ bindings }: KernelInfo, { set, binding }: BindingUse): string {
  const name = bindings.find((each) => each.set === set && each.binding === binding)?.name;
  return `set ${set} binding ${binding}${name ? ` (${name})` : ""}`;
}

function windowText({ stride, first, end }: AccessWindow): string {
  if (stride === 0) return `bytes ${first} to ${end}`;
  const from = first === 0 ? "" : first < 0 ? ` - ${-first}` : ` + ${first}`;
  return `${end - first} bytes from ${stride} * group${from} on`;
}

function useText(kernel: KernelInfo, use: BindingUse): string {
  const { writes, reads } = use;
  const parts: string[] = [];
  if (writes) parts.push(`writes ${windowText(writes)}`);
  if (reads) parts.push(reads === "all" ? "reads any byte" : `reads ${windowText(reads)}`);
  return `  ${nameOf(kernel, use)}: ${parts.join(", ") || "not touched"}`;
}

/** A verdict in lines of text, without a newline at the end. */
export function explain(verdict: Verdict, kernel: KernelInfo): string {
  if (verdict.kind === "split") {
    const isPatched = verdict.specialization.size > 0;
    return [
      `${kernel.entryPoint}: may be split between any two work-groups in ${
        DIMENSIONS[verdict.dimension]
      }`,
      ...verdict.uses.map((use) => useText(kernel, use)),
      ...isPatched ? ["  the number of work-groups is given as constants"] : [],
      ...verdict.usesSubgroups ? ["  over devices of one model alone: it uses subgroups"] : [],
    ].join("\n");
  }
  const { rule, reason, instruction, uses } = verdict;
  return [
    `${kernel.entryPoint}: runs whole (${rule}): ${reason}`,
    ...instruction ? [`  at word ${instruction.word}: ${instruction.text}`] : [],
    ...(uses ?? []).map((use) => useText(kernel, use)),
  ].join("\n");
}
