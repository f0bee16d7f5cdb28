/**
 * Fences over the queues of several devices, of any drivers.
 *
 * A fence is submitted to the queues of one or more members, and signalled when all that was submitted
 * there before is done. The host can ask and wait for it, and queues of other members can wait for it: by
 * the best way that works for a pair, tried before it is first used.
 *
 * @module
 */

import { FenceHub, type FencePair, type PoolFencesOptions } from "./fence_hub.ts";
import type { FenceMember } from "./fence_line.ts";
import { FenceSubmission } from "./fence_submission.ts";
import type { FenceWay } from "./fence_ways.ts";

export type { FenceMember } from "./fence_line.ts";
export type { FencePair, PoolFencesOptions } from "./fence_hub.ts";
export type { FenceWay, FenceWayOption } from "./fence_ways.ts";

/** A fence was used as its state does not allow. */
export class FenceMisuseError extends Error {
  /** Takes what was tried, and why it cannot be. */
  constructor(operation: string, why: string) {
    super(`${operation}: the fence ${why}`);
    this.name = "FenceMisuseError";
  }
}

/** What was to come after a fence did not begin, as the fence is lost. */
export class FenceLostError extends Error {
  /** Takes why the fence is lost. */
  constructor(reason: string) {
    super(
      `the dispatch did not begin, and wrote nothing: a fence that it was to come after is lost (${reason}); ` +
        "do again what the fence stands for, and then this",
    );
    this.name = "FenceLostError";
  }
}

/** How a fence stands: `lost` where a device was lost or hangs before it was done. */
export type FenceState = "idle" | "pending" | "signalled" | "lost";

/** What came of a wait of the host. */
export type FenceWaitEnd = "signalled" | "lost" | "timeout";

/** What came of a use of a fence. */
export type FenceEndState = { state: "signalled" } | { state: "lost"; reason: string };

/** One use of a fence, from a submission on, for who waits for it: that the fence is reset changes nothing. */
export interface FenceUse {
  /** Waits until it is signalled or lost. */
  settled(): Promise<FenceEndState>;
  /** Whether all that is submitted to a member's queue comes after it, and is lost where it is. */
  isAheadOn(member: Pick<FenceMember, "queue">): boolean;
}

/** Ends a use of a fence that the host has begun. The first call decides. */
export interface FenceSignal {
  /** What the fence stands for is done. */
  signal(): void;
  /** Nothing will come of it, for a reason in one line. */
  lose(reason: string): void;
}

/** What came of a wait of a queue: it waits in some ways (more than one for a fence of several queues). */
export type FenceWaitOnEnd =
  | { state: "waits"; ways: FenceWay[] }
  | { state: "signalled" }
  | { state: "lost"; reason: string };

/**
 * The fences of a pool. Dispose it (`await using`) before the devices, and block for no idle device before
 * that: its queue may wait for the host, which is blocked then.
 */
export class PoolFences implements AsyncDisposable {
  readonly #hub: FenceHub;
  readonly #live = new Set<PoolFence>();

  /**
   * Prepares fences for some queues. Creates a semaphore for each, no more.
   *
   * @throws {VulkanError} where a driver refuses.
   * @throws {RangeError} for two members of one index.
   */
  constructor(members: readonly FenceMember[], options: PoolFencesOptions = {}) {
    this.#hub = new FenceHub(members, options);
  }

  /** Creates a fence, idle. */
  create(): PoolFence {
    this.#hub.open();
    const fence: PoolFence = new PoolFence(this.#hub, () => this.#live.delete(fence));
    this.#live.add(fence);
    return fence;
  }

  /** How many fences were created and not destroyed. */
  get live(): number {
    return this.#live.size;
  }

  /** The pairs whose way is known: from whom, for whom, in which way, and why in no better one. */
  ways(): FencePair[] {
    return this.#hub.ways();
  }

  /** Finds the way of each pair now: no later wait has to try one first. */
  prepare(): Promise<FencePair[]> {
    return this.#hub.prepare();
  }

  /** Destroys all fences and what they need, once the queues are done; of a device that hangs nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const fence of [...this.#live]) fence.destroy();
    await this.#hub.close();
  }
}

/**
 * A fence. Not to be waited for before it is submitted, and to be reset before it is submitted again.
 *
 * Every method throws (or rejects with) a {@linkcode FenceMisuseError} once the fence is destroyed.
 */
export class PoolFence implements Disposable {
  readonly #hub: FenceHub;
  readonly #forget: () => void;
  #submission: FenceSubmission | undefined;
  #destroyed = false;

  /** Made by {@linkcode PoolFences.create}. */
  constructor(hub: FenceHub, forget: () => void) {
    this.#hub = hub;
    this.#forget = forget;
  }

  #alive(operation: string): void {
    if (this.#destroyed) throw new FenceMisuseError(operation, "is destroyed");
  }

  #idle(operation: string): void {
    const state = this.#stateFor(operation);
    if (state === "idle") return;
    throw new FenceMisuseError(
      operation,
      state === "pending" ? "is pending: wait for it first" : `is ${state}: reset it first`,
    );
  }

  #submitted(operation: string): FenceSubmission {
    this.#alive(operation);
    if (this.#submission !== undefined) return this.#submission;
    throw new FenceMisuseError(operation, "was never submitted: nothing would signal it");
  }

  #stateFor(operation: string): FenceState {
    this.#alive(operation);
    const state = this.#submission?.state().state ?? "idle";
    this.#submission?.acknowledge();
    return state;
  }

