/**
 * Reading files of sysfs that make the reader wait, without stopping everything else.
 *
 * @module
 */

import { join } from "node:path";
import { decodeAttribute, type Sysroot } from "../sysfs/sysroot.ts";

/**
 * The text of a file, read on another thread: the kernel may let the reader sleep for a second
 * (amdgpu's `pcie_bw`) or ask firmware first (its error counters).
 *
 * @param limit a longer file gives nothing: its beginning may mean another thing. In bytes.
 * @returns undefined where the file cannot be read, is too long, or is no text; empty for an empty file.
 */
export async function readSlowText(
  sysroot: Sysroot,
  path: string,
  limit: number,
): Promise<string | undefined> {
  const real = sysroot.resolve(path);
  if (real === undefined) return undefined;
  const onDisk = join(sysroot.directory, real);
  try {
    // A FIFO in a dump would hold the thread forever.
    if (!(await Deno.stat(onDisk)).isFile) return undefined;
    using file = await Deno.open(onDisk, { read: true });
    const chunk = new Uint8Array(64 * 1024);
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let got = await file.read(chunk); got !== null && got > 0; got = await file.read(chunk)) {
      length += got;
      if (length > limit) return undefined;
      parts.push(chunk.slice(0, got));
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    const text = decodeAttribute(bytes);
    return text === "" && bytes.some((byte) => byte > 0x20) ? undefined : text;
  } catch {
    return undefined;
  }
}
