/**
 * Where in a buffer an access may be, work-group by work-group.
 *
 * @module
 */

import type { Range } from "./domain.ts";
import type { Evaluator, Knowledge } from "./evaluate.ts";
import { type Graph, NodeOp } from "./graph.ts";
import type { Access, Program } from "./program.ts";
import type { AccessWindow, ImageFacts, WholeRule } from "./verdict.ts";

/** A place in a buffer, or the packed bytes of an image: offset of the first byte, and bytes from there on. */
export interface Place {
  range: Range;
  size: number;
}

/** Why a place is not known. */
export interface Unplaced {
  rule: WholeRule;
  reason: string;
}

/** Byte offsets of 32 bits hold no more than this. */
const MOST_BYTES = 2 ** 32;

function fail(rule: WholeRule, reason: string): Unplaced {
  return { rule, reason };
}

/**
 * Where an access is.
 *
 * An index is read as signed by the specification (section 3.49.8, `OpAccessChain`) and as 32 bits by drivers: it has
 * to be one that all read alike.
 *
 * @param isUnchecked takes indices for numbers that never wrap.
 */
export function placeOf(
  { graph }: Program,
  evaluator: Evaluator,
  knowledge: Knowledge,
  access: Access,
  isUnchecked = false,
): Place | Unplaced {
  const { domain } = evaluator;
  const { offset, terms, size } = access;
  if (size === null) return fail("store_not_affine", "its type has no known size");
  let range = domain.constant(offset);
  for (const { node, stride, count } of terms) {
    const width = graph.nodes[node]?.width ?? 64;
    const raw = evaluator.evaluate(node, knowledge);
    const index = isUnchecked ? raw : domain.windowed(raw, width, false);
    const end = count ?? 2 ** Math.min(31, width - 1);
    if (!isUnchecked && !(index.max < end)) {
      return raw.k === 0
        ? fail(
          "store_not_affine",
          "nothing is known of an index that does not come from ids and constants",
        )
        : fail("store_overflows", "an index may be larger than its 32 bits, or than its array");
    }
    range = domain.add(range, domain.mul(index, domain.constant(stride), 64), 64);
  }
  if (!(range.min >= 0 && range.max < Infinity) && !isUnchecked) {
    return fail("store_overflows", "an offset in bytes may be too large");
  }
  return { range, size };
}

/**
 * Where an access of a texel is: in the packed bytes of an image, all of the rows (2-D) or slices (3-D) that its
 * last coordinate may name.
 *
 * Coordinates are to lie in the image: without `robustImageAccess` others may do anything.
 */
export function texelPlaceOf(
  { graph }: Program,
  evaluator: Evaluator,
  knowledge: Knowledge,
  { terms }: Access,
  image: ImageFacts | undefined,
): Place | Unplaced {
  const { domain } = evaluator;
  if (image?.dimensions !== terms.length) {
    return fail("image_store", "nothing is known of the image that is bound");
  }
  let range = domain.constant(0), size = image.texelBytes;
  for (const [axis, { node, width }] of terms.entries()) {
    const extent = image.extent[axis] ?? 0;
    if (axis + 1 < terms.length) size *= extent;
    range = domain.windowed(evaluator.evaluate(node, knowledge), width, false);
    // Below half of what its bits hold, it is the same number with and without a sign.
    if (range.min >= 0 && range.max < Math.min(extent, 2 ** (width - 1))) continue;
    const name = ["x", "y", "z"][axis];
    return fail(
      "image_store",
      graph.undefined.has(node) || hasUnknown(graph, [node])
        ? `nothing is known of coordinate ${name}, which does not come from ids and constants alone`
        : `coordinate ${name} may lie outside the ${extent} texels of the image: guard it by the size`,
    );
  }
  return { range: domain.mul(range, domain.constant(size), 64), size };
}

/** Whether a place lies in a buffer of `size` bytes for all work-groups. */
export function isWithin({ range, size: bytes }: Place, size: number): boolean {
  return range.min >= 0 && range.max + bytes <= Math.min(size, MOST_BYTES);
}

/** What a work-group touches at some places; null where they do not move by the same step. */
export function windowOf(places: readonly Place[]): AccessWindow | null {
  const [first] = places;
  if (first === undefined || places.some(({ range }) => range.k !== first.range.k)) return null;
  return {
    stride: first.range.k,
    first: Math.min(...places.map(({ range }) => range.lo)),
    end: Math.max(...places.map(({ range, size }) => range.hi + size)),
  };
}

/** Whether an index is made of values that are not known before the kernel runs. */
export function hasUnknownIndex({ graph }: Program, { terms }: Access): boolean {
  return hasUnknown(graph, terms.map(({ node }) => node));
}

function hasUnknown(graph: Graph, nodes: readonly number[]): boolean {
  const seen = new Set<number>();
  const work = [...nodes];
  for (let id = work.pop(); id !== undefined; id = work.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (graph.nodes[id]?.op === NodeOp.Unknown) return true;
    work.push(...graph.operands(id));
  }
  return false;
}
