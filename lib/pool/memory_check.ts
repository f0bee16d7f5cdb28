/**
 * Whether memory can be had, before anything is taken.
 *
 * @module
 */

import { SHARED_HANDLE_EXTENSIONS, sharingFeatures } from "../../ffi/vulkan/external_memory.ts";
import type { Member } from "./member.ts";
import type { MemoryFlag } from "./memory_flags.ts";
import type { Transfers } from "./transfer/types.ts";

/** Why a member cannot have a buffer of so many bytes, in one line; undefined where it can. */
export function whyTooLarge({ name, physical }: Member, bytes: number): string | undefined {
  const { maxAllocationSize } = physical;
  return bytes <= maxAllocationSize
    ? undefined
    : `${name} allocates at most ${maxAllocationSize} bytes at once, not ${bytes}`;
}

/**
 * Why a member cannot have so many bytes of its memory now, in one line; undefined where it can, or its driver
 * does not say. What other programs take in the meantime is not foreseen.
 */
export function whyNoMemory(
  member: Pick<Member, "name" | "memory">,
  bytes: number,
): string | undefined {
  const { available } = member.memory();
  if (available === null || bytes <= available) return undefined;
  return `${member.name} has ${available} bytes of its memory left, not ${bytes}`;
}

function exportsDmaBuf({ device }: Member): boolean {
  const { extensions } = device.physical;
  return SHARED_HANDLE_EXTENSIONS.dma_buf.every((name) => extensions.has(name)) &&
    sharingFeatures(device, "dma_buf").exportable;
}

/** Why members cannot keep what flags promise of their memory, in one line; undefined where they can. */
export function whyNoFlags(
  members: readonly Member[],
  transfers: Transfers,
  flags: ReadonlySet<MemoryFlag>,
): string | undefined {
  const isDmaBuf = flags.has("DMA_BUF");
  if (isDmaBuf) {
    const without = members.find((member) => !exportsDmaBuf(member));
    if (without !== undefined) {
      return `DMA_BUF memory cannot be had: ${without.name} exports none`;
    }
  }
  if (!flags.has("P2P")) return undefined;
  for (const from of members) {
    for (const to of members) {
      if (from === to) continue;
      const { tier, refused } = transfers.plan(from, to);
      // Memory that is exported as a dma-buf goes by other ways than this only through the host.
      if (isDmaBuf ? tier === "dma_buf" : tier !== "staging") continue;
      const [best] = refused;
      const why = tier === "staging" ? best?.reason : `it would go by ${tier}`;
      return `P2P memory cannot be had: from ${from.name} to ${to.name} bytes go through the host` +
        (why === undefined ? "" : ` (${why})`);
    }
  }
  return undefined;
}
