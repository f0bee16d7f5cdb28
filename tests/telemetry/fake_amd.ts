/** AMD GPUs as small trees of files, and what is read of them. */

import assert from "node:assert/strict";
import { discover } from "../../lib/discovery/mod.ts";
import type { Gpu } from "../../lib/gpu/gpu.ts";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";
import type { TelemetryDriver, TelemetryReader } from "../../lib/telemetry/driver.ts";
import { pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";

/** Where the GPU of {@linkcode fakeAmd} is. */
export const AT = "pci0000:00/0000:00:01.0/0000:01:00.0";

/** The GPU's directory, below the root. */
export const DEVICE = `sys/devices/${AT}`;

/** A root that notes what is opened below it, and refuses some files, as a driver in suspend does. */
export class RecordingSysroot extends Sysroot {
  readonly opened: string[] = [];
  /** Paths that cannot be read: EPERM or EBUSY. */
  refused: RegExp | undefined;

  override bytes(path: string, limit?: number): Uint8Array | undefined {
    this.opened.push(path);
    return this.refused?.test(path) ? undefined : super.bytes(path, limit);
  }

  /** Files are opened by the path that this gives, or by {@linkcode bytes}. */
  override resolve(path: string): string | undefined {
    this.opened.push(path);
    return super.resolve(path);
  }
}

/** A card with files of its own, by their paths below the device's directory. */
export function fakeAmd(more: TreeFiles, device = "0x744c", driver = "amdgpu"): Tree {
  return new Tree(pciFunction({
    at: AT,
    class: "0x030000",
    vendor: "0x1002",
    device,
    driver,
    more: { "power/runtime_status": "active", ...more },
  }));
}

/** The one GPU of a root that a driver claims, and its reader. */
export function openOnly(
  driver: TelemetryDriver,
  sysroot: Sysroot,
  now: () => number = () => 0,
): { gpu: Gpu; reader: TelemetryReader } {
  const gpus = discover({ sysroot }).gpus.filter((gpu) => driver.claims(gpu));
  const [gpu] = gpus;
  assert.ok(gpu !== undefined && gpus.length === 1, `${gpus.length} GPUs`);
  const reader = driver.open(gpu, { sysroot, now });
  assert.ok(typeof reader !== "string", String(reader));
  return { gpu, reader };
}
