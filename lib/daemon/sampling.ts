/**
 * The one sampler of the service: a look at all GPUs every interval, whatever they do meanwhile.
 *
 * @module
 */

import type { Gpu, GpuId } from "../gpu/gpu.ts";
import type { GpuSample } from "../telemetry/metrics.ts";
import type { StatusDocument } from "../render/status_document.ts";
import { DEFAULT_THRESHOLDS, HealthMonitor, type HealthThresholds } from "../telemetry/health.ts";
import { onWallClock } from "../telemetry/health/wall_time.ts";
import type { Looker } from "../telemetry/looker.ts";
import { oneLine } from "./one_line.ts";

/** Who is told of what the sampler sees. */
export interface SamplingEvents {
  /** The GPUs that there are: at the start, and after each change. */
  found?(gpus: readonly Gpu[]): void;
  /** A look at some GPUs, with programs and health as they were last seen. */
  looked(document: StatusDocument, gpus: readonly Gpu[]): void;
  /** GPUs came or went. */
  changed(change: { added: GpuId[]; removed: GpuId[] }): void;
  /** A look, or the search for GPUs, failed: one line. */
  failed(what: "look" | "rescan", why: string): void;
}

/** Options of {@linkcode Sampling}. */
export interface SamplingOptions extends SamplingEvents {
  /** Looks for the GPUs that there are, and opens them. */
  open(): Promise<Looker>;
  /** Time from one look to the next, and to the next at the programs, in ms. */
  intervalMs: number;
  processesMs: number;
  /** From where on a GPU is not well; the usual limits where they are left out. */
  thresholds?: HealthThresholds;
  /** A clock that does not go back, in ms. */
  now?: () => number;
  /** Calls back after so many ms; gives what calls it off. */
  after?: (ms: number, call: () => void) => () => void;
}

