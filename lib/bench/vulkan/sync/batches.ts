/**
 * Many small dispatches in one submission, by the device's clock.
 *
 * @module
 */

import type { CommandBuffer } from "../../../../ffi/vulkan/commands.ts";
import { DeviceEvent } from "../../../../ffi/vulkan/event.ts";
import { type Prepared, WrongResultError } from "../../benchmark.ts";
import { dispatchWork } from "./counted_work.ts";
import type { Lane } from "./lane.ts";

/** Dispatches of one timed submission. */
export const DISPATCHES = 256;

/** What stands between one dispatch and the next. */
export type Separator = "nothing" | "barrier" | "event";

/** How separators are recorded, and made ready for the next submission. */
interface Separation extends Disposable {
  record(commands: CommandBuffer, after: number): void;
  ready(): void;
  /** @throws {WrongResultError} where what stands between was not done. */
  verify(): void;
}

function separation(lane: Lane, separator: Separator): Separation {
  const owned = new DisposableStack();
  const events = separator === "event"
    ? Array.from({ length: DISPATCHES }, () => owned.use(new DeviceEvent(lane.device)))
    : [];
  return {
    record: (c, after) => {
      const event = events[after];
      if (separator === "barrier") c.barrier();
      if (event === undefined) return;
      c.setEvent(event);
      c.waitEvent(event, "queue");
    },
    ready: () => events.forEach((event) => event.reset()),
    verify: () => {
      const missing = events.filter((event) => !event.isSet()).length;
      if (missing > 0) throw new WrongResultError(`${missing} of ${DISPATCHES} events are not set`);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** One workgroup, {@linkcode DISPATCHES} times in a row: the time of each, with what follows it. */
export function dispatches(lane: Lane, separator: Separator): Prepared {
  using undo = new DisposableStack();
  undo.use(lane);
  const work = undo.use(dispatchWork(lane));
  const between = undo.use(separation(lane, separator));
  const timed = undo.use(lane.timed((c) => {
    work.bind(c);
    for (let i = 0; i < DISPATCHES; i++) {
      work.dispatch(c);
      between.record(c, i);
    }
  }));
  const run = () => {
    between.ready();
    return timed.run();
  };
  const owned = undo.move();
  return {
    clock: lane.clock,
    sample: () => [run() / 1000 / DISPATCHES],
    verify: () => {
      work.clear();
      run();
      between.verify();
      const count = work.read();
      // With nothing between them dispatches race for the counter: at least one, at most all get through.
      const least = separator === "nothing" ? 1 : DISPATCHES;
      if (count < least || count > DISPATCHES) {
        throw new WrongResultError(`${count} of ${DISPATCHES} dispatches were counted`);
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
