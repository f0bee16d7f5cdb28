/**
 * The sizes and use of the kinds of memory that amdgpu shows.
 *
 * Source: the kernel's `Documentation/gpu/amdgpu/driver-misc.rst`, GPU Memory Usage Information; in bytes.
 *
 * @module
 */

import { memorySize } from "../../discovery/fact_notes.ts";
import type { DeviceFiles } from "../../sysfs/device_files.ts";
import type { ReadingBuilder } from "../driver.ts";
import { ASLEEP, type PciDevice } from "../pci_device.ts";

/** Metrics of a kind of memory, and the name of its files: `mem_info_vram_total`. */
const KINDS = [
  ["vram_total_bytes", "vram_used_bytes", "vram"],
  ["visible_vram_total_bytes", "visible_vram_used_bytes", "vis_vram"],
  ["gtt_total_bytes", "gtt_used_bytes", "gtt"],
] as const;

/** How much is in use: 0 too; undefined for what no memory has. */
function memoryUse(bytes: number | undefined): number | undefined {
  return bytes === 0 ? 0 : memorySize(bytes);
}

/** Notes them. What is in use of a memory of 0 bytes, or more than there is, is no use of it. */
export function putMemory(into: ReadingBuilder, device: PciDevice, files: DeviceFiles): void {
  const integer = (file: string) => device.has(file) ? files.integer(file) : undefined;
  const whyNot = (file: string) => files.asleep ? ASLEEP : device.whyNot(file, "size of memory");
  for (const [totalMetric, usedMetric, kind] of KINDS) {
    const totalFile = `mem_info_${kind}_total`, usedFile = `mem_info_${kind}_used`;
    const told = integer(totalFile), total = memorySize(told), used = memoryUse(integer(usedFile));
    const none = told === 0 ? `${totalFile} says 0: there is no such memory` : undefined;
    const tooMuch = used !== undefined && total !== undefined && used > total
      ? `${usedFile} is more than ${totalFile}`
      : undefined;
    into.put(totalMetric, total, `sysfs:${totalFile}`, () => none ?? whyNot(totalFile));
    into.put(
      usedMetric,
      none === undefined && tooMuch === undefined ? used : undefined,
      `sysfs:${usedFile}`,
      () => none ?? tooMuch ?? whyNot(usedFile),
    );
  }
}
