/**
 * The assembler's kernels with grids of three dimensions, shared memory and what safe kernels do not do.
 *
 * @module
 */

import { ImageKernel } from "../../lib/spirv/image_kernel.ts";
import type { PointerType, ScalarType, Value } from "../../lib/spirv/module.ts";
import { BuiltIn, Decoration, Op, StorageClass } from "../../lib/spirv/opcodes.ts";
import type { Dimension } from "../../lib/pool/analysis/verdict.ts";

/** Ids that a kernel may ask for, in any dimension. */
export type GridId = "NumWorkgroups" | "WorkgroupId" | "LocalInvocationId" | "GlobalInvocationId";

/** A kernel over a grid. Its own ids go by {@linkcode id}, not by the methods of `Kernel`. */
export class GridKernel extends ImageKernel {
  readonly #ids = new Map<GridId, Value<PointerType>>();
  #shared: Value<PointerType> | undefined;

  /** A component of a builtin. */
  id(which: GridId, dimension: Dimension): Value<ScalarType> {
    const vector = this.vector(this.u32, 3);
    let variable = this.#ids.get(which);
    if (variable === undefined) {
      variable = this.module.global(this.module.pointer(StorageClass.Input, vector));
      this.module.decorate(variable.id, Decoration.BuiltIn, BuiltIn[which]);
      this.#ids.set(which, variable);
    }
    return this.extract(this.module.result(Op.Load, vector, variable.id), dimension);
  }

  /** A number. */
  number(value: number): Value<ScalarType> {
    return this.constant(this.u32, value);
  }

  /** Any instruction of two operands and an unsigned result. */
  binary(opcode: number, a: Value, b: Value): Value<ScalarType> {
    return this.module.result(opcode, this.u32, a.id, b.id);
  }

  /** `a < b ? c : d`, unsigned. */
  chooseLess(a: Value, b: Value, c: Value, d: Value): Value<ScalarType> {
    const less = this.module.result(Op.ULessThan, this.module.bool(), a.id, b.id);
    return this.module.result(Op.Select, this.u32, less.id, c.id, d.id);
  }

  /** `isOdd ? a : b` of pointers, by the last bit of a number. */
  chooseOdd(number: Value, a: Value<PointerType>, b: Value<PointerType>): Value<PointerType> {
    const bit = this.binary(Op.BitwiseAnd, number, this.number(1));
    const odd = this.module.result(Op.IEqual, this.module.bool(), bit.id, this.number(1).id);
    return this.module.result(Op.Select, a.type, odd.id, a.id, b.id);
  }

  /** An instruction of GLSL.std.450 with an unsigned result. */
  extended(number: number, ...operands: Value[]): Value<ScalarType> {
    const set = this.module.import("GLSL.std.450");
    return this.module.result(Op.ExtInst, this.u32, set, number, ...operands.map(({ id }) => id));
  }

  /** Any instruction without a result. */
  effect(opcode: number, ...operands: number[]): void {
    this.module.emit("body", opcode, ...operands);
  }

  /** Any instruction with an unsigned result. */
  unsigned(opcode: number, ...operands: number[]): Value<ScalarType> {
    return this.module.result(opcode, this.u32, ...operands);
  }

  /** Declares a capability. */
  capability(number: number): void {
    this.module.capability(number);
  }

  /** Decorates an id. */
  decorate(id: number, decoration: number, ...operands: number[]): void {
    this.module.decorate(id, decoration, ...operands);
  }

  /** Element of an array of 64 numbers that the work-group shares. */
  shared(index: Value): Value<PointerType> {
    const { module } = this;
    const array = module.array(this.u32, 64, 0);
    this.#shared ??= module.global(module.pointer(StorageClass.Workgroup, array));
    const pointer = module.pointer(StorageClass.Workgroup, this.u32);
    return module.result(Op.AccessChain, pointer, this.#shared.id, index.id);
  }

  /** All invocations of the work-group come here, and see what the others shared. */
  meet(): void {
    // Scope Workgroup twice; AcquireRelease of WorkgroupMemory (sections 3.25, 3.27).
    const [scope, semantics] = [this.number(2), this.number(0x108)];
    this.module.emit("body", Op.ControlBarrier, scope.id, scope.id, semantics.id);
  }
}
