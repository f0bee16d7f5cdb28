/**
 * Several GPUs as one device: buffers, kernels, and dispatches that run on all of them where that is safe and
 * pays.
 *
 * @module
 */

import type { Triple } from "./analysis/verdict.ts";
import { Balance } from "./balance.ts";
import { type BufferContext, LogicalBuffer } from "./buffer.ts";
import { checkBinding, checkTogether } from "./check_binding.ts";
import { type Binding, type Launch, mayWrite } from "./dispatch.ts";
import { type DispatchFenceOptions, DispatchFences } from "./dispatch_fences.ts";
import { explainLaunch, type Explanation } from "./explain.ts";
import { type PoolFence, PoolFences } from "./fence.ts";
import { type FrameOptions, FrameSession } from "./frames.ts";
import { checkImage, type ImageOptions, LogicalImage, whyNoImageOn } from "./image.ts";
import { type KernelSource, LogicalKernel } from "./kernel.ts";
import type { Member, MemberLostError } from "./member.ts";
import { whyNoFlags, whyTooLarge } from "./memory_check.ts";
import { checkMemoryFlags, type MemoryFlag } from "./memory_flags.ts";
import { openPool, type Pool, type PoolOptions, type PoolProperties } from "./open.ts";
import type { GivenOptions } from "../schedule/options.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import { Ordering } from "./ordering.ts";
import { type DispatchResult, Runner, type RunWish } from "./runner.ts";
import { Speculation, type SpeculationOptions } from "./speculation.ts";

export type { DispatchPart, DispatchResult } from "./runner.ts";

/** What a dispatch is given beside its kernel and grid. */
export interface DispatchOptions extends DispatchFenceOptions {
  /** The push constants: as many bytes as the kernel declares. */
  push?: Uint8Array;
  /** The id of the member that shall run it whole; another does where it is lost or cannot. */
  on?: string;
  /** Ids of members that shall not run it, where others can. */
  without?: readonly string[];
  /** Another strategy than the logical device's. */
  strategy?: StrategyName;
  /** Options of that strategy, or others than the logical device's of its own. */
  strategyOptions?: GivenOptions;
  /**
   * Whether it is tried in parts where it is not proved safe to split, on copies that are merged where no two
   * parts changed the same. The logical device's choice where it is not given.
   */
  speculate?: boolean;
}

/** Options of {@linkcode LogicalDevice.open}. */
export interface LogicalDeviceOptions extends PoolOptions, SpeculationOptions {}

/** One device made of several. Dispose it with `await using`. */
export class LogicalDevice implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #ordering = new Ordering<LogicalBuffer>();
  readonly #runner: Runner;
  readonly #speculation: Speculation;
  readonly #options: LogicalDeviceOptions;
  #fences: PoolFences | undefined;
  readonly #buffers = new Set<LogicalBuffer>();
  readonly #kernels = new Set<LogicalKernel>();
  #count = 0;
  #isClosed = false;

  private constructor(pool: Pool, options: LogicalDeviceOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#speculation = new Speculation(pool, options.speculationBytes);
    this.#runner = new Runner(pool, new Balance(pool), this.#speculation);
  }

  /**
   * Opens the chosen devices.
   *
   * @throws {Error} where none of them can be opened; one line.
   */
  static async open(options: LogicalDeviceOptions = {}): Promise<LogicalDevice> {
    using undo = new DisposableStack();
    const device = new LogicalDevice(undo.use(await openPool(options)), options);
    undo.move();
    return device;
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

  /**
   * A fence, idle, for the queues of the members that are not lost now, and for dispatches.
   *
   * @throws {VulkanError} where a driver refuses.
   */
  createFence(): PoolFence {
    this.#open();
    const { limitMs } = this.#options;
    this.#fences ??= new PoolFences(this.members, {
      ...(limitMs !== undefined && { patienceMs: limitMs }),
    });
    return this.#fences.create();
  }

  /** What would become of a dispatch, and why. Runs nothing. */
  explain(
    kernel: LogicalKernel,
    groups: Triple,
    bindings: readonly Binding[],
    options: DispatchOptions = {},
  ): Explanation {
    const launch = this.#launch(kernel, groups, bindings, options);
    const { placement, speculation } = this.#runner.preview(launch, this.#wish(options));
    return explainLaunch(launch, placement, speculation);
  }

  /**
   * Runs `groups` work-groups of a kernel. Dispatches that share no buffer which one of them writes run side
   * by side; others in the order of the calls.
   *
   * @throws {RangeError} for bindings that do not suit the kernel; one line.
   * @throws {DataLostError} where bytes that it needs were lost with a member.
   * @throws {SpoiltDataError} where a member was lost while it changed a buffer in place.
   * @throws {FenceMisuseError} for fences that are not as `after` and `signal` need them.
   * @throws {FenceLostError} by rejection, where a fence of `after` is lost; then nothing was written.
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
    const onLost = ({ member }: MemberLostError) => this.#forget(launch, member);
    const fences = new DispatchFences(options);
    return this.#ordering.run(
      [...once.values()],
      () =>
        fences.around(
          this.members,
          (begin) => this.#runner.run(launch, { ...wish, begin }, onLost),
        ),
    );
  }

  #wish(options: DispatchOptions): Omit<RunWish, "begin"> {
    const { on, without = [], strategy, strategyOptions } = options;
    const { speculate = this.#options.speculate ?? false } = options;
    return {
      on: on === undefined ? undefined : this.#member(on),
      without: without.map((id) => this.#member(id)),
      strategy,
      strategyOptions,
      speculate,
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

  /** Lets the buffers know of a member that was lost while a launch ran. */
  #forget(launch: Launch, member: Member): void {
    const own = new Set(launch.bindings.map(({ buffer }) => buffer));
    for (const buffer of this.#buffers) {
      if (own.has(buffer)) buffer.store.forgetMember(member);
      // Another dispatch may be using it: it forgets once that is done.
      else {this.#ordering.run([{ of: buffer, writes: true }], () => {
          if (!buffer.isClosed) buffer.store.forgetMember(member);
          return Promise.resolve();
        });}
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
    await this.#fences?.[Symbol.asyncDispose]();
    await this.#speculation[Symbol.asyncDispose]();
    for (const kernel of this.#kernels) kernel[Symbol.dispose]();
    this.#pool[Symbol.dispose]();
    if (leaked.length > 0) {
      throw new Error(`not disposed: ${leaked.map(({ label }) => label).join(", ")}`);
    }
  }
}
