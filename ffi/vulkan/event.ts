/**
 * Events: flags that queues and the host set and wait for.
 *
 * @module
 */

import { encode } from "../struct.ts";
import type { Device } from "./device.ts";
import * as vk from "./generated/structs.ts";
import { check } from "./loader.ts";

/** `VK_EVENT_SET`, of `VkResult`. */
const VK_EVENT_SET = 3;

/** An event. Command buffers set it and wait for it; see {@linkcode CommandBuffer.waitEvent}. */
export class DeviceEvent implements Disposable {
  readonly handle: bigint;
  /** The handle as an array of one. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #device: Device;

  /** Creates one, not set. */
  constructor(device: Device) {
    this.#device = device;
    const info = encode(vk.VkEventCreateInfo);
    this.handle = device.created(
      "vkCreateEvent",
      (out) => device.symbols.vkCreateEvent(device.handle, info.bytes, null, out),
    );
    this.bytes = new Uint8Array(BigUint64Array.of(this.handle).buffer);
  }

  /** Whether it is set now. */
  isSet(): boolean {
    const { symbols, handle } = this.#device;
    return check("vkGetEventStatus", symbols.vkGetEventStatus(handle, this.handle)) ===
      VK_EVENT_SET;
  }

  /** Sets it by the host. */
  set(): void {
    const { symbols, handle } = this.#device;
    check("vkSetEvent", symbols.vkSetEvent(handle, this.handle));
  }

  /** Takes it back by the host. No submission that waits for it may be under way. */
  reset(): void {
    const { symbols, handle } = this.#device;
    check("vkResetEvent", symbols.vkResetEvent(handle, this.handle));
  }

  /** Destroys it. */
  [Symbol.dispose](): void {
    const device = this.#device;
    device.release(() => device.symbols.vkDestroyEvent(device.handle, this.handle, null));
  }
}
