/**
 * What `mvgal status` tells: one look at the GPUs, and at the programs that use them.
 *
 * @module
 */

import type { HealthReport } from "../telemetry/health/report.ts";
import type { GpuSample } from "../telemetry/metrics.ts";
import type { GpuProcess } from "../telemetry/process.ts";

/** Name and version of the document's form. */
export const STATUS_SCHEMA = "mvgal.status/1";

/** One look. */
export interface StatusDocument {
  /** Name and version of this form. */
  schema: typeof STATUS_SCHEMA;
  /** When (ISO 8601, UTC). */
  at: string;
  /**
   * Milliseconds since the look before, over which shares and rates are; null where this is the first look,
   * and they are not known.
   */
  interval_ms: number | null;
  /** The GPUs. */
  gpus: GpuSample[];
  /** The programs that use them; absent where they were not asked for. */
  processes?: GpuProcess[];
  /** Why the programs are not all that there are; null where they are. Absent without them. */
  partial?: string | null;
  /** How the GPUs are; absent where it was not asked for. */
  health?: HealthReport;
}
