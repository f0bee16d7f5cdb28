/**
 * Measuring a logical device: each kernel on one member, and on more of them together, side by side.
 *
 * A figure is the time from the call to the results in host memory. Blocks of single and of pooled runs
 * alternate, so that whatever else the host does meets both.
 *
 * @module
 */

import type { Explanation } from "../../pool/explain.ts";
import type { Binding } from "../../pool/dispatch.ts";
import type { LogicalBuffer } from "../../pool/buffer.ts";
import type { LogicalKernel } from "../../pool/kernel.ts";
import type { DispatchOptions, LogicalDevice } from "../../pool/logical_device.ts";
import type { PoolProperties } from "../../pool/open.ts";
import { median } from "../statistics.ts";
import type { FrameKernel, KernelSize, PoolKernel } from "./kernel.ts";
import { frameKernels, poolKernels } from "./kernels.ts";
import { compareRuns, compareWithReference, differenceText } from "./verify.ts";

/** The version of the document that {@linkcode benchPool} makes. */
export const POOL_SCHEMA = "mvgal.pool/1";

/** Elements that are compared with the host's reference. */
const SAMPLES = 256;

/** Dispatches before times count: compiled, measured at first sight, and settled to steady shares. */
const WARM_UPS = 8;

/** How long a device works before its time counts for the choice of a size, in ms. */
const WARMING_MS = 150;

/** Likewise before frames count. */
const FRAME_WARMING_MS = 600;

/** Blocks of runs of one kind, and runs before the timed ones of each. */
const BLOCKS = 3, LEAD_INS = 2;

/** How a benchmark of pools is to be done. */
export interface PoolBenchOptions {
  /** A few small runs rather than many long ones. */
  quick: boolean;
  /** Called before each piece, with what is measured next. */
  onStart?: (what: string) => void;
}

/** A kernel on some members together, beside the best of them alone. */
export interface PooledFigure {
  /** Ids of the members. */
  gpus: string[];
  /** Medians from the call to the results on the host, in ms. */
  single_ms: number;
  pooled_ms: number;
  /** The time of one over that of all. */
  speedup: number;
  /** Against the sum of the members' throughputs, each alone. */
  of_sum: number | null;
  /** Of the timed dispatches, how many were split. */
  split_share: number;
  /** Why it was split, or not. */
  reason: string;
  /** Share of the work by member, in the last dispatch. */
  shares: Record<string, number>;
  /** Bytes that were copied between places for one dispatch. */
  copied_bytes: number;
  /** Whether the results are those of one member, byte for byte; else the first difference. */
  same_as_one: boolean;
  difference: string | null;
}

/** A kernel, measured. */
export interface PoolKernelReport {
  id: string;
  title: string;
  size: KernelSize;
  /** Work of one dispatch, and its unit. */
  work: number;
  unit: string;
  /** What the analysis says of it. */
  verdict: Explanation["verdict"];
  /** Medians of each member alone, in ms, by id; of software devices where there is no GPU. */
  alone_ms: Record<string, number>;
  pooled: PooledFigure[];
  /** What of the results is not as the host computes it; null where all is. */
  error: string | null;
}

/** Frames on some members. */
export interface PoolFrameReport {
  id: string;
  strategy: "single" | "afr" | "sfr";
  gpus: string[];
  frames_per_s: number;
  /** Against one member. */
  speedup: number | null;
  interval_ms: number | null;
  jitter_ms: number | null;
}

/** All of a run. */
export interface PoolReport {
  schema: typeof POOL_SCHEMA;
  date: string;
  device: PoolProperties;
  kernels: PoolKernelReport[];
  frames: PoolFrameReport[];
}

/** A kernel with its buffers on a logical device. */
class Prepared implements Disposable {
  readonly kernel: PoolKernel;
  readonly size: KernelSize;
  readonly #device: LogicalDevice;
  readonly #logical: LogicalKernel;
  readonly #buffers: LogicalBuffer[];

