/**
 * The clocks of Intel's GTs (the blocks of engines that share a clock) and why they are low.
 *
 * Source: the kernel's `xe_gt_freq.c`, `xe_gt_throttle.c`, `i915/gt/intel_gt_sysfs_pm.c`, `i915_sysfs.c`.
 *
 * @module
 */

import type { ReadingBuilder } from "../driver.ts";
import type { MetricName } from "../metrics.ts";
import type { PciDevice } from "../pci_device.ts";

/** One GT: paths below the device's directory. */
export interface Gt {
  kind: "main" | "media";
  /** In MHz. */
  actual: string;
  least: string;
  most: string;
  throttle: ThrottleFiles | undefined;
}

/** Files that hold 1 while something holds the clock down. */
interface ThrottleFiles {
  /** 1 where any of them is; undefined where there is no such file. */
  status: string | undefined;
  /** File of each reason, by the driver's name for it: `pl1`, `thermal`. */
  reasons: ReadonlyMap<string, string>;
}

function throttleFiles(
  device: PciDevice,
  directory: string,
  prefix: string,
): ThrottleFiles | undefined {
  const reasons = new Map<string, string>();
  let status: string | undefined;
  for (const name of device.sysroot.list(device.path(directory))) {
    if (name === "status" || name === `${prefix}status`) status = `${directory}/${name}`;
    else if (name.startsWith(prefix)) {
      reasons.set(name.slice(prefix.length), `${directory}/${name}`);
    }
  }
  return reasons.size === 0 ? undefined : { status, reasons };
}

/** `tile0/gt0` and its like of xe. A media GT calls itself `gt1-mc`. */
export function xeGts(device: PciDevice): Gt[] {
  const { sysroot } = device;
  const below = (directory: string, name: RegExp) =>
    sysroot.list(device.path(directory)).filter((each) => name.test(each));
  return below("", /^tile\d+$/).flatMap((tile) =>
    below(tile, /^gt\d+$/).map((gt): Gt => {
      const at = `${tile}/${gt}`;
      const name = sysroot.text(device.path(`${at}/gtidle/name`)) ?? "";
      return {
        kind: name.endsWith("-mc") ? "media" : "main",
        actual: `${at}/freq0/act_freq`,
        least: `${at}/freq0/min_freq`,
        most: `${at}/freq0/max_freq`,
        throttle: throttleFiles(device, `${at}/freq0/throttle`, "reason_"),
      };
    })
  );
}

/**
 * `gt/gt0` and its like of i915, below its card; before Linux 5.18 the card's own files alone. From Meteor
 * Lake on `gt1` is the media GT.
 */
export function i915Gts(device: PciDevice): Gt[] {
  const { sysroot } = device;
  const card = sysroot.list(device.path("drm")).find((name) => /^card\d+$/.test(name));
  if (card === undefined) return [];
  const at = `drm/${card}`;
  const gts = sysroot.list(device.path(`${at}/gt`)).filter((name) => /^gt\d+$/.test(name));
  if (gts.length > 0) {
    return gts.map((gt): Gt => ({
      kind: gt === "gt0" ? "main" : "media",
      actual: `${at}/gt/${gt}/rps_act_freq_mhz`,
      least: `${at}/gt/${gt}/rps_min_freq_mhz`,
      most: `${at}/gt/${gt}/rps_max_freq_mhz`,
      throttle: throttleFiles(device, `${at}/gt/${gt}`, "throttle_reason_"),
    }));
  }
  const only: Gt = {
    kind: "main",
    actual: `${at}/gt_act_freq_mhz`,
    least: `${at}/gt_min_freq_mhz`,
    most: `${at}/gt_max_freq_mhz`,
    throttle: undefined,
  };
  return sysroot.kind(device.path(only.most)) === undefined ? [] : [only];
}

/** A clock beyond is a fault: 10 GHz. */
const MAX_MHZ = 10_000;

/** A clock in MHz, the file that told it, or why there is none. */
interface Clock {
  mhz?: number;
  file: string;
  whyNot: string;
}

function readClock(device: PciDevice, file: string): Clock {
  const mhz = device.sysroot.integer(device.path(file));
  return mhz !== undefined && mhz >= 0 && mhz <= MAX_MHZ
    ? { mhz, file, whyNot: "" }
    : { file, whyNot: `no file ${file}, or no clock in it` };
}

/** The fastest of some GTs, which all could be as fast. */
function fastest(device: PciDevice, gts: readonly Gt[], which: "actual" | "least" | "most"): Clock {
  const clocks = gts.map((gt) => readClock(device, gt[which]));
  return clocks.reduce(
    (best, each) => (each.mhz ?? -1) > (best.mhz ?? -1) ? each : best,
    clocks[0] ?? { file: "", whyNot: "the driver shows no clock" },
  );
}

/** What holds the clocks down; a string says why that is not known. */
function throttleReasons(device: PciDevice, gts: readonly Gt[]): Set<string> | string {
  const found = new Set<string>();
  let known = false;
  for (const { throttle } of gts) {
    if (throttle === undefined) continue;
    const { status, reasons } = throttle;
    const any = status === undefined ? 1 : device.sysroot.integer(device.path(status));
    if (any === undefined) return `${status} cannot be read`;
    known = true;
    if (any === 0) continue;
    for (const [name, file] of reasons) {
      const value = device.sysroot.integer(device.path(file));
      if (value === undefined) return `${file} cannot be read`;
      if (value !== 0) found.add(name);
    }
  }
  return known ? found : "the driver has no files of throttle reasons";
}

/** Notes the clocks of the main GTs and of those for video, and what holds them down. */
export function putGts(into: ReadingBuilder, device: PciDevice, gts: readonly Gt[]): void {
  const main = gts.filter((gt) => gt.kind === "main");
  const media = gts.filter((gt) => gt.kind === "media");
  const put = (
    name: MetricName & `${string}_clock_${string}mhz`,
    of: readonly Gt[],
    which: "actual" | "least" | "most",
  ) => {
    const { mhz, file, whyNot } = fastest(device, of, which);
    into.put(name, mhz, `sysfs:${file}`, whyNot);
  };
  put("core_clock_mhz", main, "actual");
  put("core_clock_min_mhz", main, "least");
  put("core_clock_max_mhz", main, "most");
  if (media.length > 0) put("video_clock_mhz", media, "actual");
  else into.lack(["video_clock_mhz"], "the engines for video share the clock of the others");
  const reasons = throttleReasons(device, gts);
  into.put(
    "throttle_reasons",
    typeof reasons === "string" ? undefined : [...reasons].sort(),
    "sysfs:throttle",
    typeof reasons === "string" ? reasons : "",
  );
}

/** Whether all GTs are gated, their clocks 0: the state RC6 or C6. False where a clock is not known. */
export function areGated(device: PciDevice, gts: readonly Gt[]): boolean {
  return gts.length > 0 && gts.every((gt) => readClock(device, gt.actual).mhz === 0);
}
