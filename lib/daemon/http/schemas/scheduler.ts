/**
 * The schemas of the scheduler, and of the programs that run with mvgal.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { STRATEGY_NAMES } from "../../../schedule/strategies.ts";
import { count, flag, gpuId, number, numberOrNull, text, textOrNull, timeOrNull } from "./value.ts";

const strategy = z.enum(STRATEGY_NAMES).openapi({ description: "How work is spread" });

/** The scheduler. */
export const schedulerView = z.object({
  strategy,
  gpus: z.array(
    z.object({
      id: gpuId(),
      enabled: flag("Whether work is placed on it"),
      priority: number(
        "0 to 100, 50 by default: of two that would do as well, the higher one takes the work",
      ),
      weight: numberOrNull(
        "Its share in what is split, in proportion to the others'; null where it was never measured",
      ),
      weight_source: textOrNull("Where the weight is from: bench 2026-01-01T00:00:00Z, config"),
      load_pct: numberOrNull("Its utilization now, % of 100"),
      sessions: count("Programs that run with mvgal and were placed here"),
    }).openapi("SchedulerGpu", { description: "A GPU as the scheduler sees it" }),
  ).openapi({ description: "In the order of the listing" }),
}).openapi("Scheduler", { description: "How work is spread" });

/** A program that runs with a shim of mvgal. */
export const session = z.object({
  id: text("Process id and start time: 4711.99"),
  pid: z.int().openapi({ description: "Process id" }),
  command: textOrNull("The program's name; null where it cannot be read"),
  since: timeOrNull("Since when it runs"),
  api: text("Which shim: cuda, opencl, vulkan, opengl"),
  strategy,
  gpus: z.array(gpuId()).openapi({ description: "GPUs that it may use" }),
  placed_on: gpuId("The one on which its work is placed; null where there is none for it")
    .nullable(),
  placed_because: text("Why there"),
  counters: z.array(z.object({
    gpu: gpuId(),
    bytes: number("Memory that it holds there now, bytes"),
    launches: number("Kernels, or submissions of frames"),
    splits: number("Of the launches, parts of split work"),
    busy_ms: number("Time of work, as far as it was measured, ms"),
  })).openapi({ description: "By GPU, what the shim has counted" }),
  kernels: z.object({
    whole: number("That ran whole"),
    parted: number("That ran in parts, each counted once"),
  }).nullable().openapi({ description: "Kernels; null where the shim counts none" }),
  whole: z.array(z.object({
    reason: text("Why work ran whole"),
    count: number("How often"),
  })).openapi({ description: "Why work was not split" }),
}).openapi("Session", { description: "A program that runs with mvgal" });
