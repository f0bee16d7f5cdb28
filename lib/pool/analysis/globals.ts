/**
 * Constants and global variables of a module, as values of the analysis.
 *
 * @module
 */

import { type Graph, NodeOp } from "./graph.ts";
import { operate, undefinedValue, unknownValue } from "./operations.ts";
import type { Decoration, Instruction, Module } from "./reader.ts";
import { BuiltIn, Decorate, Storage } from "./spirv_constants.ts";
import { SpirvError } from "./spirv_error.ts";
import { decorationArgument, hasDecoration, type Type, type Types } from "./types.ts";
import {
  build,
  leafCount,
  leavesOf,
  type Pointer,
  type Root,
  type Value,
  widthOf,
} from "./values.ts";
import type { WholeRule } from "./verdict.ts";

/** Takes note of why a kernel cannot be split. */
export type Report = (rule: WholeRule, reason: string, instruction: Instruction | null) => void;

/** Ids of invocations and work-groups that are nodes. */
const NODE_BUILTINS: ReadonlySet<number> = new Set([
  BuiltIn.NumWorkgroups,
  BuiltIn.WorkgroupId,
  BuiltIn.LocalInvocationId,
  BuiltIn.GlobalInvocationId,
  BuiltIn.LocalInvocationIndex,
]);

/** Whether a builtin is of subgroups: in a part of a grid it has the same value as in the whole, on one model. */
function isOfSubgroup(builtin: number): boolean {
  return [
    BuiltIn.SubgroupSize,
    BuiltIn.NumSubgroups,
    BuiltIn.SubgroupId,
    BuiltIn.SubgroupLocalInvocationId,
  ].some((each) => each === builtin) ||
    (builtin >= BuiltIn.SubgroupEqMask && builtin <= BuiltIn.SubgroupLtMask);
}

/** Deeper constants than this are taken for malformed. */
const DEEPEST = 64;

/** Values outside functions, each made when it is first asked for. */
export class Globals {
  readonly #module: Module;
  readonly #types: Types;
  readonly #graph: Graph;
  readonly #report: Report;
  readonly #values = new Map<number, Value>();
  #depth = 0;
  /** First values of the slots of private variables. */
  readonly firstSlots = new Map<number, number | null>();
  #slots = 0;
  /** Whether the number of work-groups is asked for. */
  asksForGroups = false;
  /** Whether values may depend on the size of subgroups. */
  usesSubgroups = false;

  constructor(module: Module, types: Types, graph: Graph, report: Report) {
    this.#module = module;
    this.#types = types;
    this.#graph = graph;
    this.#report = report;
  }

  /** Slots for a variable that is followed scalar by scalar. */
  allocate(count: number): number {
    const first = this.#slots;
    this.#slots += count;
    return first;
  }

