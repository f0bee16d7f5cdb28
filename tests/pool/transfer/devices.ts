/**
 * Members for tests of copies, with known bytes in their memory.
 *
 * @module
 */

import assert from "node:assert/strict";
import { openTransfers, type TransferOptions } from "../../../lib/pool/transfer/open.ts";
import type { TransferMember, Transfers } from "../../../lib/pool/transfer/types.ts";
import { FenceDevices } from "../fence_devices.ts";

export { poolTest } from "../fence_devices.ts";

/** Members of software drivers, under names of their own; with `twice` one of them once more. */
export function softwareMembers(devices: FenceDevices, twice = false): TransferMember[] {
  const members = twice ? devices.members : devices.distinct;
  return members.map(({ index, device, queue }) => ({
    index,
    id: `vulkan:${index}`,
    name: `${device.physical.name.split(" ")[0]} ${index}`,
    device,
    queue,
  }));
}

/** Opens transfers between software devices; `body` may use them. */
export async function withTransfers(
  body: (transfers: Transfers, members: readonly TransferMember[]) => Promise<void>,
  { choose = (all) => all, twice = false, ...options }: TransferOptions & {
    choose?: (members: TransferMember[]) => TransferMember[];
    twice?: boolean;
  } = {},
): Promise<void> {
  using devices = new FenceDevices();
  const members = choose(softwareMembers(devices, twice));
  using transfers = await openTransfers(members, options);
  await body(transfers, members);
}

/** Bytes of which no two stretches are the same, by a seed. */
export function known(size: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = seed >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    // Marsaglia's xorshift.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}

/** All of a buffer. */
export const whole = (size: number) => [{ sourceOffset: 0, destinationOffset: 0, size }];

/** Whether the bytes are the same, said shortly. */
export function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  assert.ok(at < 0, `${what}: byte ${at} is ${actual[at]}, not ${expected[at]}`);
}