  /**
   * Signals it when all is done that was submitted to the member's queue so far. A lost device makes it lost.
   *
   * @throws {FenceMisuseError} unless it is idle.
   * @throws {VulkanError} where the driver refuses for another reason; the fence stays idle.
   */
  submit(member: Pick<FenceMember, "index">): void {
    this.#idle("submit()");
    this.#submission = this.#hub.submit([member.index]);
  }

  /** Likewise of several members, at least one: signals it when all are done; all of the pool by default. */
  submitAll(members: readonly Pick<FenceMember, "index">[] = this.#hub.members): void {
    this.#idle("submitAll()");
    if (members.length === 0) throw new FenceMisuseError("submitAll()", "needs a member");
    this.#submission = this.#hub.submit([...new Set(members.map(({ index }) => index))]);
  }

  /**
   * Signals it from the host.
   *
   * @throws {FenceMisuseError} unless it is idle: what was submitted is the queue's to signal.
   */
  signal(): void {
    this.#idle("signal()");
    this.#submission = new FenceSubmission([], 0);
  }

  /**
   * Lets it stand for something that the host brings to an end: it is pending until then. No queue waits for
   * it, as the host may need that queue: `waitOn()` comes back once it is over.
   *
   * @param operation what asks, for messages.
   * @throws {FenceMisuseError} unless it is idle.
   */
  begin(operation = "begin()"): FenceSignal {
    this.#idle(operation);
    const submission = this.#hub.begin();
    this.#submission = submission;
    return { signal: () => submission.end(), lose: (reason) => submission.end(reason) };
  }

  /**
   * Its present use, to be waited for.
   *
   * @param operation what asks, for messages.
   * @throws {FenceMisuseError} for one that was never submitted.
   */
  use(operation = "use()"): FenceUse {
    const submission = this.#submitted(operation);
    return {
      settled: async () => {
        const end = await this.#hub.settled(submission, Infinity);
        return end.state === "pending" ? { state: "lost", reason: "it was not waited for" } : end;
      },
      isAheadOn: ({ queue }) =>
        submission.parts.length > 0 &&
        submission.parts.every(({ line, after }) =>
          line.member.queue.handle === queue.handle && after.length === 0
        ),
    };
  }

  /** How it stands now. Does not wait. */
  state(): FenceState {
    return this.#stateFor("state()");
  }

  /** Why it is lost, in one line; undefined where it is not. */
  get reason(): string | undefined {
    this.#alive("reason");
    const state = this.#submission?.state();
    return state?.state === "lost" ? state.reason : undefined;
  }

  /**
   * Waits until it is signalled or lost. The event loop goes on.
   *
   * @param timeoutMs in ms; without it, until the patience with a device is over.
   * @throws {FenceMisuseError} by rejection, for one that was never submitted.
   */
  async wait(timeoutMs: number = Infinity): Promise<FenceWaitEnd> {
    const submission = this.#submitted("wait()");
    const { state } = await this.#hub.settled(submission, timeoutMs);
    submission.acknowledge();
    return state === "pending" ? "timeout" : state;
  }

  /**
   * Lets a member's queue wait for it: what is submitted there next begins after this fence's work. Where
   * this fence is lost, the queue is let go, and fences that are submitted to it are lost too: until
   * `wait()` or `state()` of one that is lost by this has said so.
   *
   * In ways that cross devices, the queue may wait for what was submitted after the fence as well.
   *
   * @returns once the queue may be submitted to.
   * @throws {FenceMisuseError} by rejection, for one that was never submitted.
   * @throws {VulkanError} by rejection, where a driver refuses for another reason than a loss.
   */
  async waitOn(member: Pick<FenceMember, "index">): Promise<FenceWaitOnEnd> {
    const submission = this.#submitted("waitOn()");
    const ways = await this.#hub.waitOn(submission, member.index);
    const state = submission.state();
    // Told, but not yet to those who look at the queue that was to wait.
    if (state.state === "lost") return state;
    return ways.length === 0 ? { state: "signalled" } : { state: "waits", ways };
  }

  /**
   * Makes it idle again.
   *
   * @throws {FenceMisuseError} while it is pending.
   */
  reset(): void {
    if (this.#stateFor("reset()") === "pending") {
      throw new FenceMisuseError("reset()", "is pending: wait for it first");
    }
    this.#submission = undefined;
  }

  /**
   * Destroys it. Work that it was submitted with goes on, and so do waits for it.
   *
   * @throws {FenceMisuseError} the second time.
   */
  destroy(): void {
    this.#alive("destroy()");
    this.#destroyed = true;
    this.#submission = undefined;
    this.#forget();
  }

  /** Destroys it, unless it is. */
  [Symbol.dispose](): void {
    if (!this.#destroyed) this.destroy();
  }
}
