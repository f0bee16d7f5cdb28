/**
 * What a run consists of: which benchmarks on which devices.
 *
 * @module
 */

import { Instance } from "../../ffi/vulkan/instance.ts";
import type { PhysicalDevice } from "../../ffi/vulkan/physical_device.ts";
import type { ApiDevice, Gpu } from "../gpu/gpu.ts";
import { type Benchmark, type Suite, SUITES } from "./benchmark.ts";
import { HOST_BENCHMARKS } from "./host/benchmarks.ts";
import { HostTarget } from "./host/target.ts";
import type { BenchDevice } from "./report.ts";
import { settledTask, type Task, task } from "./run.ts";
import { COMPUTE_BENCHMARKS } from "./vulkan/compute.ts";
import { MEMORY_BENCHMARKS } from "./vulkan/memory.ts";
import { SCHEDULING_BENCHMARKS, type SchedulingTarget } from "./vulkan/scheduling.ts";
import { SYNC_BENCHMARKS } from "./vulkan/sync.ts";
import { VulkanTarget } from "./vulkan/target.ts";

/** Benchmarks of a Vulkan device by itself. */
export const VULKAN_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [
  ...MEMORY_BENCHMARKS,
  ...COMPUTE_BENCHMARKS,
  ...SYNC_BENCHMARKS,
];

/** What to plan for. */
export interface PlanOptions {
  suites: readonly Suite[];
  /** The GPUs to measure. */
  gpus: readonly Gpu[];
  /** Where `libmvgal_host.so` may be: its path, or a directory that holds it. */
  shimPlaces: readonly string[];
  /** Why Vulkan showed no device, or was not asked; null where it showed some. */
  vulkanObstacle?: string | null;
}

/** A planned run. Dispose it (`using`) when it has run: that closes the devices. */
export interface BenchPlan extends Disposable {
  tasks: Task[];
  devices: BenchDevice[];
}

/** A device that is opened when a benchmark first needs it; a failure is remembered. */
class LazyTarget {
  readonly gpu: Gpu;
  readonly #open: () => VulkanTarget;
  #opened: { target: VulkanTarget } | { error: unknown } | undefined;

  constructor(gpu: Gpu, open: () => VulkanTarget) {
    this.gpu = gpu;
    this.#open = open;
  }

