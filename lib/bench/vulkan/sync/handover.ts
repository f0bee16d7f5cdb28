/**
 * From the end of work on one queue to the start of work on another that waits for it, by the device's clock.
 *
 * The first submission does some work before it comes to what is timed, for so long that the second one is
 * with the driver by then: what is measured is the device's part, not the host's. A result in which the host
 * was late does not count.
 *
 * The specification lets timestamps of one queue alone be compared, but where VK_KHR_calibrated_timestamps is
 * offered, all of them are readings of the one time domain of the device.
 *
 * @module
 */

import { openCalibration } from "../../../../ffi/vulkan/calibration.ts";
import { type CommandBuffer, Timestamps } from "../../../../ffi/vulkan/commands.ts";
import type { Queue } from "../../../../ffi/vulkan/device.ts";
import { BinarySemaphore, TimelineSemaphore } from "../../../../ffi/vulkan/semaphore.ts";
import { type SemaphorePoint, Submission } from "../../../../ffi/vulkan/submission.ts";
import { type Prepared, UnsupportedError, WrongResultError } from "../../benchmark.ts";
import type { VulkanTarget } from "../target.ts";
import { Lane, setWord, wordOf } from "./lane.ts";

/** Handovers of one call of `sample`. */
const HANDOVERS = 10;

/** How long the first submission works before what is timed: first, and at most, in nanoseconds. */
const RUN_UP_NS = 300_000, LONGEST_RUN_UP_NS = 20_000_000;

/** What it works with, in bytes, and how often at most. */
const RUN_UP_BYTES = 1 << 20, MOST_FILLS = 1 << 14;

/** Timestamps: the first submission begins, and ends; the second begins. */
const BEGIN = 0, END = 1, NEXT = 2;

/** What carries the signal from one submission to the other. */
export type Carrier = "binary" | "timeline";

/** A semaphore, and the point of it that the next pair of submissions uses. */
interface Signal extends Disposable {
  next(): SemaphorePoint;
}

function signalOf(target: VulkanTarget, carrier: Carrier): Signal {
  const { device } = target;
  const semaphore = carrier === "binary"
    ? new BinarySemaphore(device)
    : new TimelineSemaphore(device);
  let value = 0n;
  return {
    next: () => carrier === "binary" ? { semaphore } : { semaphore, value: ++value },
    [Symbol.dispose]: () => semaphore[Symbol.dispose](),
  };
}

/** Why the times of two queues cannot be measured; undefined where they can. */
export function handoverObstacle(target: VulkanTarget, from: Queue, to: Queue): string | undefined {
  const { device } = target;
  if ([from, to].some((queue) => Timestamps.validBits(device, queue) === 0)) {
    return "a queue has no timestamps";
  }
  if (from.handle === to.handle) return undefined;
  const calibration = openCalibration(device);
  return calibration.state === "ok" ? undefined : `timestamps of two queues: ${calibration.reason}`;
}

/** What was seen of one handover, in nanoseconds. */
export interface SeenHandover {
  /** From the end of the first submission's work to the start of the second's, by the device's clock. */
  ns: number;
  /** How long the first one worked, by the device's clock. */
  runUpNs: number;
  /** How long the host took to submit both. */
  hostNs: number;
}

/**
 * Those for which the device had the second submission before it was done with the first, in microseconds;
 * undefined where that is less than half: a host that is late once in a while does not matter.
 */
export function handoversInTime(seen: readonly SeenHandover[]): number[] | undefined {
  const inTime = seen.filter(({ runUpNs, hostNs }) => hostNs < runUpNs);
  return 2 * inTime.length >= seen.length ? inTime.map(({ ns }) => ns / 1000) : undefined;
}

/** A handover, ready to be measured. */
class Handover implements Disposable {
  readonly #owned = new DisposableStack();
  readonly #target: VulkanTarget;
  readonly #from: Lane;
  readonly #to: Lane;
  readonly #signal: Signal;
  readonly #timer: Timestamps;
  readonly #first: CommandBuffer;
  readonly #second: CommandBuffer;
  readonly #setToken: (word: number) => void;
  readonly #token: () => number;
  readonly #recordFirst: (fills: number) => void;
  #fills = 1;
  #runUpNs = RUN_UP_NS;

