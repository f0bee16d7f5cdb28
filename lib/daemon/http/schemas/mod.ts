/**
 * What requests may hold, and what answers look like: one definition that checks and documents.
 *
 * The types of the answers' schemas are those of the service; `tests/daemon/http/schema_types_test.ts` has the
 * compiler say so.
 *
 * @module
 */

export { benchReport, benchRun } from "./bench.ts";
export { controlEntry, controlPlan, settings } from "./control.ts";
export { event, eventData } from "./event.ts";
export { inventory, topology } from "./inventory.ts";
export { problem } from "./problem.ts";
export {
  applyRequest,
  benchRequest,
  controlRequest,
  eventsQuery,
  gpuParameter,
  historyQuery,
  logQuery,
  processesQuery,
  runParameter,
  schedulerChange,
  settingParameters,
} from "./request.ts";
export { schedulerView, session } from "./scheduler.ts";
export { config, historyView, power } from "./service.ts";
export { lastStatus } from "./status.ts";
export { gpuView, healthView, logView, processesView, statsView } from "./view.ts";
