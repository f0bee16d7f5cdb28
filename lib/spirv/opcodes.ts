/**
 * Numbers of the SPIR-V instructions and enumerants that mvgal emits.
 *
 * Source: SPIR-V specification 1.6, sections 3.3 to 3.49; the GLSL.std.450 extended instruction set.
 *
 * @module
 */

/** Instruction opcodes, section 3.49. */
export const Op = {
  Extension: 10,
  ExtInstImport: 11,
  ExtInst: 12,
  MemoryModel: 14,
  EntryPoint: 15,
  ExecutionMode: 16,
  Capability: 17,
  TypeVoid: 19,
  TypeBool: 20,
  TypeInt: 21,
  TypeFloat: 22,
  TypeVector: 23,
  TypeArray: 28,
  TypeRuntimeArray: 29,
  TypeStruct: 30,
  TypePointer: 32,
  TypeFunction: 33,
  Constant: 43,
  ConstantComposite: 44,
  Function: 54,
  FunctionEnd: 56,
  Variable: 59,
  Load: 61,
  Store: 62,
  AccessChain: 65,
  Decorate: 71,
  MemberDecorate: 72,
  CompositeConstruct: 80,
  CompositeExtract: 81,
  ConvertFToU: 109,
  ConvertUToF: 112,
  UConvert: 113,
  FConvert: 115,
  Bitcast: 124,
  IAdd: 128,
  FAdd: 129,
  ISub: 130,
  FSub: 131,
  IMul: 132,
  FMul: 133,
  UDiv: 134,
  FDiv: 136,
  UMod: 137,
  Dot: 148,
  LogicalOr: 166,
  LogicalAnd: 167,
  LogicalNot: 168,
  Select: 169,
  IEqual: 170,
  INotEqual: 171,
  UGreaterThanEqual: 174,
  ULessThan: 176,
  SLessThan: 177,
  FOrdLessThan: 184,
  ShiftRightLogical: 194,
  ShiftLeftLogical: 196,
  BitwiseOr: 197,
  BitwiseXor: 198,
  BitwiseAnd: 199,
  ControlBarrier: 224,
  AtomicIAdd: 234,
  LoopMerge: 246,
  SelectionMerge: 247,
  Label: 248,
  Branch: 249,
  BranchConditional: 250,
  Return: 253,
  SDot: 4450,
  SUDot: 4452,
  TypeCooperativeMatrix: 4456,
  CooperativeMatrixLoad: 4457,
  CooperativeMatrixStore: 4458,
  CooperativeMatrixMulAdd: 4459,
} as const;

/** Section 3.31. */
export const Capability = {
  Shader: 1,
  Float16: 9,
  Float64: 10,
  Int64: 11,
  Int16: 22,
  Int8: 39,
  GroupNonUniform: 61,
  StorageBuffer16BitAccess: 4433,
  StorageBuffer8BitAccess: 4448,
  BFloat16Type: 5116,
  BFloat16DotProduct: 5117,
  BFloat16CooperativeMatrix: 5118,
  Float8: 4212,
  Float8CooperativeMatrix: 4213,
  VulkanMemoryModel: 5345,
  PhysicalStorageBufferAddresses: 5347,
  DotProductInput4x8BitPacked: 6018,
  DotProduct: 6019,
  CooperativeMatrix: 6022,
} as const;

/** Section 3.7. */
export const StorageClass = {
  Input: 1,
  Workgroup: 4,
  Function: 7,
  PushConstant: 9,
  StorageBuffer: 12,
  PhysicalStorageBuffer: 5349,
} as const;

/** Section 3.20. */
export const Decoration = {
  Block: 2,
  ArrayStride: 6,
  BuiltIn: 11,
  NonWritable: 24,
  NonReadable: 25,
  Binding: 33,
  DescriptorSet: 34,
  Offset: 35,
  NoContraction: 42,
} as const;

/** Section 3.21. */
export const BuiltIn = {
  NumWorkgroups: 24,
  WorkgroupId: 26,
  LocalInvocationId: 27,
  GlobalInvocationId: 28,
  NumSubgroups: 38,
  SubgroupId: 40,
} as const;

/** GLSL.std.450 instruction numbers. */
export const Glsl = {
  Floor: 8,
  Exp: 27,
  InverseSqrt: 32,
  FMin: 37,
  UMin: 38,
  FMax: 40,
  UMax: 41,
  Fma: 50,
  PackHalf2x16: 58,
} as const;
