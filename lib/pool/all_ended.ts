/**
 * Waiting for work that shares something which is given back once the wait is over.
 *
 * @module
 */

/**
 * Waits until all work has ended, also where some of it fails: none of it may use anything any more then, other
 * than with `Promise.all`.
 *
 * @returns what each came to, in order.
 * @throws what the first of those in order that fail throws, by rejection.
 */
export async function allEnded<T>(work: Iterable<Promise<T>>): Promise<T[]> {
  return (await Promise.allSettled(work)).map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
}
