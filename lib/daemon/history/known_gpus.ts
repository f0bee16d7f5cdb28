/**
 * Which of the GPUs in the history are meant. It knows them by what a sample says, not by vendor or kind.
 *
 * @module
 */

import { closest } from "../../gpu/closest.ts";
import type { GpuId } from "../../gpu/gpu.ts";
import { type GpuCriterion, GpuSelectorError, parseGpuSelector } from "../../gpu/selector.ts";
import { ServiceError } from "../service_api.ts";

/** A GPU in the history. */
export interface KnownGpu {
  /** In the file. */
  number: number;
  id: GpuId;
  /** In the newest listing; null where it was not in that. */
  position: number | null;
  name: string | null;
}

function meets({ id, position, name }: KnownGpu, criterion: GpuCriterion): boolean {
  switch (criterion.by) {
    case "all":
      return true;
    case "index":
      return position !== null && position >= criterion.first && position <= criterion.last;
    case "pci":
      return id === `pci:${criterion.address}`;
    case "uuid":
      return id.toLowerCase() === `uuid:${criterion.uuid}`;
    case "id":
      return id.toLowerCase() === criterion.id.toLowerCase();
    case "name":
      return name?.toLowerCase().includes(criterion.part.toLowerCase()) ?? false;
    case "vendor":
    case "kind":
      throw new ServiceError(
        400,
        "the history knows no vendors and kinds of GPUs: name them by index, id or name:PART",
      );
  }
}

/**
 * The GPUs that the terms of selectors choose, in the order of the newest listing, those that are gone last.
 *
 * @param wanted selectors (see `lib/gpu/selector.ts`); all GPUs where it is absent or empty.
 * @throws {ServiceError} 400 where a selector means nothing, 404 where a term chooses no GPU.
 */
export function gpusNamed(
  known: readonly KnownGpu[],
  wanted: readonly string[] | undefined,
): KnownGpu[] {
  const sorted = [...known].sort((a, b) =>
    (a.position ?? Infinity) - (b.position ?? Infinity) || a.number - b.number
  );
  if (wanted === undefined || wanted.length === 0) return sorted;
  const terms = wanted.flatMap((text) => termsOf(text));
  const chosen = new Set(terms.every(({ exclude }) => exclude) ? sorted : []);
  for (const { text, exclude, criterion } of terms) {
    const found = sorted.filter((gpu) => meets(gpu, criterion));
    if (found.length === 0 && !exclude && criterion.by !== "all") throw missing(text, sorted);
    for (const gpu of found) exclude ? chosen.delete(gpu) : chosen.add(gpu);
  }
  return sorted.filter((gpu) => chosen.has(gpu));
}

function termsOf(text: string) {
  try {
    return parseGpuSelector(text).terms;
  } catch (error) {
    if (error instanceof GpuSelectorError) throw new ServiceError(400, error.message);
    throw error;
  }
}

function missing(text: string, gpus: readonly KnownGpu[]): ServiceError {
  const meant = closest(text, gpus.map(({ id }) => id));
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  const there = gpus.map(({ id, position }) => position === null ? id : `${position} (${id})`);
  const list = there.length === 0 ? "there is none in it" : `there is ${there.join(", ")}`;
  return new ServiceError(404, `the history has no GPU '${text}'${hint}: ${list}`);
}
