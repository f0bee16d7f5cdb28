/**
 * Several GPUs as one device: buffers, kernels, and dispatches that run on all of them where that is safe and
 * pays.
 *
 * @module
 */

import type { Triple } from "./analysis/verdict.ts";
import { Balance, type Placement, type PlacementWish } from "./balance.ts";
import { type BufferContext, LogicalBuffer } from "./buffer.ts";
import { checkBinding, checkTogether } from "./check_binding.ts";
import {
  type Binding,
  commit,
  type Launch,
  mayWrite,
  type PartRun,
  runParts,
  SpoiltDataError,
} from "./dispatch.ts";
import { explainLaunch, type Explanation } from "./explain.ts";
import { type FrameOptions, FrameSession } from "./frames.ts";
import { checkImage, type ImageOptions, LogicalImage, whyNoImageOn } from "./image.ts";
import { type KernelSource, LogicalKernel } from "./kernel.ts";
import type { Member, MemberLostError } from "./member.ts";
import { whyNoFlags, whyTooLarge } from "./memory_check.ts";
import { checkMemoryFlags, type MemoryFlag } from "./memory_flags.ts";
import { openPool, type Pool, type PoolOptions, type PoolProperties } from "./open.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import { Ordering } from "./ordering.ts";

/** What a dispatch is given beside its kernel and grid. */
export interface DispatchOptions {
  /** The push constants: as many bytes as the kernel declares. */
  push?: Uint8Array;
  /** The id of the member that shall run it whole; another does where it is lost or cannot. */
  on?: string;
  /** Ids of members that shall not run it, where others can. */
  without?: readonly string[];
  /** Another strategy than the logical device's. */
  strategy?: StrategyName;
}

/** One part of a dispatch that was run. */
export interface DispatchPart {
  /** The member's id. */
  gpu: string;
  /** Work-groups along the dimension of the split: from `start` up to, and without, `end`. */
  start: number;
  end: number;
  /** Time on the device, in ms. */
  ms: number;
  /** Bytes that were copied to the member before. */
  copied_bytes: number;
}

/** What came of a dispatch. */
export interface DispatchResult {
  /** Whether more than one member ran a part. */
  split: boolean;
  /** Why it was split, or ran whole. */
  reason: string;
  parts: DispatchPart[];
  /** Members that were lost on the way, and why; their parts were run by others. */
  lost: string[];
}

