/**
 * Who computes which frame of a session: by its strategy, what the devices have in their queues, and how fast
 * they were at the frames before.
 *
 * @module
 */

import type { GivenOptions } from "../schedule/options.ts";
import { Scheduler, type StrategyName } from "../schedule/strategies.ts";
import type { FrameWay, Worker } from "../schedule/strategy.ts";

/** Rows that a frame counts as: fine enough for the share of a slow device, whatever its real height. */
const ROWS = 1 << 16;

/** Frames after which a device that got none is measured again; doubled each time that it is left out again. */
const FORGET_AFTER = 64;

/**
 * … and no sooner than the others have done so many frames in the time that one of its takes: frames are shown
 * in order, and wait for it.
 */
const WORTH_FRAMES = 100;

/** Weight of the newest frame in a device's mean time, once there are some. */
const NEWEST = 0.2;

/** Who there is. */
export interface FramePlacingOptions {
  strategy: StrategyName;
  strategyOptions: GivenOptions;
  /** Ids of all devices, in their order, and of those that may be given frames. */
  members: readonly string[];
  gpus: ReadonlySet<string>;
  /** How many frames may be under way. */
  latency: number;
}

/** Where a frame is computed. */
export interface FramePlace {
  /** Ids of the devices: one, or all over which it is cut. */
  gpus: readonly string[];
  isSplit: boolean;
  /** The way of the strategy, where it measures ways. */
  way: FrameWay | null;
  /** The frame is not handed over before that device has fewer than so many in its queue; null for at once. */
  hold: { gpu: string; frames: number } | null;
}

/** What is known of one device. */
interface Known {
  /** Mean time of a frame, in ms, and of how many it is. */
  ms: number | null;
  frames: number;
  /** Frames that were submitted to it and have not ended. */
  queued: number;
  /** The number of the last frame that it was given, or its time was forgotten. */
  last: number;
  /** Frames after which its time is forgotten. */
  patience: number;
}

/** Places frames, one after the other. */
export class FramePlacing {
  readonly #scheduler: Scheduler;
  readonly #strategy: StrategyName;
  readonly #members: readonly string[];
  readonly #gpus: ReadonlySet<string>;
  readonly #known = new Map<string, Known>();
  /** Devices that were given up, and who took over. */
  readonly #moved = new Map<string, string>();

  /** @throws {RangeError} for an option that the strategy has not, or a wrong value; one line. */
  constructor(options: FramePlacingOptions) {
    const { strategy, strategyOptions, members, gpus, latency } = options;
    this.#strategy = strategy;
    this.#members = members;
    this.#gpus = gpus;
    // Those that leave out who is too slow for the frames under way have to know how many these are.
    const bounded = strategy === "afr" || strategy === "hybrid" ? { latency } : {};
    this.#scheduler = new Scheduler(strategy, { ...bounded, ...strategyOptions });
  }

  #of(gpu: string): Known {
    const known = this.#known.get(gpu) ??
      { ms: null, frames: 0, queued: 0, last: -1, patience: FORGET_AFTER };
    this.#known.set(gpu, known);
    return known;
  }

  /**
   * Places a frame.
   *
   * @param alive ids of the devices that are not lost.
   * @throws {NoWorkerError} where no device is left; one line.
   */
  place(number: number, alive: readonly string[]): FramePlace {
    const workers = this.#members.map((id): Worker => {
      const { ms, queued } = this.#of(this.#takenOver(id));
      return {
        id,
        enabled: this.#gpus.has(id) && alive.includes(this.#takenOver(id)),
        speed: ms === null ? null : 1 / ms,
        queued_frames: queued,
        queued_ms: queued * (ms ?? this.#usualMs()),
      };
    });
    const splittable = workers.filter(({ enabled }) => enabled).length > 1;
    const work = { kind: "frame", number, rows: ROWS, splittable } as const;
    const { parts, way = null, hold } = this.#scheduler.place(work, workers);
    const gpus = [...new Set(parts.map(({ worker }) => this.#takenOver(worker)))];
    const isSplit = gpus.length > 1;
    if (!isSplit) this.#given(number, gpus);
    return {
      gpus,
      isSplit,
      way,
      hold: hold === undefined ? null : { gpu: this.#takenOver(hold.worker), frames: hold.frames },
    };
  }

  /** The options for the dispatches of a frame that is cut. */
  get splitOptions(): GivenOptions {
    return this.#strategy === "sfr" ? this.#scheduler.options : {};
  }

  /** A frame's usual time where nothing is known of a device, in ms. */
  #usualMs(): number {
    const times = [...this.#known.values()].flatMap(({ ms }) => ms ?? []);
    return times.length === 0 ? 1 : times.reduce((sum, ms) => sum + ms, 0) / times.length;
  }

  /**
   * Takes note of who was given a frame. What is known of one that got none for long is forgotten, so that it
   * is measured again: it may have been slow for a moment alone. One that is slow indeed costs less and less.
   */
  #given(number: number, gpus: readonly string[]): void {
    for (const gpu of gpus) this.#of(gpu).last = number;
    const fastest = Math.min(...[...this.#known.values()].flatMap(({ ms }) => ms ?? []));
    for (const known of this.#known.values()) {
      if (known.ms === null) continue;
      const patience = Math.max(known.patience, WORTH_FRAMES * known.ms / fastest);
      if (number - known.last <= patience) continue;
      known.ms = null;
      known.frames = 0;
      known.last = number;
      known.patience *= 2;
    }
  }

  /** Frames that a device was given and has not ended. */
  queued(gpu: string): number {
    return this.#of(gpu).queued;
  }

  /** Work of a frame is submitted to a device. */
  begun(gpu: string): void {
    this.#of(gpu).queued++;
  }

  /** All that was submitted of a frame to a device has ended. */
  ended(gpu: string): void {
    this.#of(gpu).queued--;
  }

  /** A device computed a whole frame, in so many ms. */
  took(gpu: string, ms: number): void {
    if (!(ms > 0)) return;
    const known = this.#of(gpu);
    known.frames++;
    const weight = Math.max(NEWEST, 1 / known.frames);
    known.ms = known.ms === null ? ms : known.ms + weight * (ms - known.ms);
  }

  /** A frame came so long after the one before, both computed that way. */
  came(way: FrameWay, interval_ms: number): void {
    this.#scheduler.learn({ way, interval_ms });
  }

  /**
   * Gives the work of one device to another.
   *
   * @throws {RangeError} for a device that is no member; one line.
   */
  migrate(from: string, to: string): void {
    const unknown = [from, to].find((id) => !this.#members.includes(id));
    if (unknown !== undefined) {
      throw new RangeError(`no member ${unknown}: there are ${this.#members.join(", ")}`);
    }
    if (from === to) return;
    // Who takes over works itself from now on, whatever was before.
    this.#moved.delete(to);
    this.#moved.set(from, to);
  }

  /** Who does the work of a device now. */
  #takenOver(gpu: string): string {
    let at = gpu;
    for (let next = this.#moved.get(at); next !== undefined; next = this.#moved.get(at)) at = next;
    return at;
  }
}
