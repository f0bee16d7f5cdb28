/**
 * Names by which reports recognise paths.
 *
 * @module
 */

/** How the names of the portable baseline begin: pipelined staging through the host. */
export const STAGING_PREFIX = "staging: ";
