/**
 * Numbers of SPIR-V that the analysis knows by name.
 *
 * Source: SPIR-V specification 1.6, section 3.
 *
 * @module
 */

/** Section 3.7. */
export const Storage = {
  UniformConstant: 0,
  Input: 1,
  Uniform: 2,
  Workgroup: 4,
  Private: 6,
  Function: 7,
  PushConstant: 9,
  Image: 11,
  StorageBuffer: 12,
} as const;

/** Section 3.20. */
export const Decorate = {
  RelaxedPrecision: 0,
  SpecId: 1,
  BufferBlock: 3,
  RowMajor: 4,
  ArrayStride: 6,
  MatrixStride: 7,
  BuiltIn: 11,
  Volatile: 21,
  Coherent: 23,
  NonWritable: 24,
  NonReadable: 25,
  Binding: 33,
  DescriptorSet: 34,
  Offset: 35,
  NoSignedWrap: 4469,
  NoUnsignedWrap: 4470,
} as const;

/** Decorations that say nothing against an analysis, or that it minds. */
export const KNOWN_DECORATIONS: ReadonlySet<number> = new Set([
  0, // RelaxedPrecision: integers may be computed in 16 bits
  1, // SpecId
  2, // Block
  3, // BufferBlock
  4, // RowMajor
  5, // ColMajor
  6, // ArrayStride
  7, // MatrixStride
  8, // GLSLShared
  9, // GLSLPacked
  11, // BuiltIn
  18, // Invariant
  19, // Restrict
  20, // Aliased
  21, // Volatile
  23, // Coherent
  24, // NonWritable
  25, // NonReadable
  26, // Uniform
  27, // UniformId
  33, // Binding
  34, // DescriptorSet
  35, // Offset
  39, // FPRoundingMode
  42, // NoContraction
  4469, // NoSignedWrap
  4470, // NoUnsignedWrap
  5634, // CounterBuffer
  5635, // UserSemantic
  5636, // UserTypeGOOGLE
]);

/** Section 3.21, what a compute kernel may ask for. */
export const BuiltIn = {
  NumWorkgroups: 24,
  WorkgroupSize: 25,
  WorkgroupId: 26,
  LocalInvocationId: 27,
  GlobalInvocationId: 28,
  LocalInvocationIndex: 29,
  SubgroupSize: 36,
  NumSubgroups: 38,
  SubgroupId: 40,
  SubgroupLocalInvocationId: 41,
  SubgroupEqMask: 4416,
  SubgroupLtMask: 4420,
} as const;

/** Capabilities under which instructions mean what the analysis takes them to mean (section 3.31). */
export const KNOWN_CAPABILITIES: ReadonlySet<number> = new Set([
  0, // Matrix
  1, // Shader
  9, // Float16
  10, // Float64
  11, // Int64
  12, // Int64Atomics
  22, // Int16
  25, // ImageGatherExtended
  27, // StorageImageMultisample
  28, // UniformBufferArrayDynamicIndexing
  29, // SampledImageArrayDynamicIndexing
  30, // StorageBufferArrayDynamicIndexing
  31, // StorageImageArrayDynamicIndexing
  34, // ImageCubeArray
  36, // ImageRect
  37, // SampledRect
  39, // Int8
  43, // Sampled1D
  44, // Image1D
  45, // SampledCubeArray
  46, // SampledBuffer
  47, // ImageBuffer
  48, // ImageMSArray
  49, // StorageImageExtendedFormats
  50, // ImageQuery
  55, // StorageImageReadWithoutFormat
  56, // StorageImageWriteWithoutFormat
  61, // GroupNonUniform
  62, // GroupNonUniformVote
  63, // GroupNonUniformArithmetic
  64, // GroupNonUniformBallot
  65, // GroupNonUniformShuffle
  66, // GroupNonUniformShuffleRelative
  67, // GroupNonUniformClustered
  68, // GroupNonUniformQuad
  4433, // StorageBuffer16BitAccess
  4434, // UniformAndStorageBuffer16BitAccess
  4435, // StoragePushConstant16
  4448, // StorageBuffer8BitAccess
  4449, // UniformAndStorageBuffer8BitAccess
  4450, // StoragePushConstant8
  4464, // DenormPreserve
  4465, // DenormFlushToZero
  4466, // SignedZeroInfNanPreserve
  4467, // RoundingModeRTE
  4468, // RoundingModeRTZ
  5345, // VulkanMemoryModel
  5346, // VulkanMemoryModelDeviceScope: what uses the scope is found by itself
  6016, // DotProductInputAll
  6017, // DotProductInput4x8Bit
  6018, // DotProductInput4x8BitPacked
  6019, // DotProduct
]);

/** Capabilities of pointers that are numbers: Addresses, PhysicalStorageBufferAddresses. */
export const ADDRESS_CAPABILITIES: ReadonlySet<number> = new Set([4, 5347]);

/** Capabilities of pointers that are chosen at run time: VariablePointersStorageBuffer, VariablePointers. */
export const POINTER_CAPABILITIES: ReadonlySet<number> = new Set([4441, 4442]);

/** LocalSize, LocalSizeId and how floating-point numbers are rounded (section 3.6). */
export const KNOWN_EXECUTION_MODES: ReadonlySet<number> = new Set([
  17, // LocalSize
  38, // LocalSizeId
  4459, // DenormPreserve
  4460, // DenormFlushToZero
  4461, // SignedZeroInfNanPreserve
  4462, // RoundingModeRTE
  4463, // RoundingModeRTZ
]);
