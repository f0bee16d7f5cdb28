/**
 * What requests may hold: paths, queries, bodies. All else is refused.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { METRIC_NAMES } from "../../../telemetry/metrics.ts";
import { STRATEGY_NAMES } from "../../../schedule/strategies.ts";
import { EVENT_KINDS, LOG_LEVELS } from "../../service_api.ts";

/** The groups of settings. */
export const settingGroup = z.enum(["power", "clocks", "fan", "profile", "park"]).openapi({
  description: "A group of settings",
});

const gpuName = z.string().min(1).max(200).openapi({
  description: "A GPU by its id or its index",
  example: "pci:0000:06:00.0",
});

/** An id or index in a path. */
export const gpuParameter = z.object({ gpu: gpuName });

/** A GPU and a group of settings in a path. */
export const settingParameters = z.object({
  gpu: gpuName,
  group: settingGroup,
});

/** A benchmark run in a path. */
export const runParameter = z.object({ run: z.uuid().openapi({ description: "A benchmark run" }) });

/** Names with commas between them; undefined for none. */
function listOf<T extends string>(schema: z.ZodType<T, string>) {
  return z.string().max(4000).transform((text) => text.split(",").filter((each) => each !== ""))
    .pipe(z.array(schema).max(100))
    .transform((names) => names.length === 0 ? undefined : names);
}

const time = z.string().max(40).transform((text, context) => {
  const at = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(at)) return at;
  context.addIssue({ code: "custom", message: "give ISO 8601, or milliseconds since 1970" });
  return z.NEVER;
}).openapi({ type: "string", description: "ISO 8601, or milliseconds since 1970" });

const integerText = (least: number, most: number, description: string) =>
  z.string().regex(/^\d{1,15}$/, "give a whole number").transform(Number)
    .pipe(z.number().int().min(least).max(most)).optional()
    .openapi({ type: "integer", minimum: least, maximum: most, description });

/** What is asked of the history. */
export const historyQuery = z.object({
  gpu: listOf(z.string().min(1).max(200)).optional().openapi({
    type: "string",
    description: "Ids or indices, with commas between them",
  }),
  metric: listOf(z.string().min(1).max(100)).optional().openapi({
    type: "string",
    description: `Names with commas between them: ${METRIC_NAMES.slice(0, 3).join(", ")}, …`,
  }),
  from: time.optional(),
  to: time.optional(),
  step_s: integerText(1, 31 * 86_400, "The least length of a step in seconds"),
});

/** What is asked of the log. */
export const logQuery = z.object({
  level: z.enum(LOG_LEVELS).optional().openapi({ description: "This level, or graver" }),
  part: z.string().max(40).optional().openapi({
    description:
      "Of this part of the service: sampler, history, power, config, http, sessions, bench",
  }),
  gpu: z.string().max(200).optional().openapi({ description: "About this GPU" }),
  after: integerText(0, 1e15 - 1, "Lines behind this id"),
  limit: integerText(1, 1000, "The most lines that are given; 100 where absent"),
});

/** What is asked of the events. */
export const eventsQuery = z.object({
  kinds: listOf(z.enum(EVENT_KINDS)).optional().openapi({
    type: "string",
    description: `Only these kinds, with commas between them: ${EVENT_KINDS.join(", ")}`,
  }),
});

/** Whether programs are wanted. */
export const processesQuery = z.object({
  gpu: z.string().max(200).optional().openapi({ description: "Only those that use this GPU" }),
});

/** A change of the scheduler. */
export const schedulerChange = z.object({
  strategy: z.enum(STRATEGY_NAMES).optional().openapi({ description: "How work is spread" }),
  gpus: z.array(
    z.object({
      id: gpuName,
      enabled: z.boolean().optional().openapi({ description: "Whether work is placed on it" }),
      priority: z.number().int().min(0).max(100).optional().openapi({
        description: "Of two that would do as well, the higher one takes the work",
      }),
    }).strict(),
  ).max(1000).optional().openapi({ description: "What is to change of them" }),
}).strict().openapi("SchedulerChange", { description: "What is absent stays" });

/** What is to be set. */
export const controlRequest = z.object({
  gpu: gpuName,
  group: settingGroup,
  values: z.record(
    z.string().max(100),
    z.union([z.number(), z.string().max(1000), z.null()]),
  ).openapi({ description: "By setting; null for the driver's default" }),
}).strict().openapi("ControlRequest", { description: "What is to be set" });

/** A plan that is to be applied. */
export const applyRequest = z.object({
  token: z.uuid().openapi({ description: "Of the plan" }),
  seconds: z.number().positive().max(7 * 86_400).optional().openapi({
    description: "After which it is taken back unless it is confirmed",
  }),
}).strict().openapi("ApplyRequest", { description: "Which plan is to be applied" });

/** What is to be measured. */
export const benchRequest = z.object({
  select: z.array(z.string().max(200)).max(100).optional().openapi({
    description: "Suites, or patterns of names of benchmarks",
  }),
  gpu: z.string().max(200).optional().openapi({ description: "Which GPUs; all where absent" }),
  quick: z.boolean().optional().openapi({ description: "Fewer samples: 20 s a GPU" }),
}).strict().openapi("BenchRequest", { description: "What is to be measured" });
