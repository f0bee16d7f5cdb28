/**
 * What a run consists of: which benchmarks on which devices.
 *
 * @module
 */

import { Instance } from "../../ffi/vulkan/instance.ts";
import type { PhysicalDevice } from "../../ffi/vulkan/physical_device.ts";
import { findPhysicalDevice } from "../discovery/vulkan_device.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { selfCommand } from "../launch/self.ts";
import { isAsleep } from "../sysfs/device_files.ts";
import { type Benchmark, type Suite, UnsupportedError } from "./benchmark.ts";
import { formatApiVersion } from "../../ffi/vulkan/loader.ts";
import { deviceEnvironment, type LoaderFacts, type VendorEnvironment } from "./environment.ts";
import { HOST_BENCHMARKS } from "./host/benchmarks.ts";
import { HostTarget } from "./host/target.ts";
import { InstrumentPanel } from "./instruments.ts";
import { hostPeaks } from "./peaks/host.ts";
import type { BenchDevice } from "./report.ts";
import { type Instruments, settledTask, type Task, task } from "./run.ts";
import { lostEnds } from "./transfer/lost_ends.ts";
import type { TransferDevice } from "./transfer/target.ts";
import { transferTasks } from "./transfer/tasks.ts";
import { COMPUTE_BENCHMARKS } from "./vulkan/compute.ts";
import { GEMM_BENCHMARKS } from "./vulkan/gemm.ts";
import { MATRIX_BENCHMARKS } from "./vulkan/matrix.ts";
import { MEMORY_BENCHMARKS } from "./vulkan/memory.ts";
import { MEMORY_SWEEP_BENCHMARKS } from "./vulkan/memory_sweep.ts";
import { SCHEDULING_BENCHMARKS, type SchedulingTarget } from "./vulkan/scheduling.ts";
import { SYNC_BENCHMARKS } from "./vulkan/sync.ts";
import { hasFamilies } from "./vulkan/queue_families.ts";
import { VulkanTarget } from "./vulkan/target.ts";

/** Benchmarks of a Vulkan device by itself. */
export const VULKAN_BENCHMARKS: readonly Benchmark<VulkanTarget>[] = [
  ...MEMORY_BENCHMARKS,
  ...MEMORY_SWEEP_BENCHMARKS,
  ...COMPUTE_BENCHMARKS,
  ...MATRIX_BENCHMARKS,
  ...GEMM_BENCHMARKS,
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
  /** Which benchmarks of the suites are wanted; all where it is left out. */
  selects?: (benchmark: Pick<Task, "name" | "suite">) => boolean;
}

/** A planned run. Dispose it (`using`) when it has run: that closes the devices. */
export interface BenchPlan extends Disposable {
  tasks: Task[];
  devices: BenchDevice[];
  /** By the device's id. */
  instruments: ReadonlyMap<string, Instruments>;
  /** Null where Vulkan was not opened. */
  loader: LoaderFacts | null;
}

/** A device that is opened when a benchmark first needs it; a failure is remembered. */
class LazyTarget {
  readonly gpu: Gpu;
  readonly physical: PhysicalDevice;
  readonly #open: () => VulkanTarget;
  #opened: { target: VulkanTarget } | { error: unknown } | undefined;

