/**
 * The ways in which one queue waits for another, at work.
 *
 * @module
 */

import {
  exportSemaphore,
  importSemaphore,
  type SemaphoreHandleType,
} from "../../ffi/vulkan/external_semaphore.ts";
import { VulkanError } from "../../ffi/vulkan/loader.ts";
import { BinarySemaphore, TimelineSemaphore } from "../../ffi/vulkan/semaphore.ts";
import { type SemaphorePoint, Submission } from "../../ffi/vulkan/submission.ts";
import type { FenceLine, LinePoint } from "./fence_line.ts";
import type { FenceSubmission } from "./fence_submission.ts";
import type { FenceWay } from "./fence_ways.ts";

/** Lets the queue of one line wait for that of another. */
export interface FenceBridge {
  /**
   * Makes the queue wait; all that is submitted to it later comes after.
   *
   * @param point of the line that is waited for, of `submission`.
   * @returns a promise where nothing may be submitted to the queue before it is fulfilled.
   * @throws {VulkanError} where a driver refuses.
   */
  insert(point: LinePoint, submission: FenceSubmission): void | Promise<void>;
  /** Destroys what it needed, once nothing is left to do. Both queues must be idle, or lost. */
  close(): void;
}

/** A submission without work to a line's queue. */
function submit(line: FenceLine, work: { waits?: SemaphorePoint[]; signals?: SemaphorePoint[] }) {
  const { device, queue } = line.member;
  new Submission(device, queue, work).submit();
}

/** Lets a queue wait for what the host sees done. One for all whom the queue waits for. */
export class HostRelay {
  readonly #line: FenceLine;
  readonly #semaphore: TimelineSemaphore;
  #last = 0n;
  #open = 0;
  #tail: Promise<unknown> = Promise.resolve();

  /** Makes one for a line's queue. Its device must have timeline semaphores. */
  constructor(line: FenceLine) {
    this.#line = line;
    this.#semaphore = new TimelineSemaphore(line.member.device);
  }

  /** Whether the queue waits for the host now. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** Makes the queue wait until `submission` is over: a lost one lets it go as well. */
  insert(submission: FenceSubmission): void {
    const value = this.#last + 1n;
    submit(this.#line, { waits: [{ semaphore: this.#semaphore, value }] });
    this.#last = value;
    this.#open++;
    // One after the other: a higher value would end the waits for all lower ones.
    this.#tail = Promise.all([this.#tail, submission.settled(Infinity)]).then(() => {
      try {
        this.#semaphore.signal(value);
      } catch (error) {
        this.#line.lose(error instanceof Error ? error.message : String(error));
      } finally {
        this.#open--;
      }
    });
  }

  /** Resolves when the queue waits for nothing. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  /** Destroys the semaphore. */
  close(): void {
    this.#semaphore[Symbol.dispose]();
  }
}

/** A timeline semaphore of which another device has a second handle. */
class SharedTimeline implements FenceBridge {
  readonly #from: FenceLine;
  readonly #to: FenceLine;
  readonly #semaphore: TimelineSemaphore;
  readonly #alias: TimelineSemaphore;
  #last = 0n;

