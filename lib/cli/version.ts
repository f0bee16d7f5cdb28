/**
 * The version of mvgal.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** The version of mvgal, from `deno.json`. */
export const VERSION: string = config.version;
