/**
 * Waiting for devices without blocking the event loop.
 *
 * The host looks again and again for a moment, as most waits of a pool are short; then the driver
 * waits on a thread of its own, in slices: between two of them it is seen whether the device still
 * answers.
 *
 * @module
 */

import { asyncWaits } from "../../ffi/vulkan/async_wait.ts";
import type { Device } from "../../ffi/vulkan/device.ts";
import { check, VulkanError } from "../../ffi/vulkan/loader.ts";
import type { TimelineSemaphore } from "../../ffi/vulkan/semaphore.ts";

/** `VK_SUCCESS`, of `VkResult`. */
const VK_SUCCESS = 0;

/** How long the driver may take over the end of a slice before it counts as hung, in ms. */
const GRACE_MS = 2000;

/** What to wait for: a fence of a device, or a value of one of its timeline semaphores. */
export type WaitPoint =
  | { device: Device; fence: bigint }
  | { device: Device; timeline: TimelineSemaphore; value: bigint };

/** How to wait. */
export interface WaitOptions {
  /** For how long to look before the driver waits, in µs. */
  spinMicroseconds?: number;
  /** The longest that the driver waits at once, in ms. */
  sliceMs?: number;
  /** For how long to wait at all, in ms. */
  limitMs?: number;
}

/** What came of a wait: `lost` and `hung` are of the device, of which nothing more can be had. */
export type WaitEnd = "done" | "lost" | "hung";

/** How to wait where nothing else is said. */
export const WAIT_DEFAULTS: Readonly<Required<WaitOptions>> = {
  spinMicroseconds: 50,
  sliceMs: 50,
  limitMs: 30_000,
};

/**
 * Whether a point is reached now. Blocks for the driver's answer alone.
 *
 * @throws {VulkanError} for a lost device.
 */
export function isReached(point: WaitPoint): boolean {
  if ("timeline" in point) return point.timeline.value() >= point.value;
  const { symbols, handle } = point.device;
  return check("vkGetFenceStatus", symbols.vkGetFenceStatus(handle, point.fence)) === VK_SUCCESS;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One wait of the driver; `stuck` where it does not come back. */
async function slice(point: WaitPoint, ms: number): Promise<boolean | "stuck"> {
  const waits = asyncWaits(point.device);
  const ns = BigInt(Math.ceil(ms * 1e6));
  const wait = "timeline" in point
    ? waits.semaphore(point.timeline.handle, point.value, ns)
    : waits.fence(point.fence, ns);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stuck = new Promise<"stuck">((resolve) => {
    timer = setTimeout(() => resolve("stuck"), ms + GRACE_MS);
  });
  try {
    return await Promise.race([wait, stuck]);
  } finally {
    clearTimeout(timer);
    // Nobody else takes what a wait that comes back too late says.
    wait.catch(() => {});
  }
}

/**
 * Waits until a point is reached, and changes nothing: the limit may be over before, and the device well.
 *
 * @param over is asked after each slice; the wait ends, as by its limit, once it says true.
 * @returns `hung` where the driver itself does not come back from a wait, or a queue of the device did not
 * answer before.
 * @throws {VulkanError} by rejection, for refusals other than the loss of the device.
 */
export async function waitPoint(
  point: WaitPoint,
  options: WaitOptions = {},
  over: () => boolean = () => false,
): Promise<WaitEnd | "timeout"> {
  const { spinMicroseconds, sliceMs, limitMs } = { ...WAIT_DEFAULTS, ...options };
  const begun = performance.now();
  const elapsed = () => performance.now() - begun;
  try {
    do {
      if (point.device.isHung) return "hung";
      if (isReached(point)) return "done";
    } while (elapsed() < Math.min(spinMicroseconds / 1e3, limitMs));
    for (;;) {
      const left = limitMs - elapsed();
      if (left <= 0 || over()) return "timeout";
      const ms = Math.min(sliceMs, left);
      const before = performance.now();
      const reached = await slice(point, ms);
      if (reached === "stuck") return "hung";
      if (reached) return "done";
      if (point.device.isHung) return "hung";
      // A driver that says "not yet" at once would keep the event loop busy.
      if (performance.now() - before < ms / 2) await sleep(Math.min(ms, 10));
    }
  } catch (error) {
    if (error instanceof VulkanError && error.isDeviceLost) return "lost";
    throw error;
  }
}

/** Waits for one point; the device that does not reach it within the limit is taken for hung. */
async function settle(point: WaitPoint, options: WaitOptions): Promise<WaitEnd> {
  const begun = performance.now();
  const end = await waitPoint(point, options);
  if (end !== "hung" && end !== "timeout") return end;
  const command = "timeline" in point ? "vkWaitSemaphores" : "vkWaitForFences";
  point.device.hung(command, BigInt(Math.ceil((performance.now() - begun) * 1e6)));
  return "hung";
}

/**
 * Waits for a fence without blocking the event loop, and resets it, as {@linkcode Device.waitFence} does.
 *
 * @param limitMs in ms; a device that takes longer is hung from then on, and its objects are left alone.
 * @throws {VulkanError} by rejection, for refusals other than the loss of the device.
 */
export async function waitFence(
  device: Device,
  fence: bigint,
  limitMs: number = WAIT_DEFAULTS.limitMs,
): Promise<WaitEnd> {
  const end = await settle({ device, fence }, { limitMs });
  if (end === "done") {
    const fences = new Uint8Array(BigUint64Array.of(fence).buffer);
    check("vkResetFences", device.symbols.vkResetFences(device.handle, 1, fences));
  }
  return end;
}

/**
 * Waits for points of several devices at once, without blocking the event loop. Fences stay signalled.
 *
 * @param options the limit counts for each; a device that takes longer is hung from then on.
 * @param ended is told of each point as soon as its wait is over, by its position in `points`.
 * @returns what came of each, in the order of `points`.
 * @throws {VulkanError} by rejection, for refusals other than the loss of a device, once all waits are over.
 */
export async function waitAll(
  points: readonly WaitPoint[],
  options: WaitOptions = {},
  ended: (index: number, end: WaitEnd) => void = () => {},
): Promise<WaitEnd[]> {
  const settled = await Promise.allSettled(points.map(async (point, index) => {
    const end = await settle(point, options);
    ended(index, end);
    return end;
  }));
  return settled.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
}
