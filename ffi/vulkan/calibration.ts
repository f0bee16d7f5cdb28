/**
 * The device's clock and the host's, read at the same time (VK_KHR_calibrated_timestamps, or
 * VK_EXT_calibrated_timestamps, from which it comes).
 *
 * @module
 */

import { encode, struct } from "../struct.ts";
import type { Device } from "./device.ts";
import { VkTimeDomainEXT } from "./generated/enums.ts";
import * as vk from "./generated/structs.ts";
import { check } from "./loader.ts";
import { enumerate } from "./physical_device.ts";

const DEVICE = VkTimeDomainEXT.VK_TIME_DOMAIN_DEVICE_EXT;
const MONOTONIC = VkTimeDomainEXT.VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT;

/** An array element that is a time domain. */
const DOMAIN = struct<{ domain?: number }>("VkTimeDomainEXT", [{ name: "domain", type: "i32" }]);

/** Both clocks at one time. */
export interface ClockPair {
  /** In the ticks of timestamps that queues write. */
  deviceTicks: bigint;
  /** `CLOCK_MONOTONIC`, in nanoseconds. */
  hostNs: bigint;
  /** By how much the two may lie apart, in nanoseconds. */
  deviationNs: number;
}

/** Reads both clocks. */
export interface Calibration {
  read(): ClockPair;
}

/** What came of {@linkcode openCalibration}. */
export type CalibrationOutcome =
  | { state: "ok"; calibration: Calibration }
  | { state: "absent"; reason: string };

/** The two forms of the extension; their functions differ in the name alone. */
const FORMS = [
  {
    extension: "VK_KHR_calibrated_timestamps",
    domains: "vkGetPhysicalDeviceCalibrateableTimeDomainsKHR",
    read: "vkGetCalibratedTimestampsKHR",
  },
  {
    extension: "VK_EXT_calibrated_timestamps",
    domains: "vkGetPhysicalDeviceCalibrateableTimeDomainsEXT",
    read: "vkGetCalibratedTimestampsEXT",
  },
] as const;

/** The calibrated clocks of a device, or why it has none. */
export function openCalibration(device: Device): CalibrationOutcome {
  const form = FORMS.find(({ extension }) => device.physical.extensions.has(extension));
  const ask = form && device.instanceExtension(form.domains);
  const read = form && device.extension(form.read);
  if (form === undefined || ask === undefined || read === undefined) {
    return {
      state: "absent",
      reason: "the driver has neither VK_KHR_calibrated_timestamps nor " +
        "VK_EXT_calibrated_timestamps: its clock cannot be set beside the host's",
    };
  }
  const domains = enumerate(
    form.domains,
    DOMAIN,
    (count, elements) => ask(device.physical.handle, count, elements),
  ).map(({ domain }) => domain);
  if (!domains.includes(DEVICE) || !domains.includes(MONOTONIC)) {
    return {
      state: "absent",
      reason: `${form.extension} of this driver cannot read the device's clock and CLOCK_MONOTONIC`,
    };
  }
  const infos = joined([DEVICE, MONOTONIC]);
  const stamps = new BigUint64Array(2), deviation = new BigUint64Array(1);
  const stampBytes = new Uint8Array(stamps.buffer);
  const deviationBytes = new Uint8Array(deviation.buffer);
  return {
    state: "ok",
    calibration: {
      read: () => {
        check(form.read, read(device.handle, 2, infos, stampBytes, deviationBytes));
        const [deviceTicks = 0n, hostNs = 0n] = stamps;
        return { deviceTicks, hostNs, deviationNs: Number(deviation[0] ?? 0n) };
      },
    },
  };
}

/** An array of structures that ask for these domains. */
function joined(domains: readonly number[]): Uint8Array<ArrayBuffer> {
  const layout = vk.VkCalibratedTimestampInfoEXT;
  const bytes = new Uint8Array(layout.size * domains.length);
  domains.forEach((timeDomain, i) =>
    bytes.set(encode(layout, { timeDomain }).bytes.subarray(0, layout.size), i * layout.size)
  );
  return bytes;
}
