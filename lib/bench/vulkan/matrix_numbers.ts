/**
 * Numbers of matrix formats in memory.
 *
 * @module
 */

import type { MatrixFormat } from "../../spirv/matrix_kernel.ts";

/** Bits of the bfloat16 nearest to a number, ties to even: the upper half of binary32. */
export function bfloat16Bits(value: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0;
  const isNan = (bits & 0x7fffffff) > 0x7f800000;
  return isNan ? 0x7fc0 : ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Numbers as they lie in memory, rounded to the format. */
export function encodeNumbers(
  format: MatrixFormat,
  numbers: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const list = Array.from(numbers);
  const bytes = (array: ArrayBufferView<ArrayBuffer>) => new Uint8Array(array.buffer);
  switch (format) {
    case "fp16":
      return bytes(Float16Array.from(list));
    case "bf16":
      return bytes(Uint16Array.from(list, bfloat16Bits));
    case "fp32":
      return bytes(Float32Array.from(list));
    case "fp64":
      return bytes(Float64Array.from(list));
    case "int8":
      return bytes(Int8Array.from(list));
    case "uint8":
      return bytes(Uint8Array.from(list));
    case "int32":
      return bytes(Int32Array.from(list));
    case "uint32":
      return bytes(Uint32Array.from(list));
  }
}

/** The numbers that lie in memory. */
export function decodeNumbers(format: MatrixFormat, bytes: Uint8Array<ArrayBuffer>): number[] {
  const { buffer } = bytes;
  switch (format) {
    case "fp16":
      return Array.from(new Float16Array(buffer));
    case "bf16": {
      const words = Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16);
      return Array.from(new Float32Array(words.buffer));
    }
    case "fp32":
      return Array.from(new Float32Array(buffer));
    case "fp64":
      return Array.from(new Float64Array(buffer));
    case "int8":
      return Array.from(new Int8Array(buffer));
    case "uint8":
      return Array.from(new Uint8Array(buffer));
    case "int32":
      return Array.from(new Int32Array(buffer));
    case "uint32":
      return Array.from(new Uint32Array(buffer));
  }
}
