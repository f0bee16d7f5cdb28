/* SPDX-License-Identifier: MIT */
/* The instructions that the analysis can name. Source: SPIR-V's machine-readable grammar. */
#include "spirv.h"

/* No result; a result; one with a type; one that is computed of others and of nothing else. */
#define N(name)                                                                                    \
	{                                                                                          \
		name, false, false, false                                                          \
	}
#define R(name)                                                                                    \
	{                                                                                          \
		name, false, true, false                                                           \
	}
#define T(name)                                                                                    \
	{                                                                                          \
		name, true, true, false                                                            \
	}
#define P(name)                                                                                    \
	{                                                                                          \
		name, true, true, true                                                             \
	}

/* clang-format off */
static const struct spirv_format FORMATS[] = {
	[0] = N("Nop"), [1] = P("Undef"), [2] = N("SourceContinued"), [3] = N("Source"),
	[4] = N("SourceExtension"), [5] = N("Name"), [6] = N("MemberName"), [7] = R("String"),
	[8] = N("Line"), [10] = N("Extension"), [11] = R("ExtInstImport"), [12] = T("ExtInst"),
	[14] = N("MemoryModel"), [15] = N("EntryPoint"), [16] = N("ExecutionMode"),
	[17] = N("Capability"), [19] = R("TypeVoid"), [20] = R("TypeBool"), [21] = R("TypeInt"),
	[22] = R("TypeFloat"), [23] = R("TypeVector"), [25] = R("TypeImage"),
	[26] = R("TypeSampler"), [27] = R("TypeSampledImage"), [28] = R("TypeArray"),
	[29] = R("TypeRuntimeArray"), [30] = R("TypeStruct"), [31] = R("TypeOpaque"),
	[32] = R("TypePointer"), [33] = R("TypeFunction"), [34] = R("TypeEvent"),
	[35] = R("TypeDeviceEvent"), [36] = R("TypeReserveId"), [37] = R("TypeQueue"),
	[38] = R("TypePipe"), [39] = N("TypeForwardPointer"), [41] = T("ConstantTrue"),
	[42] = T("ConstantFalse"), [43] = T("Constant"), [44] = T("ConstantComposite"),
	[45] = T("ConstantSampler"), [46] = P("ConstantNull"), [48] = T("SpecConstantTrue"),
	[49] = T("SpecConstantFalse"), [50] = T("SpecConstant"), [51] = T("SpecConstantComposite"),
	[52] = T("SpecConstantOp"), [54] = T("Function"), [55] = T("FunctionParameter"),
	[56] = N("FunctionEnd"), [57] = T("FunctionCall"), [59] = T("Variable"), [61] = T("Load"),
	[62] = N("Store"), [63] = N("CopyMemory"), [64] = N("CopyMemorySized"),
	[65] = P("AccessChain"), [66] = P("InBoundsAccessChain"), [67] = P("PtrAccessChain"),
	[69] = T("GenericPtrMemSemantics"), [70] = P("InBoundsPtrAccessChain"),
	[71] = N("Decorate"), [72] = N("MemberDecorate"), [73] = R("DecorationGroup"),
	[74] = N("GroupDecorate"), [75] = N("GroupMemberDecorate"),
	[77] = P("VectorExtractDynamic"), [78] = P("VectorInsertDynamic"),
	[79] = P("VectorShuffle"), [80] = P("CompositeConstruct"), [81] = P("CompositeExtract"),
	[82] = P("CompositeInsert"), [83] = P("CopyObject"), [86] = P("SampledImage"),
	[88] = T("ImageSampleExplicitLod"), [95] = T("ImageFetch"), [98] = T("ImageRead"),
	[99] = N("ImageWrite"), [100] = P("Image"), [101] = P("ImageQueryFormat"),
	[102] = P("ImageQueryOrder"), [103] = P("ImageQuerySizeLod"), [104] = P("ImageQuerySize"),
	[105] = P("ImageQueryLod"), [106] = P("ImageQueryLevels"), [107] = P("ImageQuerySamples"),
	[109] = P("ConvertFToU"), [110] = P("ConvertFToS"), [111] = P("ConvertSToF"),
	[112] = P("ConvertUToF"), [113] = P("UConvert"), [114] = P("SConvert"),
	[115] = P("FConvert"), [116] = P("QuantizeToF16"), [117] = P("ConvertPtrToU"),
	[118] = P("SatConvertSToU"), [119] = P("SatConvertUToS"), [120] = P("ConvertUToPtr"),
	[121] = P("PtrCastToGeneric"), [122] = P("GenericCastToPtr"),
	[123] = P("GenericCastToPtrExplicit"), [124] = P("Bitcast"), [126] = P("SNegate"),
	[127] = P("FNegate"), [128] = P("IAdd"), [129] = P("FAdd"), [130] = P("ISub"),
	[131] = P("FSub"), [132] = P("IMul"), [133] = P("FMul"), [134] = P("UDiv"),
	[135] = P("SDiv"), [136] = P("FDiv"), [137] = P("UMod"), [138] = P("SRem"),
	[139] = P("SMod"), [140] = P("FRem"), [141] = P("FMod"), [142] = P("VectorTimesScalar"),
	[148] = P("Dot"), [149] = P("IAddCarry"), [150] = P("ISubBorrow"),
	[151] = P("UMulExtended"), [152] = T("SMulExtended"), [154] = P("Any"), [155] = P("All"),
	[156] = P("IsNan"), [157] = P("IsInf"), [158] = P("IsFinite"), [159] = P("IsNormal"),
	[160] = P("SignBitSet"), [161] = P("LessOrGreater"), [162] = P("Ordered"),
	[163] = P("Unordered"), [164] = P("LogicalEqual"), [165] = P("LogicalNotEqual"),
	[166] = P("LogicalOr"), [167] = P("LogicalAnd"), [168] = P("LogicalNot"),
	[169] = P("Select"), [170] = P("IEqual"), [171] = P("INotEqual"),
	[172] = P("UGreaterThan"), [173] = P("SGreaterThan"), [174] = P("UGreaterThanEqual"),
	[175] = P("SGreaterThanEqual"), [176] = P("ULessThan"), [177] = P("SLessThan"),
	[178] = P("ULessThanEqual"), [179] = P("SLessThanEqual"), [180] = P("FOrdEqual"),
	[181] = P("FUnordEqual"), [182] = P("FOrdNotEqual"), [183] = P("FUnordNotEqual"),
	[184] = P("FOrdLessThan"), [185] = P("FUnordLessThan"), [186] = P("FOrdGreaterThan"),
	[187] = P("FUnordGreaterThan"), [188] = P("FOrdLessThanEqual"),
	[189] = P("FUnordLessThanEqual"), [190] = P("FOrdGreaterThanEqual"),
	[191] = P("FUnordGreaterThanEqual"), [194] = P("ShiftRightLogical"),
	[195] = P("ShiftRightArithmetic"), [196] = P("ShiftLeftLogical"), [197] = P("BitwiseOr"),
	[198] = P("BitwiseXor"), [199] = P("BitwiseAnd"), [200] = P("Not"),
	[201] = P("BitFieldInsert"), [202] = P("BitFieldSExtract"), [203] = P("BitFieldUExtract"),
	[204] = P("BitReverse"), [205] = P("BitCount"), [224] = N("ControlBarrier"),
	[225] = N("MemoryBarrier"), [227] = T("AtomicLoad"), [228] = N("AtomicStore"),
	[229] = T("AtomicExchange"), [230] = T("AtomicCompareExchange"),
	[231] = T("AtomicCompareExchangeWeak"), [232] = T("AtomicIIncrement"),
	[233] = T("AtomicIDecrement"), [234] = T("AtomicIAdd"), [235] = T("AtomicISub"),
	[236] = T("AtomicSMin"), [237] = T("AtomicUMin"), [238] = T("AtomicSMax"),
	[239] = T("AtomicUMax"), [240] = T("AtomicAnd"), [241] = T("AtomicOr"),
	[242] = T("AtomicXor"), [245] = T("Phi"), [246] = N("LoopMerge"),
	[247] = N("SelectionMerge"), [248] = R("Label"), [249] = N("Branch"),
	[250] = N("BranchConditional"), [251] = N("Switch"), [253] = N("Return"),
	[254] = N("ReturnValue"), [255] = N("Unreachable"), [256] = N("LifetimeStart"),
	[257] = N("LifetimeStop"), [259] = T("GroupAsyncCopy"), [260] = N("GroupWaitEvents"),
	[261] = T("GroupAll"), [262] = T("GroupAny"), [263] = T("GroupBroadcast"),
	[264] = T("GroupIAdd"), [265] = T("GroupFAdd"), [266] = T("GroupFMin"),
	[267] = T("GroupUMin"), [268] = T("GroupSMin"), [269] = T("GroupFMax"),
	[270] = T("GroupUMax"), [271] = T("GroupSMax"), [274] = T("ReadPipe"),
	[275] = T("WritePipe"), [276] = T("ReservedReadPipe"), [277] = T("ReservedWritePipe"),
	[278] = T("ReserveReadPipePackets"), [279] = T("ReserveWritePipePackets"),
	[280] = N("CommitReadPipe"), [281] = N("CommitWritePipe"), [282] = T("IsValidReserveId"),
	[283] = T("GetNumPipePackets"), [284] = T("GetMaxPipePackets"),
	[285] = T("GroupReserveReadPipePackets"), [286] = T("GroupReserveWritePipePackets"),
	[287] = N("GroupCommitReadPipe"), [288] = N("GroupCommitWritePipe"),
	[291] = T("EnqueueMarker"), [292] = T("EnqueueKernel"),
	[293] = T("GetKernelNDrangeSubGroupCount"), [294] = T("GetKernelNDrangeMaxSubGroupSize"),
	[295] = T("GetKernelWorkGroupSize"), [296] = T("GetKernelPreferredWorkGroupSizeMultiple"),
	[297] = N("RetainEvent"), [298] = N("ReleaseEvent"), [299] = T("CreateUserEvent"),
	[300] = T("IsValidEvent"), [301] = N("SetUserEventStatus"),
	[302] = N("CaptureEventProfilingInfo"), [303] = T("GetDefaultQueue"),
	[304] = T("BuildNDRange"), [317] = N("NoLine"), [318] = T("AtomicFlagTestAndSet"),
	[319] = N("AtomicFlagClear"), [321] = T("SizeOf"), [322] = R("TypePipeStorage"),
	[323] = T("ConstantPipeStorage"), [324] = T("CreatePipeFromPipeStorage"),
	[325] = T("GetKernelLocalSizeForSubgroupCount"), [326] = T("GetKernelMaxNumSubgroups"),
	[327] = R("TypeNamedBarrier"), [328] = T("NamedBarrierInitialize"),
	[329] = N("MemoryNamedBarrier"), [330] = N("ModuleProcessed"),
	[331] = N("ExecutionModeId"), [332] = N("DecorateId"), [333] = T("GroupNonUniformElect"),
	[334] = T("GroupNonUniformAll"), [335] = T("GroupNonUniformAny"),
	[336] = T("GroupNonUniformAllEqual"), [337] = T("GroupNonUniformBroadcast"),
	[338] = T("GroupNonUniformBroadcastFirst"), [339] = T("GroupNonUniformBallot"),
	[340] = T("GroupNonUniformInverseBallot"), [341] = T("GroupNonUniformBallotBitExtract"),
	[342] = T("GroupNonUniformBallotBitCount"), [343] = T("GroupNonUniformBallotFindLSB"),
	[344] = T("GroupNonUniformBallotFindMSB"), [345] = T("GroupNonUniformShuffle"),
	[346] = T("GroupNonUniformShuffleXor"), [347] = T("GroupNonUniformShuffleUp"),
	[348] = T("GroupNonUniformShuffleDown"), [349] = T("GroupNonUniformIAdd"),
	[350] = T("GroupNonUniformFAdd"), [351] = T("GroupNonUniformIMul"),
	[352] = T("GroupNonUniformFMul"), [353] = T("GroupNonUniformSMin"),
	[354] = T("GroupNonUniformUMin"), [355] = T("GroupNonUniformFMin"),
	[356] = T("GroupNonUniformSMax"), [357] = T("GroupNonUniformUMax"),
	[358] = T("GroupNonUniformFMax"), [359] = T("GroupNonUniformBitwiseAnd"),
	[360] = T("GroupNonUniformBitwiseOr"), [361] = T("GroupNonUniformBitwiseXor"),
	[362] = T("GroupNonUniformLogicalAnd"), [363] = T("GroupNonUniformLogicalOr"),
	[364] = T("GroupNonUniformLogicalXor"), [365] = T("GroupNonUniformQuadBroadcast"),
	[366] = T("GroupNonUniformQuadSwap"), [400] = P("CopyLogical"), [401] = P("PtrEqual"),
	[402] = P("PtrNotEqual"), [403] = P("PtrDiff"),
};
/* clang-format on */

const struct spirv_format *spirv_format(uint32_t op)
{
	return op < sizeof(FORMATS) / sizeof(*FORMATS) && FORMATS[op].name ? &FORMATS[op] : NULL;
}

uint32_t spirv_result(const uint32_t *at)
{
	const struct spirv_format *format = spirv_format(spirv_op(at));

	return format && format->has_result ? spirv_word(at, format->has_type ? 2 : 1) : 0;
}
