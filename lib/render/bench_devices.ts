/**
 * The devices of a report under names that are short, unique and safe to print.
 *
 * @module
 */

import type { BenchDevice, BenchEntry } from "../bench/report.ts";
import { printable } from "./text.ts";

/** A device under the names that charts and tables give it. All are safe to print. */
export interface DeviceLabel {
  id: string;
  /** Its own name, which several may have. */
  name: string;
  /** Unique in the report: the name, and which of those of this name: `NVIDIA H200 #3`. */
  tag: string;
  /** Null for a device that only benchmarks name. */
  device: BenchDevice | null;
}

/** The devices of a report, and those that only its benchmarks name. */
export function deviceLabels(
  devices: readonly BenchDevice[],
  entries: readonly BenchEntry[],
): DeviceLabel[] {
  const known = new Map<string, BenchDevice | null>();
  for (const device of devices) known.set(device.id, device);
  for (const { device, peer } of entries) {
    for (const id of [device, peer]) if (id && !known.has(id)) known.set(id, null);
  }
  const named = [...known].map(([id, device]) => ({
    id,
    device,
    name: printable(device?.name || id),
  }));
  const counts = Map.groupBy(named, ({ name }) => name);
  return named.map((label) => {
    const namesakes = counts.get(label.name) ?? [];
    const tag = namesakes.length < 2 ? label.name : `${label.name} #${namesakes.indexOf(label)}`;
    return { ...label, tag };
  });
}