/** One device made of several. Dispose it with `await using`. */
export class LogicalDevice implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #ordering = new Ordering<LogicalBuffer>();
  readonly #balance: Balance;
  readonly #buffers = new Set<LogicalBuffer>();
  readonly #kernels = new Set<LogicalKernel>();
  #count = 0;
  #isClosed = false;

  private constructor(pool: Pool) {
    this.#pool = pool;
    this.#balance = new Balance(pool);
  }

  /**
   * Opens the chosen devices.
   *
   * @throws {Error} where none of them can be opened; one line.
   */
  static async open(options: PoolOptions = {}): Promise<LogicalDevice> {
    return new LogicalDevice(await openPool(options));
  }

  /** What the members are together. */
  get properties(): PoolProperties {
    return this.#pool.properties();
  }

  /** The members that are not lost, in order. */
  get members(): readonly Member[] {
    return this.#pool.members.filter(({ lost }) => lost === undefined);
  }

  #open(): void {
    if (this.#isClosed) throw new Error("the logical device is closed");
  }

  /**
   * A buffer. Its contents are undefined.
   *
   * @param size in bytes, above 0; a multiple of 4.
   * @param flags see {@linkcode MemoryFlag}.
   * @throws {RangeError} for a size that no member can have, or flags that cannot be; one line.
   * @throws {VulkanError} for want of memory.
   */
  allocate(size: number, flags: Iterable<string> = []): LogicalBuffer {
    this.#open();
    if (!Number.isSafeInteger(size) || size <= 0 || size % 4 !== 0) {
      throw new RangeError(`no buffer of ${size} bytes: give a multiple of 4 above 0`);
    }
    const checked = checkMemoryFlags(flags);
    this.#checkMemory(size, checked);
    const buffer = new LogicalBuffer(this.#context(), ++this.#count, size, checked);
    this.#buffers.add(buffer);
    return buffer;
  }

  /**
   * A storage image. Its contents are undefined; its bytes are its texels, tightly packed row after row.
   *
   * @param flags as for {@linkcode allocate}, of the packed bytes ({@linkcode LogicalImage.packed}).
   * @throws {RangeError} for sizes, formats or flags that cannot be; one line.
   * @throws {VulkanError} for want of memory.
   */
  allocateImage(options: ImageOptions, flags: Iterable<string> = []): LogicalImage {
    this.#open();
    const checkedFlags = checkMemoryFlags(flags);
    const checked = checkImage(options);
    this.#checkMemory(checked.size, checkedFlags);
    for (const member of this.members) {
      const why = checkedFlags.has("LAZY_ALLOCATE") ? undefined : whyNoImageOn(member, checked);
      if (why !== undefined) throw new RangeError(why);
    }
    const image = new LogicalImage(this.#context(), ++this.#count, checked, checkedFlags);
    this.#buffers.add(image.packed);
    return image;
  }

  #context(): BufferContext {
    const { members, transfers, ownMemory } = this.#pool;
    return {
      members,
      transfers,
      ownMemory,
      ordering: this.#ordering,
      closed: (buffer: LogicalBuffer) => void this.#buffers.delete(buffer),
    };
  }

  #checkMemory(size: number, flags: ReadonlySet<MemoryFlag>): void {
    const { members } = this;
    const refused = whyNoFlags(members, this.#pool.transfers, flags);
    if (refused !== undefined) throw new RangeError(refused);
    if (flags.has("LAZY_ALLOCATE")) return;
    for (const member of members) {
      const obstacle = whyTooLarge(member, size);
      if (obstacle === undefined) continue;
      throw new RangeError(`${obstacle}: split the buffer, or allocate it with LAZY_ALLOCATE`);
    }
  }

  /** The buffers, with those of images, that nobody has disposed, with their memory: what would be a leak at the end. */
  get openBuffers(): readonly LogicalBuffer[] {
    return [...this.#buffers].filter((buffer) => !buffer.isClosed);
  }

  /**
   * A kernel of a SPIR-V module.
   *
   * @throws {SpirvError} for one that is malformed; one line.
   */
  createKernel(source: KernelSource): LogicalKernel {
    this.#open();
    const kernel = new LogicalKernel(source);
    this.#kernels.add(kernel);
    return kernel;
  }

  /** What would become of a dispatch, and why. Runs nothing. */
  explain(
    kernel: LogicalKernel,
    groups: Triple,
    bindings: readonly Binding[],
    options: DispatchOptions = {},
  ): Explanation {
    const launch = this.#launch(kernel, groups, bindings, options);
    return explainLaunch(launch, this.#balance.preview(launch, this.#wish(options)));
  }

  /**
   * Runs `groups` work-groups of a kernel. Dispatches that share no buffer which one of them writes run side
   * by side; others in the order of the calls.
   *
   * @throws {RangeError} for bindings that do not suit the kernel; one line.
   * @throws {DataLostError} where bytes that it needs were lost with a member.
   * @throws {SpoiltDataError} where a member was lost while it changed a buffer in place.
   */
  dispatch(
    kernel: LogicalKernel,
    groups: Triple,
    bindings: readonly Binding[],
    options: DispatchOptions = {},
  ): Promise<DispatchResult> {
    const launch = this.#launch(kernel, groups, bindings, options);
    const uses = launch.bindings.map((of) => ({ of: of.buffer, writes: mayWrite(launch, of) }));
    // A buffer that is bound twice is used once: by a writer where one of them writes.
    const once = new Map(uses.filter(({ writes }) => !writes).map((use) => [use.of, use]));
    for (const use of uses) if (use.writes) once.set(use.of, use);
    const wish = this.#wish(options);
    return this.#ordering.run([...once.values()], () => this.#run(launch, wish));
  }

  #wish({ on, without = [], strategy }: DispatchOptions): PlacementWish {
    return {
      on: on === undefined ? undefined : this.#member(on),
      without: without.map((id) => this.#member(id)),
      strategy,
    };
  }

  #member(id: string): Member {
    const found = this.#pool.members.find((member) => member.id === id);
    if (found !== undefined) return found;
    const ids = this.#pool.members.map((member) => member.id);
    throw new RangeError(`no member ${id}: there are ${ids.join(", ")}`);
  }

  #launch(
    kernel: LogicalKernel,
    groups: Triple,
    bindings: readonly Binding[],
    { push = new Uint8Array(0) }: DispatchOptions,
  ): Launch {
    this.#open();
    if (groups.some((count) => !Number.isSafeInteger(count) || count <= 0 || count >= 2 ** 32)) {
      throw new RangeError(
        `no grid of ${groups.join(" x ")} work-groups: give three counts above 0`,
      );
    }
    const { pushBytes } = kernel.info;
    if (push.length !== pushBytes) {
      throw new RangeError(
        `the kernel takes ${pushBytes} bytes of push constants, not ${push.length}`,
      );
    }
    const given = kernel.info.bindings.map((wanted) => {
      const { set, binding } = wanted;
      const found = bindings.find((each) => (each.set ?? 0) === set && each.binding === binding);
      return checkBinding(wanted, found);
    });
    checkTogether(given);
    const numbers = new Map<LogicalBuffer, number>();
    for (const { buffer } of given) if (!numbers.has(buffer)) numbers.set(buffer, numbers.size);
    const verdict = kernel.judge({
      groups,
      push,
      bindings: given.map(({ set, binding, buffer, image, offset, size }) => ({
        set,
        binding,
        size,
        memory: numbers.get(buffer) ?? 0,
        offset,
        ...(image !== null && { image: image.facts }),
      })),
    });
    return { kernel, groups, push: Uint8Array.from(push), bindings: given, verdict };
  }

  async #run(launch: Launch, wish: PlacementWish): Promise<DispatchResult> {
    const lost: string[] = [];
    const onLost = (error: MemberLostError) => {
      lost.push(error.message);
      const own = new Set(launch.bindings.map(({ buffer }) => buffer));
      for (const buffer of this.#buffers) {
        if (own.has(buffer)) buffer.forgetMember(error.member);
        // Another dispatch may be using it: it forgets once that is done.
        else {this.#ordering.run([{ of: buffer, writes: true }], () => {
            if (!buffer.isClosed) buffer.forgetMember(error.member);
            return Promise.resolve();
          });}
      }
    };
    for (;;) {
      const begun = performance.now();
      const placement = this.#balance.place(launch, wish);
      let parts: PartRun[];
      try {
        parts = await runParts(launch, placement.members, placement.source, onLost);
      } catch (error) {
        // Another member may run what the one that was chosen for the whole did not.
        const next = this.members.length > 0 && lost.length > 0 && !placement.isSplit &&
          !(error instanceof SpoiltDataError);
        if (next && error instanceof Error && error.name === "MemberLostError") continue;
        throw error;
      }
      const takenMs = performance.now() - begun;
      await commit(launch, parts);
      this.#balance.ran(launch, placement, parts, takenMs);
      return resultOf(placement, parts, lost);
    }
  }

  /**
   * Starts a session of frames, which are computed by the members and shown in their order.
   *
   * @throws {RangeError} for options that cannot be; one line.
   */
  frames(options: FrameOptions): FrameSession {
    this.#open();
    return new FrameSession(this, options);
  }

  /** Resolves when all work that was asked for so far is done. */
  idle(): Promise<void> {
    return this.#ordering.idle();
  }

  /**
   * Waits for all work, and closes everything.
   *
   * @throws {Error} where buffers were not disposed: which, in one line. All is closed none the less.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    await this.#ordering.idle();
    this.#isClosed = true;
    const leaked = this.openBuffers;
    for (const buffer of leaked) while (!buffer.isClosed) buffer[Symbol.dispose]();
    await this.#ordering.idle();
    for (const kernel of this.#kernels) kernel[Symbol.dispose]();
    this.#pool[Symbol.dispose]();
    if (leaked.length > 0) {
      throw new Error(`not disposed: ${leaked.map(({ label }) => label).join(", ")}`);
    }
  }
}

function resultOf(
  { isSplit, reason }: Placement,
  parts: readonly PartRun[],
  lost: string[],
): DispatchResult {
  const gpus = new Set(parts.map(({ member }) => member));
  return {
    split: isSplit && gpus.size > 1,
    reason,
    parts: parts.map(({ member, start, end, ms, copied_bytes }) => ({
      gpu: member.id,
      start,
      end,
      ms,
      copied_bytes,
    })),
    lost,
  };
}
