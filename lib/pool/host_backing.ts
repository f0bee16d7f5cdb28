/**
 * A buffer's copy on the host: pages that members import, so that they copy to and from them without another
 * copy in between; and, where their memory is the host's anyway, run kernels on them in place.
 *
 * @module
 */

import { HostMemory, pageSize } from "../../ffi/libc.ts";
import type { DeviceBuffer } from "../../ffi/vulkan/device.ts";
import type { Member } from "./member.ts";
import type { HostSide, SharedHost, Transfers } from "./transfer/types.ts";

/** Pages of the host, and what members made of them. Dispose it once nothing uses it. */
export class HostBacking implements HostSide, Disposable {
  readonly #memory: HostMemory;
  readonly #shared: SharedHost;
  readonly anyQueue = true;

  /**
   * Takes pages of the host, with whatever was in them.
   *
   * @param size in bytes; the pages may go on behind it.
   * @param members that may import them: the pages suit what each of them asks for.
   * @throws {RangeError} where the host has not as much memory.
   */
  constructor(transfers: Transfers, size: number, members: readonly Member[]) {
    const alignments = members.map(({ physical }) => physical.hostPointerAlignment ?? 1);
    const alignment = Math.max(pageSize(), ...alignments);
    const whole = Math.max(1, Math.ceil(size / alignment)) * alignment;
    this.#memory = HostMemory.allocate(whole, alignment);
    this.#shared = transfers.importHost(this.#memory, size);
  }

  /** The contents. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#shared.bytes;
  }

  /** The pages as a member's buffer; a string says why there is none. Imported on first use. */
  on(member: Member): DeviceBuffer | string {
    return this.#shared.on(member);
  }

  /**
   * Gives the pages back. Those that a member without an answer has imported stay: it may write to them still.
   */
  [Symbol.dispose](): void {
    const { isHeld } = this.#shared;
    this.#shared[Symbol.dispose]();
    if (!isHeld) this.#memory[Symbol.dispose]();
  }
}
