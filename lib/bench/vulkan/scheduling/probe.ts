/**
 * Small submissions while something else runs: how long each waits.
 *
 * @module
 */

import { Submission } from "../../../../ffi/vulkan/submission.ts";
import { ImplausibleError, type Prepared } from "../../benchmark.ts";
import type { CountedWork } from "../sync/counted_work.ts";
import type { Lane } from "../sync/lane.ts";
import { type Load, LOAD_PATIENCE_NS } from "./load.ts";

/** Submissions beside one load, at most. */
const MOST_PROBES = 200;

/** A timed submission, and whether all loads ran before it and after it. */
export interface Probe {
  /** From the submission to its fence, in microseconds. */
  took: number;
  ranBefore: boolean;
  ranAfter: boolean;
}

/**
 * What counts of the probes beside one run of the loads: those that the loads outlived. Where none was done
 * before they ended, it is the one that waited for their end.
 */
export function countedProbes(probes: readonly Probe[]): number[] {
  const beside = probes.filter(({ ranBefore }) => ranBefore);
  const outlived = beside.filter(({ ranAfter }) => ranAfter);
  return (outlived.length > 0 ? outlived : beside.slice(0, 1)).map(({ took }) => took);
}

/**
 * Small submissions to a lane, from the submission to the fence, while the loads run.
 *
 * @param owner what it takes over and disposes, the lane, its work and the loads among it.
 */
export function prepareProbe(
  lane: Lane,
  work: CountedWork,
  loads: readonly Load[],
  owner: DisposableStack,
): Prepared {
  using undo = owner.move();
  const { device, queue, fence } = lane;
  const commands = undo.use(lane.recorded((c) => {
    c.barrier();
    work.record(c);
  }));
  const submission = new Submission(device, queue, { commands: [commands] });
  const isBusy = () => loads.every((load) => load.isRunning());
  const probe = (): Probe => {
    const ranBefore = isBusy();
    const before = performance.now();
    submission.submit(fence.handle);
    fence.wait(LOAD_PATIENCE_NS);
    const took = (performance.now() - before) * 1000;
    fence.reset();
    return { took, ranBefore, ranAfter: isBusy() };
  };
  const owned = undo.move();
  return {
    clock: "host",
    sample: () => {
      const probes: Probe[] = [];
      try {
        for (const load of loads) load.start();
        do probes.push(probe()); while (probes.at(-1)?.ranAfter && probes.length < MOST_PROBES);
      } finally {
        for (const load of loads) load.finish();
      }
      const counted = countedProbes(probes);
      if (counted.length > 0) return counted;
      throw new ImplausibleError("the load was over before anything could be submitted beside it");
    },
    verify: () => work.verify(() => lane.finish(submission)),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
