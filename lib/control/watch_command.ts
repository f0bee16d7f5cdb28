/**
 * The hidden command by which mvgal starts the process that takes changes back.
 *
 * @module
 */

/** Its name. */
export const WATCH_COMMAND = "__revert-settings";
