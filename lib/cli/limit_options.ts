/**
 * The options with which limits are given.
 *
 * @module
 */

/** Of `mvgal run`, `limit` and `cdi`. */
export const LIMIT_OPTIONS = [
  {
    flags: "--vram <size>",
    describe: "GPU memory at most, on each GPU: 8GiB, or by GPU 0=8GiB,1=4GiB",
  },
  {
    flags: "--sm <share>",
    describe: "Share of each GPU's time at most: 30%, or by GPU 0=30%,1=50%",
  },
] as const;
