/**
 * Measurements on several GPUs at once, of which each GPU does one at a time.
 *
 * @module
 */

/** A measurement. */
export interface Job<T> {
  /** How long it takes, about. */
  seconds: number;
  run(gpu: string): Promise<T>;
}

/** What came of each; null for one that failed, which is told to `failed`. */
export async function inParallel<T>(
  jobs: readonly Job<T>[],
  gpus: readonly string[],
  failed: (error: unknown) => void,
): Promise<(T | null)[]> {
  const results: (T | null)[] = jobs.map(() => null);
  // The longest first, so that none is left alone at the end.
  const left = jobs.map((job, index) => ({ job, index }))
    .sort((a, b) => b.job.seconds - a.job.seconds);
  await Promise.all(gpus.map(async (gpu) => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      try {
        results[next.index] = await next.job.run(gpu);
      } catch (error) {
        failed(error);
      }
    }
  }));
  return results;
}
