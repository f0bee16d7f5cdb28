/**
 * Whether two results are the same but for how vendors round.
 *
 * @module
 */

/** The part of the words that may differ by more: where a point leaves a set, a step earlier or later. */
const ODD = 0.02;
const TOLERANCE = 1e-3;

/**
 * Whether samples of results agree: words in hexadecimal digits, as `jobs.c` prints them. Words are equal, or
 * floats that are near.
 */
export function samplesAgree(left: string, right: string): boolean {
  if (left.length !== right.length || left.length === 0) return false;
  const [a, b] = [floats(left), floats(right)];
  let odd = 0;
  for (let at = 0; at < a.length; at++) {
    const [x = NaN, y = NaN] = [a[at], b[at]];
    const isSame = left.slice(8 * at, 8 * at + 8) === right.slice(8 * at, 8 * at + 8);
    if (!isSame && !(Math.abs(x - y) <= TOLERANCE * Math.max(Math.abs(x), Math.abs(y)))) odd++;
  }
  return odd <= ODD * a.length;
}

function floats(digits: string): Float32Array {
  const words = digits.match(/.{8}/g) ?? [];
  return new Float32Array(new Uint32Array(words.map((word) => parseInt(word, 16))).buffer);
}
