/**
 * The schemas of the single steps of a change.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { number, text, textOrNull } from "./value.ts";

const args = z.array(z.number()).openapi({ description: "What the function is given" });

const slot = text("The PCI address of the GPU");

const action = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("write").openapi({ description: "A file is written" }),
    path: text("The file"),
    text: text("What is written"),
  }),
  z.object({
    kind: z.literal("call").openapi({ description: "A function of NVML is called" }),
    call: z.enum([
      "nvmlDeviceSetPowerManagementLimit",
      "nvmlDeviceSetGpuLockedClocks",
      "nvmlDeviceResetGpuLockedClocks",
      "nvmlDeviceSetMemoryLockedClocks",
      "nvmlDeviceResetMemoryLockedClocks",
      "nvmlDeviceSetFanSpeed_v2",
      "nvmlDeviceSetDefaultFanSpeed_v2",
    ]).openapi({ description: "The function" }),
    gpu: slot,
    args,
  }),
]).openapi("Action", { description: "One write to a file, or one call of a library" });

const pick = z.union([
  z.enum(["text", "profile", "bracketed", "fan value"]),
  z.object({ curvePoint: number("Which point of the fan curve, from 0") }),
  z.object({ table: text("A table of pp_od_clk_voltage"), row: number("Its row, by its index") }),
]).openapi({ description: "What of the file is the value: all of it, or where it stands" });

const query = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("file").openapi({ description: "A file is read" }),
    path: text("The file"),
    pick,
  }),
  z.object({
    kind: z.literal("call").openapi({ description: "A function of NVML is called" }),
    call: z.enum([
      "nvmlDeviceGetPowerManagementLimit",
      "nvmlDeviceGetFanControlPolicy_v2",
      "nvmlDeviceGetTargetFanSpeed",
    ]).openapi({ description: "The function" }),
    gpu: slot,
    args,
  }),
]);

/** One step of a plan. */
export const step = z.object({
  action: action.openapi({ description: "What is done" }),
  query: z.union([query, z.null()]).openapi({
    description: "What reads it back; null where the driver does not show it",
  }),
  previous: textOrNull("What was read before; null where nothing was"),
  expected: textOrNull("What must be read afterwards; null where that is not judged"),
  tolerance: number("By how much a number may differ from what is expected"),
  undo: z.array(action).openapi({
    description: "What brings the previous value back; empty where another step's undoing does it",
  }),
  note: textOrNull("What else to know; null for nothing"),
}).openapi("Step", { description: "One step of a plan" });
