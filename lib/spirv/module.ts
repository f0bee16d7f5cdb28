/**
 * A typed SPIR-V assembler: the part below structured kernels.
 *
 * A {@linkcode ModuleBuilder} numbers ids, keeps types and constants unique, and puts every
 * instruction in the section where the specification wants it (SPIR-V 1.6, section 2.4, "Logical Layout
 * of a Module").
 *
 * @module
 */

import { Op, StorageClass } from "./opcodes.ts";

/** Encodings of `OpTypeFloat` beside IEEE 754's (SPV_KHR_bfloat16, SPV_EXT_float8). */
export type FloatEncoding = "bfloat16" | "e4m3" | "e5m2";

/** Widths of the encodings, and their numbers in `FPEncoding`. */
const ENCODINGS: Record<FloatEncoding, { width: 8 | 16; operand: number }> = {
  bfloat16: { width: 16, operand: 0 },
  e4m3: { width: 8, operand: 4214 },
  e5m2: { width: 8, operand: 4215 },
};

/** A SPIR-V type. Equal types are the same object. */
export type Type =
  | { kind: "void"; id: number }
  | { kind: "bool"; id: number }
  | { kind: "int"; id: number; width: 8 | 16 | 32 | 64; signed: boolean }
  | { kind: "float"; id: number; width: 8 | 16 | 32 | 64; encoding?: FloatEncoding }
  | { kind: "vector"; id: number; component: ScalarType; count: 2 | 3 | 4 }
  | { kind: "array"; id: number; element: Type; count: number; stride: number }
  | { kind: "runtime_array"; id: number; element: Type; stride: number }
  | { kind: "struct"; id: number; members: readonly Type[] }
  | { kind: "pointer"; id: number; storage: number; pointee: Type }
  | { kind: "matrix"; id: number; component: ScalarType; rows: number; columns: number }
  | { kind: "image"; id: number; component: ScalarType; dimensions: 2 | 3; format: number };

/** An integer or floating-point type. */
export type ScalarType = Extract<Type, { kind: "int" | "float" }>;

/** A vector type. */
export type VectorType = Extract<Type, { kind: "vector" }>;

/** A cooperative matrix type. */
export type MatrixType = Extract<Type, { kind: "matrix" }>;

/** A storage image type. */
export type ImageType = Extract<Type, { kind: "image" }>;

/** A pointer type. */
export type PointerType = Extract<Type, { kind: "pointer" }>;

/** The result of an instruction, or a constant. */
export interface Value<T extends Type = Type> {
  readonly id: number;
  readonly type: T;
}

const MAGIC = 0x07230203;
/** Version of a module: 1.3 is what Vulkan 1.1 takes without extensions, 1.6 what Vulkan 1.3 takes. */
export type SpirvVersion = "1.3" | "1.6";

const VERSION_WORDS: Record<SpirvVersion, number> = { "1.3": 0x00010300, "1.6": 0x00010600 };

/** `function` is the head of the one function: its label and variables, which must come first in it. */
type Section = "header" | "entry" | "mode" | "decoration" | "declaration" | "function" | "body";

const SECTIONS: readonly Section[] = [
  "header",
  "entry",
  "mode",
  "decoration",
  "declaration",
  "function",
  "body",
];

/** Words of a NUL-terminated, word-padded literal string (section 2.2.1). */
export function stringWords(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array((bytes.length + 4) & ~3);
  padded.set(bytes);
  return Array.from(new Uint32Array(padded.buffer));
}

/** The bits of an IEEE 754 binary16 number nearest to `value`, ties to even. */
export function float16Bits(value: number): number {
  return new Uint16Array(new Float16Array([value]).buffer)[0] ?? 0;
}

