/**
 * The environment in which the service is started.
 *
 * @module
 */

/**
 * Keeps the service small. V8 lets what is young grow to 3 x 16 MiB before it collects it, which a service that
 * makes many short-lived answers always fills; and glibc keeps an arena of freed memory for each thread.
 * Both are read before the first line of the program runs. The systemd units have the same.
 *
 * Measured with `deno task bench:daemon`; the figures are in docs/ARCHITECTURE.md.
 */
export const SERVICE_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_V8_FLAGS: "--max-semi-space-size=4",
  MALLOC_ARENA_MAX: "2",
};
