/**
 * The instructions of one block, in order.
 *
 * @module
 */

import { type FlatBlock, FlowError } from "./flatten.ts";
import { NodeOp } from "./graph.ts";
import { FORMATS } from "./instructions.ts";
import { ImageOp, lowerImage } from "./lower_image.ts";
import type { LoweringContext } from "./lowering_context.ts";
import {
  type Operands,
  operate,
  operateGlsl,
  SUBGROUP_OPS,
  undefinedValue,
  unknownValue,
} from "./operations.ts";
import { chain } from "./pointers.ts";
import type { Instruction } from "./reader.ts";
import { Decorate, Storage } from "./spirv_constants.ts";
import { extentOf, hasDecoration, type MatrixLayout, type Type } from "./types.ts";
import {
  build,
  isPointer,
  leafCount,
  leavesOf,
  type Pointer,
  type Value,
  widthOf,
} from "./values.ts";

const Op = {
  ExtInst: 12,
  Variable: 59,
  ImageTexelPointer: 60,
  Load: 61,
  Store: 62,
  AccessChain: 65,
  InBoundsAccessChain: 66,
  ArrayLength: 68,
  CopyObject: 83,
  ControlBarrier: 224,
  MemoryBarrier: 225,
  Phi: 245,
  LoopMerge: 246,
  SelectionMerge: 247,
} as const;

/** Instructions whose operands are pointers that are chosen or made as the kernel runs. */
const POINTER_OPS: ReadonlySet<number> = new Set([67, 69, 70, 169, 401, 402, 403]);

/** Conversions between pointers and numbers. */
const ADDRESS_OPS: ReadonlySet<number> = new Set([117, 120]);

/** Terminators that a compute kernel may have: Branch, BranchConditional, Switch, Return, ReturnValue, Unreachable. */
const TERMINATORS: ReadonlySet<number> = new Set([249, 250, 251, 253, 254, 255]);

/** Section 3.26: Volatile, MakePointerAvailable, MakePointerVisible, NonPrivatePointer. */
const SHARED_ACCESS = 1 | 8 | 16 | 32;
const KNOWN_ACCESS = 63;

/** Section 3.25: UniformMemory, CrossWorkgroupMemory, AtomicCounterMemory, ImageMemory. */
const GLOBAL_MEMORY = 0x40 | 0x200 | 0x400 | 0x800;
/** Acquire to SequentiallyConsistent, WorkgroupMemory, SubgroupMemory, OutputMemory, MakeAvailable, MakeVisible. */
const LOCAL_MEMORY = 0x1e | 0x80 | 0x100 | 0x1000 | 0x2000 | 0x4000;
/** Section 3.27. */
const SUBGROUP = 3;
/** Section 3.27: Workgroup, Subgroup, Invocation. */
const LOCAL_SCOPES: ReadonlySet<number> = new Set([2, SUBGROUP, 4]);

function isAtomic(opcode: number): boolean {
  return (opcode >= 227 && opcode <= 242) || [5614, 5615, 6035].includes(opcode);
}

/** Lowers one block; `slots` become those at its end. */
export class BlockLowering {
  readonly #lowering: LoweringContext;
  readonly #block: FlatBlock<Value>;
  readonly #slots: Map<number, number | null>;

  constructor(
    lowering: LoweringContext,
    block: FlatBlock<Value>,
    slots: Map<number, number | null>,
  ) {
    this.#lowering = lowering;
    this.#block = block;
    this.#slots = slots;
  }

  run(): void {
    for (const instruction of this.#block.body) {
      const { opcode } = instruction;
      if (opcode === Op.LoopMerge || opcode === Op.SelectionMerge || opcode === 0) continue;
      if (TERMINATORS.has(opcode)) continue;
      this.#take(instruction);
    }
  }

  readonly #value = (id: number): Value => this.#lowering.valueOf(this.#block, id);

