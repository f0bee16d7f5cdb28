/**
 * The schemas of answers that are put together of several documents.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { MetricName } from "../../../telemetry/metrics.ts";
import { absent, sources, vendor } from "./gpu.ts";
import { logLine, serviceHealth } from "./service.ts";
import { healthReport, healthState, partial, processes, sampleShape } from "./status.ts";
import { count, flag, numberOrNull, orNull, textOrNull } from "./value.ts";

/** A GPU in the original's form, with all that is known of what it does beside it. */
export const gpuView = z.object({
  ...sampleShape,
  vendor: vendor.nullable(),
  pci_slot: textOrNull("PCI address, 0000:06:00.0"),
  drm_node: textOrNull("/dev/dri/card0"),
  uuid: textOrNull("UUID by the vendor's own driver, in its form"),
  driver: textOrNull("The kernel driver that is bound"),
  health: healthState.nullable(),
  clock_mhz: numberOrNull("The original's name of core_clock_mhz, MHz"),
  enabled: flag("Whether the scheduler places work on it"),
  sources: sources<MetricName>(),
  absent: absent<MetricName>(),
}).openapi("Gpu", { description: "A GPU and what it does" });

/** The GPUs together. */
export const statsView = z.object({
  total_vram_bytes: numberOrNull("Of the GPUs that tell, bytes"),
  used_vram_bytes: numberOrNull("Of the GPUs that tell, bytes"),
  avg_utilization_pct: numberOrNull("Mean of the GPUs that tell, % of 100"),
  total_power_w: numberOrNull("Of the GPUs that tell, W"),
  gpu_count: count("GPUs that are looked at"),
  daemon_running: flag("Whether the service samples"),
  timestamp: z.int().openapi({ description: "Seconds since 1970" }),
}).openapi("Stats", { description: "The GPUs together" });

/** The programs that use GPUs. */
export const processesView = z.object({ processes, partial })
  .openapi("Processes", { description: "The programs that use GPUs" });

/** How the service and the GPUs are. */
export const healthView = z.object({
  service: serviceHealth,
  gpus: orNull(healthReport, "Null before the first look"),
}).openapi("Health", { description: "How the service and the GPUs are" });

/** Lines of the log. */
export const logView = z.object({
  lines: z.array(logLine).openapi({ description: "The oldest first" }),
})
  .openapi("Log", { description: "Lines of the service's log" });
