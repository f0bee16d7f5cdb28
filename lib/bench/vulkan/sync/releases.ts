/**
 * Queues that wait for the host: how soon they go on once it lets them, by the host's clock.
 *
 * A queue that was not let go would wait for ever, and keep its device from being closed: whatever happens,
 * the host lets it go before it leaves.
 *
 * @module
 */

import { type Device, HungQueueError } from "../../../../ffi/vulkan/device.ts";
import { DeviceEvent } from "../../../../ffi/vulkan/event.ts";
import { TimelineSemaphore } from "../../../../ffi/vulkan/semaphore.ts";
import { Submission } from "../../../../ffi/vulkan/submission.ts";
import { type Prepared, UnsupportedError, WrongResultError } from "../../benchmark.ts";
import { dispatchWork } from "./counted_work.ts";
import { Lane } from "./lane.ts";
import { PATIENCE_NS, ROUND_TRIPS } from "./round_trips.ts";

/** How long the host lets a queue get to its wait where it cannot see that it has, in milliseconds. */
const SETTLE_MS = 0.1;

/** Lets the time pass without giving up the processor, whose clock would fall. */
function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** A submission that waits for the host. */
export interface Held {
  /** The submission, made ready. */
  ready(): Submission;
  /** Returns when the queue waits, as far as that can be known. */
  settle(): void;
  /** Lets the queue go. */
  release(): void;
}

/**
 * Submits, lets the queue go and waits for the fence; gives the time of the latter two in microseconds.
 *
 * @throws {WrongResultError} where the queue did not wait.
 */
export function holdAndRelease({ fence }: Lane, held: Held): number {
  held.ready().submit(fence.handle);
  let isHeld = true;
  const letGo = () => {
    isHeld = false;
    held.release();
    fence.wait();
  };
  try {
    held.settle();
    if (fence.isSignaled()) throw new WrongResultError("the queue did not wait for the host");
    const before = performance.now();
    letGo();
    return (performance.now() - before) * 1000;
  } finally {
    if (isHeld) letGo();
    fence.reset();
  }
}

function releases(lane: Lane, held: Held): number[] {
  return Array.from({ length: ROUND_TRIPS }, () => holdAndRelease(lane, held));
}

/** The host sets the value of a timeline semaphore for which an empty submission waits. */
export function releaseByTimeline(lane: Lane): Prepared {
  using undo = new DisposableStack();
  undo.use(lane);
  const { device, queue } = lane;
  const semaphore = undo.use(new TimelineSemaphore(device));
  let value = 0n;
  const held: Held = {
    ready: () => new Submission(device, queue, { waits: [{ semaphore, value: ++value }] }),
    settle: () => spin(SETTLE_MS),
    release: () => semaphore.signal(value),
  };
  const owned = undo.move();
  return {
    clock: "host",
    sample: () => releases(lane, held),
    verify: () => {
      const reached = semaphore.value();
      if (reached !== value) throw new WrongResultError(`the value is ${reached}, not ${value}`);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** What becomes of a queue that never sees the event: a failure of this benchmark, not of the device. */
function withoutHanging<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof HungQueueError)) throw error;
    throw new WrongResultError("the queue did not go on within 5 s of the host setting the event");
  }
}

/**
 * The host sets an event for which a queue waits before it runs one workgroup.
 *
 * No other use of Vulkan depends on it, and drivers are less sure of it than of the rest: it has a logical
 * device of its own, so that a queue that hangs takes nothing else with it.
 *
 * @param main the device of which one more is opened.
 */
export function releaseByEvent(main: Device, family: number): Prepared {
  using undo = new DisposableStack();
  const device = undo.use(main.sibling());
  const queue = device.queues.find((each) => each.family === family);
  if (queue === undefined) {
    throw new UnsupportedError(`the driver gave no queue of family ${family}`);
  }
  const lane = undo.use(new Lane(device, queue));
  const work = undo.use(dispatchWork(lane));
  const arrived = undo.use(new DeviceEvent(device)), go = undo.use(new DeviceEvent(device));
  const commands = undo.use(lane.recorded((c) => {
    c.setEvent(arrived);
    c.waitEvent(go, "host");
    c.barrier();
    work.record(c);
  }));
  const submission = new Submission(device, queue, { commands: [commands] });
  const held: Held = {
    ready: () => {
      arrived.reset();
      go.reset();
      return submission;
    },
    settle: () => {
      const end = performance.now() + Number(PATIENCE_NS) / 1e6;
      while (!arrived.isSet()) {
        if (performance.now() > end) {
          throw new WrongResultError("the queue did not set the event before its wait within 5 s");
        }
      }
    },
    release: () => go.set(),
  };
  const owned = undo.move();
  return {
    clock: "host",
    sample: () => withoutHanging(() => releases(lane, held)),
    verify: () => withoutHanging(() => work.verify(() => void holdAndRelease(lane, held))),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
