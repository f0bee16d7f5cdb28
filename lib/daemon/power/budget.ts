/**
 * The power budget: what each GPU counts for, and what each may be given of the rest. Pure.
 *
 * @module
 */

import type { GpuId } from "../../gpu/gpu.ts";
import type { PowerBudgetView } from "./decision.ts";
import type { GpuTrack } from "./gpu_track.ts";
import { budgetOf, type PowerPolicy } from "./policy.ts";
import { shareWatts } from "./water_fill.ts";

/** The draw of a GPU without a cap is counted in steps of so many W, so that small changes move nothing. */
const DRAW_STEP_W = 10;

/** Sums of numbers with fractions are not exact. */
const EPSILON_W = 1e-6;

/** The budget shared out. */
export interface BudgetPlan {
  readonly view: PowerBudgetView;
  /** What each GPU whose cap can be set is to have, in W. */
  readonly shares: ReadonlyMap<GpuId, number>;
}

/** What a GPU counts for that cannot be changed now. */
type Fixed =
  | { readonly watts: number; readonly note: string | null }
  | { readonly refused: string };

function fixedWatts(track: GpuTrack, policy: PowerPolicy): Fixed {
  const { id, sample, cap } = track;
  if (cap !== null) return { watts: cap, note: null };
  const assumed = policy.assumed_watts[id];
  if (assumed !== undefined) return { watts: assumed, note: `${id} is counted as configured` };
  const most = sample.power_cap_max_w ?? sample.power_cap_default_w;
  if (most !== null && most > 0) return { watts: most, note: null };
  const draw = track.demand.recent;
  if (draw !== null) {
    return {
      watts: Math.ceil(draw / DRAW_STEP_W) * DRAW_STEP_W,
      note: `${id} has no cap: it is counted at its recent draw`,
    };
  }
  if (sample.state === "asleep" || sample.state === "lost") {
    return { watts: 0, note: `${id} is ${sample.state} and told nothing yet: it is not counted` };
  }
  return {
    refused: `${id} tells neither its power nor a cap: configure what it may draw, or no limit`,
  };
}

/** What all GPUs count for now by their caps, in W; null where one cannot be counted. */
export function assignedWatts(tracks: Iterable<GpuTrack>, policy: PowerPolicy): number | null {
  let sum = 0;
  for (const track of tracks) {
    const counted = fixedWatts(track, policy);
    if ("refused" in counted) return null;
    sum += counted.watts;
  }
  return sum;
}

/** Shares the budget out; null where the policy has none. */
export function planBudget(
  tracks: readonly GpuTrack[],
  policy: PowerPolicy,
): BudgetPlan | null {
  const budget = budgetOf(policy);
  if (budget === null) return null;
  const notes: string[] = [];
  const view = (state: PowerBudgetView["state"], reason: string | null) => ({
    ...budget,
    assigned_w: assignedWatts(tracks, policy),
    state,
    reason,
  });
  let fixed = 0;
  for (const track of tracks.filter(({ adjustable }) => !adjustable)) {
    const counted = fixedWatts(track, policy);
    if ("refused" in counted) {
      return { view: view("refused", counted.refused), shares: new Map() };
    }
    fixed += counted.watts;
    if (counted.note !== null) notes.push(counted.note);
  }
  const own = tracks.filter(({ adjustable }) => adjustable);
  const claims = own.map((track) => {
    const min = track.least ?? 0;
    const max = Math.max(min, track.ceiling(policy));
    const rests = ["sustained", "parkable"].includes(track.idle.level(policy));
    return { min, max, need: rests ? min : track.demand.need(track.cap ?? max, max) };
  });
  const left = budget.watts - fixed;
  const least = claims.reduce((sum, { min }) => sum + min, 0);
  const parts = shareWatts(claims, left);
  const shares = new Map(own.map((track, at) => [track.id, track.settable(parts[at] ?? 0)]));
  if (least > left + EPSILON_W) {
    const why = `the least caps and what cannot be changed are ${Math.ceil(least + fixed)} W`;
    return { view: view("infeasible", why), shares };
  }
  return { view: view("kept", notes.length === 0 ? null : notes.join("; ")), shares };
}

/** Whether what is counted is more than the budget. */
export function isOver({ view }: BudgetPlan): boolean {
  return view.assigned_w !== null && view.assigned_w > view.watts + EPSILON_W;
}
