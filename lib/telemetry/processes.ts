/**
 * The programs that use GPUs: one look at `/proc` for all of them, joined with what drivers tell otherwise.
 *
 * @module
 */

import type { Gpu, GpuId } from "../gpu/gpu.ts";
import { isAsleep, readPowerState } from "../sysfs/device_files.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import type { GpuProcess, ProcessList } from "./process.ts";
import { ClientSweep } from "./processes/clients.ts";
import { Identities, UNKNOWN_IDENTITY } from "./processes/identity.ts";
import { hasKfd, openKfd } from "./processes/kfd.ts";
import {
  type ExternalList,
  type ExternalSource,
  type MergedUse,
  mergeUses,
  type SourcedUse,
} from "./processes/merge.ts";
import type { GpuNodes } from "./processes/nodes.ts";
import { describeMissed, readView, type View } from "./processes/partial.ts";
import { ProcFiles } from "./processes/proc_files.ts";
import { UserNames } from "./processes/users.ts";

/** A GPU as far as the sweep needs to know it. */
export type SweptGpu = GpuNodes & Pick<Gpu, "vram_total_bytes">;

/** Options of {@linkcode openProcessSweep}. */
export interface ProcessSweepOptions {
  sysroot: Sysroot;
  /** Programs that use others are not listed. */
  gpus: readonly SweptGpu[];
  /** A monotonic clock in ms. */
  now(): number;
  /** Further sources, e.g. NVML. KFD is looked for without being named. */
  externals?: readonly ExternalSource[];
  /**
   * A process that is not listed: by default this one, which opens GPUs only to read them. Null for none.
   */
  except?: number | null;
}

/** Looks at the programs again and again. Dispose it to close its files. */
export interface ProcessSweep extends Disposable {
  /**
   * The programs that use GPUs now; shares are since the sweep before. Never throws for what a host may
   * answer, and wakes no GPU: of one that sleeps, fdinfo is not read.
   */
  sweep(): ProcessList;
}

/**
 * Starts to look at the programs that use some GPUs.
 *
 * @example
 * ```ts
 * import { Sysroot } from "../sysfs/sysroot.ts";
 * import { openProcessSweep } from "./processes.ts";
 *
 * using sweep = openProcessSweep({
 *   sysroot: new Sysroot(),
 *   gpus: [],
 *   now: () => performance.now(),
 * });
 * sweep.sweep().processes.length; // 0: no GPU was asked for
 * ```
 */
