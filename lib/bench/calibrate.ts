/**
 * How often a kernel must repeat its work for a sample to last as long as it should.
 *
 * @module
 */

/** Below this a run is mostly overhead, in nanoseconds. */
const LEAST_NS = 1000;

/** Times that the guess is mended. */
const ROUNDS = 4;

/**
 * Finds the number of rounds of a kernel's loop for runs of about `sampleMs` milliseconds.
 *
 * @param run runs so many rounds and gives the nanoseconds that they took.
 * @param limits the first guess, and the most.
 */
export function loopsFor(
  sampleMs: number,
  run: (loops: number) => number,
  { first, most }: { first: number; most: number },
): number {
  const aim = sampleMs * 1e6;
  let loops = first;
  for (let round = 0; round < ROUNDS; round++) {
    const took = Math.max(run(loops), LEAST_NS);
    if (took > aim / 2) break;
    loops = Math.min(most, Math.max(loops + 1, Math.round((loops * aim) / took)));
  }
  return loops;
}
