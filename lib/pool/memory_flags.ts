/**
 * What is asked of a buffer's memory. Pure.
 *
 * @module
 */

/** The flags of {@linkcode LogicalDevice.allocate}, by name. */
export const MEMORY_FLAGS = [
  "HOST_VALID",
  "GPU_VALID",
  "SHARED",
  "DMA_BUF",
  "P2P",
  "REPLICATED",
  "PERSISTENT",
  "LAZY_ALLOCATE",
] as const;

/**
 * | Flag | Means |
 * |-|-|
 * | `HOST_VALID` | After each dispatch, before it counts as done, what it wrote is copied to the host. |
 * | `GPU_VALID` | What the host writes is copied to every member before the write counts as done. |
 * | `SHARED` | One memory for all: pages of the host that every member reads and writes in place. Refused where a member cannot import them. |
 * | `DMA_BUF` | Each member's memory can be exported as a dma-buf. Refused where a member cannot. |
 * | `P2P` | Between members it is copied without the host. Refused where a pair of members has no such way. |
 * | `REPLICATED` | After each write, by the host or a dispatch, every member holds the whole contents. |
 * | `PERSISTENT` | The host's copy is mapped as long as the buffer lives: {@linkcode LogicalBuffer.bytes}. |
 * | `LAZY_ALLOCATE` | A member's memory is taken when it is first used there; without it all of it at once, so that want of it is an error of `allocate`. |
 *
 * Without flags a buffer's bytes lie where they were written last, and are copied when they are used elsewhere.
 */
export type MemoryFlag = typeof MEMORY_FLAGS[number];

/** Flags that exclude each other, and why. */
const EXCLUSIVE: readonly (readonly [MemoryFlag, MemoryFlag, string])[] = [
  ["SHARED", "REPLICATED", "there is one copy, or there is one for each member"],
  ["SHARED", "DMA_BUF", "pages of the host are no dma-buf"],
  ["SHARED", "P2P", "pages of the host are on the host's side"],
];

/**
 * The flags as a set.
 *
 * @throws {RangeError} for a flag that there is not, or two that exclude each other; one line.
 */
export function checkMemoryFlags(flags: Iterable<string>): ReadonlySet<MemoryFlag> {
  const known = new Set<MemoryFlag>();
  for (const flag of flags) {
    const found = MEMORY_FLAGS.find((each) => each === flag);
    if (found === undefined) {
      throw new RangeError(`no memory flag '${flag}': there are ${MEMORY_FLAGS.join(", ")}`);
    }
    known.add(found);
  }
  for (const [one, other, why] of EXCLUSIVE) {
    if (known.has(one) && known.has(other)) {
      throw new RangeError(`memory cannot be both ${one} and ${other}: ${why}`);
    }
  }
  return known;
}
