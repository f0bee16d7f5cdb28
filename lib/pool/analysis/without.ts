/**
 * Verdicts with rules left out: for tests alone, which show by wrong results what each rule is for.
 *
 * @module
 */

import { Judge } from "./judge.ts";
import type { KernelInfo } from "./kernel_info.ts";
import type { LaunchFacts, Verdict, WholeRule } from "./verdict.ts";

/** As `judge`, without some of its rules: the verdict may be wrong. */
export function judgeWithout(
  kernel: KernelInfo,
  facts: LaunchFacts,
  ...rules: readonly WholeRule[]
): Verdict {
  return new Judge(kernel, facts, new Set(rules)).run();
}
