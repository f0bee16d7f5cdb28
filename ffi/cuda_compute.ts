/**
 * Kernels by the CUDA driver API: PTX that the driver compiles, memory, launches timed by events, and the
 * tensor maps of Hopper's copy engine.
 *
 * ABI: `cuda.h` of the CUDA driver API reference, 12.0 to 13.0. The context is the device's primary one,
 * which the rest of the process (Vulkan's driver, a CUDA runtime) shares.
 *
 * @module
 */

import { CudaError } from "./cuda.ts";
import { type Library, openLibrary } from "./library.ts";
import { decodeCString } from "./struct.ts";

const SYMBOLS = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuGetErrorName: { parameters: ["i32", "buffer"], result: "i32" },
  cuGetErrorString: { parameters: ["i32", "buffer"], result: "i32" },
  cuDeviceGetCount: { parameters: ["buffer"], result: "i32" },
  cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetUuid_v2: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetAttribute: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDevicePrimaryCtxRetain: { parameters: ["buffer", "i32"], result: "i32" },
  cuDevicePrimaryCtxRelease_v2: { parameters: ["i32"], result: "i32" },
  cuCtxSetCurrent: { parameters: ["u64"], result: "i32" },
  cuMemAlloc_v2: { parameters: ["buffer", "usize"], result: "i32" },
  cuMemFree_v2: { parameters: ["u64"], result: "i32" },
  cuMemcpyHtoD_v2: { parameters: ["u64", "buffer", "usize"], result: "i32" },
  cuMemcpyDtoH_v2: { parameters: ["buffer", "u64", "usize"], result: "i32" },
  cuMemcpyDtoD_v2: { parameters: ["u64", "u64", "usize"], result: "i32" },
  cuMemcpyDtoDAsync_v2: { parameters: ["u64", "u64", "usize", "u64"], result: "i32" },
  cuMemsetD32_v2: { parameters: ["u64", "u32", "usize"], result: "i32" },
  cuModuleLoadDataEx: {
    parameters: ["buffer", "buffer", "u32", "buffer", "buffer"],
    result: "i32",
  },
  cuModuleUnload: { parameters: ["u64"], result: "i32" },
  cuModuleGetFunction: { parameters: ["buffer", "u64", "buffer"], result: "i32" },
  cuFuncSetAttribute: { parameters: ["u64", "i32", "i32"], result: "i32" },
  cuLaunchKernel: {
    parameters: [
      "u64",
      "u32",
      "u32",
      "u32",
      "u32",
      "u32",
      "u32",
      "u32",
      "u64",
      "buffer",
      "buffer",
    ],
    result: "i32",
  },
  cuStreamCreate: { parameters: ["buffer", "u32"], result: "i32" },
  cuStreamDestroy_v2: { parameters: ["u64"], result: "i32" },
  cuStreamSynchronize: { parameters: ["u64"], result: "i32" },
  cuEventCreate: { parameters: ["buffer", "u32"], result: "i32" },
  cuEventDestroy_v2: { parameters: ["u64"], result: "i32" },
  cuEventRecord: { parameters: ["u64", "u64"], result: "i32" },
  cuEventElapsedTime: { parameters: ["buffer", "u64", "u64"], result: "i32" },
  cuTensorMapEncodeTiled: {
    parameters: [
      "buffer",
      "i32",
      "u32",
      "u64",
      "buffer",
      "buffer",
      "buffer",
      "buffer",
      "i32",
      "i32",
      "i32",
      "i32",
    ],
    result: "i32",
    optional: true,
  },
} as const;

type Table = typeof SYMBOLS;

/** `CU_STREAM_NON_BLOCKING`. */
const NON_BLOCKING = 1;

/** `CUdevice_attribute`: what is asked of a device that computes. */
const ATTRIBUTE = {
  MULTIPROCESSOR_COUNT: 16,
  COMPUTE_CAPABILITY_MAJOR: 75,
  COMPUTE_CAPABILITY_MINOR: 76,
  MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: 97,
} as const;

/** `CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES`. */
const MAX_DYNAMIC_SHARED = 8;

/** `CU_JIT_ERROR_LOG_BUFFER` and `CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES`. */
const JIT_ERROR_LOG = 5, JIT_ERROR_LOG_BYTES = 6;

/** `CU_LAUNCH_PARAM_BUFFER_POINTER`, `CU_LAUNCH_PARAM_BUFFER_SIZE` and `CU_LAUNCH_PARAM_END`. */
const PARAM_POINTER = 1n, PARAM_SIZE = 2n, PARAM_END = 0n;

/** `CU_TENSOR_MAP_DATA_TYPE_UINT8`, `_SWIZZLE_128B` and `_L2_PROMOTION_L2_256B`. */
const TENSOR_UINT8 = 0, SWIZZLE_128B = 3, PROMOTE_256B = 3;

