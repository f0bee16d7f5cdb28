/**
 * What an error means for a run.
 *
 * @module
 */

export { isAbort, isDeviceLost, isOutOfMemory, reasonOf } from "../transfer/errors.ts";
