/**
 * What a telemetry driver is: one kernel driver's or library's way to tell what its GPUs are doing.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import type { GpuMetrics, MetricName, Reading } from "./metrics.ts";

/** What drivers read with. */
export interface TelemetryContext {
  sysroot: Sysroot;
  /** A monotonic clock in milliseconds. */
  now(): number;
}

/**
 * Reads the metrics of one GPU, again and again. Never throws for what a driver may answer: a value that
 * cannot be read is absent, with the reason. It never wakes a GPU: the sampler reads no reader of a GPU that
 * sleeps, and disposes those that would keep one awake.
 */
export interface TelemetryReader extends Disposable {
  /** Reads everything that takes microseconds. Rates and shares are since the read before. */
  read(): Reading;
  /**
   * Reads what takes long (NVML's PCIe throughput, amdgpu's `pcie_bw`) without blocking the thread. The
   * sampler starts the next when the last is done, and shows the last result.
   */
  readSlow?(): Promise<Reading>;
  /**
   * Whether the GPU had nothing to do at the last {@linkcode read}, where the reader knows it better than by
   * the load that it read: a GPU that is idle for long is left alone, so that it may suspend itself.
   */
  idle?(): boolean;
  /** Why the GPU no longer answers (it fell off the bus, its driver was unbound); undefined while it does. */
  lost(): string | undefined;
}

/** A kind of driver. */
export interface TelemetryDriver {
  /** `amdgpu`, `nvidia`. */
  readonly name: string;
  /** Whether it is for this GPU. */
  claims(gpu: Gpu): boolean;
  /**
   * Starts to read a GPU that is awake.
   *
   * @returns the reader, or one line: why there is none.
   */
  open(gpu: Gpu, context: TelemetryContext): TelemetryReader | string;
}

/** Why a rate or a share is absent at the first look. */
export const FIRST_LOOK = "it is told by the difference of two looks, and this is the first";

/** Collects what one look gives. */
export class ReadingBuilder {
  readonly reading: Reading = { values: {}, sources: {}, absent: {} };

  /**
   * Notes a value and where it came from, or, for null and undefined and numbers that are not finite, why
   * there is none. A value that is there already stays: the best source is asked first.
   */
  put<N extends MetricName>(
    name: N,
    value: GpuMetrics[N] | undefined,
    source: string,
    whyNot: string | (() => string),
  ): void {
    const { values, sources, absent } = this.reading;
    if (values[name] !== undefined) return;
    if (value === null || value === undefined || (typeof value === "number" && !isFinite(value))) {
      absent[name] ??= typeof whyNot === "string" ? whyNot : whyNot();
      return;
    }
    values[name] = value;
    sources[name] = source;
    delete absent[name];
  }

  /** Notes why metrics are not known, where they are not. */
  lack(names: readonly MetricName[], reason: string): void {
    for (const name of names) {
      if (this.reading.values[name] === undefined) this.reading.absent[name] ??= reason;
    }
  }
}

/** A share of 100 that drivers may give as anything: within 0 and 100; undefined where it is no number. */
export function clampPercent(value: number | undefined): number | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return Math.min(100, Math.max(0, value));
}