  private constructor(device: LogicalDevice, kernel: PoolKernel, size: KernelSize) {
    this.#device = device;
    this.kernel = kernel;
    this.size = size;
    this.#logical = device.createKernel({ words: kernel.code.words });
    this.#buffers = kernel.buffers(size).map(({ bytes }) =>
      device.allocate(Math.ceil(bytes / 4) * 4, ["LAZY_ALLOCATE"])
    );
  }

  static async make(
    device: LogicalDevice,
    kernel: PoolKernel,
    size: KernelSize,
  ): Promise<Prepared> {
    const prepared = new Prepared(device, kernel, size);
    await prepared.fill();
    return prepared;
  }

  /** Writes the inputs, as they were at first. */
  async fill(): Promise<void> {
    const inputs = this.kernel.fill(this.size);
    await Promise.all(inputs.map((bytes, i) => bytes && this.#buffers[i]?.write(bytes)));
  }

  get #bindings(): Binding[] {
    return this.#buffers.map((buffer, binding) => ({ binding, buffer }));
  }

  /** Dispatches, and waits for the results on the host. */
  async run(options: DispatchOptions) {
    const begun = performance.now();
    const result = await this.#device.dispatch(
      this.#logical,
      this.kernel.groups(this.size),
      this.#bindings,
      { ...options, push: this.kernel.push(this.size) },
    );
    await Promise.all(this.#outputs.map((buffer) => buffer.sync()));
    return { ...result, ms: performance.now() - begun };
  }

  get #outputs(): LogicalBuffer[] {
    const roles = this.kernel.buffers(this.size).map(({ role }) => role);
    return this.#buffers.filter((_, i) => roles[i] !== "in");
  }

  explain(): Explanation {
    const push = this.kernel.push(this.size);
    const groups = this.kernel.groups(this.size);
    return this.#device.explain(this.#logical, groups, this.#bindings, { push });
  }

  /** The results of one dispatch from the first contents; null for buffers that are read alone. */
  async results(options: DispatchOptions): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
    await this.fill();
    await this.run(options);
    const outputs = this.#outputs;
    return Promise.all(
      this.#buffers.map((buffer) => outputs.includes(buffer) ? buffer.read() : null),
    );
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) buffer[Symbol.dispose]();
  }
}

/** The largest buffer, in bytes; also where that is within what every member can bind. */
const MOST_BYTES = 256 << 20;

/** Whether every member takes a size. */
function fits(device: LogicalDevice, kernel: PoolKernel, size: KernelSize): boolean {
  const bound = device.properties.members.map(({ max_binding_bytes }) => max_binding_bytes);
  const most = Math.min(MOST_BYTES, ...bound);
  return kernel.buffers(size).every(({ bytes }) => bytes <= most) &&
    kernel.groups(size).every((count) => count <= 65_535);
}

/** Of a GPU's first size each side is so many times a processor's: it has as many more lanes to fill. */
const GPU_SIDES = 4;

/** Where the choice of a size begins. */
function firstSize(device: LogicalDevice, kernel: PoolKernel, on: string): KernelSize {
  const { first } = kernel;
  const kind = device.properties.members.find(({ id }) => id === on)?.kind;
  const wide = {
    width: GPU_SIDES * first.width,
    height: first.height > 1 ? GPU_SIDES * first.height : first.height,
    // A product's depth is a side of its matrices.
    depth: kernel.depth === "columns of A" ? GPU_SIDES * first.depth : first.depth,
  };
  return kind === "gpu" && fits(device, kernel, wide) ? wide : first;
}

/** A size at which one member takes about so many ms, or the largest that there may be. */
async function calibrate(
  device: LogicalDevice,
  kernel: PoolKernel,
  on: string,
  targetMs: number,
): Promise<KernelSize> {
  let size = "framePush" in kernel ? kernel.first : firstSize(device, kernel, on);
  for (let i = 0; i < 8; i++) {
    using prepared = await Prepared.make(device, kernel, size);
    // A GPU that was idle takes a while until its clocks are up.
    const begun = performance.now();
    do await prepared.run({ on }); while (performance.now() - begun < WARMING_MS);
    const { ms } = await prepared.run({ on });
    const factor = targetMs / ms;
    if (factor < 1.5) return factor < 0.3 ? kernel.scale(size, factor) : size;
    let next = kernel.scale(size, Math.min(factor, 16));
    for (let less = 8; less > 1 && !fits(device, kernel, next); less /= 2) {
      next = kernel.scale(size, less);
    }
    if (!fits(device, kernel, next) || kernel.work(next) <= kernel.work(size)) return size;
    size = next;
  }
  return size;
}

