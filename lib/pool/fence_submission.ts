/**
 * One use of a fence: from its submission until it is signalled or lost.
 *
 * @module
 */

import { VulkanError } from "../../ffi/vulkan/loader.ts";
import type { FenceLine, LinePoint } from "./fence_line.ts";

/** How a submission stands. `reason`: one line, which device and why. */
export type SubmissionState =
  | { state: "pending" }
  | { state: "signalled" }
  | { state: "lost"; reason: string };

/** A fence's point on one queue. */
export interface SubmissionPart {
  readonly line: FenceLine;
  readonly point: LinePoint;
  /** What the queue waits for before it reaches the point: where one is lost, what comes after is too. */
  readonly after: readonly FenceSubmission[];
}

/** A state that stays. */
type SubmissionEnd = Exclude<SubmissionState, { state: "pending" }>;

const PENDING: SubmissionState = { state: "pending" };
const SIGNALLED: SubmissionEnd = { state: "signalled" };

/** Notes a refusal of a driver. For want of memory it may answer the next time; else no more is to be had. */
function note(line: FenceLine, error: unknown): void {
  if (error instanceof VulkanError && error.isOutOfMemory) return;
  line.lose(error instanceof Error ? error.message : String(error));
}

/** Waits for a promise, for no longer than so many milliseconds. */
async function within(promise: Promise<void>, ms: number): Promise<void> {
  if (ms === Infinity) return await promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}

/** A use of a fence. It says what becomes of it, and is never used again. */
export class FenceSubmission {
  #parts: readonly SubmissionPart[];
  #end: SubmissionEnd | undefined;
  /** When nothing else was waited for any more, in ms of `performance.now()`. */
  #begun = performance.now();
  #waitsForOthers = true;
  readonly #patienceMs: number;
  readonly #onLost: (() => void)[] = [];
  /** Whose loss made it lost; undefined for its own devices. */
  #cause: FenceSubmission | undefined;
  #acknowledged = false;
  /** Of one that the host ends. */
  #host: PromiseWithResolvers<void> | undefined;

  /**
   * Takes its points; none: signalled.
   *
   * @param patienceMs how long a queue that waits for nothing else may be without any progress before
   * its device counts as hung, in ms.
   */
  constructor(parts: readonly SubmissionPart[], patienceMs: number) {
    this.#parts = parts;
    this.#patienceMs = patienceMs;
  }

  /** One that is lost from the beginning. */
  static lost(reason: string): FenceSubmission {
    const submission = new FenceSubmission([], 0);
    submission.#lose(reason);
    return submission;
  }

  /** One that the host ends, by {@linkcode FenceSubmission.end}: pending until then. */
  static byHost(): FenceSubmission {
    const submission = new FenceSubmission([], 0);
    submission.#host = Promise.withResolvers();
    return submission;
  }

  /** Ends one of the host: signalled, or lost for a reason. Once it is over, nothing changes it. */
  end(reason?: string): void {
    if (this.#host === undefined || this.#end !== undefined) return;
    if (reason === undefined) this.#settle(SIGNALLED);
    else this.#lose(reason);
    this.#host.resolve();
  }

  /** Whether it is the host that ends it, and has not yet: no queue is to wait for that. */
  get isOfHost(): boolean {
    return this.#host !== undefined && this.#end === undefined;
  }

  /** The points that are waited for; none once the end is known. */
  get parts(): readonly SubmissionPart[] {
    return this.#parts;
  }

  /** How it stands now. Never throws: what a driver refuses to tell is pending, or lost. */
  state(): SubmissionState {
    if (this.#end !== undefined) return this.#end;
    if (this.#host !== undefined) return PENDING;
    const states = this.#parts.map((part) => this.#stateOf(part));
    const lost = states.find((each) => each.state === "lost");
    if (lost?.state === "lost") return this.#lose(lost.reason);
    if (states.some(({ state }) => state === "pending")) return PENDING;
    return this.#settle(SIGNALLED);
  }

  /** Whether the owner of a fence has been told of this loss. Until then work may come that counts on it. */
  get isAcknowledged(): boolean {
    return this.#acknowledged;
  }

  /** Takes note that the loss was told. */
  acknowledge(): void {
    if (this.#end?.state !== "lost") return;
    this.#acknowledged = true;
    this.#cause?.acknowledge();
  }

  /** Calls `react` when it is lost; at once where it is. */
  onLost(react: () => void): void {
    if (this.#end?.state === "lost") react();
    else if (this.#end === undefined) this.#onLost.push(react);
  }

  #stateOf({ line, point, after }: SubmissionPart): SubmissionState {
    // Before the point: a queue is let go, and reaches it, where what it waited for is lost.
    const before = after.map((each) => each.state());
    for (const [i, each] of before.entries()) {
      if (each.state !== "lost") continue;
      this.#cause = after[i];
      return { state: "lost", reason: `${line.name} waited for what is lost: ${each.reason}` };
    }
    try {
      if (line.isReached(point)) return SIGNALLED;
    } catch (error) {
      note(line, error);
    }
    const waits = before.some(({ state }) => state === "pending");
    if (!waits) this.#losePatience(line);
    if (line.lost === undefined) return PENDING;
    return { state: "lost", reason: `${line.name} is lost: ${line.lost}` };
  }

  #losePatience(line: FenceLine): void {
    const now = performance.now();
    if (this.#waitsForOthers) this.#begun = now;
    this.#waitsForOthers = false;
    const idle = now - Math.max(this.#begun, line.progressAt);
    if (line.lost === undefined && idle > this.#patienceMs) line.hang(this.#patienceMs);
  }

  #lose(reason: string): SubmissionState {
    const end = this.#settle({ state: "lost", reason });
    for (const react of this.#onLost.splice(0)) react();
    return end;
  }

  #settle(end: SubmissionEnd): SubmissionState {
    this.#end = end;
    // Else a chain of uses would stay as long as its last one.
    this.#parts = [];
    if (end.state === "signalled") this.#onLost.length = 0;
    return end;
  }

  /**
   * Waits until it is signalled or lost, without blocking the event loop.
   *
   * @param limitMs in ms; Infinity for no limit but patience.
   * @returns how it stands then; `pending` where the limit was over before.
   */
  async settled(limitMs: number): Promise<SubmissionState> {
    const over = () => this.state().state !== "pending";
    const end = performance.now() + limitMs;
    while (!over()) {
      const left = end - performance.now();
      if (left <= 0) break;
      if (this.#host !== undefined) {
        await within(this.#host.promise, left);
        continue;
      }
      await Promise.all(this.#parts.map(({ line, point }) => {
        // Slices end more often than their usual where patience is short.
        const sliceMs = Math.min(50, Math.max(1, this.#patienceMs / 4));
        return line.wait(point, { limitMs: left, sliceMs }, over).catch(async (error) => {
          note(line, error);
          await new Promise((resolve) => setTimeout(resolve, sliceMs));
        });
      }));
    }
    return this.state();
  }
}
