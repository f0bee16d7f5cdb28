/**
 * A GPU's memory as its regions tell it.
 *
 * @module
 */

import type { MemoryRegion } from "../../../ffi/drm_query.ts";
import type { ReadingBuilder } from "../driver.ts";

/** Why the use of memory is not known to a process without the right. */
export const NEEDS_PERFMON = "the driver tells it to those with CAP_PERFMON alone";

/** The sum over regions; null where one of them is not known. */
function sum(
  regions: readonly MemoryRegion[],
  of: (region: MemoryRegion) => number | null,
): number | null {
  return regions.reduce<number | null>((total, region) => {
    const value = of(region);
    return total === null || value === null ? null : total + value;
  }, 0);
}

/**
 * Notes the size and use of a GPU's own memory, and of the host's that it can use.
 *
 * @param regions what the driver told, or one line: why it did not.
 * @param source the query.
 * @param mayKnowUse whether this process has CAP_PERFMON.
 */
export function putRegions(
  into: ReadingBuilder,
  regions: readonly MemoryRegion[] | string,
  source: string,
  mayKnowUse: boolean,
): void {
  if (typeof regions === "string") {
    into.lack([
      "vram_used_bytes",
      "vram_total_bytes",
      "visible_vram_used_bytes",
      "visible_vram_total_bytes",
      "gtt_used_bytes",
      "gtt_total_bytes",
    ], regions);
    return;
  }
  const device = regions.filter(({ kind }) => kind === "device");
  const system = regions.filter(({ kind }) => kind === "system");
  const noUse = mayKnowUse ? "the driver does not track it" : NEEDS_PERFMON;
  const total = (of: readonly MemoryRegion[]) => of.length === 0 ? null : sum(of, (at) => at.total);
  const used = (of: readonly MemoryRegion[]) => of.length === 0 ? null : sum(of, (at) => at.used);
  const none = "the GPU has no memory of its own: it uses the host's";
  const because = (why: string) => device.length === 0 ? none : why;
  into.put("vram_total_bytes", total(device), source, none);
  into.put("vram_used_bytes", used(device), source, because(noUse));
  const visible = device.length === 0 ? null : sum(device, (at) => at.visible_total);
  into.put(
    "visible_vram_total_bytes",
    visible,
    source,
    because("the driver does not tell how much of it the processor can address"),
  );
  into.put(
    "visible_vram_used_bytes",
    device.length === 0 ? null : sum(device, (at) => at.visible_used),
    source,
    because(noUse),
  );
  into.put("gtt_total_bytes", total(system), source, "the driver lists no region of the host");
  into.put("gtt_used_bytes", used(system), source, noUse);
}