/** Groups of members to measure together: 2, 4, 8 of them, all GPUs, and all with software devices. */
function groupsOf({ members }: PoolProperties): string[][] {
  const gpus = members.filter(({ kind }) => kind === "gpu").map(({ id }) => id);
  const software = members.filter(({ kind }) => kind === "software").map(({ id }) => id);
  const counts = [2, 4, 8, gpus.length].filter((count) => count >= 2 && count <= gpus.length);
  const groups = [...new Set(counts)].map((count) => gpus.slice(0, count));
  if (software.length > 0 && members.length > 1) groups.push([...gpus, ...software]);
  return groups;
}

async function measurePooled(
  prepared: Prepared,
  gpus: readonly string[],
  all: readonly string[],
  alone: ReadonlyMap<string, number>,
  repeats: number,
): Promise<PooledFigure> {
  const without = all.filter((id) => !gpus.includes(id));
  const best = gpus.reduce((one, other) =>
    (alone.get(other) ?? Infinity) < (alone.get(one) ?? Infinity) ? other : one
  );
  const single: number[] = [], pooled: number[] = [];
  let split = 0;
  for (let i = 0; i < WARM_UPS; i++) await prepared.run({ without });
  await prepared.run({ on: best });
  let last = await prepared.run({ without });
  for (let block = 0; block < BLOCKS; block++) {
    // In series, as programs do: bytes are where the run before left them, and clocks are up.
    for (let i = 0; i < LEAD_INS; i++) await prepared.run({ on: best });
    for (let i = 0; i < repeats; i++) single.push((await prepared.run({ on: best })).ms);
    for (let i = 0; i < LEAD_INS; i++) await prepared.run({ without });
    for (let i = 0; i < repeats; i++) {
      last = await prepared.run({ without });
      pooled.push(last.ms);
      if (last.split) split++;
    }
  }
  const difference = compareRuns(
    await prepared.results({ without }),
    await prepared.results({ on: best }),
  );
  const rates = gpus.map((id) => 1 / (alone.get(id) ?? NaN));
  const sum = rates.reduce((total, rate) => total + rate, 0);
  const single_ms = median(single), pooled_ms = median(pooled);
  const units = last.parts.reduce((total, { start, end }) => total + end - start, 0);
  const shares: Record<string, number> = {};
  for (const { gpu, start, end } of last.parts) {
    shares[gpu] = (shares[gpu] ?? 0) + (end - start) / units;
  }
  return {
    gpus: [...gpus],
    single_ms,
    pooled_ms,
    speedup: single_ms / pooled_ms,
    of_sum: Number.isFinite(sum) ? 1 / pooled_ms / sum : null,
    split_share: split / pooled.length,
    reason: last.reason,
    shares,
    copied_bytes: last.parts.reduce((total, { copied_bytes }) => total + copied_bytes, 0),
    same_as_one: difference === null,
    difference: difference === null ? null : differenceText(difference),
  };
}

async function measureKernel(
  device: LogicalDevice,
  kernel: PoolKernel,
  { quick, onStart = () => {} }: PoolBenchOptions,
): Promise<PoolKernelReport> {
  const { members } = device.properties;
  const ids = members.map(({ id }) => id);
  const first = members.find(({ kind }) => kind === "gpu") ?? members[0];
  if (first === undefined) throw new Error("a logical device without members");
  const repeats = quick ? 2 : 5;
  onStart(`${kernel.id}: choosing a size`);
  const size = await calibrate(device, kernel, first.id, quick ? 60 : 400);
  using prepared = await Prepared.make(device, kernel, size);
  const alone = new Map<string, number>();
  for (const { id, kind } of members) {
    // The size is chosen for a GPU: a processor may take a thousand times as long.
    if (kind !== first.kind) continue;
    onStart(`${kernel.id} on ${id}`);
    await prepared.run({ on: id });
    const ms: number[] = [];
    for (let i = 0; i < repeats; i++) ms.push((await prepared.run({ on: id })).ms);
    alone.set(id, median(ms));
  }
  const pooled: PooledFigure[] = [];
  for (const gpus of groupsOf(device.properties)) {
    onStart(`${kernel.id} on ${gpus.length} together`);
    pooled.push(await measurePooled(prepared, gpus, ids, alone, repeats));
  }
  const { verdict } = prepared.explain();
  const got = await prepared.results({});
  const reference = kernel.reference(size, kernel.fill(size), SAMPLES);
  const wrong = compareWithReference(got, reference, kernel.tolerance);
  return {
    id: kernel.id,
    title: kernel.title,
    size,
    work: kernel.work(size),
    unit: kernel.unit,
    verdict,
    alone_ms: Object.fromEntries(alone),
    pooled,
    error: wrong === null ? null : differenceText(wrong),
  };
}

