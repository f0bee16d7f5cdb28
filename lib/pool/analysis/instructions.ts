/**
 * The instructions that the analysis can name, and where their operands are.
 *
 * Source: SPIR-V specification 1.6, section 3.49, and its machine-readable grammar. A line is the opcode, the name
 * without `Op`, whether there is a result type (`T`) and a result (`R`), and the other operands: `i` an id, `l` a
 * literal word, `s` a string, `m` memory or image operands (a mask, then what the mask asks for), `p` pairs of
 * literal and id, `q` pairs of id and literal; `*` for any number of the kind before.
 *
 * @module
 */

/** How an instruction is laid out. */
export interface InstructionFormat {
  name: string;
  hasType: boolean;
  hasResult: boolean;
  operands: string;
}

const TABLE = `
0 Nop -
1 Undef TR
2 SourceContinued - s
3 Source - llis
4 SourceExtension - s
5 Name - is
6 MemberName - ils
7 String R s
8 Line - ill
10 Extension - s
11 ExtInstImport R s
12 ExtInst TR ili*
14 MemoryModel - ll
15 EntryPoint - lisi*
16 ExecutionMode - il
17 Capability - l
19 TypeVoid R
20 TypeBool R
21 TypeInt R ll
22 TypeFloat R ll
23 TypeVector R il
24 TypeMatrix R il
25 TypeImage R illlllll
26 TypeSampler R
27 TypeSampledImage R i
28 TypeArray R ii
29 TypeRuntimeArray R i
30 TypeStruct R i*
32 TypePointer R li
33 TypeFunction R ii*
39 TypeForwardPointer - il
41 ConstantTrue TR
42 ConstantFalse TR
43 Constant TR l
44 ConstantComposite TR i*
46 ConstantNull TR
48 SpecConstantTrue TR
49 SpecConstantFalse TR
50 SpecConstant TR l
51 SpecConstantComposite TR i*
52 SpecConstantOp TR l
54 Function TR li
55 FunctionParameter TR
56 FunctionEnd -
57 FunctionCall TR ii*
59 Variable TR li
60 ImageTexelPointer TR iii
61 Load TR im
62 Store - iim
63 CopyMemory - iimm
65 AccessChain TR ii*
66 InBoundsAccessChain TR ii*
67 PtrAccessChain TR iii*
68 ArrayLength TR il
71 Decorate - il
72 MemberDecorate - ill
73 DecorationGroup R
74 GroupDecorate - ii*
75 GroupMemberDecorate - iq*
77 VectorExtractDynamic TR ii
78 VectorInsertDynamic TR iii
79 VectorShuffle TR iil*
80 CompositeConstruct TR i*
81 CompositeExtract TR il*
82 CompositeInsert TR iil*
83 CopyObject TR i
84 Transpose TR i
86 SampledImage TR ii
87 ImageSampleImplicitLod TR iim
88 ImageSampleExplicitLod TR iim
89 ImageSampleDrefImplicitLod TR iiim
90 ImageSampleDrefExplicitLod TR iiim
91 ImageSampleProjImplicitLod TR iim
92 ImageSampleProjExplicitLod TR iim
93 ImageSampleProjDrefImplicitLod TR iiim
94 ImageSampleProjDrefExplicitLod TR iiim
95 ImageFetch TR iim
96 ImageGather TR iiim
97 ImageDrefGather TR iiim
98 ImageRead TR iim
99 ImageWrite - iiim
100 Image TR i
101 ImageQueryFormat TR i
102 ImageQueryOrder TR i
103 ImageQuerySizeLod TR ii
104 ImageQuerySize TR i
105 ImageQueryLod TR ii
106 ImageQueryLevels TR i
109 ConvertFToU TR i
110 ConvertFToS TR i
111 ConvertSToF TR i
112 ConvertUToF TR i
113 UConvert TR i
114 SConvert TR i
115 FConvert TR i
116 QuantizeToF16 TR i
117 ConvertPtrToU TR i
118 SatConvertSToU TR i
119 SatConvertUToS TR i
120 ConvertUToPtr TR i
124 Bitcast TR i
126 SNegate TR i
127 FNegate TR i
128 IAdd TR ii
129 FAdd TR ii
130 ISub TR ii
131 FSub TR ii
132 IMul TR ii
133 FMul TR ii
134 UDiv TR ii
135 SDiv TR ii
136 FDiv TR ii
137 UMod TR ii
138 SRem TR ii
139 SMod TR ii
140 FRem TR ii
141 FMod TR ii
142 VectorTimesScalar TR ii
143 MatrixTimesScalar TR ii
144 VectorTimesMatrix TR ii
145 MatrixTimesVector TR ii
146 MatrixTimesMatrix TR ii
147 OuterProduct TR ii
148 Dot TR ii
149 IAddCarry TR ii
150 ISubBorrow TR ii
151 UMulExtended TR ii
152 SMulExtended TR ii
154 Any TR i
155 All TR i
156 IsNan TR i
157 IsInf TR i
164 LogicalEqual TR ii
165 LogicalNotEqual TR ii
166 LogicalOr TR ii
167 LogicalAnd TR ii
168 LogicalNot TR i
169 Select TR iii
170 IEqual TR ii
171 INotEqual TR ii
172 UGreaterThan TR ii
173 SGreaterThan TR ii
174 UGreaterThanEqual TR ii
175 SGreaterThanEqual TR ii
176 ULessThan TR ii
177 SLessThan TR ii
178 ULessThanEqual TR ii
179 SLessThanEqual TR ii
180 FOrdEqual TR ii
181 FUnordEqual TR ii
182 FOrdNotEqual TR ii
183 FUnordNotEqual TR ii
184 FOrdLessThan TR ii
185 FUnordLessThan TR ii
186 FOrdGreaterThan TR ii
187 FUnordGreaterThan TR ii
188 FOrdLessThanEqual TR ii
189 FUnordLessThanEqual TR ii
190 FOrdGreaterThanEqual TR ii
191 FUnordGreaterThanEqual TR ii
194 ShiftRightLogical TR ii
195 ShiftRightArithmetic TR ii
196 ShiftLeftLogical TR ii
197 BitwiseOr TR ii
198 BitwiseXor TR ii
199 BitwiseAnd TR ii
200 Not TR i
201 BitFieldInsert TR iiii
202 BitFieldSExtract TR iii
203 BitFieldUExtract TR iii
204 BitReverse TR i
205 BitCount TR i
224 ControlBarrier - iii
225 MemoryBarrier - ii
227 AtomicLoad TR iii
228 AtomicStore - iiii
229 AtomicExchange TR iiii
230 AtomicCompareExchange TR iiiiii
231 AtomicCompareExchangeWeak TR iiiiii
232 AtomicIIncrement TR iii
233 AtomicIDecrement TR iii
234 AtomicIAdd TR iiii
235 AtomicISub TR iiii
236 AtomicSMin TR iiii
237 AtomicUMin TR iiii
238 AtomicSMax TR iiii
239 AtomicUMax TR iiii
240 AtomicAnd TR iiii
241 AtomicOr TR iiii
242 AtomicXor TR iiii
245 Phi TR i*
246 LoopMerge - iil
247 SelectionMerge - il
248 Label R
249 Branch - i
250 BranchConditional - iiil*
251 Switch - iip*
253 Return -
254 ReturnValue - i
255 Unreachable -
317 NoLine -
330 ModuleProcessed - s
331 ExecutionModeId - il
332 DecorateId - il
333 GroupNonUniformElect TR i
334 GroupNonUniformAll TR ii
335 GroupNonUniformAny TR ii
336 GroupNonUniformAllEqual TR ii
337 GroupNonUniformBroadcast TR iii
338 GroupNonUniformBroadcastFirst TR ii
339 GroupNonUniformBallot TR ii
340 GroupNonUniformInverseBallot TR ii
341 GroupNonUniformBallotBitExtract TR iii
342 GroupNonUniformBallotBitCount TR ili
343 GroupNonUniformBallotFindLSB TR ii
344 GroupNonUniformBallotFindMSB TR ii
345 GroupNonUniformShuffle TR iii
346 GroupNonUniformShuffleXor TR iii
347 GroupNonUniformShuffleUp TR iii
348 GroupNonUniformShuffleDown TR iii
349 GroupNonUniformIAdd TR ilii
350 GroupNonUniformFAdd TR ilii
351 GroupNonUniformIMul TR ilii
352 GroupNonUniformFMul TR ilii
353 GroupNonUniformSMin TR ilii
354 GroupNonUniformUMin TR ilii
355 GroupNonUniformFMin TR ilii
356 GroupNonUniformSMax TR ilii
357 GroupNonUniformUMax TR ilii
358 GroupNonUniformFMax TR ilii
359 GroupNonUniformBitwiseAnd TR ilii
360 GroupNonUniformBitwiseOr TR ilii
361 GroupNonUniformBitwiseXor TR ilii
362 GroupNonUniformLogicalAnd TR ilii
363 GroupNonUniformLogicalOr TR ilii
364 GroupNonUniformLogicalXor TR ilii
365 GroupNonUniformQuadBroadcast TR iii
366 GroupNonUniformQuadSwap TR iii
400 CopyLogical TR i
401 PtrEqual TR ii
402 PtrNotEqual TR ii
403 PtrDiff TR ii
4450 SDot TR iil
4451 UDot TR iil
4452 SUDot TR iil
4453 SDotAccSat TR iiil
4454 UDotAccSat TR iiil
4455 SUDotAccSat TR iiil
5614 AtomicFMinEXT TR iiii
5615 AtomicFMaxEXT TR iiii
6035 AtomicFAddEXT TR iiii
`;

/** Formats by opcode. What is not here is not known to the analysis. */
export const FORMATS: ReadonlyMap<number, InstructionFormat> = new Map(
  TABLE.trim().split("\n").map((line) => {
    const [opcode, name = "", result = "", operands = ""] = line.split(" ");
    return [Number(opcode), {
      name,
      hasType: result.includes("T"),
      hasResult: result.includes("R"),
      operands,
    }];
  }),
);

/** The words of an instruction that name ids, as far as its format tells; all words where it is not known. */
export function idOperands(
  { opcode, args }: { opcode: number; args: readonly number[] },
): number[] {
  const kinds = FORMATS.get(opcode)?.operands;
  if (kinds === undefined) return [...args];
  const ids: number[] = [];
  for (let at = 0, kind = 0; at < args.length; at++) {
    const of = kinds[kind] ?? "m";
    // Of memory and image operands some are ids.
    if (of === "i" || of === "m" || of === "p" || of === "q") ids.push(args[at] ?? 0);
    if (kinds[kind + 1] !== "*" && of !== "m" && of !== "s") kind++;
  }
  return ids;
}