  /** The open device; throws what opening it threw. */
  get(): VulkanTarget {
    this.#opened ??= this.#tryOpen();
    if ("error" in this.#opened) throw this.#opened.error;
    return this.#opened.target;
  }

  #tryOpen(): { target: VulkanTarget } | { error: unknown } {
    try {
      return { target: this.#open() };
    } catch (error) {
      return { error };
    }
  }

  /** The open device; undefined where it cannot be opened. */
  getOrNothing(): VulkanTarget | undefined {
    try {
      return this.get();
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    if (this.#opened && "target" in this.#opened) this.#opened.target[Symbol.dispose]();
  }
}

/** The physical device that a GPU's Vulkan entry means; the order may have changed since it was read. */
function findPhysical(
  devices: readonly PhysicalDevice[],
  api: ApiDevice,
): PhysicalDevice | undefined {
  const matches = (device: PhysicalDevice) => device.uuid === api.uuid && device.name === api.name;
  const sameIndex = devices[Number(api.index)];
  return sameIndex && matches(sameIndex) ? sameIndex : devices.find(matches);
}

function deviceOf(gpu: Gpu): BenchDevice {
  const api = gpu.apis.vulkan?.[0];
  return {
    id: gpu.id,
    name: gpu.name ?? api?.name ?? gpu.id,
    kind: gpu.kind,
    pci_slot: gpu.pci_slot,
    uuid: gpu.uuid,
    driver: api?.driver ?? gpu.driver,
    api_version: api?.api_version ?? null,
  };
}

function hostDevice(host: HostTarget): BenchDevice {
  return {
    id: host.id,
    name: host.facts.processors.name ?? "this host's processors",
    kind: "host",
    pci_slot: null,
    uuid: null,
    driver: null,
    api_version: null,
  };
}

const NOT_SHOWN =
  "no Vulkan driver shows this GPU: install the Vulkan part of its driver (see mvgal info --apis)";

/** Tasks of one GPU that Vulkan does not show. */
function unreachable(gpu: Gpu, suites: readonly Suite[], reason: string): Task[] {
  const all = [...VULKAN_BENCHMARKS, ...SCHEDULING_BENCHMARKS];
  return all.filter((benchmark) => suites.includes(benchmark.suite))
    .map((benchmark) => settledTask<never>(benchmark, gpu.id, { state: "unsupported", reason }));
}

/** The tasks of the devices that Vulkan shows, device by device; scheduling last, with all of them. */
function vulkanTasks(targets: readonly LazyTarget[], suites: readonly Suite[]): Task[] {
  const alone = targets.flatMap((lazy) =>
    VULKAN_BENCHMARKS.filter((benchmark) => suites.includes(benchmark.suite))
      .map((benchmark) => task(benchmark, lazy.gpu.id, () => lazy.get()))
  );
  if (!suites.includes("scheduling")) return alone;
  const together = targets.flatMap((lazy) =>
    SCHEDULING_BENCHMARKS.map((benchmark) =>
      task(benchmark, lazy.gpu.id, (): SchedulingTarget => ({
        target: lazy.get(),
        others: targets.filter((other) => other !== lazy)
          .flatMap((other) => other.getOrNothing() ?? []),
      }))
    )
  );
  return [...alone, ...together];
}

/** Plans the GPUs' part of a run. What it opens goes to `owner`. */
function planGpus(
  { suites, gpus, vulkanObstacle = null }: PlanOptions,
  owner: DisposableStack,
): Task[] {
  // Opening Vulkan opens every GPU and wakes those that sleep: not unless discovery did so already.
  const isShown = gpus.some((gpu) => gpu.apis.vulkan !== undefined);
  const opened = isShown
    ? Instance.open()
    : { state: "absent", reason: vulkanObstacle ?? NOT_SHOWN } as const;
  const instance = opened.state === "ok" ? owner.use(opened.instance) : undefined;
  const physical = instance?.physicalDevices() ?? [];
  const targets: LazyTarget[] = [];
  const hopeless: Task[] = [];
  for (const gpu of gpus) {
    const found = (gpu.apis.vulkan ?? []).map((api) => findPhysical(physical, api))
      .find((device) => device !== undefined);
    if (instance === undefined || found === undefined) {
      const reason = opened.state === "ok" ? NOT_SHOWN : opened.reason;
      hopeless.push(...unreachable(gpu, suites, reason));
    } else {
      targets.push(
        owner.use(new LazyTarget(gpu, () => new VulkanTarget(gpu.id, instance, found))),
      );
    }
  }
  return [...hopeless, ...vulkanTasks(targets, suites)];
}

/** Plans a run. Opens Vulkan where a suite needs it, and devices when they are measured. */
export function planBench(options: PlanOptions): BenchPlan {
  const { suites, gpus, shimPlaces } = options;
  using undo = new DisposableStack();
  const tasks: Task[] = [], devices: BenchDevice[] = [];
  if (suites.includes("host")) {
    const host = undo.use(HostTarget.open(shimPlaces));
    tasks.push(...HOST_BENCHMARKS.map((benchmark) => task(benchmark, host.id, () => host)));
    devices.push(hostDevice(host));
  }
  if (suites.some((suite) => suite !== "host")) {
    tasks.push(...planGpus(options, undo));
    devices.push(...gpus.map(deviceOf));
  }
  const owned = undo.move();
  return { tasks, devices, [Symbol.dispose]: () => owned.dispose() };
}

/** The suites that words on the command line mean: `all`, or names of suites. */
export function suitesOf(words: readonly string[]): Suite[] {
  if (words.length === 0 || words.includes("all")) return [...SUITES];
  return SUITES.filter((suite) => words.includes(suite));
}
