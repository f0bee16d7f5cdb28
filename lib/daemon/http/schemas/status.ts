/**
 * The schema of a look at the GPUs, `mvgal.status/1`: metrics, programs, health.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { STATUS_SCHEMA } from "../../../render/status_document.ts";
import type { MetricName } from "../../../telemetry/metrics.ts";
import { ENGINE_KINDS } from "../../../telemetry/process.ts";
import { absent, powerState, sources } from "./gpu.ts";
import { metricName, metrics } from "./metrics.ts";
import {
  count,
  form,
  gpuId,
  integerOrNull,
  notes,
  number,
  numberOrNull,
  orNull,
  text,
  textOrNull,
  texts,
  time,
} from "./value.ts";

/** What every look tells of a GPU: a shape for an object. */
export const sampleShape = {
  id: gpuId(),
  index: count("Position in the listing; not stable"),
  name: textOrNull("The model"),
  state: z.enum(["ok", "asleep", "lost", "unsupported"]).openapi({
    description: "Whether its driver answers; lost where it fell off the bus or was unbound",
  }),
  reason: textOrNull("Why it is not ok; null where it is"),
  power_state: powerState,
  ...metrics,
};

const gpuSample = z.object({
  ...sampleShape,
  sources: sources<MetricName>(),
  absent: absent<MetricName>(),
}).openapi("GpuSample", { description: "What a GPU does" });

const gpuProcess = z.object({
  gpu: gpuId("The GPU that it uses"),
  pid: z.int().openapi({ description: "Process id" }),
  name: textOrNull("The program's name; null where it may not be read"),
  command: textOrNull("The command line; null where it may not be read, and for kernel threads"),
  uid: integerOrNull("User id; null where it may not be read"),
  user: textOrNull("The user's name; null where the id has none"),
  container: textOrNull("Id of the container that it runs in; null where it is in none"),
  kinds: z.array(z.enum(["graphics", "compute"])).readonly().openapi({
    description: "What for, as the driver tells; empty where it does not",
  }),
  engine_utilization_pct: z.partialRecord(z.enum(ENGINE_KINDS), number("% of 100")).nullable()
    .openapi({
      description: "By engine, its share of the time since the look before, % of 100",
    }),
  utilization_pct: numberOrNull("The busiest engine's share, % of 100"),
  memory_bytes: z.record(z.string(), z.number()).openapi({
    description: "Resident bytes by region, by the driver's names: vram, gtt, system",
  }),
  vram_bytes: numberOrNull("Of the GPU's own memory, bytes"),
  sources: texts("Where it was read: fdinfo, nvml, kfd; fd where nothing but the use is known")
    .readonly(),
}).openapi("GpuProcess", { description: "A program's use of a GPU" });

const finding = z.object({
  id: text("The rule that found it: temperature_high"),
  severity: z.enum(["warning", "critical"]).openapi({ description: "How bad it is" }),
  metric: metricName.nullable().openapi({ description: "What shows it; null for no metric" }),
  value: z.union([z.number(), z.string()]).nullable().openapi({
    description: "The metric's value when it was judged last, in the metric's unit",
  }),
  limit: numberOrNull("What the value should stay below, or above; null for no number"),
  since: number("Since when it has held, ms since 1970"),
  text: text("One line: what, how much, of how much"),
}).openapi("HealthFinding", { description: "Something that is wrong with a GPU" });

/** How a GPU is. */
export const healthState = z.enum(["ok", "warning", "critical", "unknown"]).openapi({
  description: "unknown where nothing that a rule needs could be read",
});

/** The health of all GPUs. */
export const healthReport = z.object({
  at: number("When, ms since 1970"),
  gpus: z.array(
    z.object({
      id: gpuId(),
      index: count("Position in the listing; not stable"),
      name: textOrNull("The model"),
      state: healthState,
      findings: z.array(finding).openapi({ description: "The worst first" }),
      unjudged: notes("By rule, why it could not be applied"),
    }).openapi("GpuHealth", { description: "How a GPU is" }),
  ).openapi({ description: "In the order of the look" }),
  events: z.array(z.object({
    at: number("When, ms since 1970"),
    gpu: gpuId(),
    finding,
    edge: z.enum(["raised", "cleared"]).openapi({
      description: "raised: it is there, or as grave as it was not before; cleared: it is gone",
    }),
  })).openapi({ description: "What has changed since the report before" }),
  worst: healthState.openapi({
    description: "The worst of the GPUs: critical, unknown, warning, ok; unknown for no GPU",
  }),
}).openapi("HealthReport", { description: "How the GPUs are" });

/** What a look tells beside the GPUs: a shape for an object. */
export const lookShape = {
  schema: form(STATUS_SCHEMA),
  at: time("When"),
  interval_ms: numberOrNull(
    "Since the look before, over which shares and rates are, ms; null for the first look",
  ),
  health: healthReport.optional(),
};

/** Programs. */
export const processes = z.array(gpuProcess).openapi({
  description: "The programs that use GPUs",
});

/** Why programs are missing. */
export const partial = textOrNull("Why these are not all that there are; null where they are");

/** A look. */
export const status = z.object({
  ...lookShape,
  gpus: z.array(gpuSample).openapi({ description: "In the order of the listing" }),
  processes: processes.optional(),
  partial: partial.optional(),
}).openapi("Status", { description: "One look, as mvgal status --json tells it" });

/**
 * A look as an event, without the programs. Where values are from, and why they are not known, stands in it
 * where that has changed.
 */
export const sampleData = z.object({
  ...lookShape,
  gpus: z.array(
    z.object({
      ...sampleShape,
      sources: sources<MetricName>().optional(),
      absent: absent<MetricName>().optional(),
    }).openapi("SampleGpu", {
      description:
        "What a GPU does; sources and absent where they are not those of the look before",
    }),
  ).openapi({ description: "In the order of the listing" }),
}).openapi("SampleData", { description: "One look, without the programs" });

/** The last look, as it is answered. */
export const lastStatus = orNull(status, "The last look; null before the first");
