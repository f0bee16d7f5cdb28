/**
 * What CUDA and HIP are told of memory that another interface has exported: the two have the same structures.
 *
 * ABI: `CUDA_EXTERNAL_MEMORY_HANDLE_DESC` and `CUDA_EXTERNAL_MEMORY_BUFFER_DESC` of the CUDA driver API
 * reference, 10.0 and later; `hipExternalMemoryHandleDesc` and `hipExternalMemoryBufferDesc` of
 * `hip_runtime_api.h` (before ROCm 5.6 without what is reserved at the end).
 *
 * @module
 */

import { encode, structure } from "./struct.ts";

/** `CU_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD`, `hipExternalMemoryHandleTypeOpaqueFd`. */
const OPAQUE_FD = 1;

/** `CUDA_EXTERNAL_MEMORY_HANDLE_DESC`; `handle` is a union that begins with the descriptor. */
export const ExternalMemoryHandleLayout = structure("CUDA_EXTERNAL_MEMORY_HANDLE_DESC", [
  { name: "type", type: "u32", initial: OPAQUE_FD },
  { name: "handle", type: { array: "u64", count: 2 } },
  { name: "size", type: "u64" },
  { name: "flags", type: "u32" },
  { name: "reserved", type: { array: "u32", count: 16 } },
]);

/** `CUDA_EXTERNAL_MEMORY_BUFFER_DESC`. */
export const ExternalMemoryBufferLayout = structure("CUDA_EXTERNAL_MEMORY_BUFFER_DESC", [
  { name: "offset", type: "u64" },
  { name: "size", type: "u64" },
  { name: "flags", type: "u32" },
  { name: "reserved", type: { array: "u32", count: 16 } },
]);

/** Memory behind an opaque file descriptor. */
export function externalMemoryHandle(fd: number, size: number): Uint8Array<ArrayBuffer> {
  return encode(ExternalMemoryHandleLayout, { handle: [BigInt(fd), 0n], size: BigInt(size) }).bytes;
}

/** All of such memory as a buffer. */
export function externalMemoryBuffer(size: number): Uint8Array<ArrayBuffer> {
  return encode(ExternalMemoryBufferLayout, { size: BigInt(size) }).bytes;
}
