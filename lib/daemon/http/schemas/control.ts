/**
 * The schemas of settings, and of changes of them.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { SETTING_IDS } from "../../../control/setting.ts";
import { step } from "./control_step.ts";
import { settingGroup } from "./request.ts";
import {
  flag,
  flagOrNull,
  gpuId,
  notes,
  number,
  text,
  textOrNull,
  texts,
  timeOrNull,
} from "./value.ts";

const settingId = z.enum(SETTING_IDS).openapi({ description: "The name of a setting" });

const value = z.union([z.number(), z.string()]);

const setting = z.object({
  id: settingId,
  unit: text("W, MHz, %; empty for words"),
  value: value.nullable().openapi({ description: "Now, in the unit; null where not known" }),
  value_absent: textOrNull("Why the value is not known; null where it is"),
  default: value.nullable().openapi({
    description: "Where nobody set it; null where the driver does not tell",
  }),
  range: z.object({
    min: number("In the setting's unit"),
    max: number("In the setting's unit"),
    step: number("Values are min and whole steps above 0"),
  }).nullable().openapi({ description: "The numbers that the driver takes; null for no range" }),
  choices: z.array(value).nullable().openapi({
    description: "The only values that the driver takes; null for no list",
  }),
  writable: flagOrNull("Whether the service can set it; null in a dump"),
  why_not: textOrNull("Why it cannot be set; null where it can"),
  refused_by: z.enum(["driver", "rights"]).nullable().openapi({
    description: "Who refuses: the driver, or the service's rights; null where it can be set",
  }),
  source: text("Where it is read and written: hwmon:power1_cap, nvml"),
  note: textOrNull("What else to know; null for nothing"),
}).openapi("Setting", { description: "One setting of one GPU" });

/** The settings of a GPU. */
export const settings = z.object({
  gpu: gpuId(),
  settings: z.array(setting).openapi({ description: "In the order in which they are applied" }),
  absent: notes("By group, why there are no settings"),
}).openapi("Settings", { description: "The settings of a GPU" });

const changes = z.array(
  z.object({
    setting: settingId,
    from: value.nullable().openapi({ description: "As it was; null where not known" }),
    to: value.nullable().openapi({
      description: "As it is to be; null for a default that the driver does not tell",
    }),
    reset: flag("Whether it is set to the driver's default"),
  }).openapi("PlannedChange", { description: "One setting of a plan" }),
).openapi({ description: "Setting by setting" });

/** A plan that was shown. */
export const controlPlan = z.object({
  token: text("Applies the plan; for a minute"),
  gpu: gpuId(),
  group: settingGroup,
  changes,
  steps: texts("What would be written, for people"),
  actions: z.array(step).openapi({ description: "The same for programs" }),
  risky: flag("Whether it is taken back unless somebody confirms it"),
  obstacles: texts("What stands in the way: rights that the service does not have"),
}).openapi("ControlPlan", { description: "What a change would do" });

/** A change that was made. */
export const controlEntry = z.object({
  gpu: gpuId(),
  group: settingGroup,
  changes,
  state: z.enum(["pending", "confirmed", "reverted", "failed"]).openapi({
    description: "pending: it is taken back unless it is confirmed",
  }),
  reverts_at: timeOrNull("When it is taken back unless it is confirmed; null where it stays"),
  message: textOrNull("What came of taking it back; null where that was not tried"),
}).openapi("ControlEntry", { description: "A change of settings" });
