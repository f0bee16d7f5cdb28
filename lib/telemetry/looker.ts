/**
 * Looks at the GPUs, and where wanted at the programs that use them: the data of `mvgal status` and of the
 * service.
 *
 * @module
 */

import { discover, SOURCES } from "../discovery/mod.ts";
import { NVIDIA_DRIVER_SIGNS, nvml } from "../discovery/nvml.ts";
import type { Source } from "../discovery/source.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type GpuSelector, selectGpus } from "../gpu/selector.ts";
import { standing } from "../gpu/standing.ts";
import { STATUS_SCHEMA, type StatusDocument } from "../render/status_document.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { FIRST_LOOK } from "./driver.ts";
import type { GpuSample, MetricName } from "./metrics.ts";
import { nvidia } from "./nvidia.ts";
import { openSampler, type Sampler } from "./sampler.ts";

/** What to look at. */
export interface LookOptions {
  sysroot: Sysroot;
  /** The GPUs; all hardware and virtual ones where not given. */
  selector?: GpuSelector | undefined;
  /** Whether to look at the programs too. */
  processes: boolean;
  /** Whether to judge the GPUs' health: by each look alone, or by the course of many; undefined for neither. */
  health?: "once" | "course" | undefined;
}

/** Looks again and again. Dispose it to close what it opened. */
export interface Looker extends Disposable {
  /** The GPUs that are looked at. */
  readonly gpus: readonly Gpu[];
  /**
   * Looks now. Shares and rates are since the look before.
   *
   * @param processes whether at the programs too, where the options ask for them; true by default.
   */
  look(processes?: boolean): StatusDocument;
}

/** Metrics for which a second look is worth waiting, where the first says that it needs one. */
const WAITED_FOR: readonly MetricName[] = ["utilization_pct", "power_w"];

/** Whether a first look lacks what a second one shows. */
export function needsSecondLook({ processes, gpus }: StatusDocument): boolean {
  if (processes !== undefined && gpus.length > 0) return true;
  const waits = ({ absent }: GpuSample) => WAITED_FOR.some((name) => absent[name] === FIRST_LOOK);
  return gpus.some(waits);
}

/**
 * The sources that find GPUs in few milliseconds: files, and NVML, which stays open until `held` is disposed.
 * Its start costs more than all else, and the sampler is to find it open.
 */
function quickSources(held: DisposableStack): Source[] {
  const holding: Source = {
    ...nvml,
    discover(context) {
      // Without a driver the library would try to load one.
      if (NVIDIA_DRIVER_SIGNS.some((path) => context.sysroot.kind(path) !== undefined)) {
        const lease = nvidia.share.acquire();
        if (typeof lease !== "string") held.use(lease);
      }
      return nvml.discover(context);
    },
  };
  return SOURCES.filter(({ reads, name }) => reads === "files" || name === nvml.name)
    .map((source) => source === nvml ? holding : source);
}

/** Starts to look. What is not wanted is not loaded. */
export async function openLooker(options: LookOptions): Promise<Looker> {
  const { sysroot, selector, processes, health } = options;
  const close = new DisposableStack();
  try {
    const held = close.use(new DisposableStack());
    const { gpus: found } = discover({ sysroot, sources: quickSources(held) });
    const gpus = selector === undefined
      ? found.filter((gpu) => standing(gpu) === "gpu")
      : selectGpus(found, selector);
    const sampler = close.use(openSampler({ sysroot, gpus }));
    const list = processes ? await processLister({ sysroot, gpus, sampler, close }) : undefined;
    const judge = health === undefined ? undefined : await healthJudge(gpus, health);
    let last: number | undefined;
    return {
      gpus,
      look(processes = true) {
        const now = performance.now();
        const interval_ms = last === undefined ? null : Math.round(now - last);
        last = now;
        const sample = sampler.sample();
        // From here on who reads a GPU holds the library: held for nothing, it would keep GPUs awake.
        held.dispose();
        const at = new Date(sample.at).toISOString();
        return {
          schema: STATUS_SCHEMA,
          at,
          interval_ms,
          gpus: sample.gpus,
          ...(list === undefined || !processes ? {} : list()),
          ...(judge === undefined ? {} : { health: judge(sample.gpus, now, sample.at) }),
        };
      },
      [Symbol.dispose]: () => close.dispose(),
    };
  } catch (error) {
    close.dispose();
    throw error;
  }
}

async function processLister(
  { sysroot, gpus, sampler, close }: {
    sysroot: Sysroot;
    gpus: readonly Gpu[];
    sampler: Sampler;
    close: DisposableStack;
  },
): Promise<() => Pick<StatusDocument, "processes" | "partial">> {
  const { openProcessSweep } = await import("./processes.ts");
  const { NvidiaProcessSource } = await import("./nvidia_process_source.ts");
  const source = sysroot.isHost ? close.use(new NvidiaProcessSource(nvidia.share)) : undefined;
  const sweep = close.use(openProcessSweep({
    sysroot,
    gpus,
    now: () => performance.now(),
    externals: source === undefined ? [] : [source],
  }));
  return () => {
    source?.follow(sampler.awake());
    return sweep.sweep();
  };
}

async function healthJudge(gpus: readonly Gpu[], kind: "once" | "course") {
  const { HealthMonitor } = await import("./health.ts");
  const { onWallClock } = await import("./health/wall_time.ts");
  const sharedMemory = gpus.filter((gpu) => gpu.memory_kind === "shared").map(({ id }) => id);
  const options = { once: kind === "once", sharedMemory };
  let monitor = new HealthMonitor(options);
  return (samples: readonly GpuSample[], at: number, wall: number) => {
    // Of two looks at once, the second alone is judged.
    if (kind === "once") monitor = new HealthMonitor(options);
    // The wall's clock may be set meanwhile.
    return onWallClock(monitor.judge(samples, at), wall);
  };
}
