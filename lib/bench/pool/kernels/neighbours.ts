/**
 * The square of pixels around a pixel, held within the image.
 *
 * @module
 */

import type { ComputeKernel } from "../../../spirv/compute_kernel.ts";
import type { ScalarType, Value } from "../../../spirv/module.ts";
import type { KernelSize } from "../kernel.ts";

type Word = Value<ScalarType>;

/** Pixels of the square. */
export function neighbours(radius: number): number {
  return (2 * radius + 1) ** 2;
}

/** One pixel of the square. */
export interface Neighbour {
  /** Its place in the image, in rows. */
  place: Word;
  /** Its number in the square, in rows. */
  number: Word;
  /** Its row and column in the square, from 0. */
  row: Word;
  column: Word;
}

/** Calls `visit` in a loop over the square around (x, y); what lies outside is the nearest pixel within. */
export function eachNeighbour(
  k: ComputeKernel,
  { width, height, radius }: { width: Word; height: Word; radius: Word },
  x: Word,
  y: Word,
  visit: (neighbour: Neighbour) => void,
): void {
  const zero = k.constant(k.u32, 0), one = k.constant(k.u32, 1);
  const side = k.add(k.add(radius, radius), one);
  /** position + offset - radius, from 0 to below `end`: in unsigned numbers, which go below 0 nowhere. */
  const held = (position: Word, offset: Value, end: Word): Word =>
    k.min(k.sub(k.max(k.add(position, offset), radius), radius), k.sub(end, one));
  k.loop(zero, side, one, (row) => {
    const line = k.mul(held(y, row, height), width);
    const numbers = k.mul(row as Word, side);
    k.loop(zero, side, one, (column) => {
      visit({
        place: k.add(line, held(x, column, width)),
        number: k.add(numbers, column),
        row: row as Word,
        column: column as Word,
      });
    });
  });
}

/** On the host: the place of pixel `number` of the square around the pixel at `at`. */
export function clampedPlace(
  { width, height, depth: radius }: KernelSize,
  at: number,
  number: number,
): number {
  const side = 2 * radius + 1;
  const held = (position: number, end: number) => Math.max(0, Math.min(end - 1, position));
  const x = held(at % width + number % side - radius, width);
  const y = held(Math.floor(at / width) + Math.floor(number / side) - radius, height);
  return y * width + x;
}
