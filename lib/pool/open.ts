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
import type { GivenOptions } from "../schedule/options.ts";
import { Scheduler, type StrategyName } from "../schedule/strategies.ts";
import { Member } from "./member.ts";
import { openTransfers, type TransferOptions } from "./transfer/open.ts";
import type { TransferPlan, Transfers } from "./transfer/types.ts";

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
  /** Options of the strategy, by name, other than their defaults: docs/strategies.md. */
  strategyOptions?: GivenOptions;
  /**
   * Whether a dispatch is split over members of the same driver and model alone, so that its results are the
   * same bit by bit as those of one. False by default.
   */
  strict?: boolean;
  /** How long a submission may take before its device counts as hung, in ms; 30,000 by default. */
  limitMs?: number;
  /**
   * Whether software devices have memory of their own, as GPUs do, rather than work on the host's pages in
   * place. False by default: it costs copies, and shows on any host what a program does with GPUs.
   */
  ownMemory?: boolean;
  /** How the ways between members are tried, and what copies through the host may take. */
  transfer?: Omit<TransferOptions, "limitMs">;
}

/** A member, for `LogicalDevice.properties`. */
export interface MemberProperties {
  id: string;
  name: string;
  kind: "gpu" | "software";
  driver: string | null;
  /** The device's own memory. */
  memory_bytes: number;
  /** What of it this process may have in all, and may still get; null where the driver does not say. */
  memory_budget_bytes: number | null;
  memory_available_bytes: number | null;
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
  transfers: TransferPlan[];
}

/** Open devices that work together. Dispose it after everything made on them. */
export interface Pool extends Disposable {
  readonly strategy: StrategyName;
  readonly strategyOptions: GivenOptions;
  readonly strict: boolean;
  readonly members: readonly Member[];
  readonly transfers: Transfers;
  /** Whether software devices have memory of their own. */
  readonly ownMemory: boolean;
  properties(): PoolProperties;
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

function describe(member: Member): MemberProperties {
  const { physical } = member;
  const { size, budget, available } = member.memory();
  return {
    id: member.id,
    name: member.name,
    kind: member.isSoftware ? "software" : "gpu",
    driver: physical.driverName,
    memory_bytes: size,
    memory_budget_bytes: budget,
    memory_available_bytes: available,
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
    return undo.use(new Member({ index, id: gpu.id, gpu }, instance, found, limitMs));
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
  const { strategy = "hybrid", strategyOptions = {} } = options;
  // Checked before anything is opened.
  new Scheduler(strategy, strategyOptions);
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
  const { strict = false, ownMemory = false, limitMs } = options;
  const transfers = undo.use(
    await openTransfers(members, { ...options.transfer, ...(limitMs && { limitMs }) }),
  );
  const owned = undo.move();
  return {
    strategy,
    strategyOptions,
    strict,
    members,
    transfers,
    ownMemory,
    properties: () => ({
      ...combine(gpus),
      strategy,
      strict,
      members: members.map(describe),
      transfers: transfers.report(),
    }),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