  /** Value of an id outside functions. */
  get(id: number): Value {
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    const definition = this.#module.definitions.get(id);
    if (definition === undefined) throw new SpirvError(`malformed SPIR-V: %${id} is not defined`);
    if (++this.#depth > DEEPEST) throw new SpirvError(`malformed SPIR-V: %${id} holds itself`);
    const value = this.#read(definition);
    this.#depth--;
    this.#values.set(id, value);
    return value;
  }

  /** Type of an id's value. */
  typeOf(id: number): Type {
    return this.#types.get(this.#module.definitions.get(id)?.type ?? 0);
  }

  #read(definition: Instruction): Value {
    const { opcode, result, args } = definition;
    const graph = this.#graph;
    if (definition.type === 0) return null;
    const type = this.#types.get(definition.type);
    const width = widthOf(type);
    switch (opcode) {
      case 41:
      case 42:
        return graph.constant(1, opcode === 41 ? 1 : 0);
      case 43:
        return width === null ? null : graph.constant(width, literalOf(type, args));
      case 44:
      case 51:
        return args.map((each) => this.get(each));
      case 46:
        return build(type, (leaf) => {
          const bits = widthOf(leaf);
          return bits === null ? null : graph.constant(bits, 0);
        });
      case 48:
      case 49:
      case 50:
        return this.#specialization(definition, type);
      case 52: {
        const block = -1;
        const of = { graph, block, type, value: this.#getter, typeOf: this.#typeGetter };
        return operate(args[0] ?? 0, args.slice(1), of) ?? unknownValue(graph, type, block);
      }
      case 1:
        return operate(1, [], {
          graph,
          block: -1,
          type,
          value: this.#getter,
          typeOf: this.#typeGetter,
        }) ?? null;
      case 59:
        return this.#variable(definition, type);
      default:
        this.#report("unknown_instruction", `%${result} is of a kind not known here`, definition);
        return null;
    }
  }

  readonly #getter = (id: number): Value => this.get(id);
  readonly #typeGetter = (id: number): Type => this.typeOf(id);

  #specialization({ opcode, result, args }: Instruction, type: Type): Value {
    const width = widthOf(type);
    if (width === null) return null;
    const first = opcode === 50 ? literalOf(type, args) : opcode === 48 ? 1 : 0;
    const id = decorationArgument(this.#module.decorations.get(result), Decorate.SpecId);
    if (id === null) return this.#graph.constant(width, first);
    const fallback = this.#graph.constant(width, first);
    return this.#graph.node(NodeOp.Specialization, width, fallback, -1, -1, id);
  }

  #variable(definition: Instruction, pointer: Type): Value {
    const { result, args: [storage = 0, initializer = 0] } = definition;
    if (pointer.kind !== "pointer") {
      throw new SpirvError(`malformed SPIR-V: the variable %${result} is no pointer`);
    }
    const type = this.#types.get(pointer.pointee);
    const decorations = this.#module.decorations.get(result) ?? [];
    const isShared = hasDecoration(decorations, Decorate.Coherent) ||
      hasDecoration(decorations, Decorate.Volatile);
    const at = (root: Root): Pointer => ({
      kind: "pointer",
      root,
      type,
      offset: 0,
      terms: [],
      matrix: { stride: null, isRowMajor: false },
      whole: null,
      isShared,
      isVague: hasDecoration(decorations, Decorate.RelaxedPrecision),
    });
    switch (storage) {
      case Storage.Input:
        return at(this.#builtin(definition, decorations, type));
      case Storage.Uniform:
      case Storage.StorageBuffer:
        return at(this.#buffer(definition, decorations, type));
      case Storage.UniformConstant:
        return at(imageRoot(decorations, type) ?? { kind: "opaque", variable: result });
      case Storage.Workgroup:
        return at({ kind: "opaque", variable: result });
      case Storage.PushConstant:
        return at({ kind: "push" });
      case Storage.Private: {
        const count = leafCount(type);
        if (count === null) return at({ kind: "opaque", variable: result });
        const slot = this.allocate(count);
        const value = initializer === 0
          ? undefinedValue(this.#graph, type, -1)
          : this.get(initializer);
        for (const [i, leaf] of leavesOf(type, value).entries()) {
          this.firstSlots.set(slot + i, leaf);
        }
        return at({ kind: "local", slot, count });
      }
      default:
        this.#report(
          "unknown_instruction",
          `a variable of storage class ${storage} is not known here`,
          definition,
        );
        return at({ kind: "lost" });
    }
  }

  #builtin(definition: Instruction, decorations: readonly Decoration[], type: Type): Root {
    const builtin = decorationArgument(decorations, Decorate.BuiltIn);
    const isScalars = type.kind === "int" ||
      (type.kind === "vector" && type.element.kind === "int");
    if (builtin === null || !isScalars) {
      this.#report("unknown_instruction", "an input that is no builtin of compute", definition);
      return { kind: "lost" };
    }
    if (builtin === BuiltIn.NumWorkgroups) this.asksForGroups = true;
    if (NODE_BUILTINS.has(builtin)) return { kind: "builtin", builtin };
    if (!isOfSubgroup(builtin)) {
      this.#report(
        "whole_grid_builtin",
        `builtin ${builtin} may differ between the whole grid and a part of it`,
        definition,
      );
      return { kind: "lost" };
    }
    this.usesSubgroups = true;
    return { kind: "opaque", variable: definition.result };
  }

  #buffer(definition: Instruction, decorations: readonly Decoration[], type: Type): Root {
    const set = decorationArgument(decorations, Decorate.DescriptorSet);
    const binding = decorationArgument(decorations, Decorate.Binding);
    if (type.kind !== "struct") {
      this.#report(
        "indirect_pointer",
        "an array of buffers: which one is used is decided as the kernel runs",
        definition,
      );
      return { kind: "lost" };
    }
    if (set === null || binding === null) {
      this.#report("malformed", "a buffer without set and binding", definition);
      return { kind: "lost" };
    }
    return { kind: "buffer", variable: definition.result, set, binding };
  }
}

/** The root of a storage image of two or three dimensions; undefined for what else a shader may bind. */
function imageRoot(decorations: readonly Decoration[], type: Type): Root | undefined {
  const set = decorationArgument(decorations, Decorate.DescriptorSet);
  const binding = decorationArgument(decorations, Decorate.Binding);
  if (type.kind !== "image" || !type.isStorage || type.dimensions === null) return undefined;
  if (set === null || binding === null) return undefined;
  return { kind: "image", set, binding, dimensions: type.dimensions };
}

/** A literal of an integer type: narrow ones are extended to 32 bits, wide ones have the low word first. */
function literalOf(type: Type, [low = 0, high = 0]: readonly number[]): number {
  if (type.kind !== "int") return 0;
  if (type.width <= 32) {
    return type.isSigned ? low | 0 : type.width === 32 ? low : low & (2 ** type.width - 1);
  }
  return type.isSigned ? (high | 0) * 2 ** 32 + low : high * 2 ** 32 + low;
}
