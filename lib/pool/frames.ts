/**
 * Frames that are computed by several devices and shown one after the other, evenly.
 *
 * A session has a few targets, each a buffer for one frame: as many frames may be under way. Frames are shown
 * in their order, each when its time has come.
 *
 * @module
 */

import type { Triple } from "./analysis/verdict.ts";
import type { LogicalBuffer } from "./buffer.ts";
import type { Binding } from "./dispatch.ts";
import type { LogicalKernel } from "./kernel.ts";
import { type FramePlace, FramePlacing } from "./frame_placing.ts";
import type { GivenOptions } from "../schedule/options.ts";
import { type PacingState, pacingStats, showTime, UNPACED } from "../schedule/pacing.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import type { FrameWay } from "../schedule/strategy.ts";

/** What a frame's dispatch is told. */
interface FrameDispatch {
  push?: Uint8Array;
  on?: string;
  without?: readonly string[];
  strategy?: "sfr";
  strategyOptions?: GivenOptions;
}

/** What came of it. */
interface FrameResult {
  parts: readonly { gpu: string; ms: number }[];
}

/** What a session needs of its logical device. */
export interface FrameDevice {
  readonly members: readonly { readonly id: string }[];
  allocate(size: number, flags: Iterable<string>): LogicalBuffer;
  dispatch(
    kernel: LogicalKernel,
    groups: Triple,
    bindings: readonly Binding[],
    options: FrameDispatch,
  ): Promise<FrameResult>;
}

/** Options of {@linkcode FrameSession}. */
export interface FrameOptions {
  /** Bytes of one frame. */
  bytes: number;
  /**
   * `afr`: each frame on one device; `sfr`: each on all; `hybrid`: as was measured to be faster; `single`: all
   * on one; the others as docs/strategies.md has them. `afr` by default.
   */
  strategy?: StrategyName;
  /** Options of the strategy, by name, other than their defaults. */
  strategyOptions?: GivenOptions;
  /** Ids of the members that compute them; all by default. */
  gpus?: readonly string[];
  /** How many frames may be under way; one more than there are devices by default. */
  latency?: number;
  /** The least time from one frame to the next, in ms: 0, by default, for as fast as can be. */
  interval_ms?: number;
}

/** A frame that was shown. */
export interface PresentedFrame {
  number: number;
  /** Ids of the devices that computed it. */
  gpus: string[];
  /** When it was shown, and how much later than it should have been, in ms. */
  at_ms: number;
  late_ms: number;
}

/** How evenly frames came. */
export interface FrameStats {
  frames: number;
  /** Mean time from one frame to the next, and its standard deviation, in ms; null below two frames. */
  interval_ms: number | null;
  jitter_ms: number | null;
  /** Frames that were not ready when they were due. */
  late: number;
  /** Frames by the device that computed them, or part of them. */
  by_gpu: Record<string, number>;
}

/** A frame's turn to be shown. */
interface Turn {
  /** When the frame before it was shown, or given up. */
  before: Promise<void>;
  /** Lets the frame behind it be shown. */
  over(): void;
}

/** One frame between `frame()` and `present()`. Dispose it to give it up instead. */
export class Frame implements Disposable {
  readonly number: number;
  /** Where it is computed into. */
  readonly target: LogicalBuffer;
  readonly #session: FrameSession;
  /** Who computes it. */
  readonly place: FramePlace;
  readonly #work: Promise<FrameResult>[] = [];
  readonly #turn: Turn;
  /** Dispatches that have not ended. */
  #running = 0;
  #isPresented = false;

  /** Made by {@linkcode FrameSession.frame}. */
  constructor(
    session: FrameSession,
    number: number,
    target: LogicalBuffer,
    place: FramePlace,
    turn: Turn,
  ) {
    this.#session = session;
    this.number = number;
    this.target = target;
    this.place = place;
    this.#turn = turn;
  }