/** Bytes of a `CUtensorMap`, and their alignment. */
const TENSOR_MAP_BYTES = 128, TENSOR_MAP_ALIGN = 64;

/** What came of {@linkcode openCudaCompute}. */
export type CudaComputeOutcome =
  | { state: "ok"; device: CudaComputeDevice }
  | { state: "absent"; reason: string };

/** Memory of a device. Dispose it to free it. */
export interface CudaBuffer extends Disposable {
  readonly address: bigint;
  /** In bytes. */
  readonly size: number;
}

/** A compiled kernel. Dispose it to unload it. */
export interface CudaKernel extends Disposable {
  readonly handle: bigint;
}

/** How a kernel is launched: blocks and threads along x. */
export interface CudaLaunch {
  kernel: CudaKernel;
  blocks: number;
  threads: number;
  /** Bytes of dynamic shared memory. */
  sharedBytes: number;
  /** All parameters are 64 bits wide. */
  parameters: readonly bigint[];
}

/**
 * Loads CUDA and opens the device with a UUID (16 bytes).
 *
 * @throws {CudaError} where the library is there and does not start: `CUDA_ERROR_NO_DEVICE`.
 */
export function openCudaCompute(
  uuid: Uint8Array,
  { sonames = ["libcuda.so.1"] }: { sonames?: readonly string[] } = {},
): CudaComputeOutcome {
  const opened = openLibrary(sonames, SYMBOLS, { resident: true });
  if (opened.state === "absent") return opened;
  const device = CudaComputeDevice.find(opened.library, uuid);
  return device === undefined
    ? { state: "absent", reason: "CUDA does not show this device" }
    : { state: "ok", device };
}

/** Throws what a code of the library means. */
function check({ symbols }: Library<Table>, call: string, code: number, detail?: string): void {
  if (code === 0) return;
  const text = (ask: (code: number, out: BigUint64Array<ArrayBuffer>) => number) => {
    const out = new BigUint64Array(1);
    if (ask(code, out) !== 0) return undefined;
    const at = Deno.UnsafePointer.create(out[0] ?? 0n);
    return at === null ? undefined : Deno.UnsafePointerView.getCString(at);
  };
  const name = text(symbols.cuGetErrorName) ?? String(code);
  throw new CudaError(call, code, name, detail || text(symbols.cuGetErrorString));
}

/** The `extra` of `cuLaunchKernel`, with what it points to behind it in the same array. */
function launchExtra(parameters: readonly bigint[]): BigUint64Array<ArrayBuffer> {
  const extra = new BigUint64Array(6 + parameters.length);
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(extra));
  const [sizeAt, valuesAt] = [base + 5n * 8n, base + 6n * 8n];
  extra.set([PARAM_POINTER, valuesAt, PARAM_SIZE, sizeAt, PARAM_END]);
  extra.set([BigInt(8 * parameters.length), ...parameters], 5);
  return extra;
}

/** One device that computes, on a stream of its own. Methods throw {@linkcode CudaError}. */
export class CudaComputeDevice implements Disposable {
  readonly #library: Library<Table>;
  readonly #device: number;
  readonly #owned = new DisposableStack();
  readonly #context: bigint;
  readonly #stream: bigint;
  readonly #events: readonly [bigint, bigint];

  /** Takes an open library and a `CUdevice`, and retains its primary context. */
  constructor(library: Library<Table>, device: number) {
    this.#library = library;
    this.#device = device;
    const cu = library.symbols;
    using undo = new DisposableStack();
    this.#context = this.#made(
      "cuDevicePrimaryCtxRetain",
      (out) => cu.cuDevicePrimaryCtxRetain(out, device),
    );
    undo.defer(() => void cu.cuDevicePrimaryCtxRelease_v2(device));
    this.#select();
    this.#stream = this.#made("cuStreamCreate", (out) => cu.cuStreamCreate(out, NON_BLOCKING));
    undo.defer(() => void cu.cuStreamDestroy_v2(this.#stream));
    const event = () => {
      const made = this.#made("cuEventCreate", (out) => cu.cuEventCreate(out, 0));
      undo.defer(() => void cu.cuEventDestroy_v2(made));
      return made;
    };
    this.#events = [event(), event()];
    this.#owned.use(undo.move());
  }

  /** The device with a UUID; undefined where CUDA does not show it. */
  static find(library: Library<Table>, uuid: Uint8Array): CudaComputeDevice | undefined {
    const cu = library.symbols;
    check(library, "cuInit", cu.cuInit(0));
    const out = new Int32Array(1);
    check(library, "cuDeviceGetCount", cu.cuDeviceGetCount(out));
    for (let ordinal = 0, count = out[0] ?? 0; ordinal < count; ordinal++) {
      check(library, "cuDeviceGet", cu.cuDeviceGet(out, ordinal));
      const device = out[0] ?? 0;
      const bytes = new Uint8Array(16);
      check(library, "cuDeviceGetUuid", cu.cuDeviceGetUuid_v2(bytes, device));
      if (bytes.every((byte, i) => byte === uuid[i])) return new CudaComputeDevice(library, device);
    }
    return undefined;
  }

  #check(call: string, code: number, detail?: string): void {
    check(this.#library, call, code, detail);
  }

  #made(call: string, make: (out: BigUint64Array<ArrayBuffer>) => number): bigint {
    const out = new BigUint64Array(1);
    this.#check(call, make(out));
    return out[0] ?? 0n;
  }