  constructor(target: VulkanTarget, from: Queue, to: Queue, carrier: Carrier) {
    using undo = new DisposableStack();
    const { device } = target;
    this.#target = target;
    this.#from = undo.use(new Lane(device, from));
    this.#to = undo.use(new Lane(device, to));
    this.#signal = undo.use(signalOf(target, carrier));
    // Where the queues' timestamps have different widths, the bits of the narrower one count.
    const [narrow = from] = [from, to].sort((a, b) =>
      Timestamps.validBits(device, a) - Timestamps.validBits(device, b)
    );
    const timer = this.#timer = undo.use(new Timestamps(device, narrow, 3));
    const scratch = undo.use(device.createBuffer(RUN_UP_BYTES, "device"));
    const token = undo.use(device.createBuffer(4, "host"));
    const baton = undo.use(device.createBuffer(4, "device"));
    const arrived = undo.use(device.createBuffer(4, "host"));
    this.#setToken = (word) => {
      setWord(token, word);
      setWord(arrived, 0);
    };
    this.#token = () => wordOf(arrived);
    const changesFamily = from.family !== to.family;
    this.#recordFirst = (fills) =>
      this.#first.record((c) => {
        c.timestamp(timer, BEGIN);
        for (let i = 0; i < fills; i++) c.fill(scratch, i);
        c.copy(token, baton, { size: 4 });
        if (changesFamily) c.handOver(baton, from, to);
        c.barrier();
        c.timestamp(timer, END);
      });
    this.#first = undo.use(this.#from.recorded(() => {}));
    this.#recordFirst(this.#fills);
    this.#second = undo.use(this.#to.recorded((c) => {
      c.barrier();
      if (changesFamily) c.handOver(baton, from, to);
      c.timestamp(timer, NEXT);
      c.copy(baton, arrived, { size: 4 });
      c.barrierToHost();
    }));
    this.#owned.use(undo.move());
  }

  /** One handover of `word`. */
  once(word: number): SeenHandover {
    const { device } = this.#target;
    const { fence } = this.#to;
    // On a queue that computes: others cannot reset timestamps.
    this.#target.run((c) => c.resetTimestamps(this.#timer));
    this.#setToken(word);
    const point = this.#signal.next();
    const first = new Submission(device, this.#from.queue, {
      commands: [this.#first],
      signals: [point],
    });
    const second = new Submission(device, this.#to.queue, {
      commands: [this.#second],
      waits: [point],
    });
    const before = performance.now();
    first.submit();
    second.submit(fence.handle);
    const hostNs = (performance.now() - before) * 1e6;
    fence.wait();
    fence.reset();
    const ticks = this.#timer.ticks();
    const at = (which: number) => ticks[which] ?? 0n;
    return {
      ns: this.#timer.nanoseconds(at(END), at(NEXT)),
      runUpNs: this.#timer.nanoseconds(at(BEGIN), at(END)),
      hostNs,
    };
  }

  /** Whether the first submission works as long as it should; if not, it is made longer. */
  settle(): boolean {
    const { runUpNs } = this.once(0);
    if (runUpNs >= this.#runUpNs || this.#fills >= MOST_FILLS) return true;
    const factor = 1.2 * this.#runUpNs / Math.max(runUpNs, this.#runUpNs / 64);
    this.#lengthen(factor);
    return false;
  }

  #lengthen(factor: number): void {
    this.#fills = Math.min(MOST_FILLS, Math.ceil(this.#fills * factor));
    this.#recordFirst(this.#fills);
  }

  /** Samples in microseconds. */
  samples(): number[] {
    for (;;) {
      const samples = handoversInTime(Array.from({ length: HANDOVERS }, () => this.once(1)));
      if (samples !== undefined) return samples;
      if (this.#runUpNs >= LONGEST_RUN_UP_NS || this.#fills >= MOST_FILLS) {
        throw new UnsupportedError(
          "the driver takes the second submission only when the first is done: the device never has both",
        );
      }
      this.#runUpNs *= 2;
      this.#lengthen(2);
    }
  }

  /** What the second submission found. */
  get found(): number {
    return this.#token();
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}

/** How often a handover is checked. */
const CHECKED = 5;

/** Work on one queue, a semaphore, work on another, or on the same one. */
export function handover(
  target: VulkanTarget,
  from: Queue,
  to: Queue,
  carrier: Carrier,
): Prepared {
  using undo = new DisposableStack();
  const pair = undo.use(new Handover(target, from, to, carrier));
  for (let tries = 0; tries < 8 && !pair.settle(); tries++);
  const owned = undo.move();
  return {
    clock: "device",
    sample: () => pair.samples(),
    verify: () => {
      for (let i = 1; i <= CHECKED; i++) {
        const word = 0x6d76_0000 + i;
        pair.once(word);
        if (pair.found !== word) {
          throw new WrongResultError(`the second submission found ${pair.found}, not ${word}`);
        }
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
