/**
 * What answers look like, for the API's document: nothing is checked by these when a request is answered.
 *
 * Their types are those of the service; `tests/daemon/http/schema_types_test.ts` has the compiler say so.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { benchRun } from "./bench.ts";
import { controlEntry } from "./control.ts";
import { session } from "./scheduler.ts";
import { gpuView } from "./view.ts";

export { benchReport, benchRun } from "./bench.ts";
export { controlEntry, controlPlan, settings } from "./control.ts";
export { event, eventData } from "./event.ts";
export { inventory, topology } from "./inventory.ts";
export { schedulerView } from "./scheduler.ts";
export { config, historyView, power } from "./service.ts";
export { lastStatus } from "./status.ts";
export { gpuView, healthView, logView, processesView, statsView } from "./view.ts";

/** The GPUs that are looked at. */
export const gpuViews = z.array(gpuView);

/** The programs that run with mvgal. */
export const sessions = z.array(session);

/** Changes that can be taken back. */
export const controlEntries = z.array(controlEntry);

/** The last benchmark runs. */
export const benchRuns = z.array(benchRun);
