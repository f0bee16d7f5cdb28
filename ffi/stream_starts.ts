/**
 * Copies on streams that the host looks after now and then, instead of waiting for them.
 *
 * @module
 */

import type { Lane, RunningCopies, RuntimeDevice, StreamPrimitives } from "./copy_runtime.ts";

/** Starts lanes, each device's on a stream of its own. Dispose it once none runs. */
export class StreamStarts implements Disposable {
  readonly #primitives: StreamPrimitives;
  readonly #streams = new Map<RuntimeDevice, bigint>();

  /** Takes the runtime's functions. */
  constructor(primitives: StreamPrimitives) {
    this.#primitives = primitives;
  }

  #stream(device: RuntimeDevice): bigint {
    let stream = this.#streams.get(device);
    if (stream === undefined) {
      this.#streams.set(device, stream = this.#primitives.createStream());
    }
    return stream;
  }

  /** See {@linkcode CopyRuntime.start}. */
  start(lanes: readonly Lane[]): RunningCopies {
    const p = this.#primitives;
    using undo = new DisposableStack();
    const ends = Array.from(
      Map.groupBy(lanes, ({ device }) => device),
      ([device, those]) => {
        p.select(device);
        const stream = this.#stream(device);
        const event = p.createEvent();
        undo.defer(() => {
          p.select(device);
          p.destroyEvent(event);
        });
        for (const lane of those) p.copy(lane, stream);
        p.record(event, stream);
        return { device, event };
      },
    );
    const owned = undo.move();
    return {
      isDone: () =>
        ends.every(({ device, event }) => {
          p.select(device);
          return p.query(event);
        }),
      [Symbol.dispose]: () => owned.dispose(),
    };
  }

  [Symbol.dispose](): void {
    for (const [device, stream] of this.#streams) {
      this.#primitives.select(device);
      this.#primitives.destroyStream(stream);
    }
    this.#streams.clear();
  }
}
