/**
 * Running a launch to its end: who runs it, in what way, and again where a member was lost.
 *
 * @module
 */

import type { Balance } from "./balance.ts";
import { commit, type Launch, type PartRun, runParts, SpoiltDataError } from "./dispatch.ts";
import { type Member, MemberLostError } from "./member.ts";
import type { Pool } from "./open.ts";
import type { Placement, PlacementWish } from "./placement.ts";
import type { Speculation, SpeculationPlan } from "./speculation.ts";

/** One part of a dispatch that was run. */
export interface DispatchPart {
  /** The member's id. */
  gpu: string;
  /** Work-groups along the dimension of the split: from `start` up to, and without, `end`. */
  start: number;
  end: number;
  /** Time on the device, in ms. */
  ms: number;
  /** Bytes that were copied to the member before. */
  copied_bytes: number;
}

/** What came of a dispatch. */
export interface DispatchResult {
  /** Whether more than one member ran a part. */
  split: boolean;
  /** Why it was split, or ran whole. */
  reason: string;
  /** Whether its parts ran on copies that were merged, as it is not proved safe to split. */
  speculated: boolean;
  /** What came of the wish to speculate, in one sentence; null where there was none. */
  speculation: string | null;
  parts: DispatchPart[];
  /** Members that were lost on the way, and why; their parts were run by others. */
  lost: string[];
}

/** How a launch is to be run. */
export interface RunWish extends PlacementWish {
  /** Whether to try it where it is not proved safe to split. */
  speculate: boolean;
  /** Asked, once it is known who runs it, before anything runs there; by rejection it says that nothing may. */
  begin(members: readonly Member[]): Promise<void>;
}

/** Runs launches. */
export class Runner {
  readonly #pool: Pool;
  readonly #balance: Balance;
  readonly #speculation: Speculation;

  constructor(pool: Pool, balance: Balance, speculation: Speculation) {
    this.#pool = pool;
    this.#balance = balance;
    this.#speculation = speculation;
  }

  /**
   * Who would run a launch now, and what would come of the wish to speculate. Nothing is taken note of.
   *
   * @throws {Error} where no member can; one line.
   */
  preview(
    launch: Launch,
    wish: Omit<RunWish, "begin">,
  ): { placement: Placement; speculation: string | null } {
    const plan = wish.speculate ? this.#speculation.plan(launch) : null;
    if (plan === null || typeof plan === "string") {
      return { placement: this.#balance.preview(launch, wish), speculation: plan };
    }
    const placement = this.#balance.preview(plan.launch, wish);
    return {
      placement,
      speculation: placement.isSplit
        ? "tried in parts on copies, which are merged where no two members change the same"
        : `not tried: ${placement.reason}`,
    };
  }

  /**
   * Runs a launch. For use by who holds its buffers in the order of work.
   *
   * @param onLost told of each member that is lost on the way, once no part runs that may use the buffers.
   * @throws {DataLostError} where bytes that it needs were lost with a member.
   * @throws {SpoiltDataError} where a member was lost while it changed a buffer in place.
   */
  async run(
    launch: Launch,
    wish: RunWish,
    onLost: (error: MemberLostError) => void,
  ): Promise<DispatchResult> {
    const lost: string[] = [];
    const lose = (error: MemberLostError) => {
      lost.push(error.message);
      onLost(error);
    };
    let plan: SpeculationPlan | undefined;
    let speculation: string | null = null;
    if (wish.speculate) {
      const planned = this.#speculation.plan(launch);
      if (typeof planned === "string") speculation = planned;
      else plan = planned;
    }
    for (;;) {
      // What may be tried is measured and compared as such, also where it runs whole for that.
      const placed = plan?.launch ?? launch;
      const placement = this.#balance.place(placed, wish);
      await wish.begin(placement.members);
      const begun = performance.now();
      let parts: PartRun[];
      if (plan !== undefined && placement.isSplit) {
        const end = await this.#speculation.run(plan, placement, lose);
        speculation = end.reason;
        if (end.state === "dropped") {
          plan = undefined;
          continue;
        }
        this.#balance.ran(placed, placement, end.parts, performance.now() - begun);
        return { ...resultOf(placement, end.parts), speculated: true, speculation, lost };
      }
      try {
        parts = await runParts(launch, placement.members, placement.source, lose);
      } catch (error) {
        // Another member may run what the one that was chosen for the whole did not.
        const isLeft = this.#pool.members.some((member) => member.lost === undefined);
        const next = isLeft && lost.length > 0 && !placement.isSplit &&
          !(error instanceof SpoiltDataError);
        if (next && error instanceof MemberLostError) continue;
        throw error;
      }
      const takenMs = performance.now() - begun;
      await commit(launch, parts);
      this.#balance.ran(placed, placement, parts, takenMs);
      speculation ??= plan === undefined ? null : `not tried: ${placement.reason}`;
      return { ...resultOf(placement, parts), speculated: false, speculation, lost };
    }
  }
}

function resultOf(
  { isSplit, reason }: Placement,
  parts: readonly PartRun[],
): Pick<DispatchResult, "split" | "reason" | "parts"> {
  const gpus = new Set(parts.map(({ member }) => member));
  return {
    split: isSplit && gpus.size > 1,
    reason,
    parts: parts.map(({ member, start, end, ms, copied_bytes }) => ({
      gpu: member.id,
      start,
      end,
      ms,
      copied_bytes,
    })),
  };
}
