/**
 * The schemas of what a benchmark report sums up and judges: pairs of devices, comparisons, expectations.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { flag, number, numberOrNull, text, textOrNull, texts } from "./value.ts";

const row = <T extends z.ZodType>(cell: T, description: string) =>
  z.array(z.array(cell.nullable())).openapi({ description });

/** One figure of every pair of devices. */
export const matrix = z.object({
  benchmark: text("Its name"),
  unit: text("Of the values"),
  convention: text("What is counted"),
  devices: texts("Ids of the devices, in the order of rows (sources) and columns (destinations)"),
  names: texts("Their names"),
  values: row(z.number(), "Medians of the best path; null where nothing was measured"),
  paths: row(z.string(), "The best path"),
  staging_ratios: row(z.number(), "The best path over the best staging through the host"),
  peaks: row(z.number(), "What the links between the pair carry at most, in unit"),
  peak_ratios: row(z.number(), "The best path over that"),
  reasons: row(z.string(), "Why there is no figure"),
  refused: row(z.record(z.string(), z.string()).readonly(), "By path, why it was refused"),
}).openapi("PairMatrix", { description: "One figure of every pair of devices" });

/** A report beside an older one. */
export const comparison = z.object({
  old_date: text("Of the older report"),
  method: text("How significance was decided"),
  threshold: number("A loss above this share fails"),
  changes: z.array(z.object({
    name: text("Of the benchmark"),
    device: text("A GPU's id, or host"),
    peer: textOrNull("The other device of a transfer between two; null for none"),
    parameters: z.record(z.string(), z.union([z.string(), z.number()])).readonly().openapi({
      description: "What sets it apart from its like; units at the end of the names",
    }),
    unit: text("Of the medians"),
    better: z.enum(["higher", "lower"]).openapi({ description: "Which figures are better" }),
    old: numberOrNull("Its median then; null where there was none"),
    now: numberOrNull("Its median now; null where there is none"),
    ratio: numberOrNull("The new median over the old; null without both"),
    verdict: z.enum(["same", "better", "worse", "unsure", "lost", "gained"]).openapi({
      description: "better and worse where the change is significant",
    }),
    again: z.number().optional().openapi({
      description: "The median when it was measured once more, since it would have failed",
    }),
    reason: textOrNull("Why there is no figure now; null where there is one"),
    fails: flag("Whether it fails the comparison"),
  })).openapi({ description: "Figure by figure" }),
}).openapi("BenchComparison", { description: "Two reports side by side" });

/** What came of an expectation. */
export const expectation = z.object({
  expectation: text("As it was given"),
  name: text("Of the benchmark"),
  device: textOrNull("Null where nothing of the name was run"),
  peer: textOrNull("The other device of a transfer between two; null for none"),
  state: z.enum(["met", "missed", "unmeasured"]).openapi({ description: "How it ended" }),
  line: text("What was expected and what was found"),
}).openapi("BenchExpectation", { description: "What came of an expectation for one figure" });
