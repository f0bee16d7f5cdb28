/**
 * Why a dispatch is split, or runs whole, for people and programs.
 *
 * @module
 */

import { explain } from "./analysis/mod.ts";
import type { Verdict } from "./analysis/verdict.ts";
import type { Launch } from "./dispatch.ts";
import type { Placement } from "./placement.ts";

/** What would become of a dispatch. Plain data. */
export interface Explanation {
  /** What the analysis of the kernel says: whether splitting is safe. */
  verdict: Pick<Verdict, "kind"> & {
    /** Of a split: `x`, `y` or `z`. */
    dimension?: "x" | "y" | "z";
    /** Of what runs whole. */
    rule?: string;
    reason?: string;
    instruction?: { text: string; word: number } | null;
  };
  /** Whether it would be split now. */
  split: boolean;
  /** Why, where the analysis alone does not decide it. */
  reason: string;
  /** What would come of the wish to speculate; null where there is none. */
  speculation: string | null;
  /** Ids of the members that would run it. */
  gpus: string[];
  /** All of it, in a few lines. */
  text: string;
}

/** Explains a placement. */
export function explainLaunch(
  { verdict, kernel }: Launch,
  placement: Placement,
  speculation: string | null,
): Explanation {
  const gpus = placement.members.map(({ id }) => id);
  return {
    verdict: verdict.kind === "split"
      ? { kind: "split", dimension: (["x", "y", "z"] as const)[verdict.dimension] }
      : {
        kind: "whole",
        rule: verdict.rule,
        reason: verdict.reason,
        instruction: verdict.instruction,
      },
    split: placement.isSplit,
    reason: placement.reason,
    speculation,
    gpus,
    text: [
      explain(verdict, kernel.info),
      ...speculation === null ? [] : [speculation],
      `${placement.reason}: ${gpus.join(", ")}`,
    ].join("\n"),
  };
}
