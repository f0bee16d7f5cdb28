/**
 * `[core]` and `[log]`: what holds for all GPUs and programs.
 *
 * @module
 */

import { parseGpuSelector } from "../../gpu/selector.ts";
import { STRATEGY_NAMES, type StrategyName } from "../../schedule/strategies.ts";
import { bool, choice, ConfigValueError, integer, text } from "../key.ts";
import { section } from "../section.ts";

/** @throws {ConfigValueError} where it is no selector. */
function selector(given: string): string {
  try {
    parseGpuSelector(given);
    return given;
  } catch (error) {
    throw new ConfigValueError(error instanceof Error ? error.message : String(error));
  }
}

/** `[core]`. */
export const core = section({
  describe: "What holds for all GPUs and programs.",
  keys: {
    enabled: bool(true, {
      describe:
        "Whether the service tells programs where to run. With false it tells those that begin nothing, and those that run keep what they were told.",
    }),
    default_strategy: choice<StrategyName>("hybrid", STRATEGY_NAMES, {
      describe: "How work is placed where nothing else is said: see docs/strategies.md.",
      synonyms: { compute: "compute_offload" },
    }),
    gpu_count: integer(0, {
      least: 0,
      most: 1024,
      describe: "How many GPUs are used at most, in the order of mvgal info; 0 for all.",
    }),
    gpu_indices: text("a selector of GPUs: 0,2 or nvidia or pci:0000:06:00.0", {
      read: selector,
      describe: "The GPUs that are used, where not all are: the others count as disabled.",
    }),
  },
  otherNames: {
    debug_level: { to: "log.level" },
    log_level: { to: "log.level" },
    stats_interval: { to: "daemon.interval_ms", times: 1000 },
  },
  withoutEffect: {
    debug: "[log] level = debug is what it was for",
    enable_memory_migration: "memory moves where work needs it, and nowhere else",
    enable_dmabuf:
      "every way between two GPUs is tried by its bytes, and the best that works taken",
    enable_kernel_names: "kernels are always known by their names",
    enable_stats:
      "the service always counts; [history] enabled says whether it keeps what it counts",
  },
});

/** `[log]`. */
export const log = section({
  describe: "What the service says.",
  keys: {
    level: choice("info", ["debug", "info", "warning", "error"], {
      describe: "The least grave lines that are kept and written.",
      // 0 to 5 are the levels of the original's package for Debian.
      synonyms: {
        trace: "debug",
        warn: "warning",
        "0": "error",
        "1": "error",
        "2": "warning",
        "3": "info",
        "4": "debug",
        "5": "debug",
      },
    }),
    lines: integer(2000, {
      least: 100,
      most: 100_000,
      describe: "How many lines are kept for mvgal's API and dashboard.",
    }),
  },
});
