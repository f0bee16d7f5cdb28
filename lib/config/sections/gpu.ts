/**
 * `[gpu pci:0000:06:00.0]` and `[gpu_0]`: what holds for one GPU.
 *
 * @module
 */

import { vendorNames } from "../../gpu/vendor.ts";
import { bool, choice, integer, number } from "../key.ts";
import { section } from "../section.ts";

/** The keys of a GPU's section. */
export const gpu = section({
  describe: "What holds for one GPU.",
  keys: {
    enabled: bool(true, { describe: "Whether work is placed there." }),
    priority: integer(50, {
      least: 0,
      most: 100,
      describe: "Of two GPUs that would do as well, the one with the higher takes the work.",
    }),
    memory_limit_mb: integer(0, {
      least: 0,
      most: 1_000_000_000,
      unit: "MB",
      describe:
        "How much of its memory (of 1024 * 1024 bytes) programs are told that they may have; 0 for all. No library of this version keeps them to it.",
      caution: (limit) =>
        limit === 0 ? null : "is told to programs, and no library of this version keeps them to it",
    }),
    assumed_watts: number(0, {
      least: 0,
      most: 10_000,
      unit: "W",
      describe:
        "What it is taken to draw for the power budget, where it tells neither its power nor its cap; 0: not known.",
    }),
    type: choice("auto", ["auto", ...vendorNames()], {
      describe:
        "The vendor that it has to be of. Where another is found the section is left out, with a warning.",
    }),
  },
});
