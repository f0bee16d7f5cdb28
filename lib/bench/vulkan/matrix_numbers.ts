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

/** Bits of the mantissa, and the bias of the exponent, of 8-bit floating point (arXiv:2209.05433). */
const FLOAT8 = { e4m3: { mantissa: 3, bias: 7 }, e5m2: { mantissa: 2, bias: 15 } } as const;

/** The number that 8 bits mean; NaN for E5M2's infinities too. */
export function float8Value(format: keyof typeof FLOAT8, bits: number): number {
  const { mantissa, bias } = FLOAT8[format];
  const exponent = (bits & 0x7f) >> mantissa, fraction = bits & ((1 << mantissa) - 1);
  const isNan = format === "e4m3" ? (bits & 0x7f) === 0x7f : exponent === 31;
  if (isNan) return NaN;
  const magnitude = exponent === 0
    ? fraction * 2 ** (1 - bias - mantissa)
    : (2 ** mantissa + fraction) * 2 ** (exponent - bias - mantissa);
  return bits & 0x80 ? -magnitude : magnitude;
}

/** The values of all bits from 0 to 0x7e, ascending. */
const FLOAT8_VALUES = {
  e4m3: Array.from({ length: 0x7f }, (_, bits) => float8Value("e4m3", bits)),
  e5m2: Array.from({ length: 0x7c }, (_, bits) => float8Value("e5m2", bits)),
};

/** Bits of the 8-bit floating-point number nearest to a number, ties to even; the largest for beyond. */
export function float8Bits(format: keyof typeof FLOAT8, value: number): number {
  const values = FLOAT8_VALUES[format], magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x80 : 0;
  if (Number.isNaN(value)) return 0x7f;
  let low = 0, high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((values[middle] ?? NaN) <= magnitude) low = middle;
    else high = middle - 1;
  }
  const below = values[low] ?? NaN, above = values[low + 1];
  if (above === undefined) return sign | low;
  const [down, up] = [magnitude - below, above - magnitude];
  return sign | (down < up || (down === up && low % 2 === 0) ? low : low + 1);
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
    case "e4m3":
    case "e5m2":
      return Uint8Array.from(list, (value) => float8Bits(format, value));
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
    case "e4m3":
    case "e5m2":
      return Array.from(bytes, (bits) => float8Value(format, bits));
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
