/**
 * Compute kernels over the assembler: buffers, push constants, arithmetic and structured loops.
 *
 * @module
 */

import {
  ModuleBuilder,
  type PointerType,
  type ScalarType,
  type Type,
  type Value,
  type VectorType,
} from "./module.ts";
import {
  type Axis,
  type KernelBuffer,
  type KernelCode,
  type KernelOptions,
  type NumericType,
  scalarOf,
  sizeOf,
  type Variable,
  workgroupShape,
} from "./kernel_types.ts";
import { BuiltIn, Capability, Decoration, Glsl, Op, StorageClass } from "./opcodes.ts";

export {
  type Addressing,
  type Axis,
  type KernelBuffer,
  type KernelCode,
  type KernelOptions,
  type LocalSize,
  type NumericType,
  sizeOf,
  type Variable,
} from "./kernel_types.ts";

interface BufferSlot {
  type: NumericType;
  /** The block's pointer, once the kernel starts. */
  base?: Value<PointerType>;
}

/**
 * Builds a compute kernel: declare buffers and push constants first, then call {@linkcode Kernel.body}.
 *
 * @example
 * ```ts
 * import { Kernel } from "./kernel.ts";
 *
 * const kernel = new Kernel({ localSize: 64, addressing: "descriptor" });
 * const data = kernel.buffer(kernel.u32);
 * const addend = kernel.push("addend", kernel.u32);
 * const code = kernel.body((k) => {
 *   const i = k.globalId();
 *   data.store(i, k.add(data.load(i), addend()));
 * });
 * code.words.length;
 * ```
 */
export class Kernel {
  /** The module under construction; for subclasses. */
  protected readonly module: ModuleBuilder;
  readonly #options: KernelOptions;
  readonly #workgroup: KernelCode["workgroup"];
  readonly #buffers: BufferSlot[] = [];
  readonly #push: { name: string; type: ScalarType }[] = [];
  readonly #pushValues = new Map<string, Value>();
  readonly #builtins = new Map<number, Value<PointerType>>();
  #started = false;

  readonly u32: ScalarType;
  readonly i32: ScalarType;
  readonly f32: ScalarType;

  /** Starts a kernel. */
  constructor(options: KernelOptions) {
    this.#options = options;
    this.#workgroup = workgroupShape(options.localSize);
    this.module = new ModuleBuilder(options.version);
    this.u32 = this.module.int(32, false);
    this.i32 = this.module.int(32, true);
    this.f32 = this.module.float(32);
    this.module.capability(Capability.Shader);
  }

  /** 64-bit floating point; the device needs `shaderFloat64`. */
  get f64(): ScalarType {
    this.module.capability(Capability.Float64);
    return this.module.float(64);
  }

  /** 16-bit floating point; the device needs `shaderFloat16`. */
  get f16(): ScalarType {
    this.module.capability(Capability.Float16);
    return this.module.float(16);
  }

  /** 16-bit unsigned integer; the device needs `shaderInt16`. */
  get u16(): ScalarType {
    this.module.capability(Capability.Int16);
    return this.module.int(16, false);
  }

  /** A vector type. */
  vector(component: ScalarType, count: 2 | 3 | 4): VectorType {
    return this.module.vector(component, count);
  }

