/**
 * C structures in memory.
 *
 * @module
 */

/** A structure in memory, with all that it points to. Keep it reachable while C may read it. */
export class Encoded {
  /** The bytes; pass this as a `buffer` argument: the structure itself starts at byte 0. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Address of the structure. Valid while this object is reachable. */
  readonly address: bigint;
  /** Offsets of the elements of the `pNext` chain of the (first) structure, in the order given. */
  readonly chainOffsets: readonly number[];
  /** Buffers that the structure points to by address. */
  readonly #retained: readonly unknown[];

  /** Takes what {@linkcode encode} wrote. */
  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    address: bigint,
    chainOffsets: number[],
    retained: unknown[],
  ) {
    this.bytes = bytes;
    this.address = address;
    this.chainOffsets = chainOffsets;
    this.#retained = retained;
  }

  /** How many other buffers this one keeps alive. */
  get retained(): number {
    return this.#retained.length;
  }
}
