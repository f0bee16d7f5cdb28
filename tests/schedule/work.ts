/** Workers and work for the tests of strategies. */

import type { GivenOptions } from "../../lib/schedule/options.ts";
import { Scheduler, type StrategyName } from "../../lib/schedule/strategies.ts";
import type { FrameWork, GridWork, TaskWork, Work, Worker } from "../../lib/schedule/strategy.ts";

export const worker = (
  id: string,
  speed: number | null = 1,
  more: Partial<Worker> = {},
): Worker => ({ id, speed, enabled: true, queued_ms: 0, ...more });

export const lost = (id: string, speed = 1): Worker => worker(id, speed, { enabled: false });

export const grid = (units: number, more: Partial<GridWork> = {}): GridWork => ({
  kind: "grid",
  units,
  splittable: true,
  measured: { whole_ms: 10, split_ms: 1 },
  ...more,
});

export const frame = (number: number): FrameWork => ({
  kind: "frame",
  number,
  rows: 100,
  splittable: true,
});

export const frames = (count: number): FrameWork[] =>
  Array.from({ length: count }, (_, i) => frame(i));

export const taskOf = (task: TaskWork["task"], more: Partial<TaskWork> = {}): TaskWork => ({
  kind: "task",
  task,
  cost_ms: 10,
  inputs: [],
  ...more,
});

/** Who does each of some pieces of work, one after the other. */
export function course(
  name: StrategyName,
  works: readonly Work[],
  workers: readonly Worker[],
  options: GivenOptions = {},
): string[] {
  const scheduler = new Scheduler(name, options);
  return works.map((work) => scheduler.place(work, workers).parts.map((p) => p.worker).join("+"));
}