  constructor(from: FenceLine, to: FenceLine) {
    this.#from = from;
    this.#to = to;
    const devices = [from.member.device, to.member.device] as const;
    using undo = new DisposableStack();
    this.#semaphore = undo.use(new TimelineSemaphore(devices[0], { exportable: "opaque_fd" }));
    this.#alias = undo.use(new TimelineSemaphore(devices[1]));
    const fd = exportSemaphore(devices[0], this.#semaphore, "opaque_fd");
    importSemaphore(devices[1], this.#alias, "opaque_fd", fd);
    undo.move();
  }

  insert(_: LinePoint, submission: FenceSubmission): void {
    const value = this.#last + 1n;
    submit(this.#from, { signals: [{ semaphore: this.#semaphore, value }] });
    this.#last = value;
    submit(this.#to, { waits: [{ semaphore: this.#alias, value }] });
    submission.onLost(() => this.#release(value));
  }

  /** Lets the queue go: who was to signal is lost. */
  #release(value: bigint): void {
    try {
      if (this.#alias.value() < value) this.#alias.signal(value);
    } catch (error) {
      // Both are of one GPU: then so is the other.
      this.#to.lose(error instanceof Error ? error.message : String(error));
    }
  }

  close(): void {
    this.#semaphore[Symbol.dispose]();
    this.#alias[Symbol.dispose]();
  }
}

/** A semaphore of each device; one for both where they are one. */
interface Pair {
  signal: BinarySemaphore;
  wait: BinarySemaphore;
  /** When they may be used again; undefined where that cannot be known. */
  until?: LinePoint;
}

/** Binary semaphores, each of which carries one signal at a time. */
class BinarySemaphores implements FenceBridge {
  readonly #from: FenceLine;
  readonly #to: FenceLine;
  readonly #handle: SemaphoreHandleType | undefined;
  readonly #free: Pair[] = [];
  #used: Pair[] = [];

  /** `handle`: how the signal crosses; undefined where both queues are of one device. */
  constructor(from: FenceLine, to: FenceLine, handle?: SemaphoreHandleType) {
    this.#from = from;
    this.#to = to;
    this.#handle = handle;
  }

  #create(): Pair {
    const [from, to] = [this.#from.member.device, this.#to.member.device];
    if (this.#handle === undefined) {
      const signal = new BinarySemaphore(from);
      return { signal, wait: signal };
    }
    using undo = new DisposableStack();
    const signal = undo.use(new BinarySemaphore(from, { exportable: this.#handle }));
    const wait = undo.use(new BinarySemaphore(to));
    if (this.#handle === "opaque_fd") {
      importSemaphore(to, wait, "opaque_fd", exportSemaphore(from, signal, "opaque_fd"));
    }
    undo.move();
    return { signal, wait };
  }

  #take(): Pair {
    this.#used = this.#used.filter((pair) => {
      if (pair.until === undefined || !this.#to.isReached(pair.until)) return true;
      this.#free.push(pair);
      return false;
    });
    return this.#free.pop() ?? this.#create();
  }

  insert(): void {
    const pair = this.#take();
    delete pair.until;
    // From here on it is in use, whatever becomes of the rest.
    this.#used.push(pair);
    submit(this.#from, { signals: [{ semaphore: pair.signal }] });
    if (this.#handle === "sync_fd") {
      const fd = exportSemaphore(this.#from.member.device, pair.signal, "sync_fd");
      importSemaphore(this.#to.member.device, pair.wait, "sync_fd", fd);
    }
    pair.until = this.#to.mark([{ semaphore: pair.wait }]);
  }

  close(): void {
    for (const { signal, wait } of [...this.#free.splice(0), ...this.#used.splice(0)]) {
      signal[Symbol.dispose]();
      if (wait !== signal) wait[Symbol.dispose]();
    }
  }
}

/** Nothing to create, nothing to close. */
function plain(insert: FenceBridge["insert"]): FenceBridge {
  return { insert, close: () => {} };
}

/**
 * Makes a bridge.
 *
 * @param relay the relay of `to`, for the way `host_relay`.
 * @throws {VulkanError} where a driver refuses.
 */
export function fenceBridge(
  way: FenceWay,
  from: FenceLine,
  to: FenceLine,
  relay: () => HostRelay,
): FenceBridge {
  switch (way) {
    case "queue_order":
      return plain(() => {});
    case "timeline": {
      const { timeline } = from;
      if (timeline === undefined) throw new VulkanError("a timeline semaphore", -8);
      return plain(({ value }) => submit(to, { waits: [{ semaphore: timeline, value }] }));
    }
    case "binary":
      return new BinarySemaphores(from, to);
    case "opaque_fd":
    case "sync_fd":
      return new BinarySemaphores(from, to, way);
    case "opaque_fd_timeline":
      return new SharedTimeline(from, to);
    case "host_relay": {
      const through = relay();
      return plain((_, submission) => through.insert(submission));
    }
    case "held_back":
      return plain(async (_, submission) => {
        await submission.settled(Infinity);
      });
  }
}

/**
 * Whether a way may be taken only while no queue waits for the host: for a binary semaphore all signals
 * that its own depends on must be submitted (VUID-vkQueueSubmit-pWaitSemaphores-03238), and an export as
 * `sync_fd` may block until they are.
 */
export function needsSubmittedSignals(way: FenceWay): boolean {
  return way === "binary" || way === "opaque_fd" || way === "sync_fd";
}
