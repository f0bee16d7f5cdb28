/**
 * Push constants of a kernel, as bytes.
 *
 * @module
 */

import type { KernelCode } from "./kernel_types.ts";

/**
 * The block of push constants with its values by name; addresses of buffers before them stay 0.
 *
 * @throws {TypeError} where a value is missing.
 */
export function encodePush(
  code: Pick<KernelCode, "pushBytes" | "pushOffsets">,
  values: Readonly<Record<string, number>>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(code.pushBytes);
  const view = new DataView(bytes.buffer);
  for (const [name, { offset, type }] of code.pushOffsets) {
    const value = values[name];
    if (value === undefined) throw new TypeError(`the kernel needs a value of ${name}`);
    if (type.kind === "int") view.setUint32(offset, value >>> 0, true);
    else if (type.width === 64) view.setFloat64(offset, value, true);
    else if (type.width === 32) view.setFloat32(offset, value, true);
    else view.setFloat16(offset, value, true);
  }
  return bytes;
}
