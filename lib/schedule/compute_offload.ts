/**
 * Computing goes to the best device for it.
 *
 * @module
 */

import { ableWorkers, kindOf, settled, type Strategy, wholeOn } from "./strategy.ts";

/** Who computes. */
export interface ComputeOffloadState {
  /** The id of the device that computed last; null before the first work. */
  compute: string | null;
}

const OPTIONS = {
  primary: {
    type: "device",
    default: null,
    description: "the device that draws and shows; the first where not given",
  },
  compute: {
    type: "device",
    default: null,
    description: "the device that computes; the fastest at it where not given",
  },
  spare_primary: {
    type: "boolean",
    default: false,
    description: "whether the device that draws computes only where no other can",
  },
  threshold_percent: {
    type: "number",
    default: 10,
    minimum: 0,
    maximum: 1000,
    description: "by how much another has to be faster before computing moves to it",
  },
} as const;

/**
 * Grids and tasks that compute go to the device that is fastest at it; frames and the rest stay on the primary
 * one. Computing moves to another only where that is faster by the margin, or the one is lost.
 */
export const computeOffload: Strategy<ComputeOffloadState, typeof OPTIONS> = {
  name: "compute_offload",
  summary: "graphics on the first device, all computing on the device that is fastest at it",
  options: OPTIONS,
  initial: { compute: null },
  place(state, work, workers, { primary, compute, spare_primary, threshold_percent }) {
    const able = ableWorkers(workers, work);
    const drawing = able.find(({ id }) => id === primary) ?? able[0];
    if (kindOf(work) !== "compute") {
      const reason = `it does not compute: it stays on ${drawing.id}`;
      return { state, parts: wholeOn(drawing, work), reason };
    }
    const [other, ...others] = spare_primary ? able.filter((each) => each !== drawing) : able;
    const one = able.find(({ id }) => id === compute) ??
      (other === undefined
        ? drawing
        : settled(state.compute, [other, ...others], work, threshold_percent));
    const reason = able.length === 1
      ? `there is no other device: it stays on ${one.id}`
      : `computing goes to ${one.id}`;
    return { state: { compute: one.id }, parts: wholeOn(one, work), reason };
  },
};
