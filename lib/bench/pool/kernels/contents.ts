/**
 * First contents of buffers: random, and the same at each call.
 *
 * @module
 */

/** Calls `put` with `count` random 32-bit words (xorshift32; Marsaglia, "Xorshift RNGs", 2003). */
function randomly(seed: number, count: number, put: (at: number, word: number) => void): void {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  for (let at = 0; at < count; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    put(at, state >>> 0);
  }
}

/** Random 32-bit words. */
export function randomWords(seed: number, count: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(count);
  randomly(seed, count, (at, word) => words[at] = word);
  return new Uint8Array(words.buffer);
}

/** Random binary32 numbers from `low` to `high`, spread evenly. */
export function randomFloats(
  seed: number,
  count: number,
  low: number,
  high: number,
): Uint8Array<ArrayBuffer> {
  const floats = new Float32Array(count);
  // The upper 24 bits: all that a binary32 holds.
  const step = (high - low) / 2 ** 24;
  randomly(seed, count, (at, word) => floats[at] = low + (word >>> 8) * step);
  return new Uint8Array(floats.buffer);
}

/**
 * Bytes as binary32 numbers.
 *
 * @throws {TypeError} for null: a buffer that has no first contents.
 */
export function asFloats(bytes: Uint8Array<ArrayBuffer> | null | undefined): Float32Array {
  if (!bytes) throw new TypeError("the kernel's reference needs the contents of its input buffers");
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
