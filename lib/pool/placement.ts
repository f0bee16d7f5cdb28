/**
 * Who runs how much of a dispatch, as it was decided.
 *
 * @module
 */

import type { GivenOptions } from "../schedule/options.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import type { GroupRange, Launch, PartSource } from "./dispatch.ts";
import type { Member } from "./member.ts";

/** Who runs a dispatch. */
export interface Placement {
  isSplit: boolean;
  /** Why, in one line. */
  reason: string;
  members: readonly Member[];
  source: PartSource;
  /** Under which its time is remembered: the class of the kernel, and who could have run it. */
  takenClass: string;
}

/** What is wished for one dispatch, against the pool's strategy. */
export interface PlacementWish {
  /** The member that shall run it whole; another does where it is lost or cannot. */
  on?: Member | undefined;
  /** Members that shall not run it, where others can. */
  without?: readonly Member[];
  strategy?: StrategyName | undefined;
  /** Options of that strategy, or others than the pool's of its own. */
  strategyOptions?: GivenOptions | undefined;
}

/** The work-groups that can be told apart: along the dimension of the split, or 1. */
export function unitsOf({ verdict, groups }: Launch): number {
  return verdict.kind === "split" ? groups[verdict.dimension] : 1;
}

/** A placement in which each member has one range. */
export function placement(
  shares: readonly [Member, GroupRange][],
  reason: string,
  takenClass: string,
): Placement {
  const left = new Map(shares);
  return {
    isSplit: shares.length > 1,
    reason,
    takenClass,
    members: shares.map(([member]) => member),
    source: {
      next(member) {
        const range = left.get(member);
        left.delete(member);
        return range;
      },
      done: () => {},
    },
  };
}