/** Builds one module. */
export class ModuleBuilder {
  #nextId = 1;
  readonly #version: SpirvVersion;
  readonly #sections: Record<Section, number[]> = {
    header: [],
    entry: [],
    mode: [],
    decoration: [],
    declaration: [],
    function: [],
    body: [],
  };
  readonly #types = new Map<string, Type>();
  readonly #constants = new Map<string, Value>();
  readonly #capabilities = new Set<number>();
  readonly #imports = new Map<string, number>();
  readonly #extensions = new Set<string>();
  readonly #globals: number[] = [];

  /** Starts a module. */
  constructor(version: SpirvVersion = "1.3") {
    this.#version = version;
  }

  /**
   * Variables that the entry point must name: inputs alone up to SPIR-V 1.3, all global variables from 1.4
   * on (section 3.49.5, `OpEntryPoint`).
   */
  get interfaceVariables(): readonly number[] {
    return this.#globals;
  }

  /** A fresh id. */
  id(): number {
    return this.#nextId++;
  }

  /** Appends an instruction: opcode and operand words. */
  emit(section: Section, opcode: number, ...operands: number[]): void {
    const words = this.#sections[section];
    words.push(((operands.length + 1) << 16) | opcode);
    for (const operand of operands) words.push(operand);
  }

  /** Appends an instruction with a result to the function body. */
  result<T extends Type>(opcode: number, type: T, ...operands: number[]): Value<T> {
    const id = this.id();
    this.emit("body", opcode, type.id, id, ...operands);
    return { id, type };
  }

  /** Declares a capability, once. */
  capability(capability: number): void {
    this.#capabilities.add(capability);
  }

  /** Declares an extension, once. */
  extension(name: string): void {
    this.#extensions.add(name);
  }

  /** Id of an extended instruction set. */
  import(name: string): number {
    const known = this.#imports.get(name);
    if (known !== undefined) return known;
    const id = this.id();
    this.#imports.set(name, id);
    return id;
  }

  /** Appends a decoration of an id. */
  decorate(id: number, decoration: number, ...operands: number[]): void {
    this.emit("decoration", Op.Decorate, id, decoration, ...operands);
  }

  /** Appends a decoration of a structure's member. */
  decorateMember(id: number, member: number, decoration: number, ...operands: number[]): void {
    this.emit("decoration", Op.MemberDecorate, id, member, decoration, ...operands);
  }

  #type<T extends Type>(key: string, opcode: number, operands: number[], make: (id: number) => T) {
    const known = this.#types.get(key);
    if (known !== undefined) return known as T;
    const id = this.id();
    this.emit("declaration", opcode, id, ...operands);
    const type = make(id);
    this.#types.set(key, type);
    return type;
  }

  /** `OpTypeVoid`. */
  void(): Type {
    return this.#type("void", Op.TypeVoid, [], (id) => ({ kind: "void", id }));
  }

  /** `OpTypeBool`. */
  bool(): Type {
    return this.#type("bool", Op.TypeBool, [], (id) => ({ kind: "bool", id }));
  }

  /** `OpTypeInt`. */
  int(width: 8 | 16 | 32 | 64, signed: boolean): ScalarType {
    return this.#type(
      `i${width}${signed}`,
      Op.TypeInt,
      [width, signed ? 1 : 0],
      (id): ScalarType => ({ kind: "int", id, width, signed }),
    );
  }

  /** `OpTypeFloat`. */
  float(width: 16 | 32 | 64): ScalarType {
    return this.#type(
      `f${width}`,
      Op.TypeFloat,
      [width],
      (id): ScalarType => ({ kind: "float", id, width }),
    );
  }

  /** `OpTypeFloat` with an encoding that is not IEEE 754's. */
  encodedFloat(encoding: FloatEncoding): ScalarType {
    const { width, operand } = ENCODINGS[encoding];
    return this.#type(
      encoding,
      Op.TypeFloat,
      [width, operand],
      (id): ScalarType => ({ kind: "float", id, width, encoding }),
    );
  }

  /**
   * `OpTypeCooperativeMatrixKHR`.
   *
   * @param use 0 for A, 1 for B, 2 for accumulators.
   * @param scope `Scope` of the invocations that hold it together: 2 for a workgroup, 3 for a subgroup.
   */
  matrix(
    component: ScalarType,
    rows: number,
    columns: number,
    use: 0 | 1 | 2,
    scope: 2 | 3 = 3,
  ): MatrixType {
    const word = (value: number) => this.constant(this.int(32, false), value).id;
    const operands = [component.id, word(scope), word(rows), word(columns), word(use)];
    return this.#type(
      `m${operands.join()}`,
      Op.TypeCooperativeMatrix,
      operands,
      (id): MatrixType => ({ kind: "matrix", id, component, rows, columns }),
    );
  }

  /** `OpTypeVector`. */
  vector(component: ScalarType, count: 2 | 3 | 4): VectorType {
    return this.#type(
      `v${count}:${component.id}`,
      Op.TypeVector,
      [component.id, count],
      (id): VectorType => ({ kind: "vector", id, component, count }),
    );
  }

  /**
   * `OpTypeImage` of a storage image.
   *
   * @param format number of the image format (section 3.11); 0 for Unknown.
   */
  image(component: ScalarType, dimensions: 2 | 3, format: number): ImageType {
    // Dim is 1 for 2D, 2 for 3D; no depth, no array, one sample; 2: used without a sampler.
    const operands = [component.id, dimensions - 1, 0, 0, 0, 2, format];
    return this.#type(
      `image${operands.join()}`,
      Op.TypeImage,
      operands,
      (id): ImageType => ({ kind: "image", id, component, dimensions, format }),
    );
  }

  /** `OpTypeArray` with `stride` bytes from element to element; 0 for memory without a layout. */
  array(element: Type, count: number, stride: number): Type {
    const length = this.constant(this.int(32, false), count);
    return this.#type(`a${element.id}:${count}:${stride}`, Op.TypeArray, [element.id, length.id], (
      id,
    ): Type => {
      if (stride > 0) this.decorate(id, 6, stride);
      return { kind: "array", id, element, count, stride };
    });
  }

  /** `OpTypeRuntimeArray` with `stride` bytes from element to element. */
  runtimeArray(element: Type, stride: number): Type {
    return this.#type(`r${element.id}:${stride}`, Op.TypeRuntimeArray, [element.id], (id): Type => {
      this.decorate(id, 6, stride);
      return { kind: "runtime_array", id, element, stride };
    });
  }

  /** `OpTypeStruct` with the decoration `Block` and explicit offsets. Never shared. */
  block(members: readonly { type: Type; offset: number }[]): Type {
    const id = this.id();
    this.emit("declaration", Op.TypeStruct, id, ...members.map(({ type }) => type.id));
    this.decorate(id, 2);
    members.forEach(({ offset }, i) => this.decorateMember(id, i, 35, offset));
    return { kind: "struct", id, members: members.map(({ type }) => type) };
  }

  /** `OpTypePointer`. */
  pointer(storage: typeof StorageClass[keyof typeof StorageClass], pointee: Type): PointerType {
    return this.#type(
      `p${storage}:${pointee.id}`,
      Op.TypePointer,
      [storage, pointee.id],
      (id): PointerType => ({ kind: "pointer", id, storage, pointee }),
    );
  }

  /** `OpTypeFunction` of `void (void)`. */
  voidFunction(): number {
    const result = this.void();
    return this.#type("fn", Op.TypeFunction, [result.id], (id): Type => ({ kind: "void", id })).id;
  }

  /**
   * `OpConstant`.
   *
   * @throws {RangeError} for a number that the type does not hold.
   */
  constant<T extends ScalarType>(type: T, value: number): Value<T> {
    const words = constantWords(type, value);
    const key = `${type.id}:${words.join()}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known as Value<T>;
    const id = this.id();
    this.emit("declaration", Op.Constant, type.id, id, ...words);
    const constant = { id, type };
    this.#constants.set(key, constant);
    return constant;
  }

  /** `OpVariable` outside functions. */
  global(type: PointerType): Value<PointerType> {
    const id = this.id();
    this.emit("declaration", Op.Variable, type.id, id, type.storage);
    if (this.#version !== "1.3" || type.storage === StorageClass.Input) this.#globals.push(id);
    return { id, type };
  }

  /** The module as words, for `VkShaderModuleCreateInfo`. */
  assemble(): Uint32Array<ArrayBuffer> {
    const preamble: number[] = [];
    const emit = (opcode: number, ...operands: number[]) =>
      preamble.push(((operands.length + 1) << 16) | opcode, ...operands);
    for (const capability of this.#capabilities) emit(Op.Capability, capability);
    for (const name of this.#extensions) emit(Op.Extension, ...stringWords(name));
    for (const [name, id] of this.#imports) emit(Op.ExtInstImport, id, ...stringWords(name));
    const words = [MAGIC, VERSION_WORDS[this.#version], 0, this.#nextId, 0, ...preamble];
    for (const section of SECTIONS) {
      for (const word of this.#sections[section]) words.push(word);
    }
    return new Uint32Array(words);
  }
}

/** Literal words of a scalar: low-order word first, narrow integers sign-extended (section 2.2.1). */
function constantWords(type: ScalarType, value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  if (type.kind === "float") {
    if (type.encoding === "bfloat16") {
      // The upper half of binary32.
      view.setFloat32(0, value, true);
      if (view.getUint16(0, true) === 0) return [view.getUint16(2, true)];
    }
    if (type.encoding !== undefined) {
      throw new RangeError(`${value} is no constant of ${type.encoding}`);
    }
    if (type.width === 16) return [float16Bits(value)];
    if (type.width === 32) view.setFloat32(0, value, true);
    else view.setFloat64(0, value, true);
  } else {
    const least = type.signed ? -(2 ** (type.width - 1)) : 0;
    const most = 2 ** (type.signed ? type.width - 1 : type.width) - 1;
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(
        `${value} is no ${type.signed ? "signed" : "unsigned"} ${type.width}-bit`,
      );
    }
    view.setBigInt64(0, BigInt(value), true);
  }
  const low = view.getUint32(0, true);
  return type.width === 64 ? [low, view.getUint32(4, true)] : [low];
}
