/**
 * The GPU that a request means.
 *
 * @module
 */

import { ServiceError } from "./service_api.ts";

/**
 * The GPU of an id or index.
 *
 * @throws {ServiceError} 404 where there is none; the message names those that there are.
 */
export function findGpu<T extends { id: string; index: number }>(
  gpus: readonly T[],
  wanted: string,
): T {
  const found = gpus.find(({ id, index }) => id === wanted || String(index) === wanted);
  if (found !== undefined) return found;
  const known = gpus.map(({ id, index }) => `${index} (${id})`).join(", ");
  throw new ServiceError(
    404,
    `no GPU ${wanted}: there ${known === "" ? "is none" : `are ${known}`}`,
  );
}
