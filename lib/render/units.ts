/**
 * Figures with units for people.
 *
 * @module
 */

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/**
 * A size in bytes: `4.0 GiB`, `512 MiB`, `17 B`. One decimal below ten of a unit, and none from there
 * on unless it is not 0.
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = unit === 0 ? `${value}` : value.toFixed(1);
  return `${value >= 10 ? text.replace(/\.0$/, "") : text} ${BINARY[unit]}`;
}

/** Speed in GT/s of each generation of PCI Express, from 1. */
const GIGATRANSFERS = [2.5, 5, 8, 16, 32, 64, 128];

/** A PCIe link: `gen 4 x16 (16 GT/s)`; what is not known is a question mark. */
export function formatLink(gen: number | null, width: number | null): string {
  const speed = gen === null ? undefined : GIGATRANSFERS[gen - 1];
  return `gen ${gen ?? "?"} x${width ?? "?"}${speed === undefined ? "" : ` (${speed} GT/s)`}`;
}

/** `1 GPU`, `2 GPUs`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