/** Frames a second of a session. */
async function runFrames(
  device: LogicalDevice,
  kernel: FrameKernel,
  size: KernelSize,
  gpus: readonly string[],
  strategy: PoolFrameReport["strategy"],
  count: number,
): Promise<PoolFrameReport> {
  const [{ bytes } = { bytes: 4 }] = kernel.buffers(size);
  const logical = device.createKernel({ words: kernel.code.words });
  using session = device.frames({ bytes, strategy, gpus, latency: 2 * gpus.length });
  const render = async (frames: number) => {
    const shown: Promise<unknown>[] = [];
    for (let i = 0; i < frames; i++) {
      const frame = await session.frame();
      frame.submit(logical, kernel.groups(size), [{ binding: 0, buffer: frame.target }], {
        push: kernel.framePush(size, frame.number),
      });
      shown.push(frame.present());
    }
    await Promise.all(shown);
  };
  // Those that were not in the run before have been idle: their clocks are down.
  const warming = performance.now();
  do await render(4 * gpus.length); while (performance.now() - warming < FRAME_WARMING_MS);
  session.resetStats();
  const begun = performance.now();
  await render(count);
  const seconds = (performance.now() - begun) / 1000;
  const { interval_ms, jitter_ms } = session.stats();
  return {
    id: kernel.id,
    strategy,
    gpus: [...gpus],
    frames_per_s: count / seconds,
    speedup: null,
    interval_ms,
    jitter_ms,
  };
}

async function measureFrames(
  device: LogicalDevice,
  kernel: FrameKernel,
  { quick, onStart = () => {} }: PoolBenchOptions,
): Promise<PoolFrameReport[]> {
  const { members } = device.properties;
  const first = members.find(({ kind }) => kind === "gpu") ?? members[0];
  if (first === undefined) return [];
  const size = await calibrate(device, kernel, first.id, quick ? 10 : 20);
  const count = quick ? 40 : 160;
  onStart(`${kernel.id}: frames on ${first.id}`);
  const single = await runFrames(device, kernel, size, [first.id], "single", count);
  const reports = [single];
  for (const gpus of groupsOf(device.properties)) {
    for (const strategy of ["afr", "sfr"] as const) {
      onStart(`${kernel.id}: ${strategy} on ${gpus.length} together`);
      const frames = count * gpus.length;
      const report = await runFrames(device, kernel, size, gpus, strategy, frames);
      report.speedup = report.frames_per_s / single.frames_per_s;
      reports.push(report);
    }
  }
  return reports;
}

/** Measures all kernels, and frames, on a logical device. */
export async function benchPool(
  device: LogicalDevice,
  options: PoolBenchOptions,
): Promise<PoolReport> {
  const kernels: PoolKernelReport[] = [];
  for (const kernel of poolKernels()) {
    try {
      kernels.push(await measureKernel(device, kernel, options));
    } catch (error) {
      // One that fails takes no other with it.
      const { id, title, first: size, unit } = kernel;
      const message = error instanceof Error ? error.message : String(error);
      kernels.push({
        ...{ id, title, size, unit, work: kernel.work(size), verdict: { kind: "whole" } },
        ...{ alone_ms: {}, pooled: [], error: message },
      });
    }
  }
  const frames: PoolFrameReport[] = [];
  for (const kernel of frameKernels()) frames.push(...await measureFrames(device, kernel, options));
  return {
    schema: POOL_SCHEMA,
    date: new Date().toISOString(),
    device: device.properties,
    kernels,
    frames,
  };
}
