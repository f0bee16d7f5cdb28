/**
 * A change of the scheduler that is not applied yet. Pure.
 *
 * @module
 */

import type { SchedulerChange, SchedulerView } from "../../service_api.ts";

/** What a person has set: by GPU, and the priority as it was typed. */
export interface Draft {
  strategy?: SchedulerChange["strategy"];
  gpus: Record<string, { enabled?: boolean; priority?: string }>;
}

/** What of a draft differs from what is; null where nothing does, or a priority is none from 0 to 100. */
export function changeOf(now: SchedulerView, draft: Draft): SchedulerChange | null {
  const gpus: NonNullable<SchedulerChange["gpus"]> = [];
  for (const gpu of now.gpus) {
    const { enabled = gpu.enabled, priority: typed = String(gpu.priority) } = draft.gpus[gpu.id] ??
      {};
    if (!/^\d{1,3}$/.test(typed) || Number(typed) > 100) return null;
    const priority = Number(typed);
    if (enabled === gpu.enabled && priority === gpu.priority) continue;
    gpus.push({
      id: gpu.id,
      ...(enabled !== gpu.enabled && { enabled }),
      ...(priority !== gpu.priority && { priority }),
    });
  }
  const { strategy = now.strategy } = draft;
  if (strategy === now.strategy && gpus.length === 0) return null;
  return {
    ...(strategy !== now.strategy && { strategy }),
    ...(gpus.length > 0 && { gpus }),
  };
}