  /** Declares the next buffer: an unbounded array of `element`. */
  buffer<T extends NumericType>(element: T): KernelBuffer<T> {
    if (this.#started) throw new Error("buffers are declared before the body");
    const slot: BufferSlot = { type: element };
    this.#buffers.push(slot);
    const scalar = scalarOf(element);
    if (scalar.width === 16) {
      this.module.capability(Capability.StorageBuffer16BitAccess);
      this.module.extension("SPV_KHR_16bit_storage");
    }
    const at = (index: Value): Value<PointerType> => {
      if (slot.base === undefined) throw new Error("buffers are used inside the body");
      const pointer = this.module.pointer(
        slot.base.type.storage as typeof StorageClass.StorageBuffer,
        element,
      );
      const first = this.module.constant(this.u32, 0);
      return this.module.result(Op.AccessChain, pointer, slot.base.id, first.id, index.id);
    };
    // Memory operand Aligned (section 3.26), required for physical storage buffer pointers.
    const aligned = this.#options.addressing === "device_address"
      ? [2, element.kind === "vector" && element.count === 3 ? sizeOf(scalar) : sizeOf(element)]
      : [];
    return {
      element,
      at,
      load: (index) => this.module.result(Op.Load, element, at(index).id, ...aligned),
      store: (index, value) => {
        this.module.emit("body", Op.Store, at(index).id, value.id, ...aligned);
      },
    };
  }

  /** Declares a push constant. The function that comes back gives its value inside the body. */
  push<T extends ScalarType>(name: string, type: T): () => Value<T> {
    if (this.#started) throw new Error("push constants are declared before the body");
    this.#push.push({ name, type });
    return () => {
      const value = this.#pushValues.get(name);
      if (value === undefined) throw new Error("push constants are used inside the body");
      return value as Value<T>;
    };
  }

  /** One component of a builtin that is a vector of three. */
  #builtin(which: number, axis: Axis): Value<ScalarType> {
    const vector = this.vector(this.u32, 3);
    let variable = this.#builtins.get(which);
    if (variable === undefined) {
      variable = this.module.global(this.module.pointer(StorageClass.Input, vector));
      this.module.decorate(variable.id, Decoration.BuiltIn, which);
      this.#builtins.set(which, variable);
    }
    const loaded = this.module.result(Op.Load, vector, variable.id);
    return this.extract(loaded, axis);
  }

  /** One component of `GlobalInvocationId`. */
  globalId(axis: Axis = 0): Value<ScalarType> {
    return this.#builtin(BuiltIn.GlobalInvocationId, axis);
  }

  /** One component of `LocalInvocationId`. */
  localId(axis: Axis = 0): Value<ScalarType> {
    return this.#builtin(BuiltIn.LocalInvocationId, axis);
  }

  /** One component of `WorkgroupId`. */
  workgroupId(axis: Axis = 0): Value<ScalarType> {
    return this.#builtin(BuiltIn.WorkgroupId, axis);
  }

  /** All invocations of the dispatch along one dimension: workgroups times local size. */
  globalSize(axis: Axis = 0): Value<ScalarType> {
    return this.mul(
      this.#builtin(BuiltIn.NumWorkgroups, axis),
      this.constant(this.u32, this.#workgroup[axis]),
    );
  }

  /** A constant; for a vector, the same number in every component. */
  constant<T extends NumericType>(type: T, value: number): Value<T> {
    if (type.kind !== "vector") return this.module.constant(type, value) as Value<T>;
    return this.splat(type, this.module.constant(type.component, value)) as Value<T>;
  }

  /** A vector of one scalar repeated; the scalar itself for a scalar type. */
  splat<T extends NumericType>(type: T, scalar: Value): Value<T> {
    if (type.kind !== "vector") return scalar as Value<T>;
    return this.composite(type, Array<Value>(type.count).fill(scalar)) as Value<T>;
  }

  /** `OpCompositeConstruct` of a vector. */
  composite(type: VectorType, parts: readonly Value[]): Value<VectorType> {
    return this.module.result(Op.CompositeConstruct, type, ...parts.map((part) => part.id));
  }

  /** One component of a vector; a scalar is its own component 0. */
  extract(vector: Value<NumericType>, index: number): Value<ScalarType> {
    if (vector.type.kind !== "vector") return vector as Value<ScalarType>;
    return this.module.result(Op.CompositeExtract, vector.type.component, vector.id, index);
  }

  #binary<T extends Type>(int: number, float: number | undefined, a: Value<T>, b: Value): Value<T> {
    if (a.type.id !== b.type.id) {
      throw new TypeError(`operands differ in type: ${a.type.kind} and ${b.type.kind}`);
    }
    const scalar = a.type.kind === "vector" || a.type.kind === "matrix" ? a.type.component : a.type;
    if (scalar.kind === "float" && float === undefined) {
      throw new TypeError("no such operation on floating-point numbers");
    }
    const opcode = scalar.kind === "float" && float !== undefined ? float : int;
    return this.module.result(opcode, a.type, a.id, b.id);
  }

  /** a + b. */
  add<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.IAdd, Op.FAdd, a, b);
  }

  /** a - b. */
  sub<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.ISub, Op.FSub, a, b);
  }

  /** a * b; the low bits for integers. */
  mul<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.IMul, Op.FMul, a, b);
  }

  /** a / b, unsigned. */
  divide<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.UDiv, undefined, a, b);
  }

  /** a % b, unsigned. */
  modulo<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.UMod, undefined, a, b);
  }

  /** a ^ b. */
  xor<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.BitwiseXor, undefined, a, b);
  }

  /** a & b. */
  and<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.BitwiseAnd, undefined, a, b);
  }

  /** a | b. */
  or<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.BitwiseOr, undefined, a, b);
  }

  /** a >> b, zeros shifted in. */
  shiftRight<T extends Type>(a: Value<T>, b: Value): Value<T> {
    return this.#binary(Op.ShiftRightLogical, undefined, a, b);
  }

  /** a * b + c in one rounding where the device fuses (GLSL.std.450 `Fma`). */
  fma<T extends Type>(a: Value<T>, b: Value, c: Value): Value<T> {
    const set = this.module.import("GLSL.std.450");
    return this.module.result(Op.ExtInst, a.type, set, Glsl.Fma, a.id, b.id, c.id);
  }

  /**
   * Dot product of two vectors of four bytes, each packed into 32 bits; the device needs
   * `shaderIntegerDotProduct`.
   *
   * @param signs whether the bytes of both are signed, or those of `a` alone.
   */
  dot4x8<T extends ScalarType>(a: Value<T>, b: Value, signs: "signed" | "mixed"): Value<T> {
    this.module.capability(Capability.DotProduct);
    this.module.capability(Capability.DotProductInput4x8BitPacked);
    this.module.extension("SPV_KHR_integer_dot_product");
    // Packed vector format PackedVectorFormat4x8Bit (section 3.39).
    return this.module.result(signs === "signed" ? Op.SDot : Op.SUDot, a.type, a.id, b.id, 0);
  }

  /** Two binary32 numbers as binary16, packed into 32 bits (GLSL.std.450 `PackHalf2x16`). */
  packHalves(low: Value<ScalarType>, high: Value<ScalarType>): Value<ScalarType> {
    const set = this.module.import("GLSL.std.450");
    const both = this.composite(this.vector(this.f32, 2), [low, high]);
    return this.module.result(Op.ExtInst, this.u32, set, Glsl.PackHalf2x16, both.id);
  }

  /** An unsigned integer of another width: low bits, or zeros before. */
  convertInteger<T extends NumericType>(type: T, value: Value): Value<T> {
    return value.type.id === type.id
      ? value as Value<T>
      : this.module.result(Op.UConvert, type, value.id);
  }

  /** The same bits as another type of the same size. */
  bitcast<T extends NumericType>(type: T, value: Value): Value<T> {
    return this.module.result(Op.Bitcast, type, value.id);
  }

  /** A floating-point number from an unsigned integer. */
  toFloat<T extends NumericType>(type: T, value: Value): Value<T> {
    return this.module.result(Op.ConvertUToF, type, value.id);
  }

  /** A floating-point number of another width. */
  convertFloat<T extends NumericType>(type: T, value: Value): Value<T> {
    return value.type.id === type.id
      ? value as Value<T>
      : this.module.result(Op.FConvert, type, value.id);
  }

  /** A variable of the function, with its first value. */
  variable<T extends Type>(first: Value<T>): Variable<T> {
    const pointer = this.module.pointer(StorageClass.Function, first.type);
    const id = this.module.id();
    this.module.emit("function", Op.Variable, pointer.id, id, StorageClass.Function);
    const store = (value: Value<T>) => this.module.emit("body", Op.Store, id, value.id);
    store(first);
    return { store, load: () => this.module.result(Op.Load, first.type, id) };
  }

  /** `for (i = from; i < to; i += step) body(i)`, unsigned. */
  loop(from: Value, to: Value, step: Value, body: (i: Value) => void): void {
    const m = this.module;
    const counter = this.variable(from);
    const [header, check, inside, next, after] = [m.id(), m.id(), m.id(), m.id(), m.id()];
    m.emit("body", Op.Branch, header);
    m.emit("body", Op.Label, header);
    m.emit("body", Op.LoopMerge, after, next, 0);
    m.emit("body", Op.Branch, check);
    m.emit("body", Op.Label, check);
    const i = counter.load();
    const more = m.result(Op.ULessThan, m.bool(), i.id, to.id);
    m.emit("body", Op.BranchConditional, more.id, inside, after);
    m.emit("body", Op.Label, inside);
    body(i);
    m.emit("body", Op.Branch, next);
    m.emit("body", Op.Label, next);
    counter.store(this.add(counter.load(), step));
    m.emit("body", Op.Branch, header);
    m.emit("body", Op.Label, after);
  }

  /** `if (a < b) body()`, unsigned. */
  ifLess(a: Value, b: Value, body: () => void): void {
    const m = this.module;
    const [inside, after] = [m.id(), m.id()];
    const less = m.result(Op.ULessThan, m.bool(), a.id, b.id);
    m.emit("body", Op.SelectionMerge, after, 0);
    m.emit("body", Op.BranchConditional, less.id, inside, after);
    m.emit("body", Op.Label, inside);
    body();
    m.emit("body", Op.Branch, after);
    m.emit("body", Op.Label, after);
  }

  #block(element: NumericType): Type {
    const array = this.module.runtimeArray(element, sizeOf(element));
    return this.module.block([{ type: array, offset: 0 }]);
  }

  /** Declares the push constant block; gives the byte offset of each member. */
  #layOutPush(addresses: readonly PointerType[]): number[] {
    const offsets: number[] = [];
    let end = 0;
    for (const type of [...addresses, ...this.#push.map(({ type }) => type)]) {
      const size = type.kind === "pointer" ? 8 : sizeOf(type);
      end = Math.ceil(end / size) * size;
      offsets.push(end);
      end += size;
    }
    return offsets;
  }

  /** Writes the kernel's body and finishes it. */
  body(write: (kernel: this) => void): KernelCode {
    const m = this.module;
    const byAddress = this.#options.addressing === "device_address";
    if (byAddress) {
      m.capability(Capability.PhysicalStorageBufferAddresses);
      m.extension("SPV_KHR_physical_storage_buffer");
    }
    const isVulkanModel = this.#options.version === "1.6";
    if (isVulkanModel) m.capability(Capability.VulkanMemoryModel);
    // Addressing model PhysicalStorageBuffer64 or Logical, memory model Vulkan or GLSL450 (sections 3.4, 3.5).
    m.emit("header", Op.MemoryModel, byAddress ? 5348 : 0, isVulkanModel ? 3 : 1);
    const storage = byAddress ? StorageClass.PhysicalStorageBuffer : StorageClass.StorageBuffer;
    const blocks = this.#buffers.map(({ type }) => m.pointer(storage, this.#block(type)));
    const addresses = byAddress ? blocks : [];
    const offsets = this.#layOutPush(addresses);
    const members = [...addresses, ...this.#push.map(({ type }) => type)];
    const pushBlock = members.length === 0
      ? undefined
      : m.block(members.map((type, i) => ({ type, offset: offsets[i] ?? 0 })));
    const pushVariable = pushBlock && m.global(m.pointer(StorageClass.PushConstant, pushBlock));

    const entry = m.id();
    m.emit("function", Op.Function, m.void().id, entry, 0, m.voidFunction());
    m.emit("function", Op.Label, m.id());
    const loadMember = (index: number, type: Type): Value => {
      if (pushVariable === undefined) throw new Error("no push constants");
      const pointer = m.pointer(StorageClass.PushConstant, type);
      const at = m.constant(this.u32, index);
      const member = m.result(Op.AccessChain, pointer, pushVariable.id, at.id);
      return m.result(Op.Load, type, member.id);
    };
    this.#started = true;
    blocks.forEach((block, i) => {
      const slot = this.#buffers[i];
      if (slot === undefined) return;
      if (byAddress) {
        slot.base = loadMember(i, block) as Value<PointerType>;
        return;
      }
      slot.base = m.global(block);
      m.decorate(slot.base.id, Decoration.DescriptorSet, 0);
      m.decorate(slot.base.id, Decoration.Binding, i);
    });
    this.#push.forEach(({ name, type }, i) => {
      this.#pushValues.set(name, loadMember(addresses.length + i, type));
    });
    write(this);
    m.emit("body", Op.Return);
    m.emit("body", Op.FunctionEnd);

    // Execution model GLCompute (section 3.3); "main" is two words with its NUL.
    m.emit("entry", Op.EntryPoint, 5, entry, 0x6e69616d, 0, ...m.interfaceVariables);
    m.emit("mode", Op.ExecutionMode, entry, 17, ...this.#workgroup);
    const last = offsets.length - 1, lastMember = members[last];
    const lastSize = lastMember === undefined
      ? 0
      : lastMember.kind === "pointer"
      ? 8
      : sizeOf(lastMember);
    return {
      words: m.assemble(),
      addressing: this.#options.addressing,
      bufferCount: this.#buffers.length,
      pushOffsets: new Map(
        this.#push.map(({ name, type }, i) => [
          name,
          { offset: offsets[addresses.length + i] ?? 0, type },
        ]),
      ),
      pushBytes: lastMember === undefined ? 0 : (offsets[last] ?? 0) + lastSize,
      localSize: this.#workgroup.reduce((all, each) => all * each),
      workgroup: this.#workgroup,
    };
  }
}
