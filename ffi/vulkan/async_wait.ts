/**
 * The driver's waits on a thread of their own: the event loop goes on meanwhile.
 *
 * @module
 */

import { encode } from "../struct.ts";
import type { Device } from "./device.ts";
import { CORE_SYMBOLS } from "./generated/commands.ts";
import * as vk from "./generated/structs.ts";
import { check, cstring, VulkanError } from "./loader.ts";

/** `VK_SUCCESS`, of `VkResult`. */
const VK_SUCCESS = 0;

const WAIT_FOR_FENCES = { ...CORE_SYMBOLS.vkWaitForFences, nonblocking: true } as const;
const WAIT_SEMAPHORES = {
  parameters: CORE_SYMBOLS.vkWaitSemaphores.parameters,
  result: CORE_SYMBOLS.vkWaitSemaphores.result,
  nonblocking: true,
} as const;

/** Waits of one device, each of which takes a thread from Deno's pool for as long as it lasts. */
export interface AsyncWaits {
  /**
   * Waits until a fence is signalled.
   *
   * @param timeoutNs in nanoseconds: a thread that waits cannot be called back.
   * @returns whether it is signalled; false where the time was over before.
   * @throws {VulkanError} by rejection, for a lost device.
   */
  fence(fence: bigint, timeoutNs: bigint): Promise<boolean>;
  /** Likewise, until a timeline semaphore has a value. Rejects where the device has no such semaphores. */
  semaphore(semaphore: bigint, value: bigint, timeoutNs: bigint): Promise<boolean>;
}

/**
 * What calls on other threads read. A call gets an address and holds no reference: without this the
 * collector may free an argument while the driver waits.
 */
const inUse = new Set<Uint8Array>();

async function keeping<T>(argument: Uint8Array, call: Promise<T>): Promise<T> {
  inUse.add(argument);
  try {
    return await call;
  } finally {
    inUse.delete(argument);
  }
}

const known = new WeakMap<Device, AsyncWaits>();

/** The waits of a device. What they wait for must outlive them. */
export function asyncWaits(device: Device): AsyncWaits {
  let waits = known.get(device);
  if (waits === undefined) known.set(device, waits = bind(device));
  return waits;
}

function bind(device: Device): AsyncWaits {
  // Looked up by device: the loader's own exports go through one more jump.
  const pointer = (name: string) => {
    const found = device.symbols.vkGetDeviceProcAddr(device.handle, cstring(name));
    if (found === null) throw new VulkanError(name, -7);
    return found;
  };
  const waitForFences = new Deno.UnsafeFnPointer(
    pointer("vkWaitForFences") as Deno.PointerObject<typeof WAIT_FOR_FENCES>,
    WAIT_FOR_FENCES,
  );
  let waitSemaphores: Deno.UnsafeFnPointer<typeof WAIT_SEMAPHORES> | undefined;
  return {
    fence: async (fence, timeoutNs) => {
      const fences = new Uint8Array(BigUint64Array.of(fence).buffer);
      const call = waitForFences.call(device.handle, 1, fences, 1, timeoutNs);
      const result = await keeping(fences, call);
      return check("vkWaitForFences", result) === VK_SUCCESS;
    },
    semaphore: async (semaphore, value, timeoutNs) => {
      waitSemaphores ??= new Deno.UnsafeFnPointer(
        pointer("vkWaitSemaphores") as Deno.PointerObject<typeof WAIT_SEMAPHORES>,
        WAIT_SEMAPHORES,
      );
      const info = encode(vk.VkSemaphoreWaitInfo, {
        pSemaphores: BigUint64Array.of(semaphore),
        pValues: BigUint64Array.of(value),
      });
      const call = waitSemaphores.call(device.handle, info.bytes, timeoutNs);
      const result = await keeping(info.bytes, call);
      return check("vkWaitSemaphores", result) === VK_SUCCESS;
    },
  };
}
