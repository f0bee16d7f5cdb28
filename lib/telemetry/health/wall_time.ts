/**
 * Health is judged by a clock that does not go back, and shown by the one on the wall.
 *
 * @module
 */

import type { HealthFinding, HealthReport } from "./report.ts";

/**
 * The report with its times on the wall's clock, as that is now: whether the wall's clock was set meanwhile, how
 * long a finding has held stays right.
 *
 * @param report by any clock, in ms.
 * @param wall what the wall's clock says at the report's time, in ms since 1970.
 */
export function onWallClock(report: HealthReport, wall: number): HealthReport {
  const shifted = (at: number) => Math.round(wall + (at - report.at));
  const finding = (found: HealthFinding) => ({ ...found, since: shifted(found.since) });
  return {
    ...report,
    at: shifted(report.at),
    gpus: report.gpus.map((gpu) => ({ ...gpu, findings: gpu.findings.map(finding) })),
    events: report.events.map((event) => ({
      ...event,
      at: shifted(event.at),
      finding: finding(event.finding),
    })),
  };
}
