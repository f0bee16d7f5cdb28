/**
 * The telemetry drivers: one line each. The first that claims a GPU reads it.
 *
 * @module
 */

import { amdgpu } from "./amdgpu.ts";
import type { TelemetryDriver } from "./driver.ts";
import { generic } from "./generic.ts";
import { i915 } from "./i915.ts";
import { mooreThreads } from "./moore_threads.ts";
import { nouveau } from "./nouveau.ts";
import { nvidia } from "./nvidia.ts";
import { radeon } from "./radeon.ts";
import { xe } from "./xe.ts";

/** All drivers, the most particular first. */
export const DRIVERS: readonly TelemetryDriver[] = [
  amdgpu,
  radeon,
  i915,
  xe,
  nvidia,
  nouveau,
  mooreThreads,
  generic,
];