  /** Other users of CUDA in this thread may have selected another context. */
  #select(): void {
    this.#check("cuCtxSetCurrent", this.#library.symbols.cuCtxSetCurrent(this.#context));
  }

  #attribute(attribute: keyof typeof ATTRIBUTE): number {
    const out = new Int32Array(1);
    const { cuDeviceGetAttribute } = this.#library.symbols;
    const code = cuDeviceGetAttribute(out, ATTRIBUTE[attribute], this.#device);
    this.#check(`cuDeviceGetAttribute(${attribute})`, code);
    return out[0] ?? 0;
  }

  /** Compute capability, `9.0` as 90. */
  get capability(): number {
    return 10 * this.#attribute("COMPUTE_CAPABILITY_MAJOR") +
      this.#attribute("COMPUTE_CAPABILITY_MINOR");
  }

  /** Multiprocessors. */
  get multiprocessors(): number {
    return this.#attribute("MULTIPROCESSOR_COUNT");
  }

  /** Most bytes of shared memory that a block may ask for. */
  get maxSharedBytes(): number {
    return this.#attribute("MAX_SHARED_MEMORY_PER_BLOCK_OPTIN");
  }

  /** Memory of the device. */
  allocate(size: number): CudaBuffer {
    const cu = this.#library.symbols;
    this.#select();
    const address = this.#made("cuMemAlloc", (out) => cu.cuMemAlloc_v2(out, BigInt(size)));
    const owned = new DisposableStack();
    owned.defer(() => {
      this.#select();
      cu.cuMemFree_v2(address);
    });
    return { address, size, [Symbol.dispose]: () => owned.dispose() };
  }

  /** Writes `bytes` again and again until the buffer is full. */
  fillWith(buffer: CudaBuffer, bytes: Uint8Array<ArrayBuffer>): void {
    const cu = this.#library.symbols;
    this.#select();
    const first = Math.min(bytes.length, buffer.size);
    this.#check("cuMemcpyHtoD", cu.cuMemcpyHtoD_v2(buffer.address, bytes, BigInt(first)));
    for (let done = first; done < buffer.size;) {
      const size = Math.min(done, buffer.size - done);
      const code = cu.cuMemcpyDtoD_v2(buffer.address + BigInt(done), buffer.address, BigInt(size));
      this.#check("cuMemcpyDtoD", code);
      done += size;
    }
  }

  /** A new buffer that holds `bytes`. */
  upload(bytes: Uint8Array<ArrayBuffer>): CudaBuffer {
    using undo = new DisposableStack();
    const buffer = undo.use(this.allocate(bytes.length));
    this.fillWith(buffer, bytes);
    undo.move();
    return buffer;
  }

  /** Sets every word of a buffer. */
  fill(buffer: CudaBuffer, word: number): void {
    this.#select();
    const words = BigInt(Math.floor(buffer.size / 4));
    const code = this.#library.symbols.cuMemsetD32_v2(buffer.address, word >>> 0, words);
    this.#check("cuMemsetD32", code);
  }

  /** Copies `size` bytes at `offset` of a buffer to the host. */
  readBack(buffer: CudaBuffer, offset: number, size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    this.#select();
    const from = buffer.address + BigInt(offset);
    const code = this.#library.symbols.cuMemcpyDtoH_v2(bytes, from, BigInt(size));
    this.#check("cuMemcpyDtoH", code);
    return bytes;
  }

  /**
   * Compiles a PTX module and takes the kernel `name` from it.
   *
   * @throws {CudaError} with the compiler's first line where it refuses the text.
   */
  compile(ptx: string, name: string): CudaKernel {
    const cu = this.#library.symbols;
    this.#select();
    const log = new Uint8Array(4096);
    const logAt = Deno.UnsafePointer.value(Deno.UnsafePointer.of(log));
    const options = new Int32Array([JIT_ERROR_LOG, JIT_ERROR_LOG_BYTES]);
    const values = new BigUint64Array([logAt, BigInt(log.length)]);
    const out = new BigUint64Array(1);
    const text = new TextEncoder().encode(`${ptx}\0`);
    const code = cu.cuModuleLoadDataEx(out, text, options.length, options, values);
    this.#check(
      "cuModuleLoadDataEx",
      code,
      decodeCString(log).trim().replaceAll(/\s*\n\s*/g, "; "),
    );
    const module = out[0] ?? 0n;
    using undo = new DisposableStack();
    undo.defer(() => {
      this.#select();
      cu.cuModuleUnload(module);
    });
    const entry = new TextEncoder().encode(`${name}\0`);
    const handle = this.#made(
      "cuModuleGetFunction",
      (made) => cu.cuModuleGetFunction(made, module, entry),
    );
    const owned = undo.move();
    return { handle, [Symbol.dispose]: () => owned.dispose() };
  }

  /**
   * A map of a matrix of bytes in rows, for `cp.async.bulk.tensor.2d`, in the device's memory: boxes of
   * `boxColumns` (at most 128) by `boxRows` bytes, in shared memory swizzled by 128 bytes.
   *
   * @throws {CudaError} where the driver is older than CUDA 12.
   */
  tensorMap(
    buffer: CudaBuffer,
    { rows, columns, boxRows, boxColumns }: {
      rows: number;
      columns: number;
      boxRows: number;
      boxColumns: number;
    },
  ): CudaBuffer {
    const { cuTensorMapEncodeTiled } = this.#library.symbols;
    if (cuTensorMapEncodeTiled === null) {
      throw new CudaError("cuTensorMapEncodeTiled", 500, "CUDA_ERROR_NOT_FOUND");
    }
    this.#select();
    const room = new Uint8Array(TENSOR_MAP_BYTES + TENSOR_MAP_ALIGN);
    const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(room));
    const skip = Number(-start & BigInt(TENSOR_MAP_ALIGN - 1));
    const map = room.subarray(skip, skip + TENSOR_MAP_BYTES);
    const code = cuTensorMapEncodeTiled(
      map,
      TENSOR_UINT8,
      2,
      buffer.address,
      new BigUint64Array([BigInt(columns), BigInt(rows)]),
      new BigUint64Array([BigInt(columns)]),
      new Uint32Array([boxColumns, boxRows]),
      new Uint32Array([1, 1]),
      0,
      SWIZZLE_128B,
      PROMOTE_256B,
      0,
    );
    this.#check("cuTensorMapEncodeTiled", code);
    return this.upload(map.slice());
  }

  /** Launches and waits. Gives the device time in nanoseconds. */
  time({ kernel, blocks, threads, sharedBytes, parameters }: CudaLaunch): number {
    const cu = this.#library.symbols;
    this.#select();
    this.#check(
      "cuFuncSetAttribute",
      cu.cuFuncSetAttribute(kernel.handle, MAX_DYNAMIC_SHARED, sharedBytes),
    );
    const extra = launchExtra(parameters);
    return this.#timed(() => {
      const code = cu.cuLaunchKernel(
        kernel.handle,
        blocks,
        1,
        1,
        threads,
        1,
        1,
        sharedBytes,
        this.#stream,
        null,
        extra,
      );
      this.#check("cuLaunchKernel", code);
    });
  }

  /** Copies one buffer to another of its size by the driver's own means, `times` times. Gives nanoseconds. */
  timeCopy(from: CudaBuffer, to: CudaBuffer, times: number): number {
    const cu = this.#library.symbols;
    this.#select();
    return this.#timed(() => {
      for (let i = 0; i < times; i++) {
        const bytes = BigInt(from.size);
        const code = cu.cuMemcpyDtoDAsync_v2(to.address, from.address, bytes, this.#stream);
        this.#check("cuMemcpyDtoDAsync", code);
      }
    });
  }

  /** Submits work between two events and waits. Gives nanoseconds. */
  #timed(submit: () => void): number {
    const cu = this.#library.symbols;
    const [start, end] = this.#events;
    this.#check("cuEventRecord", cu.cuEventRecord(start, this.#stream));
    submit();
    this.#check("cuEventRecord", cu.cuEventRecord(end, this.#stream));
    this.#check("cuStreamSynchronize", cu.cuStreamSynchronize(this.#stream));
    const out = new Float32Array(1);
    this.#check("cuEventElapsedTime", cu.cuEventElapsedTime(out, start, end));
    return (out[0] ?? NaN) * 1e6;
  }

  /** Frees the stream and releases the context. */
  [Symbol.dispose](): void {
    this.#select();
    this.#owned.dispose();
    this.#library[Symbol.dispose]();
  }
}
