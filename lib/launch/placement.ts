/**
 * Which GPUs a program that is being started gets to see. Pure.
 *
 * What the user made visible is only ever narrowed, and keeps its order: so ordinals, UUIDs and PCI addresses
 * go together in the program as CUDA's own do.
 *
 * @module
 */

import type { StrategyName } from "../schedule/strategies.ts";
import {
  type CudaGpu,
  visibleDevices,
  visibleEntries,
  type VisibleEntry,
} from "./visible_devices.ts";

/** A GPU and how it is doing. */
export interface PlacementGpu extends CudaGpu {
  /** Memory of its own, in bytes; null where unknown. */
  memory_total_bytes: number | null;
  memory_used_bytes: number | null;
  /** How busy it is, of 100; null where unknown. */
  utilization_pct: number | null;
}

/** What decides. */
export interface PlacementRequest {
  /** All GPUs, in the order of CUDA's ordinals. */
  gpus: readonly PlacementGpu[];
  /** `CUDA_VISIBLE_DEVICES`; undefined where unset. */
  visible: string | undefined;
  /** Ids of the GPUs that are asked for; null for all. */
  chosen: readonly string[] | null;
  /** Null for none: the program sees all that are asked for. */
  strategy: StrategyName | null;
  /** UUID of the GPU, or text of the MIG instance, that the turn was on last; null for none. */
  last: string | null;
}

/** What the program gets. */
export interface ProgramPlacement {
  /** The new `CUDA_VISIBLE_DEVICES`; null where it stays as it is. */
  visible: string | null;
  entries: VisibleEntry<PlacementGpu>[];
  /** Whose turn it was, where the strategy takes turns; null elsewhere. */
  turn: string | null;
}

/** What is asked for and what the user made visible have nothing in common. */
export class NothingVisibleError extends Error {
  override readonly name = "NothingVisibleError";
}

type Entry = VisibleEntry<PlacementGpu>;

/** Share of the memory that is in use, and how busy the GPU is, from 0 to 1; unknown is fully so. */
function loadOf({ gpu }: Entry): number {
  if (gpu === null) return 2;
  const { memory_total_bytes: total, memory_used_bytes: used, utilization_pct } = gpu;
  const memory = total === null || used === null || total <= 0 ? 1 : used / total;
  return memory + (utilization_pct ?? 100) / 100;
}

/** The first of the entries for which a number is least. */
function least(entries: readonly Entry[], number: (entry: Entry) => number): Entry[] {
  const numbers = entries.map(number);
  return entries.slice(numbers.indexOf(Math.min(...numbers))).slice(0, 1);
}

/** The entry behind the one that had the last turn: by its place among all GPUs, so that no GPU is skipped. */
function next(
  entries: readonly Entry[],
  gpus: readonly PlacementGpu[],
  last: string | null,
): Entry[] {
  const here = entries.findIndex(({ text }) => text === last);
  if (here >= 0) return [entries[(here + 1) % entries.length]].filter((each) => each !== undefined);
  const place = (entry: Entry) => gpus.findIndex(({ uuid }) => uuid === entry.gpu?.uuid);
  const before = gpus.findIndex(({ uuid }) => uuid === last);
  const later = entries.filter((entry) => place(entry) > before);
  return least(later.length > 0 ? later : entries, place);
}

function narrowed(entries: readonly Entry[], request: PlacementRequest): Entry[] {
  if (entries.length === 0) return [];
  switch (request.strategy) {
    case "round_robin":
      return next(entries, request.gpus, request.last);
    case "task":
      return least(entries, loadOf);
    case "single":
      // The one with the most memory, and of several such the first: it is the same each time.
      return least(entries, ({ gpu }) => -(gpu?.memory_total_bytes ?? 0));
    default:
      return [...entries];
  }
}

/**
 * Places a program.
 *
 * @throws {NothingVisibleError} where what is asked for is not visible, or a MIG instance may or may not be
 * part of it; one line.
 */
export function placeProgram(request: PlacementRequest): ProgramPlacement {
  const { gpus, visible, chosen, strategy } = request;
  const entries = visibleEntries(visible, gpus);
  const asked = chosen === null ? entries : entries.filter(({ text, gpu }) => {
    if (gpu !== null) return chosen.includes(gpu.id);
    throw new NothingVisibleError(
      `CUDA_VISIBLE_DEVICES names ${text}, which does not say whose instance it is: leave --gpus out`,
    );
  });
  // Who shows a program no GPU means that.
  if (entries.length > 0 && asked.length === 0) {
    const what = chosen?.join(",");
    throw new NothingVisibleError(
      visible === undefined
        ? `no GPU that CUDA can use is ${what}: there is ${gpus.map(({ id }) => id).join(", ")}`
        : `CUDA_VISIBLE_DEVICES=${visible} leaves nothing of ${what}: unset it, or choose of what it shows`,
    );
  }
  const placed = narrowed(asked, request);
  const isSame = placed.length === entries.length;
  return {
    visible: isSame ? null : visibleDevices(placed),
    entries: placed,
    turn: strategy === "round_robin" ? placed[0]?.text ?? null : null,
  };
}