  constructor(gpu: Gpu, physical: PhysicalDevice, open: () => VulkanTarget) {
    this.gpu = gpu;
    this.physical = physical;
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

function deviceOf(gpu: Gpu, vendor: VendorEnvironment): BenchDevice {
  const api = gpu.apis.vulkan?.[0];
  return {
    id: gpu.id,
    name: gpu.name ?? api?.name ?? gpu.id,
    kind: gpu.kind,
    pci_slot: gpu.pci_slot,
    uuid: gpu.uuid,
    driver: api?.driver ?? gpu.driver,
    api_version: api?.api_version ?? null,
    environment: deviceEnvironment(gpu, vendor),
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
    environment: null,
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

/** The other devices of a run: those that can be opened, and still answer. */
function besides(targets: readonly LazyTarget[], lazy: LazyTarget): VulkanTarget[] {
  const others = targets.filter((other) => other !== lazy);
  const lost = new Set(lostEnds(others));
  return others.filter(({ gpu }) => !lost.has(gpu.id))
    .flatMap((other) => other.getOrNothing() ?? []);
}

/** The tasks of the devices that Vulkan shows, device by device; scheduling last, with all of them. */
function vulkanTasks(targets: readonly LazyTarget[], suites: readonly Suite[]): Task[] {
  const alone = targets.flatMap((lazy) =>
    VULKAN_BENCHMARKS.filter((benchmark) => suites.includes(benchmark.suite))
      .filter(({ parameters }) => hasFamilies(lazy.physical.queueFamilies, parameters))
      .map((benchmark) => task(benchmark, lazy.gpu.id, () => lazy.get()))
  );
  if (!suites.includes("scheduling")) return alone;
  const together = targets.flatMap((lazy) =>
    SCHEDULING_BENCHMARKS.filter(({ parameters }) =>
      hasFamilies(lazy.physical.queueFamilies, parameters)
    ).map((benchmark): Task => ({
      ...task(benchmark, lazy.gpu.id, (): SchedulingTarget => ({
        target: lazy.get(),
        others: besides(targets, lazy),
      })),
      lost: () => lostEnds(targets),
    }))
  );
  return [...alone, ...together];
}

/** The GPUs' part of a plan. */
type GpuPlan = Omit<BenchPlan, typeof Symbol.dispose>;

/** Plans the GPUs' part of a run. What it opens goes to `owner`. */
function planGpus(
  { suites, gpus, vulkanObstacle = null }: PlanOptions,
  owner: DisposableStack,
): GpuPlan {
  // Opening Vulkan opens every GPU and wakes those that sleep: not unless discovery did so already.
  const isShown = gpus.some((gpu) => gpu.apis.vulkan !== undefined);
  const opened = isShown
    ? Instance.open()
    : { state: "absent", reason: vulkanObstacle ?? NOT_SHOWN } as const;
  const instance = opened.state === "ok" ? owner.use(opened.instance) : undefined;
  const physical = instance?.physicalDevices() ?? [];
  const targets: LazyTarget[] = [];
  const hopeless: Task[] = [];
  const ends: TransferDevice[] = [];
  const panel = owner.use(new InstrumentPanel());
  const devices: BenchDevice[] = [];
  const instruments = new Map<string, Instruments>();
  for (const gpu of gpus) {
    const found = (gpu.apis.vulkan ?? []).map((api) => findPhysicalDevice(physical, api))
      .find((device) => device !== undefined);
    const { environment, ...own } = panel.of(gpu, found);
    devices.push(deviceOf(gpu, environment));
    instruments.set(gpu.id, own);
    if (instance === undefined || found === undefined) {
      const reason = opened.state === "ok" ? NOT_SHOWN : opened.reason;
      hopeless.push(...unreachable(gpu, suites, reason));
      ends.push({
        gpu,
        get: () => {
          throw new UnsupportedError(reason);
        },
      });
    } else {
      const lazy = new LazyTarget(gpu, found, () => new VulkanTarget(gpu.id, instance, found));
      targets.push(owner.use(lazy));
      ends.push(lazy);
    }
  }
  const runtimeObstacle = isShown || !gpus.some((gpu) => isAsleep(gpu.power_state))
    ? undefined
    : "opening it would wake a sleeping GPU";
  const transfers = { suites, devices: ends, command: selfCommand, runtimeObstacle };
  return {
    tasks: [...hopeless, ...vulkanTasks(targets, suites), ...transferTasks(transfers, owner)],
    devices,
    instruments,
    loader: instance === undefined
      ? null
      : { version: formatApiVersion(instance.version), layers: instance.layers() },
  };
}

/** Plans a run. Opens Vulkan where a suite needs it, and devices when they are measured. */
export function planBench(options: PlanOptions): BenchPlan {
  const { suites, shimPlaces, selects = () => true } = options;
  using undo = new DisposableStack();
  const plan: GpuPlan = { tasks: [], devices: [], instruments: new Map(), loader: null };
  if (suites.includes("host")) {
    const host = undo.use(HostTarget.open(shimPlaces));
    plan.tasks.push(...HOST_BENCHMARKS.map((benchmark) => task(benchmark, host.id, () => host)));
    plan.devices.push(hostDevice(host));
    plan.instruments = new Map([[host.id, { peaks: hostPeaks(host) }]]);
  }
  if (suites.some((suite) => suite !== "host")) {
    const { tasks, devices, instruments, loader } = planGpus(options, undo);
    plan.tasks.push(...tasks);
    plan.devices.push(...devices);
    plan.instruments = new Map([...plan.instruments, ...instruments]);
    plan.loader = loader;
  }
  const owned = undo.move();
  return {
    ...plan,
    tasks: plan.tasks.filter(selects),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
