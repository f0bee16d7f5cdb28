/**
 * Marketing names of AMD GPUs by device and revision id, from libdrm's `amdgpu.ids`.
 *
 * `pci.ids` knows the device id alone, which several models share.
 *
 * @module
 */

import type { Sysroot } from "../sysfs/sysroot.ts";
import { AMDGPU_IDS } from "./amdgpu_ids.generated.ts";

/** Where distributions keep the list. */
export const AMDGPU_IDS_PATHS: readonly string[] = ["/usr/share/libdrm/amdgpu.ids"];

/**
 * The row of a device in text of the format of `amdgpu.ids`: `device_id,<tab>revision_id,<tab>name`.
 */
export function lookUpAmdgpuRow(
  text: string,
  device: number,
  revision: number,
): string | undefined {
  const hex = (id: number, digits: number) => id.toString(16).toUpperCase().padStart(digits, "0");
  const row = new RegExp(`^${hex(device, 4)},\\s*${hex(revision, 2)},\\s*\\S.*$`, "m");
  return row.exec(text)?.[0];
}

/** The name in such a row. */
function nameIn(row: string | undefined): string | undefined {
  return row?.split(",").slice(2).join(",").trim();
}

/** The name by the host's list, else by the copy that mvgal carries. */
export function amdgpuName(
  sysroot: Sysroot,
  device: number,
  revision: number,
): string | undefined {
  for (const path of AMDGPU_IDS_PATHS) {
    const text = sysroot.text(path, 1024 * 1024);
    const name = text === undefined ? undefined : nameIn(lookUpAmdgpuRow(text, device, revision));
    if (name !== undefined) return name;
  }
  return nameIn(lookUpAmdgpuRow(AMDGPU_IDS, device, revision));
}
