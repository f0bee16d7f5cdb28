/**
 * Dividing what is counted by weights. Pure.
 *
 * @module
 */

/**
 * Shares of a total, in proportion to weights: each is within one of its exact part, and they sum up to the
 * total (the method of the largest remainder). The same input gives the same shares.
 *
 * @param total how much there is to share: an integer, 0 or more.
 * @param weights 0 or more each; who has 0 gets nothing.
 * @param minimum a share below is none, and goes to the others; the heaviest always may have one,
 * of equals the first.
 * @throws {RangeError} where no weight is above 0, or one is no number.
 */
export function sharesByWeight(
  total: number,
  weights: readonly number[],
  minimum = 1,
): number[] {
  if (!Number.isSafeInteger(total) || total < 0) throw new RangeError(`cannot share ${total}`);
  const wrong = weights.find((weight) => !(weight >= 0 && weight < Infinity));
  if (wrong !== undefined) throw new RangeError(`${wrong} is no weight`);
  if (!weights.some((weight) => weight > 0)) throw new RangeError("no weight is above 0");
  let left = weights.map((weight) => weight);
  for (;;) {
    const shares = divide(total, left);
    const smallest = shares.reduce(
      (least, share, i) =>
        share > 0 && share < minimum && (least < 0 || (left[i] ?? 0) <= (left[least] ?? 0))
          ? i
          : least,
      -1,
    );
    const holders = left.filter((weight) => weight > 0).length;
    if (smallest < 0 || holders === 1) return shares;
    left = left.map((weight, i) => i === smallest ? 0 : weight);
  }
}

function divide(total: number, weights: readonly number[]): number[] {
  // Weights near the largest number would sum up to infinity.
  const largest = Math.max(...weights);
  const parts = weights.map((weight) => weight / largest);
  const sum = parts.reduce((all, part) => all + part, 0);
  const exact = parts.map((part) => total * part / sum);
  const shares = exact.map(Math.floor);
  let rest = total - shares.reduce((all, share) => all + share, 0);
  const byRemainder = exact.map((part, i) => ({ i, remainder: part - Math.floor(part) }))
    .filter(({ i }) => (weights[i] ?? 0) > 0)
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (let at = 0; rest > 0; at = (at + 1) % byRemainder.length, rest--) {
    const next = byRemainder[at]?.i ?? 0;
    shares[next] = (shares[next] ?? 0) + 1;
  }
  return shares;
}
