/**
 * NVML's lists of programs, over all GPUs that are awake, in the form that the sweep over processes joins.
 *
 * @module
 */

import type { NvmlDevice } from "../../ffi/nvml.ts";
import type { Gpu, GpuId } from "../gpu/gpu.ts";
import { claimsNvidia } from "./nvidia.ts";
import { type NvmlProcess, nvmlProcesses } from "./nvidia_processes.ts";
import type { NvmlShare, OpenNvml } from "./nvml_share.ts";
import type {
  EngineShares,
  ExternalList,
  ExternalProcess,
  ExternalSource,
} from "./processes/merge.ts";
import type { Lease } from "./shared_library.ts";

/** Options of {@linkcode NvidiaProcessSource}. */
export interface NvidiaProcessSourceOptions {
  /** µs since 1970. */
  now?: () => bigint;
}

/** The source `nvml` of lists of programs. Dispose it, or follow no GPU, to let the GPUs sleep. */
export class NvidiaProcessSource implements ExternalSource, Disposable {
  readonly #share: NvmlShare;
  readonly #now: () => bigint;
  #lease: Lease<OpenNvml> | undefined;
  #followed = new Map<GpuId, { device: NvmlDevice; since: bigint | undefined }>();
  /** Why the programs of some GPUs cannot be listed. */
  #refused: string[] = [];

  /** Takes the library that the driver's readers use as well. Opens nothing. */
  constructor(
    share: NvmlShare,
    { now = () => BigInt(Date.now()) * 1000n }: NvidiaProcessSourceOptions = {},
  ) {
    this.#share = share;
    this.#now = now;
  }

  /** Says which GPUs to look at from now on: those that are awake. Others than NVIDIA's are passed over. */
  follow(gpus: readonly Gpu[]): void {
    const wanted = gpus.filter(claimsNvidia);
    this.#refused = [];
    if (wanted.length === 0) return this.#release();
    const lease = this.#lease ?? this.#share.acquire();
    if (typeof lease === "string") {
      this.#refused = [lease];
      return;
    }
    this.#lease = lease;
    const before = this.#followed;
    this.#followed = new Map();
    for (const gpu of wanted) {
      const known = before.get(gpu.id);
      const device = known?.device ?? lease.library.device(gpu);
      if (typeof device === "string") this.#refused.push(`${gpu.id}: ${device}`);
      else this.#followed.set(gpu.id, known ?? { device, since: undefined });
    }
  }

  /** Looks at the GPUs that are followed. */
  read(): ExternalList {
    const list: ExternalList & { processes: ExternalProcess[]; complete: GpuId[] } = {
      source: "nvml",
      complete: [],
      processes: [],
      pids: "host",
      partial: null,
    };
    const partial = [...this.#refused];
    for (const [gpu, state] of this.#followed) {
      if (this.#lease === undefined) break;
      const look = nvmlProcesses(this.#lease.library, state.device, {
        since: state.since,
        now: this.#now(),
      });
      state.since = look.since;
      list.processes.push(...look.processes.map((each) => toExternal(gpu, each)));
      if (look.partial === null) list.complete.push(gpu);
      else partial.push(`${gpu}: ${look.partial}`);
    }
    if (partial.length > 0) list.partial = partial.join("; ");
    return list;
  }

  #release(): void {
    this.#followed.clear();
    this.#lease?.[Symbol.dispose]();
    this.#lease = undefined;
  }

  [Symbol.dispose](): void {
    this.#release();
  }
}

/**
 * The multiprocessors both draw and compute: what a program does with them is told by its only kind, and by
 * nothing where it has both.
 */
function toExternal(gpu: GpuId, each: NvmlProcess): ExternalProcess {
  const { pid, kinds, vram_bytes, sm_pct, enc_pct, dec_pct } = each;
  const shares: EngineShares = {
    ...(enc_pct === null ? {} : { encode: enc_pct }),
    ...(dec_pct === null ? {} : { decode: dec_pct }),
  };
  const [kind, ...others] = kinds;
  if (sm_pct !== null && kind !== undefined && others.length === 0) {
    shares[kind === "graphics" ? "gfx" : "compute"] = sm_pct;
  }
  return {
    gpu,
    pid,
    kinds,
    engine_utilization_pct: Object.keys(shares).length === 0 ? null : shares,
    utilization_pct: sm_pct,
    memory_bytes: vram_bytes === null ? {} : { vram: vram_bytes },
    vram_bytes,
  };
}
