/**
 * The environment in which the service is started.
 *
 * @module
 */

/**
 * Keeps the service small: glibc keeps an arena of freed memory for each thread, and reads how many before the first
 * line of the program runs. The systemd units have the same. What V8 is told is in `scripts/compile/runtime.ts`.
 */
export const SERVICE_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "2",
};
