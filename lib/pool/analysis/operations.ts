/**
 * Instructions without side effects, as nodes of the graph.
 *
 * @module
 */

import { type Graph, NodeOp } from "./graph.ts";
import type { Type } from "./types.ts";
import { build, isPointer, partOf, partsOf, type Value, widthOf, withPart } from "./values.ts";

/** Integer arithmetic that keeps the width, of one or two operands. */
const ARITHMETIC: ReadonlySet<number> = new Set([
  ...[126, 128, 130, 132, 134, 135, 137, 138, 139, 194, 195, 196, 197, 198, 199, 200],
]);

/** Comparisons of integers. */
const COMPARISONS: ReadonlySet<number> = new Set([
  ...[170, 171, 172, 173, 174, 175, 176, 177, 178, 179],
]);

/** LogicalEqual to LogicalNot. */
const LOGIC: ReadonlySet<number> = new Set([164, 165, 166, 167, 168]);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** GroupNonUniformElect to GroupNonUniformQuadSwap: what comes of them depends on the size of subgroups. */
export const SUBGROUP_OPS: ReadonlySet<number> = new Set(range(333, 366));

/** Free of side effects; of their results nothing is known but the type. */
const UNKNOWN_RESULT: ReadonlySet<number> = new Set([
  77, // VectorExtractDynamic
  78, // VectorInsertDynamic
  84, // Transpose
  ...range(86, 97), // sampling and fetching of images
  100, // Image
  ...[101, 102, 103, 105, 106], // queries
  ...range(109, 112), // conversions to and from floating point
  ...[115, 116, 118, 119, 127, 129, 131, 133, 136],
  ...range(140, 152), // floating point; with carry
  ...[156, 157], // IsNan, IsInf
  ...range(180, 191), // comparisons of floating point
  ...range(201, 205), // bit fields
  ...SUBGROUP_OPS, // part of a work-group, which stays whole
  ...range(4450, 4455), // dot products
]);

/** What an instruction is computed from. */
export interface Operands {
  graph: Graph;
  /** The block that it is in; -1 outside functions. */
  block: number;
  /** Type of the result. */
  type: Type;
  value: (id: number) => Value;
  typeOf: (id: number) => Type;
}

/** A value of which nothing but the type is known. */
export function unknownValue(graph: Graph, type: Type, block: number): Value {
  return build(type, (leaf) => {
    const width = widthOf(leaf);
    return width === null ? null : graph.unknown(width, block);
  });
}

/** A value that may be another one at each use. */
export function undefinedValue(graph: Graph, type: Type, block: number): Value {
  return build(type, (leaf) => {
    const width = widthOf(leaf);
    return width === null ? null : graph.undefinedValue(width, block);
  });
}

function scalar(
  graph: Graph,
  opcode: number,
  width: number,
  operands: readonly Value[],
): number | null {
  const [a, b, c] = operands;
  const nodes = operands.map((each) => typeof each === "number" ? graph.nodes[each] : undefined);
  const [left, right] = nodes;
  if (typeof a !== "number" || left === undefined) return null;
  if (opcode === 169) {
    if (typeof b !== "number" || typeof c !== "number") return null;
    if (left.width !== 1 || right?.width !== width || nodes[2]?.width !== width) return null;
    return b === c ? b : graph.node(169, width, a, b, c);
  }
  if (opcode === 113 || opcode === 114 || opcode === 124) {
    if (left.width === width) return a;
    if (opcode === 124) return null;
    if (width < left.width) return graph.node(NodeOp.Truncate, width, a);
    const op = opcode === 113 ? NodeOp.ZeroExtend : NodeOp.SignExtend;
    return graph.node(op, width, a, -1, -1, left.width);
  }
  if (operands.length === 1) return left.width === width ? graph.node(opcode, width, a) : null;
  if (typeof b !== "number" || right === undefined) return null;
  const isShift = opcode >= 194 && opcode <= 196;
  if (COMPARISONS.has(opcode)) {
    return left.width === right.width && left.width > 1 ? graph.node(opcode, 1, a, b) : null;
  }
  if (left.width !== width || (!isShift && right.width !== width)) return null;
  return graph.node(opcode, width, a, b);
}

/** Component by component; what is not followed is unknown. */
function componentwise(
  { graph, block, type }: Operands,
  opcode: number,
  operands: readonly Value[],
): Value {
  const parts = partsOf(type);
  if (parts !== undefined && type.kind !== "vector") return unknownValue(graph, type, block);
  const of = (part: Type, values: readonly Value[]): Value => {
    const width = widthOf(part);
    if (width === null) return null;
    return scalar(graph, opcode, width, values) ?? graph.unknown(width, block);
  };
  if (parts === undefined) return of(type, operands);
  return parts.map((part, i) =>
    // The condition of a selection may be one for all components.
    of(part, operands.map((each) => typeof each === "number" ? each : partOf(each, [i])))
  );
}

