/**
 * The table of rules.
 *
 * @module
 */

import { ERROR_RULES } from "./error_rules.ts";
import { HEAT_RULES } from "./heat_rules.ts";
import { LOAD_RULES } from "./load_rules.ts";
import { GOOD, type HealthRule } from "./rule.ts";

/**
 * A GPU whose driver no longer answers: it fell off the bus, or was unbound. Judged from the sample's
 * state, before all others.
 */
export const GPU_LOST: HealthRule = {
  id: "gpu_lost",
  metric: null,
  describe: "the GPU's driver does not answer any more",
  raises: null,
  asleep: "good",
  judge: (sample) =>
    sample.state !== "lost" ? GOOD : {
      state: "bad",
      severity: "critical",
      value: null,
      limit: null,
      text: `does not answer any more: ${sample.reason ?? "no reason is known"}`,
    },
};

/**
 * All rules, in the order of a report. There is none for utilisation: a GPU that works is not ill.
 */
export const HEALTH_RULES: readonly HealthRule[] = [
  GPU_LOST,
  ...HEAT_RULES,
  ...ERROR_RULES,
  ...LOAD_RULES,
];
