/**
 * Text with NULs between its parts.
 *
 * amdgpu prints each part of `pp_od_clk_voltage` at an offset that it took from the length of another's
 * buffer, and leaves NULs between them, on many kernels up to 6.x. Elsewhere NULs inside a file are a fault.
 *
 * @module
 */

import { decodeAttribute, type Sysroot } from "../sysfs/sysroot.ts";

/** The file's text without NULs; undefined where it cannot be read or is no text. */
export function readPaddedText(sysroot: Sysroot, path: string): string | undefined {
  const bytes = sysroot.bytes(path);
  if (bytes === undefined) return undefined;
  const text = decodeAttribute(bytes.filter((byte) => byte !== 0));
  return text === "" ? undefined : text;
}