  #set(id: number, value: Value): void {
    this.#block.frame.values.set(id, value);
  }

  #pointer(id: number, instruction: Instruction): Pointer | undefined {
    const value = this.#value(id);
    if (isPointer(value) && value.root.kind !== "lost") return value;
    this.#lowering.report(
      "indirect_pointer",
      "where a pointer leads cannot be followed",
      instruction,
    );
    return undefined;
  }

  #take(instruction: Instruction): void {
    const { opcode, result, args } = instruction;
    const { graph, types, report } = this.#lowering;
    const [a = 0] = args;
    if (isAtomic(opcode)) return this.#atomic(instruction);
    switch (opcode) {
      case Op.Phi:
        return this.#lowering.phi(this.#block, instruction);
      case Op.Variable:
        return this.#variable(instruction);
      case Op.Load:
        return this.#load(instruction);
      case Op.Store:
        return this.#store(instruction);
      case Op.AccessChain:
      case Op.InBoundsAccessChain: {
        const base = this.#pointer(a, instruction);
        if (base) this.#set(result, chain(graph, base, args.slice(1).map(this.#value)));
        else this.#set(result, null);
        return;
      }
      case Op.ArrayLength:
        return this.#arrayLength(instruction);
      case Op.ImageTexelPointer:
        return this.#set(result, this.#texel(instruction));
      case ImageOp.Read:
      case ImageOp.QuerySize:
        return this.#set(result, lowerImage(this.#lowering, this.#block, instruction));
      case ImageOp.Write:
        lowerImage(this.#lowering, this.#block, instruction);
        return;
      case Op.ControlBarrier:
        this.#noteScope(args[0] ?? 0);
        return this.#barrier(instruction, args.slice(1));
      case Op.MemoryBarrier:
        return this.#barrier(instruction, args);
    }
    if (POINTER_OPS.has(opcode) && (opcode !== 169 || isPointer(this.#value(args[1] ?? 0)))) {
      report("indirect_pointer", "a pointer is chosen as the kernel runs", instruction);
      return this.#set(result, null);
    }
    if (ADDRESS_OPS.has(opcode)) {
      report(
        "physical_address",
        "a pointer is made of a number, or a number of a pointer",
        instruction,
      );
      return this.#set(result, null);
    }
    const unknown = "the analysis does not know what this instruction does";
    if (!FORMATS.has(opcode)) throw new FlowError(unknown, instruction);
    if (instruction.type === 0) report("unknown_instruction", unknown, instruction);
    else this.#compute(instruction, types.get(instruction.type));
  }

  #compute(instruction: Instruction, type: Type): void {
    const { opcode, result, args } = instruction;
    const { graph, module, globals, types } = this.#lowering;
    if (SUBGROUP_OPS.has(opcode)) globals.usesSubgroups = true;
    const of: Operands = {
      graph,
      block: this.#block.index,
      type,
      value: this.#value,
      typeOf: (id) => {
        const definition = module.definitions.get(id);
        return definition === undefined ? globals.typeOf(id) : types.get(definition.type);
      },
    };
    const decorations = module.decorations.get(result);
    // In fewer bits than the type has, or undefined where it wraps.
    const isVague = this.#lowering.isVague(result) ||
      hasDecoration(decorations, Decorate.NoSignedWrap) ||
      hasDecoration(decorations, Decorate.NoUnsignedWrap);
    const value = opcode === Op.ExtInst
      ? this.#extended(instruction, of)
      : operate(opcode, args, of);
    if (value === undefined) {
      this.#lowering.report(
        "unknown_instruction",
        "the analysis does not know what this instruction does",
        instruction,
      );
      return this.#set(result, null);
    }
    const isPlain = isPointer(value) || value === null || !isVague;
    this.#set(result, isPlain ? value : undefinedValue(graph, type, this.#block.index));
  }

  #extended({ args }: Instruction, of: Operands): Value | undefined {
    const set = this.#lowering.module.imports.get(args[0] ?? 0) ?? "";
    if (set.startsWith("NonSemantic.")) return null;
    if (set !== "GLSL.std.450") return undefined;
    return operateGlsl(args[1] ?? 0, args.slice(2), of);
  }

  #variable({ type, result, args }: Instruction): void {
    const { graph, types, globals } = this.#lowering;
    const pointer = types.get(type);
    if (pointer.kind !== "pointer" || args[0] !== Storage.Function) return;
    const pointee = types.get(pointer.pointee);
    const count = leafCount(pointee);
    const at = {
      kind: "pointer" as const,
      type: pointee,
      offset: 0,
      terms: [],
      matrix: { stride: null, isRowMajor: false },
      whole: null,
      isShared: false,
      isVague: this.#lowering.isVague(result),
    };
    if (count === null) {
      return this.#set(result, { ...at, root: { kind: "opaque", variable: result } });
    }
    const slot = globals.allocate(count);
    const initializer = args[1];
    const value = initializer === undefined
      ? undefinedValue(graph, pointee, this.#block.index)
      : this.#value(initializer);
    for (const [i, leaf] of leavesOf(pointee, value).entries()) this.#slots.set(slot + i, leaf);
    this.#set(result, { ...at, root: { kind: "local", slot, count } });
  }

  #arrayLength(instruction: Instruction): void {
    const { result, args: [a = 0, member = 0] } = instruction;
    const { graph } = this.#lowering;
    const pointer = this.#pointer(a, instruction);
    this.#set(result, graph.unknown(32, this.#block.index));
    if (pointer?.root.kind !== "buffer" || pointer.type.kind !== "struct") return;
    if (pointer.offset !== 0 || pointer.terms.length > 0) return;
    const { type, offset } = pointer.type.members[member] ?? {};
    if (type?.kind !== "runtime_array" || !type.stride || typeof offset !== "number") return;
    const { set, binding } = pointer.root;
    this.#set(result, graph.length({ set, binding, offset, stride: type.stride }));
  }

  #texel(instruction: Instruction): Pointer {
    return {
      kind: "pointer",
      root: { kind: "texel" },
      type: { kind: "other", id: instruction.type },
      offset: 0,
      terms: [],
      matrix: { stride: null, isRowMajor: false },
      whole: null,
      isShared: false,
      isVague: false,
    };
  }

  #atomic(instruction: Instruction): void {
    const { type, result, args } = instruction;
    const { graph, types, report } = this.#lowering;
    const pointer = this.#value(args[0] ?? 0);
    const isLocal = isPointer(pointer) && pointer.root.kind === "opaque";
    if (!isLocal) {
      report(
        "atomic",
        "an atomic operation on memory that all work-groups share: each device would count by itself",
        instruction,
      );
    }
    if (result !== 0) this.#set(result, unknownValue(graph, types.get(type), this.#block.index));
  }

  #constant(id: number): number | undefined {
    const value = this.#value(id);
    return typeof value === "number" ? this.#lowering.graph.constantOf(value) : undefined;
  }

  /** Looks at the scope of a barrier: one of subgroups orders as many invocations as a subgroup has. */
  #noteScope(scope: number): void {
    const reach = this.#constant(scope);
    if (reach === undefined || reach === SUBGROUP) this.#lowering.globals.usesSubgroups = true;
  }

  #barrier(instruction: Instruction, [scope = 0, semantics = 0]: readonly number[]): void {
    const { report } = this.#lowering;
    this.#noteScope(scope);
    const reach = this.#constant(scope), what = this.#constant(semantics);
    const isLocal = what !== undefined && (what & ~(GLOBAL_MEMORY | LOCAL_MEMORY)) === 0 &&
      ((what & GLOBAL_MEMORY) === 0 || (reach !== undefined && LOCAL_SCOPES.has(reach)));
    if (isLocal) return;
    report("coherent", "a barrier that orders memory between work-groups", instruction);
  }

  /** Whether memory operands are those of memory that nobody else looks at. */
  #checkAccess(pointer: Pointer, mask: number, instruction: Instruction): void {
    const { report } = this.#lowering;
    if (pointer.root.kind !== "buffer") return;
    if (pointer.isShared || (mask & SHARED_ACCESS) !== 0) {
      report(
        "coherent",
        "a coherent or volatile access: work-groups may talk to each other through the buffer",
        instruction,
      );
    } else if ((mask & ~KNOWN_ACCESS) !== 0) {
      report("unknown_instruction", `memory operands ${mask} are not known here`, instruction);
    }
  }

  #access(pointer: Pointer, isStore: boolean, instruction: Instruction): void {
    if (pointer.root.kind !== "buffer") return;
    const { set, binding } = pointer.root;
    this.#lowering.accesses.push({
      block: this.#block.index,
      isStore,
      isImage: false,
      set,
      binding,
      offset: pointer.offset,
      terms: pointer.terms,
      size: pointer.whole ?? extentOf(pointer.type, pointer.matrix),
      instruction,
    });
  }

  #load(instruction: Instruction): void {
    const { result, args: [a = 0, mask = 0] } = instruction;
    const { graph, types } = this.#lowering;
    const type = types.get(instruction.type);
    const pointer = this.#pointer(a, instruction);
    if (pointer === undefined) {
      return this.#set(result, unknownValue(graph, type, this.#block.index));
    }
    // An image is used by what is loaded: that stands for which one it is.
    if (pointer.root.kind === "image") return this.#set(result, pointer);
    this.#checkAccess(pointer, mask, instruction);
    this.#access(pointer, false, instruction);
    const isVague = pointer.isVague || this.#lowering.isVague(result);
    this.#set(
      result,
      isVague ? undefinedValue(graph, type, this.#block.index) : this.#loaded(pointer, type),
    );
  }

  #loaded(pointer: Pointer, type: Type): Value {
    const { graph } = this.#lowering;
    const { root, offset } = pointer;
    const unknown = () => unknownValue(graph, type, this.#block.index);
    if (root.kind === "push") {
      return pointer.terms.length > 0 || pointer.whole !== null
        ? unknown()
        : this.#pushValue(type, offset, pointer.matrix);
    }
    if (root.kind === "builtin") {
      let component = offset;
      return build(type, (leaf) => {
        const width = widthOf(leaf);
        if (width !== 32) return width === null ? null : graph.unknown(width, this.#block.index);
        return graph.node(NodeOp.BuiltIn, 32, -1, -1, -1, 4 * root.builtin + component++);
      });
    }
    if (root.kind === "local" && pointer.whole === null) {
      let slot = root.slot + offset;
      return build(type, (leaf) => {
        const width = widthOf(leaf);
        const node = this.#slots.get(slot++);
        if (width === null) return null;
        if (node === undefined) return graph.undefinedValue(width, this.#block.index);
        const isFollowed = node !== null && graph.nodes[node]?.width === width;
        return isFollowed ? node : graph.unknown(width, this.#block.index);
      });
    }
    return unknown();
  }

  #pushValue(type: Type, offset: number, matrix: MatrixLayout): Value {
    const { graph } = this.#lowering;
    const width = widthOf(type);
    if (width !== null && type.kind === "int") {
      return graph.node(NodeOp.Push, width, -1, -1, -1, offset);
    }
    if (type.kind === "struct" && leafCount(type) !== null) {
      return type.members.map((member) =>
        member.offset === null ? unknownValue(graph, member.type, this.#block.index) : this
          .#pushValue(member.type, offset + member.offset, {
            stride: member.matrixStride,
            isRowMajor: member.isRowMajor,
          })
      );
    }
    const stride = type.kind === "vector"
      ? extentOf(type.element, matrix)
      : type.kind === "array"
      ? type.stride
      : null;
    if ((type.kind === "vector" || type.kind === "array") && stride && leafCount(type) !== null) {
      return Array.from(
        { length: type.count ?? 0 },
        (_, i) => this.#pushValue(type.element, offset + i * stride, matrix),
      );
    }
    return unknownValue(graph, type, this.#block.index);
  }

  #store(instruction: Instruction): void {
    const { args: [a = 0, b = 0, mask = 0] } = instruction;
    const pointer = this.#pointer(a, instruction);
    if (pointer === undefined) return;
    const { root } = pointer;
    this.#checkAccess(pointer, mask, instruction);
    if (root.kind === "buffer") return this.#access(pointer, true, instruction);
    if (root.kind === "opaque") return;
    if (root.kind !== "local") {
      this.#lowering.report("malformed", "a store to memory that is only read", instruction);
      return;
    }
    const { type } = pointer;
    const first = root.slot + pointer.offset;
    if (pointer.whole !== null) {
      // Somewhere in an array: any of its elements may be the one.
      for (let i = 0; i < pointer.whole; i++) this.#slots.set(first + i, null);
      return;
    }
    for (const [i, leaf] of leavesOf(type, this.#value(b)).entries()) {
      this.#slots.set(first + i, pointer.isVague ? null : leaf);
    }
  }
}
