/**
 * Compute kernels with cooperative matrices of a subgroup (SPV_KHR_cooperative_matrix) or of a workgroup
 * (VK_NV_cooperative_matrix2).
 *
 * @module
 */

import { ComputeKernel } from "./compute_kernel.ts";
import type { KernelOptions } from "./kernel.ts";
import type { MatrixType, PointerType, ScalarType, Type, Value } from "./module.ts";
import { BuiltIn, Capability, Decoration, Op, StorageClass } from "./opcodes.ts";

/** A number format that matrix units take; `e4m3` and `e5m2` are the two of 8-bit floating point. */
export type MatrixFormat =
  | "fp16"
  | "bf16"
  | "fp32"
  | "fp64"
  | "e4m3"
  | "e5m2"
  | "int8"
  | "uint8"
  | "int32"
  | "uint32";

/** Bytes of a number in memory. */
export const MATRIX_FORMAT_BYTES: Record<MatrixFormat, number> = {
  fp16: 2,
  bf16: 2,
  fp32: 4,
  fp64: 8,
  e4m3: 1,
  e5m2: 1,
  int8: 1,
  uint8: 1,
  int32: 4,
  uint32: 4,
};

/** How a matrix lies in memory. */
export type MatrixLayout = "row_major" | "column_major";

/** The order of `CooperativeMatrixUse` (section 3.63 of the extension). */
const USES = ["a", "b", "accumulator"] as const;

/** What a matrix is for. */
export type MatrixUse = typeof USES[number];

/** Whose invocations hold a matrix together; a workgroup's needs VK_NV_cooperative_matrix2. */
export type MatrixScope = "subgroup" | "workgroup";

/** `Scope` (section 3.27). */
const SCOPES: Record<MatrixScope, 2 | 3> = { workgroup: 2, subgroup: 3 };

/** `NonPrivatePointer` (section 3.26): ordered by the workgroup's barriers. */
const NON_PRIVATE = 0x20;

/** A {@linkcode ComputeKernel} with cooperative matrices. Needs Vulkan 1.3 and `vulkanMemoryModel`. */
export class MatrixKernel extends ComputeKernel {
  /** Starts a kernel. */
  constructor(options: Omit<KernelOptions, "version">) {
    super({ ...options, version: "1.6" });
    this.module.capability(Capability.CooperativeMatrix);
    this.module.extension("SPV_KHR_cooperative_matrix");
  }

  /** The scalar type of a format. */
  scalar(format: MatrixFormat): ScalarType {
    switch (format) {
      case "fp16":
        return this.f16;
      case "bf16":
        this.module.capability(Capability.BFloat16Type);
        this.module.capability(Capability.BFloat16CooperativeMatrix);
        this.module.extension("SPV_KHR_bfloat16");
        return this.module.encodedFloat("bfloat16");
      case "e4m3":
      case "e5m2":
        this.module.capability(Capability.Float8);
        this.module.capability(Capability.Float8CooperativeMatrix);
        this.module.extension("SPV_EXT_float8");
        return this.module.encodedFloat(format);
      case "fp32":
        return this.f32;
      case "fp64":
        return this.f64;
      case "int8":
      case "uint8":
        this.module.capability(Capability.Int8);
        return this.module.int(8, format === "int8");
      case "int32":
        return this.i32;
      case "uint32":
        return this.u32;
    }
  }

  /** A matrix type of the subgroup, or of the workgroup. */
  matrixType(
    format: MatrixFormat,
    rows: number,
    columns: number,
    use: MatrixUse,
    scope: MatrixScope = "subgroup",
  ): MatrixType {
    const which = USES.indexOf(use) as 0 | 1 | 2;
    return this.module.matrix(this.scalar(format), rows, columns, which, SCOPES[scope]);
  }

  /** A matrix with the same number everywhere. */
  filled(type: MatrixType, value: number): Value<MatrixType> {
    const scalar = this.module.constant(type.component, value);
    return this.module.result(Op.CompositeConstruct, type, scalar.id);
  }

  /** A matrix of floating-point numbers in another format. */
  convertMatrix(type: MatrixType, matrix: Value<MatrixType>): Value<MatrixType> {
    return this.module.result(Op.FConvert, type, matrix.id);
  }

  #layout(layout: MatrixLayout): number {
    return this.constant(this.u32, layout === "row_major" ? 0 : 1).id;
  }

  /** Loads a matrix; `stride` is in elements of what `from` points to. */
  loadMatrix(
    type: MatrixType,
    from: Value<PointerType>,
    layout: MatrixLayout,
    stride: Value,
  ): Value<MatrixType> {
    const operands = this.#memoryOperands(from);
    const layoutId = this.#layout(layout);
    return this.module.result(
      Op.CooperativeMatrixLoad,
      type,
      from.id,
      layoutId,
      stride.id,
      ...operands,
    );
  }

  /** Stores a matrix; `stride` is in elements of what `to` points to. */
  storeMatrix(
    to: Value<PointerType>,
    matrix: Value<MatrixType>,
    layout: MatrixLayout,
    stride: Value,
  ): void {
    const layoutId = this.#layout(layout);
    const operands = this.#memoryOperands(to);
    const words = [to.id, matrix.id, layoutId, stride.id, ...operands];
    this.module.emit("body", Op.CooperativeMatrixStore, ...words);
  }

  /** Shared memory is ordered by barriers; physical addresses need their alignment said. */
  #memoryOperands({ type }: Value<PointerType>): number[] {
    if (type.storage === StorageClass.Workgroup) return [NON_PRIVATE];
    return type.storage === StorageClass.PhysicalStorageBuffer
      ? [2, alignmentOf(type.pointee)]
      : [];
  }

  /**
   * a * b + c; the components of integer matrices are signed or not as their types say.
   *
   * @param saturates whether integer sums stop at the greatest and the least number, instead of wrapping.
   */
  mulAdd(
    a: Value<MatrixType>,
    b: Value<MatrixType>,
    c: Value<MatrixType>,
    saturates = false,
  ): Value<MatrixType> {
    // Cooperative Matrix Operands: which components are signed (A, B, C, the result), and saturation.
    const signed = [a, b, c, c].map(({ type: { component } }, i) =>
      component.kind === "int" && component.signed ? 1 << i : 0
    );
    const operands = signed.reduce((all, each) => all | each, saturates ? 0x10 : 0);
    return this.module.result(
      Op.CooperativeMatrixMulAdd,
      c.type,
      a.id,
      b.id,
      c.id,
      ...operands === 0 ? [] : [operands],
    );
  }

  #scalarBuiltins = new Map<number, Value<PointerType>>();

  #scalarBuiltin(which: number): Value<ScalarType> {
    this.module.capability(Capability.GroupNonUniform);
    let variable = this.#scalarBuiltins.get(which);
    if (variable === undefined) {
      variable = this.module.global(this.module.pointer(StorageClass.Input, this.u32));
      this.module.decorate(variable.id, Decoration.BuiltIn, which);
      this.#scalarBuiltins.set(which, variable);
    }
    return this.module.result(Op.Load, this.u32, variable.id);
  }

  /** Number of the invocation's subgroup in its workgroup. */
  subgroupId(): Value<ScalarType> {
    return this.#scalarBuiltin(BuiltIn.SubgroupId);
  }
}

function alignmentOf(type: Type): number {
  if (type.kind === "vector") return type.count * alignmentOf(type.component);
  return type.kind === "int" || type.kind === "float" ? type.width / 8 : 4;
}
