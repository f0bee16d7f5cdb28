/**
 * Compute kernels with conditions, loops that end early, shared memory and atomics.
 *
 * @module
 */

import { Kernel, type KernelOptions, type NumericType } from "./kernel.ts";
import type { PointerType, ScalarType, Type, Value } from "./module.ts";
import { Decoration, Glsl, Op, StorageClass } from "./opcodes.ts";

/** A truth value. */
export type BoolType = Extract<Type, { kind: "bool" }>;

/** An array that the invocations of a workgroup share. */
export interface WorkgroupArray<T extends NumericType = NumericType> {
  /** Address of element `index`. */
  at(index: Value): Value<PointerType>;
  /** Loads element `index`. */
  load(index: Value): Value<T>;
  /** Stores element `index`. */
  store(index: Value, value: Value<T>): void;
}

/** `Scope` (section 3.27). */
const DEVICE = 1, WORKGROUP = 2, QUEUE_FAMILY = 5;

/** `NonPrivatePointer` (section 3.26): ordered by the workgroup's barriers; of the Vulkan memory model. */
const NON_PRIVATE = 0x20;

/** Memory Semantics (section 3.25): acquire-release of workgroup memory. */
const ACQUIRE_RELEASE_SHARED = 0x8 | 0x100;

/** … made available and visible; of the Vulkan memory model. */
const AVAILABLE_VISIBLE = 0x2000 | 0x4000;

/**
 * A {@linkcode Kernel} whose invocations decide, work together and count.
 *
 * @example
 * ```ts
 * import { ComputeKernel } from "./compute_kernel.ts";
 *
 * const kernel = new ComputeKernel({ localSize: [16, 8], addressing: "descriptor" });
 * const image = kernel.buffer(kernel.u32);
 * const width = kernel.push("width", kernel.u32), height = kernel.push("height", kernel.u32);
 * const code = kernel.body((k) => {
 *   const x = k.globalId(0), y = k.globalId(1);
 *   k.when(k.both(k.less(x, width()), k.less(y, height())), () => {
 *     image.store(k.add(k.mul(y, width()), x), k.xor(x, y));
 *   });
 * });
 * code.workgroup; // [16, 8, 1]
 * ```
 */
export class ComputeKernel extends Kernel {
  readonly #isVulkanModel: boolean;

  /** Starts a kernel. */
  constructor(options: KernelOptions) {
    super(options);
    this.#isVulkanModel = options.version === "1.6";
  }

