/**
 * Which power caps to change now: down at once where they have to, else seldom. Pure.
 *
 * @module
 */

import { type BudgetPlan, isOver } from "./budget.ts";
import type { Decision } from "./decision.ts";
import type { GpuTrack } from "./gpu_track.ts";
import type { PowerPolicy } from "./policy.ts";
import { thermalSteps } from "./thermal.ts";

/**
 * After a change a cap stays for so long in ms before it is raised, and before it is lowered only so that
 * others may have more. Where heat or the budget ask for it, it is lowered at once.
 */
export const RAISE_AFTER_MS = 30_000, REBALANCE_AFTER_MS = 10_000;

/** Smaller changes are not worth a write: a part of the GPU's own cap, and W. */
const WORTH_PART = 0.05, WORTH_W = 5;

/** Caps closer than this are the same, in W. */
const SAME_W = 0.5;

const watts = (value: number) => `${Math.round(value * 10) / 10} W`;

function thermalReason(track: GpuTrack, policy: PowerPolicy): string {
  const { step, critical } = track.thermal.state;
  const at = track.sample.temperature_c;
  const degrees = at === null ? "it was hot" : `${at} °C`;
  return critical
    ? `${degrees} is critical: the lowest cap`
    : `${degrees}: step ${step} of ${thermalSteps(policy).length} down`;
}

/** One GPU with the cap that it is to have. */
interface Aim {
  readonly track: GpuTrack;
  readonly own: number;
  readonly now: number;
  readonly target: number;
  readonly ceiling: number;
  /** Whether a change to it is large enough. */
  readonly worth: boolean;
}

function aimOf(track: GpuTrack, plan: BudgetPlan | null, policy: PowerPolicy): Aim | undefined {
  const { own, cap } = track;
  if (!track.adjustable || own === null || cap === null) return undefined;
  const ceiling = track.ceiling(policy);
  // Where the budget cannot be shared out, what was shared out before stays.
  track.share = plan === null ? null : plan.shares.get(track.id) ?? track.share;
  const target = track.settable(Math.min(ceiling, track.share ?? own));
  const difference = Math.abs(target - cap);
  const worth = difference >= Math.max(WORTH_W, WORTH_PART * own);
  return { track, own, now: cap, target, ceiling, worth };
}

function lowering(aim: Aim, over: boolean, at: number, policy: PowerPolicy): Decision | undefined {
  const { track, target, now, ceiling } = aim;
  if (target >= now - SAME_W) return undefined;
  const isHot = now > ceiling + SAME_W;
  const mayRebalance = aim.worth && at - track.capChangedAt >= REBALANCE_AFTER_MS;
  if (!isHot && !over && !mayRebalance) return undefined;
  const reason = isHot
    ? thermalReason(track, policy)
    : `its part of the budget is ${watts(target)}`;
  return { kind: "cap", gpu: track.id, watts: target, reason };
}

function raising(
  aim: Aim,
  room: number,
  at: number,
  plan: BudgetPlan | null,
): Decision | undefined {
  const { track, own, now, target } = aim;
  if (track.heldCap === null || at - track.capChangedAt < RAISE_AFTER_MS) return undefined;
  if (target >= own && own - now <= room + 1e-6) {
    const reason = plan === null ? "nothing limits it any more" : "the budget has room for it";
    return { kind: "uncap", gpu: track.id, reason };
  }
  const reached = track.settable(Math.min(target, now + room));
  if (reached - now < Math.max(WORTH_W, WORTH_PART * own)) return undefined;
  const reason = track.thermal.state.step > 0
    ? "it has cooled down"
    : `its part of the budget is ${watts(reached)}`;
  return { kind: "cap", gpu: track.id, watts: reached, reason };
}

/**
 * Decides which caps to change, those that are lowered first. What is given to one was free before this look:
 * what another one gives up is free at the next, when it is known to have done so.
 *
 * @param plan the budget shared out; null without one.
 */
export function decideCaps(
  tracks: readonly GpuTrack[],
  plan: BudgetPlan | null,
  at: number,
  policy: PowerPolicy,
): Decision[] {
  const aims = tracks.map((track) => aimOf(track, plan, policy)).filter((aim) => aim !== undefined);
  const over = plan !== null && isOver(plan);
  const lower = aims.map((aim) => lowering(aim, over, at, policy))
    .filter((decision) => decision !== undefined);
  const raise: Decision[] = [];
  const counted = plan?.view.assigned_w ?? null;
  // Where something cannot be counted, there is no budget to stay within.
  let room = plan === null || counted === null ? Infinity : Math.max(0, plan.view.watts - counted);
  for (const aim of aims) {
    if (lower.some(({ gpu }) => gpu === aim.track.id)) continue;
    const decision = raising(aim, room, at, plan);
    if (decision === undefined) continue;
    room -= (decision.kind === "cap" ? decision.watts : aim.own) - aim.now;
    raise.push(decision);
  }
  return [...lower, ...raise];
}
