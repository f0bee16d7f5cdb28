/**
 * Types of a module, and how they lie in memory.
 *
 * @module
 */

import type { Decoration, Module } from "./reader.ts";
import { Decorate } from "./spirv_constants.ts";
import { SpirvError } from "./spirv_error.ts";

/** A member of a structure. */
export interface Member {
  type: Type;
  /** In bytes; null in memory without a layout. */
  offset: number | null;
  matrixStride: number | null;
  isRowMajor: boolean;
  decorations: readonly Decoration[];
}

/** A type. */
export type Type =
  | { kind: "bool"; id: number }
  | { kind: "int"; id: number; width: number; isSigned: boolean }
  | { kind: "float"; id: number; width: number }
  | { kind: "vector"; id: number; element: Type; count: number }
  | { kind: "matrix"; id: number; element: Type; count: number }
  /** Without a count where a specialization constant gives it. */
  | { kind: "array"; id: number; element: Type; count: number | null; stride: number | null }
  | { kind: "runtime_array"; id: number; element: Type; stride: number | null }
  | { kind: "struct"; id: number; members: readonly Member[] }
  | { kind: "pointer"; id: number; storage: number; pointee: number }
  | {
    kind: "image";
    id: number;
    /** Of the components of a texel. */
    component: number;
    isBuffer: boolean;
    isStorage: boolean;
    /** Of one with coordinates for these dimensions and no others; null for cubes, arrays, samples and the like. */
    dimensions: 2 | 3 | null;
    /** Number of the image format (section 3.11); 0 for Unknown. */
    format: number;
  }
  | { kind: "sampler"; id: number }
  | { kind: "sampled_image"; id: number }
  | { kind: "other"; id: number };

/** First argument of a decoration; null where it is not there. */
export function decorationArgument(
  decorations: readonly Decoration[] | undefined,
  kind: number,
): number | null {
  return decorations?.find((each) => each.kind === kind)?.args[0] ?? null;
}

/** Whether a decoration is there. */
export function hasDecoration(decorations: readonly Decoration[] | undefined, kind: number) {
  return decorations?.some((each) => each.kind === kind) ?? false;
}

/** `OpTypeImage`, by its operands: sampled type, Dim, Depth, Arrayed, MS, Sampled, format. */
function imageType(id: number, operands: readonly number[]): Type {
  const [component = 0, dim = 0, , arrayed = 0, samples = 0, sampled = 0, format = 0] = operands;
  // Dim (section 3.8): 1 is 2D, 2 is 3D, 5 is Buffer. Sampled: 2 is without a sampler.
  const isPlain = arrayed === 0 && samples === 0;
  return {
    kind: "image",
    id,
    component,
    isBuffer: dim === 5,
    isStorage: sampled === 2,
    dimensions: isPlain && (dim === 1 || dim === 2) ? dim === 1 ? 2 : 3 : null,
    format,
  };
}

/** Types nested deeper than this are taken for malformed. */
const DEEPEST = 64;

/** Reads types by id, each once. */
export class Types {
  readonly #module: Module;
  readonly #known = new Map<number, Type>();
  #depth = 0;

  constructor(module: Module) {
    this.#module = module;
  }

