/**
 * The schemas of the events of `/events`, by kind.
 *
 * OpenAPI 3.1 has no word for what is in a stream of server-sent events: the document has each event as a
 * schema of its own, and `x-item-schema` at the stream is what OpenAPI 3.2 calls `itemSchema`.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { EVENT_KINDS } from "../../service_api.ts";
import { benchRun } from "./bench.ts";
import { controlEntry } from "./control.ts";
import { schedulerView, session } from "./scheduler.ts";
import { config, logLine, power } from "./service.ts";
import { healthReport, sampleData } from "./status.ts";
import { gpuId, text, time } from "./value.ts";

/** What each kind of event holds. */
export const eventData = {
  sample: sampleData,
  power,
  health: healthReport,
  gpus: z.object({
    added: z.array(gpuId()).openapi({ description: "GPUs that came" }),
    removed: z.array(gpuId()).openapi({ description: "GPUs that went" }),
  }).openapi("GpusData", { description: "GPUs that came or went" }),
  scheduler: schedulerView,
  session: z.object({
    edge: z.enum(["begin", "end"]).openapi({ description: "Whether it began or ended" }),
    session,
  }).openapi("SessionData", { description: "A program that began or ended" }),
  log: logLine,
  config,
  control: controlEntry,
  bench: benchRun,
} satisfies Record<typeof EVENT_KINDS[number], z.ZodType>;

/** When each kind comes. */
const WHEN: Readonly<Record<keyof typeof eventData, string>> = {
  sample: "Each look at the GPUs, without the programs",
  power: "What the power manager does has changed",
  health: "The health of a GPU has changed",
  gpus: "GPUs came or went",
  scheduler: "The scheduler was changed",
  session: "A program with mvgal began or ended",
  log: "A line of the log",
  config: "The configuration was read again",
  control: "A change of settings was made, kept or taken back",
  bench: "A benchmark run began, went on or ended",
};

/** The component's name of a kind: `SampleEvent`. */
function componentName(kind: string): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}Event`;
}

const numbered = EVENT_KINDS.map((kind) =>
  z.object({
    id: text("Grows over all kinds; send it as Last-Event-ID to go on behind it"),
    event: z.literal(kind).openapi({ description: "The kind" }),
    data: z.object({
      at: time("When"),
      data: eventData[kind] as z.ZodType,
    }).openapi({ description: "The line data, which is JSON" }),
  }).openapi(componentName(kind), { description: WHEN[kind] })
);

const gap = z.object({
  event: z.literal("gap").openapi({ description: "The kind" }),
  data: z.strictObject({}).openapi({ description: "Nothing" }),
}).openapi("GapEvent", {
  description: "Events behind Last-Event-ID are gone: what was known of the state may be old",
});

/** An event, its lines by their names. */
export const event = z.union([...numbered, gap]).openapi("Event", {
  description: "An event: its lines id, event and data",
});
