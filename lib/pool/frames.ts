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
import { Scheduler } from "../schedule/strategies.ts";
import type { Worker } from "../schedule/strategy.ts";

/** What a frame's dispatch is told. */
interface FrameDispatch {
  push?: Uint8Array;
  on?: string;
  without?: readonly string[];
  strategy?: "sfr";
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
  /** `afr`: each frame on one device; `sfr`: each on all; `single`: all on one. `afr` by default. */
  strategy?: "afr" | "sfr" | "single";
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
  readonly #placed: FrameDispatch;
  readonly #work: Promise<FrameResult>[] = [];
  readonly #turn: Turn;
  #isPresented = false;

  /** Made by {@linkcode FrameSession.frame}. */
  constructor(
    session: FrameSession,
    number: number,
    target: LogicalBuffer,
    placed: FrameDispatch,
    turn: Turn,
  ) {
    this.#session = session;
    this.number = number;
    this.target = target;
    this.#placed = placed;
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
    const work = this.#session.device.dispatch(kernel, groups, bindings, {
      ...options,
      ...this.#placed,
    });
    // It is looked at when the frame is presented.
    work.catch(() => undefined);
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
  readonly #scheduler: Scheduler;
  readonly #isSplit: boolean;
  readonly #interval: number;
  readonly #gpus: ReadonlySet<string>;
  readonly #targets: LogicalBuffer[];
  readonly #free: LogicalBuffer[];
  readonly #waiting: ((target: LogicalBuffer) => void)[] = [];
  readonly #speeds = new Map<string, number>();
  /** Devices that were given up, and who took over. */
  readonly #moved = new Map<string, string>();
  readonly #shownAt: number[] = [];
  readonly #byGpu = new Map<string, number>();
  #next = 0;
  /** When the frame that was begun last is shown, or given up. */
  #last: Promise<void> = Promise.resolve();
  #due: number | undefined;

  /** Made by `LogicalDevice.frames`. */
  constructor(device: FrameDevice, options: FrameOptions) {
    const { bytes, strategy = "afr", interval_ms = 0 } = options;
    const { gpus = device.members.map(({ id }) => id) } = options;
    const { latency = gpus.length + 1 } = options;
    if (!Number.isInteger(latency) || latency < 1) {
      throw new RangeError(`no session with ${latency} frames under way: give 1 or more`);
    }
    if (!(interval_ms >= 0 && interval_ms < Infinity)) {
      throw new RangeError(`no interval of ${interval_ms} ms: give 0 or more`);
    }
    this.device = device;
    this.#scheduler = new Scheduler(strategy);
    this.#isSplit = strategy === "sfr";
    this.#interval = interval_ms;
    this.#gpus = new Set(gpus);
    this.#targets = Array.from(
      { length: latency },
      () => device.allocate(bytes, ["LAZY_ALLOCATE"]),
    );
    this.#free = [...this.#targets];
  }

  /** The next frame, once there is a target for it: at most as many as `latency` are under way. */
  async frame(): Promise<Frame> {
    const number = this.#next++;
    const target = this.#free.shift() ??
      await new Promise<LogicalBuffer>((resolve) => this.#waiting.push(resolve));
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    return new Frame(this, number, target, this.#place(number), { before, over: resolve });
  }

  #place(number: number): FrameDispatch {
    const { members } = this.device;
    if (this.#isSplit) {
      const others = members.filter(({ id }) => !this.#gpus.has(id)).map(({ id }) => id);
      return { strategy: "sfr", without: [...others, ...this.#moved.keys()] };
    }
    const known = [...this.#speeds.values()];
    const usual = known.length === 0 ? 1 : known.reduce((a, b) => a + b, 0) / known.length;
    const workers = members.map(({ id }): Worker => ({
      id,
      enabled: this.#gpus.has(id),
      speed: this.#speeds.get(id) ?? usual,
      queued_ms: 0,
    }));
    const work = { kind: "frame", number, rows: 1, splittable: false } as const;
    const [part] = this.#scheduler.place(work, workers).parts;
    const gpu = part === undefined ? undefined : this.#takenOver(part.worker);
    return gpu === undefined ? {} : { on: gpu };
  }

  /** Who does the work of a device now. */
  #takenOver(gpu: string): string {
    let at = gpu;
    for (let next = this.#moved.get(at); next !== undefined; next = this.#moved.get(at)) at = next;
    return at;
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
      this.#shownAt.push(at_ms);
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
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(target);
    else next(target);
  }

  /** A device's speed is by the frames that it computed whole. */
  #learn(results: readonly FrameResult[]): void {
    const ms = results.reduce((sum, { parts }) => sum + (parts[0]?.ms ?? 0), 0);
    const gpus = new Set(results.flatMap(({ parts }) => parts.map(({ gpu }) => gpu)));
    const [gpu] = gpus;
    if (gpus.size !== 1 || gpu === undefined || !(ms > 0)) return;
    const known = this.#speeds.get(gpu);
    this.#speeds.set(gpu, known === undefined ? 1 / ms : known + 0.2 * (1 / ms - known));
  }

  /** Waits until the next frame is due. How late it is, in ms. */
  async #untilDue(): Promise<number> {
    const now = performance.now();
    const due = this.#due ?? now;
    const wait = due - now;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    // A frame that is late moves all behind it: they do not hurry after it.
    this.#due = Math.max(due, now) + this.#interval;
    return Math.max(0, -wait);
  }

  /**
   * Moves the session from one device to another: frames that are under way end where they are, later ones go
   * there no more. None is lost.
   *
   * @throws {RangeError} for a device that is no member; one line.
   */
  migrate(from: string, to: string): void {
    const ids = this.device.members.map(({ id }) => id);
    const unknown = [from, to].find((id) => !ids.includes(id));
    if (unknown !== undefined) {
      throw new RangeError(`no member ${unknown}: there are ${ids.join(", ")}`);
    }
    if (from === to) return;
    // Who takes over works itself from now on, whatever was before.
    this.#moved.delete(to);
    this.#moved.set(from, to);
  }

  /** Begins anew with what {@linkcode stats} tells. */
  resetStats(): void {
    this.#shownAt.length = 0;
    this.#byGpu.clear();
  }

  /** How evenly frames came so far. */
  stats(): FrameStats {
    const times = this.#shownAt;
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    return {
      frames: times.length,
      interval_ms: gaps.length === 0 ? null : mean,
      jitter_ms: gaps.length === 0 ? null : Math.sqrt(variance),
      by_gpu: Object.fromEntries(this.#byGpu),
    };
  }

  /** Gives the targets back. */
  [Symbol.dispose](): void {
    for (const target of this.#targets) target[Symbol.dispose]();
  }
}