  /** @throws {SpirvError} for an id that is no type. */
  get(id: number): Type {
    const known = this.#known.get(id);
    if (known) return known;
    if (++this.#depth > DEEPEST) throw new SpirvError(`malformed SPIR-V: %${id} holds itself`);
    const type = this.#read(id);
    this.#depth--;
    this.#known.set(id, type);
    return type;
  }

  #read(id: number): Type {
    const { definitions, decorations } = this.#module;
    const definition = definitions.get(id);
    const [a = 0, b = 0] = definition?.args ?? [];
    const stride = () => decorationArgument(decorations.get(id), Decorate.ArrayStride);
    switch (definition?.opcode) {
      case 20:
        return { kind: "bool", id };
      case 21:
        if (![8, 16, 32, 64].includes(a)) return { kind: "other", id };
        return { kind: "int", id, width: a, isSigned: b !== 0 };
      case 22:
        return { kind: "float", id, width: a };
      case 23:
      case 24:
        if (b < 2 || b > 16) throw new SpirvError(`malformed SPIR-V: %${id} has ${b} components`);
        return {
          kind: definition.opcode === 23 ? "vector" : "matrix",
          id,
          element: this.get(a),
          count: b,
        };
      case 25:
        return imageType(id, definition.args);
      case 26:
        return { kind: "sampler", id };
      case 27:
        return { kind: "sampled_image", id };
      case 28: {
        const length = definitions.get(b);
        const count = length?.opcode === 43 ? length.args[0] ?? 0 : null;
        return { kind: "array", id, element: this.get(a), count, stride: stride() };
      }
      case 29:
        return { kind: "runtime_array", id, element: this.get(a), stride: stride() };
      case 30:
        return {
          kind: "struct",
          id,
          members: definition.args.map((each, i) => this.#member(id, each, i)),
        };
      case 32:
        return { kind: "pointer", id, storage: a, pointee: b };
      case undefined:
        throw new SpirvError(`malformed SPIR-V: %${id} is no type`);
      default:
        return { kind: "other", id };
    }
  }

  #member(struct: number, id: number, index: number): Member {
    const decorations = this.#module.memberDecorations.get(struct)?.get(index) ?? [];
    return {
      type: this.get(id),
      offset: decorationArgument(decorations, Decorate.Offset),
      matrixStride: decorationArgument(decorations, Decorate.MatrixStride),
      isRowMajor: hasDecoration(decorations, Decorate.RowMajor),
      decorations,
    };
  }
}

/** How a matrix lies, which the structure around it says. */
export interface MatrixLayout {
  stride: number | null;
  isRowMajor: boolean;
}

/** Of structures by type: those nested in each other would be measured again for each way to them. */
const structExtents = new WeakMap<Type, { extent: number | null }>();

function extentOfStruct(type: Type & { kind: "struct" }): number | null {
  let known = structExtents.get(type);
  if (known === undefined) structExtents.set(type, known = { extent: endOfMembers(type.members) });
  return known.extent;
}

/** Where the last of a structure's members ends; null where the layout does not say. */
function endOfMembers(members: readonly Member[]): number | null {
  let end = 0;
  for (const { type, offset, matrixStride, isRowMajor } of members) {
    const size = extentOf(type, { stride: matrixStride, isRowMajor });
    if (size === null || offset === null) return null;
    end = Math.max(end, offset + size);
  }
  return end;
}

/**
 * Bytes from a value's first to after its last; null where the layout does not say.
 *
 * @param matrix of the member that the value is in.
 */
export function extentOf(type: Type, matrix: MatrixLayout): number | null {
  switch (type.kind) {
    case "int":
    case "float":
      return type.width / 8;
    case "pointer":
      // A physical address, the only pointer that lies in memory.
      return 8;
    case "vector": {
      const element = extentOf(type.element, matrix);
      return element === null ? null : element * type.count;
    }
    case "matrix": {
      const column = extentOf(type.element, matrix);
      if (column === null || matrix.stride === null || type.element.kind !== "vector") return null;
      if (!matrix.isRowMajor) return type.count * Math.max(matrix.stride, column);
      const rows = type.element.count, row = type.count * column / rows;
      // A row may be longer than the stride: rows that overlap are no reason to reach less far.
      return Math.max(rows * matrix.stride, (rows - 1) * matrix.stride + row, rows * column);
    }
    case "array": {
      const element = extentOf(type.element, matrix);
      if (element === null || type.stride === null || !type.count) return null;
      return (type.count - 1) * type.stride + element;
    }
    case "struct":
      return extentOfStruct(type);
    default:
      return null;
  }
}