  /**
   * Adds a dispatch to the frame. Those of one frame run in the order of the calls where they share buffers.
   *
   * @throws {Error} once the frame was presented.
   */
  submit(
    kernel: LogicalKernel,
    groups: Triple,
    bindings: readonly Binding[],
    options: Pick<FrameDispatch, "push"> = {},
  ): void {
    if (this.#isPresented) throw new Error(`frame ${this.number} was presented already`);
    const { device, placing } = this.#session;
    const work = device.dispatch(kernel, groups, bindings, {
      ...options,
      ...this.#session.dispatchOptions(this.place),
    });
    // It is in the queues from its first dispatch on, whoever begins the next frame before it is presented.
    if (this.#running++ === 0) { for (const gpu of this.place.gpus) placing.begun(gpu); }
    const ended = () => {
      if (--this.#running > 0) return;
      for (const gpu of this.place.gpus) placing.ended(gpu);
      this.#session.hasRoom();
    };
    // How it ended is looked at when the frame is presented.
    work.then(ended, ended);
    this.#work.push(work);
  }

  /**
   * Shows the frame: once all of it is computed, all frames before it were shown, and its time has come.
   *
   * @param show is given the frame's bytes on the host, in place.
   * @throws what a dispatch of it threw: the frame is left out then, and those behind it are shown.
   */
  present(show: (bytes: Uint8Array<ArrayBuffer>) => void = () => {}): Promise<PresentedFrame> {
    if (this.#isPresented) throw new Error(`frame ${this.number} was presented already`);
    this.#isPresented = true;
    return this.#session.show(this, this.#work, show, this.#turn);
  }

  /** Gives the frame up, where it was not presented. */
  [Symbol.dispose](): void {
    if (this.#isPresented) return;
    this.#isPresented = true;
    this.#session.drop(this, this.#work, this.#turn);
  }
}

/** Frames of one program. Dispose it once all were presented. */
export class FrameSession implements Disposable {
  readonly device: FrameDevice;
  /** Who computes which frame. For {@linkcode Frame}. */
  readonly placing: FramePlacing;
  readonly #interval: number;
  readonly #targets: LogicalBuffer[];
  readonly #free: LogicalBuffer[];
  readonly #waiting: ((target: LogicalBuffer) => void)[] = [];
  /** Frames that wait for room in a queue. */
  readonly #held: (() => void)[] = [];
  readonly #byGpu = new Map<string, number>();
  /** When frames are due, and when they were shown. */
  #paced: PacingState = UNPACED;
  #shown: PacingState = UNPACED;
  /** The way of the frame that was shown last. */
  #way: FrameWay | null = null;
  #next = 0;
  /** When the frame that was begun last is shown, or given up. */
  #last: Promise<void> = Promise.resolve();

  /** Made by `LogicalDevice.frames`. */
  constructor(device: FrameDevice, options: FrameOptions) {
    const { bytes, strategy = "afr", interval_ms = 0 } = options;
    const members = device.members.map(({ id }) => id);
    const { gpus = members, strategyOptions = {} } = options;
    const { latency = gpus.length + 1 } = options;
    if (!Number.isInteger(latency) || latency < 1) {
      throw new RangeError(`no session with ${latency} frames under way: give 1 or more`);
    }
    if (!(interval_ms >= 0 && interval_ms < Infinity)) {
      throw new RangeError(`no interval of ${interval_ms} ms: give 0 or more`);
    }
    const unknown = gpus.find((id) => !members.includes(id));
    if (unknown !== undefined) {
      throw new RangeError(`no member ${unknown}: there are ${members.join(", ")}`);
    }
    this.device = device;
    this.placing = new FramePlacing({
      strategy,
      strategyOptions,
      members,
      gpus: new Set(gpus),
      latency,
    });
    this.#interval = interval_ms;
    this.#targets = Array.from(
      { length: latency },
      () => device.allocate(bytes, ["LAZY_ALLOCATE"]),
    );
    this.#free = [...this.#targets];
  }

  /**
   * The next frame, once there is a target for it, and room in the queue of who computes it: at most as many as
   * `latency` are under way.
   *
   * @throws {NoWorkerError} by rejection, where all devices of the session are lost.
   */
  async frame(): Promise<Frame> {
    const number = this.#next++;
    const target = this.#free.shift() ??
      await new Promise<LogicalBuffer>((resolve) => this.#waiting.push(resolve));
    let place: FramePlace;
    try {
      place = this.placing.place(number, this.device.members.map(({ id }) => id));
    } catch (error) {
      this.#giveTarget(target);
      throw error;
    }
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    const { hold } = place;
    while (hold !== null && this.placing.queued(hold.gpu) >= hold.frames) {
      await new Promise<void>((resume) => this.#held.push(resume));
    }
    return new Frame(this, number, target, place, { before, over: resolve });
  }

  /** For {@linkcode Frame}: a frame has left the queues. */
  hasRoom(): void {
    for (const resume of this.#held.splice(0)) resume();
  }

  /** For {@linkcode Frame}: where its dispatches run. */
  dispatchOptions({ gpus, isSplit }: FramePlace): FrameDispatch {
    if (!isSplit) return gpus[0] === undefined ? {} : { on: gpus[0] };
    const without = this.device.members.map(({ id }) => id).filter((id) => !gpus.includes(id));
    return { strategy: "sfr", without, strategyOptions: this.placing.splitOptions };
  }

  /** For the disposal of a {@linkcode Frame}. */
  async drop(frame: Frame, work: readonly Promise<FrameResult>[], turn: Turn): Promise<void> {
    await Promise.allSettled(work);
    await turn.before;
    this.#giveBack(frame, turn);
  }

  /** For {@linkcode Frame.present}. */
  async show(
    frame: Frame,
    work: readonly Promise<FrameResult>[],
    show: (bytes: Uint8Array<ArrayBuffer>) => void,
    turn: Turn,
  ): Promise<PresentedFrame> {
    try {
      const results = await Promise.all(work);
      this.#learn(results);
      // To the host at once, whoever is shown first: devices copy side by side.
      await frame.target.sync();
      await turn.before;
      const late_ms = await this.#untilDue();
      await frame.target.view(show);
      const at_ms = performance.now();
      this.#came(at_ms, frame.place.way);
      const gpus = [...new Set(results.flatMap(({ parts }) => parts.map(({ gpu }) => gpu)))];
      for (const gpu of gpus) this.#byGpu.set(gpu, (this.#byGpu.get(gpu) ?? 0) + 1);
      return { number: frame.number, gpus, at_ms, late_ms };
    } catch (error) {
      await Promise.allSettled(work);
      await turn.before;
      throw error;
    } finally {
      this.#giveBack(frame, turn);
    }
  }

  #giveBack({ target }: Frame, turn: Turn): void {
    turn.over();
    this.#giveTarget(target);
  }

  #giveTarget(target: LogicalBuffer): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(target);
    else next(target);
  }

  /** A device's speed is by the frames that it computed whole. */
  #learn(results: readonly FrameResult[]): void {
    const ms = results.reduce((sum, { parts }) => sum + (parts[0]?.ms ?? 0), 0);
    const gpus = new Set(results.flatMap(({ parts }) => parts.map(({ gpu }) => gpu)));
    const [gpu] = gpus;
    if (gpus.size === 1 && gpu !== undefined) this.placing.took(gpu, ms);
  }

  /** Takes note of a frame that was shown. */
  #came(at_ms: number, way: FrameWay | null): void {
    const before = this.#shown.shown_ms;
    if (before !== null && way !== null && way === this.#way) {
      this.placing.came(way, at_ms - before);
    }
    this.#way = way;
    // Without an interval nothing is due: the times between frames are what they were.
    this.#shown = showTime(this.#shown, at_ms, 0).state;
  }

  /** Waits until the next frame is due. How late it is, in ms. */
  async #untilDue(): Promise<number> {
    const now = performance.now();
    const { state, show_ms, late_ms } = showTime(this.#paced, now, this.#interval);
    this.#paced = state;
    if (show_ms > now) await new Promise((resolve) => setTimeout(resolve, show_ms - now));
    return late_ms;
  }

  /**
   * Moves the session from one device to another: frames that are under way end where they are, later ones go
   * there no more. None is lost.
   *
   * @throws {RangeError} for a device that is no member; one line.
   */
  migrate(from: string, to: string): void {
    this.placing.migrate(from, to);
  }

  /** Begins anew with what {@linkcode stats} tells. */
  resetStats(): void {
    this.#shown = UNPACED;
    this.#paced = { ...UNPACED, due_ms: this.#paced.due_ms };
    this.#byGpu.clear();
  }

  /** How evenly frames came so far. */
  stats(): FrameStats {
    const { frames, interval_ms, jitter_ms } = pacingStats(this.#shown);
    const late = this.#interval > 0 ? this.#paced.late : 0;
    return { frames, interval_ms, jitter_ms, late, by_gpu: Object.fromEntries(this.#byGpu) };
  }

  /** Gives the targets back. */
  [Symbol.dispose](): void {
    for (const target of this.#targets) target[Symbol.dispose]();
  }
}
