/**
 * From a submission until the host knows that it is done, by the host's clock.
 *
 * @module
 */

import { TimelineSemaphore } from "../../../../ffi/vulkan/semaphore.ts";
import { Submission } from "../../../../ffi/vulkan/submission.ts";
import { type Prepared, WrongResultError } from "../../benchmark.ts";
import type { CountedWork } from "./counted_work.ts";
import type { Lane } from "./lane.ts";

/** Round trips of one call of `sample`. */
export const ROUND_TRIPS = 20;

/** How long the host waits for a semaphore, in nanoseconds. */
export const PATIENCE_NS = 5_000_000_000n;

/** What is timed, and what is not. */
interface RoundTrip {
  before?(): void;
  timed(): void;
  after?(): void;
}

/** Host time of each of {@linkcode ROUND_TRIPS} round trips, in microseconds. */
function roundTrips({ before, timed, after }: RoundTrip): number[] {
  return Array.from({ length: ROUND_TRIPS }, () => {
    before?.();
    const began = performance.now();
    timed();
    const took = performance.now() - began;
    after?.();
    return took * 1000;
  });
}

/** A submission and the wait for its fence; without work, of no command. */
export function submitToFence(
  lane: Lane,
  workOf?: (lane: Lane) => CountedWork,
): Prepared {
  using undo = new DisposableStack();
  undo.use(lane);
  const { device, queue, fence } = lane;
  const work = workOf && undo.use(workOf(lane));
  const commands = work && undo.use(lane.recorded((c) => {
    // A submission sees what earlier ones wrote only behind a barrier.
    c.barrier();
    work.record(c);
  }));
  const submission = new Submission(device, queue, { commands: commands ? [commands] : [] });
  const owned = undo.move();
  return {
    clock: "host",
    sample: () =>
      roundTrips({
        timed: () => {
          submission.submit(fence.handle);
          fence.wait();
        },
        after: () => fence.reset(),
      }),
    // Without work there is nothing to check but the fence, for which every sample waits.
    verify: () => work?.verify(() => lane.finish(submission)),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** A submission that sets a timeline semaphore, and the host's wait for its value. */
export function submitToTimeline(lane: Lane): Prepared {
  using undo = new DisposableStack();
  undo.use(lane);
  const { device, queue } = lane;
  const semaphore = undo.use(new TimelineSemaphore(device));
  let value = 0n;
  let next: Submission | undefined;
  const owned = undo.move();
  return {
    clock: "host",
    sample: () =>
      roundTrips({
        before: () => {
          next = new Submission(device, queue, { signals: [{ semaphore, value: ++value }] });
        },
        timed: () => {
          next?.submit();
          semaphore.expect(value, PATIENCE_NS);
        },
      }),
    verify: () => {
      const reached = semaphore.value();
      if (reached !== value) throw new WrongResultError(`the value is ${reached}, not ${value}`);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