function timeout(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

/** Looks again and again until it is disposed. */
export class Sampling implements Disposable {
  readonly #options: SamplingOptions;
  readonly #now: () => number;
  readonly #after: (ms: number, call: () => void) => () => void;
  #looker: Looker;
  #monitor: HealthMonitor;
  #intervalMs: number;
  #programs: Pick<StatusDocument, "processes" | "partial"> = {};
  /** When the programs are looked at next. */
  #programsDue = -Infinity;
  /** When the next look is due. */
  #due: number;
  #cancel: () => void = () => {};
  #rescanning: Promise<void> | undefined;
  #isClosed = false;
  #looks = 0;
  #missed = 0;
  #last: StatusDocument | null = null;

  private constructor(options: SamplingOptions, looker: Looker) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#after = options.after ?? timeout;
    this.#looker = looker;
    this.#monitor = monitorFor(looker.gpus, options.thresholds);
    options.found?.(looker.gpus);
    this.#intervalMs = options.intervalMs;
    this.#due = this.#now();
  }

  /** Finds the GPUs, and takes the first look at once. Rejects where they cannot be looked for. */
  static async start(options: SamplingOptions): Promise<Sampling> {
    const sampling = new Sampling(options, await options.open());
    sampling.#tick();
    return sampling;
  }

  /** The GPUs that are looked at. */
  get gpus(): readonly Gpu[] {
    return this.#looker.gpus;
  }

  /** The last look; null before the first that succeeded. */
  get last(): StatusDocument | null {
    return this.#last;
  }

  /** How many looks were taken, and how many were due and could not be in time. */
  get counts(): { looks: number; missed: number } {
    return { looks: this.#looks, missed: this.#missed };
  }

  /** Counts looks from now on. */
  resetCounts(): void {
    this.#looks = 0;
    this.#missed = 0;
  }

  /** Time from one look to the next, in ms; a change counts from now on. */
  get intervalMs(): number {
    return this.#intervalMs;
  }
  set intervalMs(ms: number) {
    if (ms === this.#intervalMs) return;
    this.#intervalMs = ms;
    this.#cancel();
    this.#due = this.#now() + ms;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#after(Math.max(0, this.#due - this.#now()), () => this.#tick());
  }

  #tick(): void {
    const now = this.#now();
    this.#look(now);
    // Looks are at multiples of the interval: those that it was too late for are not made up for.
    const late = Math.floor((this.#now() - this.#due) / this.#intervalMs);
    this.#missed += late;
    this.#due += (late + 1) * this.#intervalMs;
    this.#schedule();
  }

  #look(now: number): void {
    const { processesMs, looked, failed } = this.#options;
    try {
      const wantsPrograms = now >= this.#programsDue;
      const seen = this.#looker.look(wantsPrograms);
      if (wantsPrograms) {
        this.#programsDue = now + processesMs;
        const { processes, partial } = seen;
        this.#programs = processes === undefined ? {} : { processes, partial: partial ?? null };
      }
      // The host's clock may be set, that of health must not be.
      const health = onWallClock(this.#monitor.judge(seen.gpus, now), Date.parse(seen.at));
      this.#last = { ...seen, ...this.#programs, health };
      this.#looks++;
      looked(this.#last, this.#looker.gpus);
    } catch (error) {
      failed("look", oneLine(error));
    }
  }

  /**
   * Looks whether GPUs came or went. Those that stayed are followed without a break in their health.
   *
   * @param anew opens them anew in any case: a driver that was bound again has other files for the same GPU.
   */
  rescan({ anew = false } = {}): Promise<void> {
    // One that is under way may have looked before the change.
    const again = this.#rescanning?.then(() => this.#rescan(anew));
    const running = again ?? this.#rescan(anew);
    this.#rescanning = running;
    running.finally(() => {
      if (this.#rescanning === running) this.#rescanning = undefined;
    });
    return running;
  }

  async #rescan(anew: boolean): Promise<void> {
    if (this.#isClosed) return;
    let found: Looker;
    try {
      found = await this.#options.open();
    } catch (error) {
      this.#options.failed("rescan", oneLine(error));
      return;
    }
    const before = this.#looker.gpus.map(({ id }) => id), now = found.gpus.map(({ id }) => id);
    const back = this.#isClosed ? [] : this.#backIn(found);
    const added = now.filter((id) => !before.includes(id) || back.includes(id));
    const removed = before.filter((id) => !now.includes(id) || back.includes(id));
    const isSame = added.length === 0 && removed.length === 0;
    if (this.#isClosed || (isSame && !anew)) {
      found[Symbol.dispose]();
      return;
    }
    this.#looker[Symbol.dispose]();
    this.#looker = found;
    this.#options.found?.(found.gpus);
    if (added.some((id) => isShared(found.gpus.find((gpu) => gpu.id === id)))) {
      this.#monitor = monitorFor(found.gpus, this.#options.thresholds);
    }
    this.#programsDue = -Infinity;
    if (!isSame) this.#options.changed({ added, removed });
  }

  /** The GPUs that were lost, and are not for who opens them anew: they went and came between two searches. */
  #backIn(found: Looker): GpuId[] {
    const lost = (this.#last?.gpus ?? []).filter(isLost).map(({ id }) => id);
    if (lost.length === 0) return [];
    try {
      return found.look(false).gpus.filter((gpu) => lost.includes(gpu.id) && !isLost(gpu))
        .map(({ id }) => id);
    } catch {
      // The next look says why.
      return [];
    }
  }

  /** Takes no further look. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#cancel();
    this.#looker[Symbol.dispose]();
  }
}

function isLost({ state }: GpuSample): boolean {
  return state === "lost";
}

function isShared(gpu: Gpu | undefined): boolean {
  return gpu?.memory_kind === "shared";
}

function monitorFor(gpus: readonly Gpu[], thresholds = DEFAULT_THRESHOLDS): HealthMonitor {
  return new HealthMonitor({
    thresholds,
    sharedMemory: gpus.filter(isShared).map(({ id }) => id),
  });
}