  #truth(opcode: number, ...operands: number[]): Value<BoolType> {
    return this.module.result(opcode, this.module.bool() as BoolType, ...operands);
  }

  /** a < b of two scalars of one type; false where one is not a number. */
  less(a: Value<ScalarType>, b: Value): Value<BoolType> {
    if (a.type.id !== b.type.id) throw new TypeError("the compared values differ in type");
    const opcode = a.type.kind === "float"
      ? Op.FOrdLessThan
      : a.type.signed
      ? Op.SLessThan
      : Op.ULessThan;
    return this.#truth(opcode, a.id, b.id);
  }

  /** a == b of two integers. */
  equal(a: Value<ScalarType>, b: Value): Value<BoolType> {
    return this.#truth(Op.IEqual, a.id, b.id);
  }

  /** Whether both are so. */
  both(a: Value<BoolType>, b: Value<BoolType>): Value<BoolType> {
    return this.#truth(Op.LogicalAnd, a.id, b.id);
  }

  /** Whether one of them is so, or both. */
  either(a: Value<BoolType>, b: Value<BoolType>): Value<BoolType> {
    return this.#truth(Op.LogicalOr, a.id, b.id);
  }

  /** Whether it is not so. */
  not(a: Value<BoolType>): Value<BoolType> {
    return this.#truth(Op.LogicalNot, a.id);
  }

  /** `condition ? a : b`, of scalars. */
  select<T extends ScalarType>(condition: Value<BoolType>, a: Value<T>, b: Value<T>): Value<T> {
    return this.module.result(Op.Select, a.type, condition.id, a.id, b.id);
  }

  /** `if (condition) body()`. */
  when(condition: Value<BoolType>, body: () => void): void {
    const m = this.module;
    const [inside, after] = [m.id(), m.id()];
    m.emit("body", Op.SelectionMerge, after, 0);
    m.emit("body", Op.BranchConditional, condition.id, inside, after);
    m.emit("body", Op.Label, inside);
    body();
    m.emit("body", Op.Branch, after);
    m.emit("body", Op.Label, after);
  }

  /** `while (condition()) body()`. */
  loopWhile(condition: () => Value<BoolType>, body: () => void): void {
    const m = this.module;
    const [header, check, inside, next, after] = [m.id(), m.id(), m.id(), m.id(), m.id()];
    m.emit("body", Op.Branch, header);
    m.emit("body", Op.Label, header);
    m.emit("body", Op.LoopMerge, after, next, 0);
    m.emit("body", Op.Branch, check);
    m.emit("body", Op.Label, check);
    m.emit("body", Op.BranchConditional, condition().id, inside, after);
    m.emit("body", Op.Label, inside);
    body();
    m.emit("body", Op.Branch, next);
    m.emit("body", Op.Label, next);
    m.emit("body", Op.Branch, header);
    m.emit("body", Op.Label, after);
  }

  /**
   * The result of an arithmetic instruction, which the driver must not merge with another (`NoContraction`):
   * sums, differences and products of binary32 are then the same on every device.
   */
  exact<T extends Type>(value: Value<T>): Value<T> {
    this.module.decorate(value.id, Decoration.NoContraction);
    return value;
  }

  /** a / b of floating-point numbers. */
  quotient<T extends NumericType>(a: Value<T>, b: Value): Value<T> {
    return this.module.result(Op.FDiv, a.type, a.id, b.id);
  }

  #extended<T extends NumericType>(which: number, a: Value<T>, ...more: Value[]): Value<T> {
    const set = this.module.import("GLSL.std.450");
    const operands = [a, ...more].map(({ id }) => id);
    return this.module.result(Op.ExtInst, a.type, set, which, ...operands);
  }

  /** The lesser of two: of floating-point numbers, or of unsigned integers. */
  min<T extends ScalarType>(a: Value<T>, b: Value): Value<T> {
    return this.#extended(a.type.kind === "float" ? Glsl.FMin : Glsl.UMin, a, b);
  }

  /** The greater of two: of floating-point numbers, or of unsigned integers. */
  max<T extends ScalarType>(a: Value<T>, b: Value): Value<T> {
    return this.#extended(a.type.kind === "float" ? Glsl.FMax : Glsl.UMax, a, b);
  }

  /** The greatest whole number not above a floating-point number. */
  floor<T extends NumericType>(value: Value<T>): Value<T> {
    return this.#extended(Glsl.Floor, value);
  }

  /** e to the power of a binary32 number, within 3 + 2 |x| units in the last place. */
  exp<T extends NumericType>(value: Value<T>): Value<T> {
    return this.#extended(Glsl.Exp, value);
  }

  /** 1 / sqrt(x), within 2 units in the last place. */
  inverseSqrt<T extends NumericType>(value: Value<T>): Value<T> {
    return this.#extended(Glsl.InverseSqrt, value);
  }

  /** The whole part of a floating-point number that an unsigned integer holds. */
  toUnsigned(value: Value<ScalarType>): Value<ScalarType> {
    return this.module.result(Op.ConvertFToU, this.u32, value.id);
  }

  /** Declares an array that the workgroup shares; inside the body. */
  workgroupArray<T extends NumericType>(element: T, length: number): WorkgroupArray<T> {
    const array = this.module.array(element, length, 0);
    const variable = this.module.global(this.module.pointer(StorageClass.Workgroup, array));
    const pointer = this.module.pointer(StorageClass.Workgroup, element);
    const at = (index: Value) => this.module.result(Op.AccessChain, pointer, variable.id, index.id);
    const ordered = this.#isVulkanModel ? [NON_PRIVATE] : [];
    return {
      at,
      load: (index) => this.module.result(Op.Load, element, at(index).id, ...ordered),
      store: (index, value) => {
        this.module.emit("body", Op.Store, at(index).id, value.id, ...ordered);
      },
    };
  }

  /** Waits for the whole workgroup; what it stored before in shared memory is seen after. */
  barrier(): void {
    const semantics = ACQUIRE_RELEASE_SHARED | (this.#isVulkanModel ? AVAILABLE_VISIBLE : 0);
    const word = (value: number) => this.constant(this.u32, value).id;
    const operands = [word(WORKGROUP), word(WORKGROUP), word(semantics)];
    this.module.emit("body", Op.ControlBarrier, ...operands);
  }

  /**
   * Adds to an integer at an address, at once for all invocations that do; gives what stood there. Orders
   * nothing else.
   *
   * @param at in a buffer, or in an array of the workgroup.
   */
  atomicAdd(at: Value<PointerType>, value: Value<ScalarType>): Value<ScalarType> {
    // The Vulkan memory model has device scope as a feature of its own; a dispatch lies within one queue.
    const widest = this.#isVulkanModel ? QUEUE_FAMILY : DEVICE;
    const scope = at.type.storage === StorageClass.Workgroup ? WORKGROUP : widest;
    const word = (number: number) => this.constant(this.u32, number).id;
    return this.module.result(Op.AtomicIAdd, value.type, at.id, word(scope), word(0), value.id);
  }
}
