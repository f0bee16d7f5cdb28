/**
 * Opening the devices of a pool, and what they are together.
 *
 * @module
 */

import { Instance } from "../../ffi/vulkan/instance.ts";
import { discover } from "../discovery/mod.ts";
import { findPhysicalDevice } from "../discovery/vulkan_device.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { combine, type CombinedDevice } from "../gpu/logical.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { standing } from "../gpu/standing.ts";
import type { StrategyName } from "../schedule/strategies.ts";
import { Member } from "./member.ts";
import type { MemoryFlag } from "./memory_flags.ts";
import type { Mover } from "./mover.ts";
import { openMover, type PairWays } from "./moving.ts";

/** Options of `LogicalDevice.open`. */
export interface PoolOptions {
  /**
   * Which devices: a selector as `--gpu` takes it (`0,2`, `nvidia`, `all`), or GPUs of `discover()`. All GPUs
   * that Vulkan reaches where it is not given; where there are none, all software devices.
   */
  gpus?: string | readonly Gpu[];
  /** Whether software devices are members beside GPUs, where `gpus` is not given. False by default. */
  virtual?: boolean;
  /** How work is spread; `hybrid` by default. */
  strategy?: StrategyName;
  /**
   * Whether a dispatch is split over members of the same driver and model alone, so that its results are the
   * same bit by bit as those of one. False by default.
   */
  strict?: boolean;
  /** How long a submission may take before its device counts as hung, in ms; 30,000 by default. */
  limitMs?: number;
}

/** A member, for `LogicalDevice.properties`. */
export interface MemberProperties {
  id: string;
  name: string;
  kind: "gpu" | "software";
  driver: string | null;
  /** The device's own memory, and what of it this process may still expect; null where it does not say. */
  memory_bytes: number;
  memory_budget_bytes: number | null;
  /** The largest buffer, and the most of one that a kernel can bind. */
  max_buffer_bytes: number;
  max_binding_bytes: number;
  /** Why it is lost; null while it is not. */
  lost: string | null;
}

/** What a logical device is. Plain data. */
export interface PoolProperties extends CombinedDevice {
  strategy: StrategyName;
  strict: boolean;
  members: MemberProperties[];
  /** The way of bytes between each two members, and why better ones were refused. */
  transfers: PairWays[];
}

/** Open devices that work together. Dispose it after everything made on them. */
export interface Pool extends Disposable {
  readonly strategy: StrategyName;
  readonly strict: boolean;
  readonly members: readonly Member[];
  readonly mover: Mover;
  properties(): PoolProperties;
  /** @throws {RangeError} for a buffer that no member can have; one line. */
  checkMemory(size: number, flags: ReadonlySet<MemoryFlag>): void;
}

/** The GPUs that are asked for. */
function chosenGpus({ gpus, virtual = false }: PoolOptions): Gpu[] {
  if (gpus !== undefined && typeof gpus !== "string") return [...gpus];
  const found = discover().gpus;
  if (typeof gpus === "string") return selectGpus(found, parseGpuSelector(gpus));
  const reached = found.filter(({ apis }) => (apis.vulkan ?? []).length > 0);
  const hardware = reached.filter((gpu) => standing(gpu) === "gpu");
  const software = reached.filter((gpu) => standing(gpu) === "software");
  if (hardware.length === 0) return software;
  return virtual ? [...hardware, ...software] : hardware;
}

/** The size of the largest heap of its own, and of what is left of it. */
function ownMemory({ physical }: Member): { size: number; budget: number | null } {
  const own = physical.heaps.filter(({ deviceLocal }) => deviceLocal);
  const [largest] = own.toSorted((a, b) => b.size - a.size);
  return { size: largest?.size ?? 0, budget: largest?.budget ?? null };
}

function describe(member: Member): MemberProperties {
  const { physical } = member;
  const { size, budget } = ownMemory(member);
  return {
    id: member.id,
    name: member.name,
    kind: member.isSoftware ? "software" : "gpu",
    driver: physical.driverName,
    memory_bytes: size,
    memory_budget_bytes: budget,
    max_buffer_bytes: physical.maxAllocationSize,
    max_binding_bytes: physical.limits.maxStorageBufferRange,
    lost: member.lost?.message ?? null,
  };
}

function openMembers(gpus: readonly Gpu[], instance: Instance, limitMs?: number): Member[] {
  const physical = instance.physicalDevices();
  using undo = new DisposableStack();
  const members = gpus.map((gpu, index) => {
    const [api] = gpu.apis.vulkan ?? [];
    const found = api && findPhysicalDevice(physical, api);
    if (found === undefined) {
      throw new Error(
        `${gpu.id} (${gpu.name ?? "unknown"}) is not reached by Vulkan: leave it out`,
      );
    }
    return undo.use(new Member(index, gpu.id, instance, found, limitMs));
  });
  undo.move();
  return members;
}

/**
 * Opens a pool.
 *
 * @throws {Error} where there is no device, or one that was asked for cannot be opened; one line.
 */
export async function openPool(options: PoolOptions): Promise<Pool> {
  const gpus = chosenGpus(options);
  if (gpus.length === 0) {
    throw new Error(
      "no GPU that Vulkan reaches: install the GPU's Vulkan driver, or choose another",
    );
  }
  const opened = Instance.open();
  if (opened.state === "absent") throw new Error(`Vulkan cannot be used: ${opened.reason}`);
  using undo = new DisposableStack();
  const instance = undo.use(opened.instance);
  const members = openMembers(gpus, instance, options.limitMs);
  for (const member of members) undo.use(member);
  const moving = undo.use(await openMover(members));
  const owned = undo.move();
  const { strategy = "hybrid", strict = false } = options;
  return {
    strategy,
    strict,
    members,
    mover: moving.mover,
    properties: () => ({
      ...combine(gpus),
      strategy,
      strict,
      members: members.map(describe),
      transfers: moving.ways(),
    }),
    checkMemory(size, flags) {
      for (const member of members) {
        const { maxAllocationSize } = member.physical;
        if (member.lost !== undefined || size <= maxAllocationSize) continue;
        if (flags.has("LAZY_ALLOCATE")) continue;
        throw new RangeError(
          `${member.name} allocates at most ${maxAllocationSize} bytes at once, not ${size}: ` +
            "split the buffer, or allocate it with LAZY_ALLOCATE",
        );
      }
      moving.checkFlags(flags);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
