/**
 * Health as an exit status, for scripts.
 *
 * @module
 */

import type { HealthReport } from "./report.ts";

/**
 * The exit status of `mvgal status --health`: 0 where every GPU is ok, or has warnings alone; 1 where one
 * is critical, or of unknown health, or where there is none. With `strict`, a warning is 1 as well.
 *
 * Monitoring plugins tell warnings (1), critical (2) and unknown (3) apart; here 2 stays what it is in
 * all of mvgal, wrong usage, so that a mistyped option is never taken for a broken GPU.
 */
export function healthExitStatus(
  report: Pick<HealthReport, "worst">,
  { strict = false }: { strict?: boolean } = {},
): 0 | 1 {
  switch (report.worst) {
    case "ok":
      return 0;
    case "warning":
      return strict ? 1 : 0;
    case "critical":
    case "unknown":
      return 1;
  }
}
