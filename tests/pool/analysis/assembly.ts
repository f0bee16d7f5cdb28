/**
 * Kernels written out instruction by instruction, for what no assembler of typed values lets through.
 *
 * @module
 */

import { stringWords } from "../../../lib/spirv/module.ts";

/** Opcodes by name (section 3.49), with whether a result has a type. */
const OPCODES: Readonly<Record<string, readonly [opcode: number, hasType?: boolean]>> = {
  MemoryModel: [14],
  EntryPoint: [15],
  ExecutionMode: [16],
  Capability: [17],
  TypeVoid: [19],
  TypeBool: [20],
  TypeInt: [21],
  TypeFloat: [22],
  TypeVector: [23],
  TypeMatrix: [24],
  TypeArray: [28],
  TypeRuntimeArray: [29],
  TypeStruct: [30],
  TypePointer: [32],
  TypeFunction: [33],
  Constant: [43, true],
  ConstantComposite: [44, true],
  Function: [54, true],
  FunctionEnd: [56],
  Variable: [59, true],
  Load: [61, true],
  Store: [62],
  AccessChain: [65, true],
  Decorate: [71],
  MemberDecorate: [72],
  CompositeExtract: [81, true],
  ConvertUToF: [112, true],
  Select: [169, true],
  ControlBarrier: [224],
  MemoryBarrier: [225],
  Label: [248],
  Return: [253],
  ExecutionModeId: [331],
  GroupNonUniformElect: [333, true],
};

/** Numbers of enumerants by name. */
const NUMBERS: Readonly<Record<string, number>> = {
  // Execution modes (section 3.6).
  LocalSize: 17,
  LocalSizeId: 38,
  // Storage classes (section 3.7).
  Input: 1,
  Private: 6,
  FunctionMemory: 7,
  StorageBuffer: 12,
  // Decorations (section 3.20).
  Block: 2,
  RowMajor: 4,
  ArrayStride: 6,
  MatrixStride: 7,
  BuiltIn: 11,
  Binding: 33,
  DescriptorSet: 34,
  Offset: 35,
  // Builtins (section 3.21).
  WorkgroupSize: 25,
  GlobalInvocationId: 28,
  SubgroupSize: 36,
  // Capabilities (section 3.31).
  Shader: 1,
  GroupNonUniform: 61,
};

/**
 * Words of a module.
 *
 * @param text an instruction a line, as `spirv-as` takes them, without `Op`.
 */
export function assemble(text: string): Uint32Array<ArrayBuffer> {
  const ids = new Map<string, number>();
  const wordsOf = (token: string): number[] => {
    if (token.startsWith('"')) return stringWords(token.slice(1, -1));
    if (!token.startsWith("%")) return [NUMBERS[token] ?? Number(token)];
    const id = ids.get(token) ?? ids.size + 1;
    ids.set(token, id);
    return [id];
  };
  const code = text.split("\n").map((line) => line.trim()).filter((line) => line !== "")
    .flatMap((line) => {
      const [left = "", right] = line.split(" = ");
      const [name = "", ...operands] = (right ?? left).split(" ");
      const [opcode = 0, hasType = false] = OPCODES[name] ?? [];
      const result = right === undefined ? [] : [left];
      const type = hasType ? operands.splice(0, 1) : [];
      const words = [...type, ...result, ...operands].flatMap(wordsOf);
      if (opcode === 0 || words.some(Number.isNaN)) throw new Error(`cannot assemble: ${line}`);
      return [((words.length + 1) << 16) | opcode, ...words];
    });
  return Uint32Array.from([0x07230203, 0x00010300, 0, ids.size + 1, 0, ...code]);
}

/** What {@linkcode kernelWords} puts in. */
export interface KernelText {
  /** Variables of storage class Input beside `%gid`. */
  inputs?: string;
  /** Execution modes; `LocalSize 16 1 1` where they are not given. */
  modes?: string;
  decorations?: string;
  /** Types, constants and variables. */
  declarations?: string;
  /** Before the body. */
  variables?: string;
  /** `%o` is the buffer of words at binding 0, `%g` the invocation; without a body, `o[g] = g`. */
  body?: string;
}

/** Words of a kernel `main` over a buffer of words. */
export function kernelWords(
  { inputs = "", modes, decorations = "", declarations = "", variables = "", body }: KernelText,
): Uint32Array<ArrayBuffer> {
  return assemble(`
    Capability Shader
    Capability GroupNonUniform
    MemoryModel 0 1
    ${`EntryPoint 5 %main "main" %gid ${inputs}`.trim()}
    ${modes ?? "ExecutionMode %main LocalSize 16 1 1"}
    Decorate %gid BuiltIn GlobalInvocationId
    Decorate %words ArrayStride 4
    MemberDecorate %block 0 Offset 0
    Decorate %block Block
    Decorate %o DescriptorSet 0
    Decorate %o Binding 0
    ${decorations}
    %void = TypeVoid
    %function = TypeFunction %void
    %u = TypeInt 32 0
    %v3 = TypeVector %u 3
    %input3 = TypePointer Input %v3
    %gid = Variable %input3 Input
    %c0 = Constant %u 0
    %c1 = Constant %u 1
    %c3 = Constant %u 3
    %c8 = Constant %u 8
    %words = TypeRuntimeArray %u
    %block = TypeStruct %words
    %blocks = TypePointer StorageBuffer %block
    %word = TypePointer StorageBuffer %u
    %o = Variable %blocks StorageBuffer
    ${declarations}
    %main = Function %void 0 %function
    %entry = Label
    ${variables}
    %g3 = Load %v3 %gid
    %g = CompositeExtract %u %g3 0
    ${body ?? STORE_G}
    Return
    FunctionEnd
  `);
}

/** `o[g] = g`. */
export const STORE_G = `
    %p = AccessChain %word %o %c0 %g
    Store %p %g`;
