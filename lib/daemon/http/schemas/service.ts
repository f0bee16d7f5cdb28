/**
 * The schemas of what the service tells of itself: its parts, log, configuration, history, power manager.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { LOG_LEVELS } from "../../service_api.ts";
import {
  count,
  flag,
  flagOrNull,
  form,
  gpuId,
  integerOrNull,
  notes,
  number,
  numberOrNull,
  text,
  textOrNull,
  time,
} from "./value.ts";

/** The service about itself. */
export const serviceHealth = z.object({
  ready: flag("Whether it samples, and its parts work"),
  version: text("Of mvgal"),
  sysroot: textOrNull("Directory of the dump that it shows; null where it is about this host"),
  pid: z.int().openapi({ description: "Its process id" }),
  started_at: time("When it was started"),
  degraded: notes("By part that does not work, why: history"),
  interval_ms: number("Between looks, ms"),
  samples: count("Looks that were taken"),
  samples_missed: count("Looks that could not be taken in time"),
}).openapi("ServiceHealth", { description: "The service about itself" });

/** A line of the log. */
export const logLine = z.object({
  id: count("Counts from 1 in the life of the service, without gaps"),
  at: time("When"),
  level: z.enum(LOG_LEVELS).openapi({ description: "How grave it is" }),
  part: text("Which part of the service: sampler, history, power, config, http, sessions, bench"),
  text: text("One line"),
  gpu: gpuId("The GPU that it is about; null where it is about none").nullable(),
}).openapi("LogLine", { description: "A line of the service's log" });

/** The running configuration. */
export const config = z.object({
  path: textOrNull("The file; null where there is none and all are defaults"),
  values: z.record(
    z.string(),
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).nullable()),
  ).openapi({ description: "By section and key, defaults included" }),
  loaded_at: time("When it was read"),
  problem: textOrNull("What was wrong when it was read last; null where it went well"),
}).openapi("Config", { description: "The configuration that holds" });

/** An answer from the history. */
export const historyView = z.object({
  from: time("Begin"),
  to: time("End"),
  step_s: number("Length of a step, s; 0 where the points are the samples themselves"),
  gap_s: number("Points that are further apart have a gap between them, s"),
  gpus: z.array(z.object({
    id: gpuId(),
    index: integerOrNull("That of the newest listing; null where it is not in that"),
    name: textOrNull("The model"),
  })).openapi({ description: "The GPUs of the series" }),
  series: z.array(z.object({
    gpu: gpuId(),
    metric: text("Its name; its unit is at the end"),
    points: z.array(z.object({
      at: time("When the step begins"),
      mean: number("In the metric's unit"),
      min: number("In the metric's unit"),
      max: number("In the metric's unit"),
    })).openapi({ description: "Samples, or steps" }),
  })).openapi({ description: "One of each GPU and metric" }),
}).openapi("History", { description: "Series of metrics" });

/** What the power manager does. */
export const power = z.object({
  schema: form("mvgal.power/1"),
  enabled: flag("Whether it may change anything"),
  budget: z.object({
    watts: number("What all GPUs together may draw, W"),
    source: z.enum(["power_limit_watts", "psu_capacity_watts"]).openapi({
      description: "The key of the configuration that says so",
    }),
    assigned_w: numberOrNull("What they may draw now by their caps, as far as they count, W"),
    state: z.enum(["kept", "infeasible", "refused"]).openapi({
      description: "infeasible: even the least caps are more; refused: some GPU cannot be counted",
    }),
    reason: textOrNull("Why it is not kept, or what is not counted; null where it is kept in full"),
  }).nullable().openapi({ description: "The power budget; null where there is none" }),
  gpus: z.array(
    z.object({
      id: gpuId(),
      state: z.enum([
        "active",
        "idle",
        "asleep",
        "parked",
        "limited",
        "left_alone",
        "lost",
        "unknown",
      ]).openapi({
        description: "limited: its cap is lowered; parked: it may sleep because the manager lets " +
          "it; left_alone: somebody else set it; unknown: whether it works is not known",
      }),
      asleep: flagOrNull("Whether it sleeps"),
      idle_ms: number("For how long it has had nothing to do, ms"),
      cap_w: numberOrNull("Its power cap now, W"),
      own_cap_w: numberOrNull("The cap that it has without the manager, W"),
      thermal_step: number("Steps by which it is held back because it is hot"),
      reason: textOrNull("Why it is in this state; null for one that is just active or idle"),
    }).openapi("PowerGpu", { description: "A GPU as the power manager sees it" }),
  ).openapi({ description: "In the order of the listing" }),
}).openapi("Power", { description: "What the power manager does" });
