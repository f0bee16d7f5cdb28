/**
 * Which of two devices was lost, when a transfer between them says that one was.
 *
 * @module
 */

import { isDeviceLost, isOutOfMemory } from "../errors.ts";
import type { TransferDevice } from "./target.ts";

/** A device that can be asked for a sign of life. */
export interface Answering {
  readonly gpu: Pick<TransferDevice["gpu"], "id">;
  /** The device as it is open; throws where it cannot be. */
  get(): {
    /** Records, submits and waits. */
    run(record: () => void): void;
  };
}

function isLost(device: Answering): boolean {
  let target: ReturnType<Answering["get"]>;
  try {
    target = device.get();
  } catch (error) {
    // A device that Vulkan does not open was not lost in a transfer.
    return isDeviceLost(error);
  }
  try {
    target.run(() => {});
    return false;
  } catch (error) {
    // One that does not come back in time is of no more use either.
    return !isOutOfMemory(error);
  }
}

/** Ids of the devices that do not answer a submission without work. */
export function lostEnds(devices: readonly Answering[]): string[] {
  return devices.filter(isLost).map(({ gpu }) => gpu.id);
}
