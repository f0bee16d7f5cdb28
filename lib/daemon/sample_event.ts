/**
 * Looks as events: what hardly ever changes is told when it does. Pure.
 *
 * Where a figure is from, or why there is none, is two thirds of a look, and hundreds may listen.
 *
 * @module
 */

import type { GpuId } from "../gpu/gpu.ts";
import type { StatusDocument } from "../render/status_document.ts";
import type { GpuSample } from "../telemetry/metrics.ts";
import type { SampleEvent } from "./service_api.ts";

/** What of a GPU's sample is told when it changed. */
type Origins = Pick<GpuSample, "sources" | "absent">;

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Makes events of looks, each of which tells what is not as in the look before. */
export class SampleEvents {
  #before = new Map<GpuId, Origins>();

  /** The event of the next look; without the programs, which are many, and which few watch. */
  next({ processes: _, partial: __, gpus, ...rest }: StatusDocument): SampleEvent {
    const now = new Map<GpuId, Origins>();
    const told = gpus.map((gpu): SampleEvent["gpus"][number] => {
      const { sources, absent, ...metrics } = gpu;
      const before = this.#before.get(gpu.id);
      now.set(gpu.id, { sources, absent });
      return {
        ...metrics,
        ...(before !== undefined && isSame(before.sources, sources) ? {} : { sources }),
        ...(before !== undefined && isSame(before.absent, absent) ? {} : { absent }),
      };
    });
    this.#before = now;
    return { ...rest, gpus: told };
  }
}

/**
 * The look that an event tells of.
 *
 * @param before the look before; what it does not know of a GPU either is empty.
 */
export function lookOf(
  event: SampleEvent,
  before: Pick<StatusDocument, "gpus"> | null,
): StatusDocument {
  const known = new Map(before?.gpus.map((gpu) => [gpu.id, gpu]));
  return {
    ...event,
    gpus: event.gpus.map((gpu) => ({
      ...gpu,
      sources: gpu.sources ?? known.get(gpu.id)?.sources ?? {},
      absent: gpu.absent ?? known.get(gpu.id)?.absent ?? {},
    })),
  };
}
