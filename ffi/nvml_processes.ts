/**
 * The programs on a GPU as NVML lists them.
 *
 * @module
 */

import type { Answer, Refusals } from "./answer.ts";
import type { Library } from "./library.ts";
import type { Nvml, NvmlDevice } from "./nvml.ts";
import { bindBeside, nvmlRefusals } from "./nvml_telemetry.ts";
import {
  isBlank64,
  NO_INSTANCE,
  NVML_RESULT,
  NvmlProcessInfo535Layout,
  NvmlProcessInfoV1Layout,
  NvmlProcessInfoV2Layout,
  NvmlProcessUtilizationSampleLayout,
  PROCESS_SYMBOLS,
} from "./nvml_telemetry_abi.ts";
import { decode, decodeArray } from "./struct.ts";

/** What NVML lists apart: programs that compute, that draw, and clients of the multi-process service. */
export type NvmlProcessList = "Compute" | "Graphics" | "MPSCompute";

/** A program on a GPU. */
export interface NvmlProcess {
  /** By the host's numbering, in containers too. */
  pid: number;
  /** Bytes of the GPU's memory; null where the driver does not tell. */
  usedBytes: number | null;
  /** The MIG instance that it is on; null for the whole GPU. */
  instance: { gpu: number; compute: number } | null;
}

/** A program's share of the GPU over the time since the look before. */
export interface NvmlProcessSample {
  pid: number;
  /** µs since 1970 at which it was taken. */
  timestamp: bigint;
  /** Per cent of the multiprocessors' time, of the memory's, the encoders' and the decoders'. */
  sm: number;
  memory: number;
  encoder: number;
  decoder: number;
}

/** What no driver leaves behind: two bytes of it cannot be a count of memory or an instance. */
const UNTOUCHED = 0xa5;
/** The size of the largest structure: there is room for as many of it as were asked for. */
const MOST = NvmlProcessInfo535Layout.size;
/** How often a list that grows between two calls is asked for again. */
const ATTEMPTS = 5;

/**
 * The size of the structures that a driver wrote. `_v3` of the first 535 drivers wrote 32 bytes a program
 * where those before and after it write 24, under the same name and without a word; what it left untouched
 * shows which. A driver that cleared the whole buffer first shows nothing: then it is `documented`.
 */
export function writtenSize(bytes: Uint8Array, count: number, documented: number): number {
  const untouched = (from: number, to: number) =>
    bytes.subarray(from, to).every((byte) => byte === UNTOUCHED);
  if (!untouched(count * MOST, bytes.length)) return documented;
  return untouched(count * documented, count * MOST) ? documented : MOST;
}

/**
 * The functions, over an NVML that is open. Refusals are answers. Dispose it (`using`) before that NVML.
 */
export class NvmlProcesses implements Disposable {
  readonly #library: Library<typeof PROCESS_SYMBOLS>;
  readonly #refusals: Refusals;
  readonly #count = new Uint32Array(1);

  /** Binds them. */
  constructor(nvml: Nvml) {
    this.#library = bindBeside(nvml, PROCESS_SYMBOLS);
    this.#refusals = nvmlRefusals((code) => this.#library.symbols.nvmlErrorString(code));
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }

  /**
   * The programs on a GPU or a MIG instance. Of a GPU that is in MIG mode, those of all instances: the
   * driver tells them to root alone.
   */
  running(device: NvmlDevice, list: NvmlProcessList): Answer<NvmlProcess[]> {
    let refused: Answer<NvmlProcess[]> | undefined;
    for (const version of ["_v3", "_v2", ""] as const) {
      const answer = this.#ask(device, list, version);
      if (answer.ok) return answer;
      refused ??= answer;
      const { code } = answer.refusal;
      // What an older driver does not know in this version, it may know in the one before.
      if (code !== NVML_RESULT.functionNotFound && code !== NVML_RESULT.versionMismatch) {
        return answer;
      }
    }
    return refused ?? this.#refusals.of(`nvmlDeviceGet${list}RunningProcesses`, 13);
  }

  #ask(
    device: NvmlDevice,
    list: NvmlProcessList,
    version: "_v3" | "_v2" | "",
  ): Answer<NvmlProcess[]> {
    const call = `nvmlDeviceGet${list}RunningProcesses${version}` as const;
    const found = this.#library.symbols[call];
    if (found === null) return this.#refusals.of(call, NVML_RESULT.functionNotFound);
    const layout = version === "" ? NvmlProcessInfoV1Layout : NvmlProcessInfoV2Layout;
    let room = 32;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // One more than the driver is told of: what lies behind the last must stay as it is.
      const bytes = new Uint8Array((room + 1) * MOST).fill(UNTOUCHED);
      this.#count[0] = room;
      const code = found(device, this.#count, bytes);
      const count = this.#count[0] ?? 0;
      if (code === 0) {
        const size = version === ""
          ? layout.size
          : writtenSize(bytes, Math.min(count, room), layout.size);
        const value = Array.from({ length: Math.min(count, room) }, (_, index) => {
          const { pid, usedGpuMemory } = decode(NvmlProcessInfoV1Layout, bytes, index * size);
          return {
            pid,
            usedBytes: isBlank64(usedGpuMemory) ? null : Number(usedGpuMemory),
            instance: version === "" ? null : instanceAt(bytes, index * size),
          };
        });
        return { ok: true, value: value.filter(({ pid }) => pid !== 0), call };
      }
      if (code !== NVML_RESULT.insufficientSize) return this.#refusals.of(call, code);
      room = Math.max(count, room) + 16;
    }
    return this.#refusals.of(call, NVML_RESULT.insufficientSize);
  }

  /**
   * Shares of the programs that used the GPU since a time. Empty where none did.
   *
   * @param since µs since 1970: the time of the newest sample of the look before.
   */
  utilization(device: NvmlDevice, since: bigint): Answer<NvmlProcessSample[]> {
    const call = "nvmlDeviceGetProcessUtilization";
    const found = this.#library.symbols[call];
    if (found === null) return this.#refusals.of(call, NVML_RESULT.functionNotFound);
    let room = 64;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const bytes = new Uint8Array(room * NvmlProcessUtilizationSampleLayout.size);
      this.#count[0] = room;
      const code = found(device, bytes, this.#count, since);
      const count = this.#count[0] ?? 0;
      if (code === 0) {
        const samples = decodeArray(
          NvmlProcessUtilizationSampleLayout,
          bytes,
          Math.min(count, room),
        );
        const value = samples.filter(({ pid }) => pid !== 0).map((sample) => ({
          pid: sample.pid,
          timestamp: sample.timeStamp,
          sm: sample.smUtil,
          memory: sample.memUtil,
          encoder: sample.encUtil,
          decoder: sample.decUtil,
        }));
        return { ok: true, value, call };
      }
      if (code === NVML_RESULT.notFound) return { ok: true, value: [], call };
      if (code !== NVML_RESULT.insufficientSize) return this.#refusals.of(call, code);
      room = Math.max(count, room) + 16;
    }
    return this.#refusals.of(call, NVML_RESULT.insufficientSize);
  }
}

function instanceAt(bytes: Uint8Array, offset: number): { gpu: number; compute: number } | null {
  const { gpuInstanceId, computeInstanceId } = decode(NvmlProcessInfoV2Layout, bytes, offset);
  return gpuInstanceId === NO_INSTANCE ? null : { gpu: gpuInstanceId, compute: computeInstanceId };
}
