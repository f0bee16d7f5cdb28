/**
 * Pointers into buffers, push constants and variables, index by index.
 *
 * @module
 */

import type { Graph } from "./graph.ts";
import { Decorate } from "./spirv_constants.ts";
import { extentOf, hasDecoration, type MatrixLayout, type Type } from "./types.ts";
import { leafCount, type Pointer, type Root, type Value } from "./values.ts";

/** Whether memory behind a root has explicit offsets. */
function isLaidOut(root: Root): boolean {
  return root.kind === "buffer" || root.kind === "push";
}

/** A pointer that leads to something not known. */
function lost(pointer: Pointer, type: Type): Pointer {
  return { ...pointer, root: { kind: "lost" }, type };
}

/** One step into a variable that is followed scalar by scalar. */
function stepInSlots(graph: Graph, pointer: Pointer, index: number | null, inner: Type): Pointer {
  const { type } = pointer;
  const constant = index === null ? undefined : graph.constantOf(index);
  if (constant === undefined || pointer.whole !== null) {
    // Any scalar from here on.
    return { ...pointer, type: inner, whole: pointer.whole ?? leafCount(type) ?? 1 };
  }
  const size = type.kind === "struct"
    ? type.members.slice(0, constant).reduce((sum, each) => sum + (leafCount(each.type) ?? 0), 0)
    : constant * (leafCount(inner) ?? 0);
  const count = "count" in type ? type.count : null;
  if (constant < 0 || (count !== null && constant >= count)) return lost(pointer, inner);
  return { ...pointer, type: inner, offset: pointer.offset + size };
}

/** Bytes from element to element, and how many there are. */
function strideOf(
  type: Type,
  matrix: MatrixLayout,
): { stride: number | null; count: number | null } {
  switch (type.kind) {
    case "array":
      return { stride: type.stride, count: type.count };
    case "runtime_array":
      return { stride: type.stride, count: null };
    case "matrix":
      return { stride: matrix.stride, count: type.count };
    case "vector":
      return { stride: extentOf(type.element, matrix), count: type.count };
    default:
      return { stride: null, count: null };
  }
}

function stepInMemory(graph: Graph, pointer: Pointer, index: number | null, inner: Type): Pointer {
  const { type, matrix, whole } = pointer;
  // Inside a matrix by rows every access counts as one of all of it.
  if (whole !== null) return { ...pointer, type: inner };
  if (type.kind === "matrix" && matrix.isRowMajor) {
    const extent = extentOf(type, matrix);
    return extent === null ? lost(pointer, inner) : { ...pointer, type: inner, whole: extent };
  }
  const { stride, count } = strideOf(type, matrix);
  if (stride === null || index === null) return lost(pointer, inner);
  const constant = graph.constantOf(index);
  if (constant !== undefined && constant >= 0 && constant < (count ?? 2 ** 31)) {
    return { ...pointer, type: inner, offset: pointer.offset + constant * stride };
  }
  const width = graph.nodes[index]?.width ?? 32;
  const terms = [...pointer.terms, { node: index, width, stride, count }];
  return { ...pointer, type: inner, terms };
}

function stepIntoMember(graph: Graph, pointer: Pointer, index: number | null): Pointer {
  const { type } = pointer;
  const constant = index === null ? undefined : graph.constantOf(index);
  const member = type.kind === "struct" && constant !== undefined
    ? type.members[constant]
    : undefined;
  if (member === undefined) return lost(pointer, type);
  const { decorations, offset, matrixStride, isRowMajor } = member;
  const next: Pointer = {
    ...pointer,
    isShared: pointer.isShared || hasDecoration(decorations, Decorate.Coherent) ||
      hasDecoration(decorations, Decorate.Volatile),
    isVague: pointer.isVague || hasDecoration(decorations, Decorate.RelaxedPrecision),
  };
  if (pointer.root.kind === "local") return stepInSlots(graph, next, index, member.type);
  if (offset === null) return lost(next, member.type);
  return {
    ...next,
    type: member.type,
    offset: pointer.offset + offset,
    matrix: { stride: matrixStride, isRowMajor },
  };
}

/**
 * `OpAccessChain`.
 *
 * @param indices values of the indices.
 */
export function chain(graph: Graph, base: Pointer, indices: readonly Value[]): Pointer {
  let at = base;
  for (const value of indices) {
    const index = typeof value === "number" ? value : null;
    const { type, root } = at;
    if (root.kind === "lost" || root.kind === "opaque" || root.kind === "texel") {
      // Not followed; the type alone goes on.
      const constant = index === null ? undefined : graph.constantOf(index);
      const inner: Type = type.kind === "struct"
        ? type.members[constant ?? -1]?.type ?? type
        : "element" in type
        ? type.element
        : type;
      at = { ...at, type: inner };
    } else if (type.kind === "struct") at = stepIntoMember(graph, at, index);
    else if (!("element" in type)) at = lost(at, type);
    else if (root.kind === "local") at = stepInSlots(graph, at, index, type.element);
    else if (root.kind === "builtin") {
      const constant = index === null ? undefined : graph.constantOf(index);
      at = constant === undefined || constant < 0 || constant > 2
        ? { ...at, type: type.element, isVague: true }
        : { ...at, type: type.element, offset: constant };
    } else if (isLaidOut(root)) at = stepInMemory(graph, at, index, type.element);
    else at = lost(at, type.element);
  }
  return at;
}