function composite(
  { graph, block, type }: Operands,
  parts: readonly Value[],
  types: Type[],
): Value {
  const wanted = partsOf(type);
  if (wanted === undefined) return null;
  // A vector may be made of vectors.
  const flat = type.kind === "vector"
    ? parts.flatMap((part, i) =>
      types[i]?.kind === "vector"
        ? Array.from({ length: types[i].count }, (_, j) => partOf(part, [j]))
        : [part]
    )
    : parts;
  return wanted.map((inner, i) => flat[i] ?? unknownValue(graph, inner, block));
}

/** As `value`, with unknown nodes where integers are not followed. */
function filled({ graph, block, type }: Operands, value: Value): Value {
  return value ?? unknownValue(graph, type, block);
}

/** The components of a vector of truth values as one. */
function folded({ graph, block }: Operands, opcode: number, vector: Value): Value {
  const parts = Array.isArray(vector) ? vector as readonly Value[] : [];
  const nodes = parts.filter((part): part is number => typeof part === "number");
  if (nodes.length === 0 || nodes.length < parts.length) return graph.unknown(1, block);
  return nodes.reduce((all, each) => graph.node(opcode, 1, all, each));
}

/**
 * The result of an instruction without side effects; undefined for one that the analysis does not know.
 *
 * @param args operands after the result, as they are in the instruction.
 */
export function operate(opcode: number, args: readonly number[], of: Operands): Value | undefined {
  const { graph, block, type, value, typeOf } = of;
  const [a = 0, b = 0] = args;
  if (ARITHMETIC.has(opcode) || COMPARISONS.has(opcode) || LOGIC.has(opcode)) {
    return componentwise(of, opcode, args.map(value));
  }
  if (UNKNOWN_RESULT.has(opcode)) {
    const index = opcode === 77 ? graph.constantOf(Number(value(b) ?? -1)) : undefined;
    if (index !== undefined) return filled(of, partOf(value(a), [index]));
    return unknownValue(graph, type, block);
  }
  switch (opcode) {
    case 1:
      return undefinedValue(graph, type, block);
    case 79: {
      const first = typeOf(a), second = typeOf(b);
      const count = first.kind === "vector" ? first.count : 0;
      const parts = partsOf(type);
      if (parts === undefined || second.kind !== "vector") return unknownValue(graph, type, block);
      return parts.map((part, i) => {
        const index = args[2 + i] ?? 0;
        if (index === 0xffffffff) return undefinedValue(graph, part, block);
        const from = index < count ? partOf(value(a), [index]) : partOf(value(b), [index - count]);
        return from ?? unknownValue(graph, part, block);
      });
    }
    case 80:
      return composite(of, args.map(value), args.map(typeOf));
    case 81:
      return filled(of, partOf(value(a), args.slice(1)));
    case 82:
      return withPart(type, value(b), args.slice(2), value(a));
    case 83:
    case 400:
      return value(a);
    case 113:
    case 114:
    case 124: {
      const from = typeOf(a);
      const isAlike = from.kind === type.kind &&
        (from.kind !== "vector" || type.kind !== "vector" || from.count === type.count);
      return isAlike ? componentwise(of, opcode, [value(a)]) : unknownValue(graph, type, block);
    }
    case 154:
    case 155:
      // Any, All: one component after the other, by LogicalOr or LogicalAnd.
      return folded(of, opcode === 154 ? 166 : 167, value(a));
    case 169: {
      const [condition = null, left = null, right = null] = args.map(value);
      if (isPointer(left) || isPointer(right)) return undefined;
      return componentwise(of, 169, [condition, left, right]);
    }
    default:
      return undefined;
  }
}

/** Instructions of GLSL.std.450 with integer results that are followed, by number. */
const GLSL: ReadonlyMap<number, number> = new Map([
  [5, NodeOp.SAbs],
  [38, NodeOp.UMin],
  [39, NodeOp.SMin],
  [41, NodeOp.UMax],
  [42, NodeOp.SMax],
  [44, NodeOp.UClamp],
  [45, NodeOp.SClamp],
]);

/** Instructions of GLSL.std.450 that write through a pointer or belong to fragments: Modf, Frexp, Interpolate…. */
const GLSL_REFUSED: ReadonlySet<number> = new Set([35, 51, 76, 77, 78]);

/** The result of an instruction of GLSL.std.450; undefined for one with side effects or an unknown number. */
export function operateGlsl(
  number: number,
  args: readonly number[],
  of: Operands,
): Value | undefined {
  if (number < 1 || number > 81 || GLSL_REFUSED.has(number)) return undefined;
  const { graph, block, type, value } = of;
  const op = GLSL.get(number);
  if (op === undefined) return unknownValue(graph, type, block);
  const operands = args.map(value);
  const each = (part: Type, values: readonly Value[]): Value => {
    const width = widthOf(part);
    if (width === null) return null;
    const [a, b = -1, c = -1] = values.map((one) => typeof one === "number" ? one : -2);
    const isKnown = values.every((one) =>
      typeof one === "number" && graph.nodes[one]?.width === width
    );
    return isKnown && a !== undefined
      ? graph.node(op, width, a, b, c)
      : graph.unknown(width, block);
  };
  const parts = partsOf(type);
  if (parts === undefined) return each(type, operands);
  return parts.map((part, i) => each(part, operands.map((one) => partOf(one, [i]))));
}