export function openProcessSweep(options: ProcessSweepOptions): ProcessSweep {
  try {
    return new Sweep(options, new ProcFiles(options.sysroot));
  } catch (error) {
    // Without /proc there are no names, but drivers may still list programs.
    const why = `open files of all processes not looked at: ${messageOf(error)}`;
    return new Sweep(options, undefined, why);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class Sweep implements ProcessSweep {
  readonly #options: ProcessSweepOptions;
  readonly #proc: ProcFiles | undefined;
  readonly #failure: string | undefined;
  readonly #clients: ClientSweep | undefined;
  readonly #identities: Identities | undefined;
  readonly #users: UserNames;
  readonly #externals: readonly ExternalSource[];
  readonly #view: View;
  readonly #except: number | null;

  constructor(options: ProcessSweepOptions, proc: ProcFiles | undefined, failure?: string) {
    const { sysroot, gpus, externals = [] } = options;
    this.#options = options;
    this.#proc = proc;
    this.#failure = failure;
    this.#users = new UserNames(sysroot.directory);
    this.#view = readView(sysroot);
    this.#except = options.except === undefined
      ? (sysroot.isHost ? Deno.pid : null)
      : options.except;
    this.#externals = hasKfd(sysroot) ? [...externals, openKfd(sysroot, gpus)] : externals;
    if (proc !== undefined) {
      this.#identities = new Identities(proc, this.#users);
      this.#clients = new ClientSweep(proc, this.#identities, gpus);
    }
  }

  sweep(): ProcessList {
    const { now } = this.#options;
    this.#users.refresh();
    const lists = this.#externals.map((source) => source.read());
    const complete = new Set(lists.flatMap((list) => list.complete));
    const own = this.#clients?.sweep(now, this.#asleep()) ?? { used: [], held: [] };
    const { here, foreign } = this.#sort(lists);
    const merged = mergeUses([...own.used, ...here]);
    const listed = new Set(merged.map(({ pid, gpu }) => `${pid} ${gpu}`));
    merged.push(...mergeUses(
      own.held.filter(({ use: { pid, gpu } }) =>
        !listed.has(`${pid} ${gpu}`) && !complete.has(gpu)
      ),
    ));
    const strangers = mergeUses(foreign);
    const processes = [
      ...merged.filter(({ pid }) => pid !== this.#except).map((use) => this.#named(use)),
      ...strangers.map((use) => ({ ...use, ...UNKNOWN_IDENTITY })),
    ];
    this.#identities?.endSweep();
    const order = new Map(this.#options.gpus.map(({ id }, index) => [id, index]));
    processes.sort((a, b) => (order.get(a.gpu) ?? 0) - (order.get(b.gpu) ?? 0) || a.pid - b.pid);
    return {
      processes: processes.map((each) => this.#record(each)),
      partial: this.#partial(lists, strangers),
    };
  }

  /** Uses by processes of this pid namespace, and by those that are known by the host's pids alone. */
  #sort(lists: readonly ExternalList[]): { here: SourcedUse[]; foreign: SourcedUse[] } {
    const here: SourcedUse[] = [];
    const foreign: SourcedUse[] = [];
    const known = new Set(this.#options.gpus.map(({ id }) => id));
    for (const { source, pids, processes } of lists) {
      const into = pids === "host" && this.#view.ownPidNamespace ? foreign : here;
      for (const use of processes) if (known.has(use.gpu)) into.push({ source, use });
    }
    return { here, foreign };
  }

  #named(use: MergedUse): MergedUse & typeof UNKNOWN_IDENTITY {
    const known = this.#identities?.of(use.pid, this.#options.now());
    return { ...use, ...(known?.identity ?? UNKNOWN_IDENTITY) };
  }

  /** The record in its own order; what a process holds is never more than the GPU has. */
  #record(use: MergedUse & typeof UNKNOWN_IDENTITY): GpuProcess {
    const total = this.#options.gpus.find(({ id }) => id === use.gpu)?.vram_total_bytes ?? Infinity;
    return {
      gpu: use.gpu,
      pid: use.pid,
      name: use.name,
      command: use.command,
      uid: use.uid,
      user: use.user,
      container: use.container,
      kinds: use.kinds,
      engine_utilization_pct: use.engine_utilization_pct,
      utilization_pct: use.utilization_pct,
      memory_bytes: use.memory_bytes,
      vram_bytes: use.vram_bytes === null ? null : Math.min(use.vram_bytes, total),
      sources: use.sources,
    };
  }

  /** GPUs that sleep. Asked once a sweep, of a file that does not wake them. */
  #asleep(): Set<GpuId> {
    const { sysroot, gpus } = this.#options;
    return new Set(
      gpus.filter(({ pci_slot, drm_node }) => {
        const directory = pci_slot !== null
          ? `/sys/bus/pci/devices/${pci_slot}`
          : drm_node !== null
          ? `/sys/class/drm/${drm_node.slice(drm_node.lastIndexOf("/") + 1)}/device`
          : undefined;
        return directory !== undefined && isAsleep(readPowerState(sysroot, directory));
      }).map(({ id }) => id),
    );
  }

  #partial(lists: readonly ExternalList[], strangers: readonly MergedUse[]): string | null {
    return describeMissed({
      ...this.#view,
      root: Deno.uid() === 0,
      denied: this.#clients?.denied ?? 0,
      foreign: new Set(strangers.map(({ pid }) => pid)).size,
      sources: [
        ...(this.#failure === undefined ? [] : [this.#failure]),
        ...lists.flatMap(({ partial }) => partial === null ? [] : [partial]),
      ],
    });
  }

  [Symbol.dispose](): void {
    this.#proc?.[Symbol.dispose]();
  }
}
