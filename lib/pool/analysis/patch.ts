/**
 * Puts specialization constants where a kernel asks for the number of work-groups: in a part of a grid that is the
 * part's, and the kernel means the whole grid's.
 *
 * @module
 */

import { idOperands } from "./instructions.ts";
import type { KernelInfo } from "./kernel_info.ts";
import type { Instruction, Module } from "./reader.ts";
import { BuiltIn, Decorate } from "./spirv_constants.ts";
import { decorationArgument, Types } from "./types.ts";

/** A module that takes the number of work-groups as constants. */
export interface Patch {
  words: Uint32Array<ArrayBuffer>;
  /** `SpecId` for x, y and z. */
  ids: readonly [number, number, number];
}

/** Ids of specialization constants are the program's to choose; few choose ones as high as these. */
const FIRST_ID = 0x6d760000;

const Op = {
  SpecConstant: 50,
  SpecConstantComposite: 51,
  Variable: 59,
  Load: 61,
  AccessChain: 65,
  InBoundsAccessChain: 66,
  Decorate: 71,
  VectorExtractDynamic: 77,
  CopyObject: 83,
} as const;

function encoded(opcode: number, ...operands: number[]): number[] {
  return [((operands.length + 1) << 16) | opcode, ...operands];
}

/** Replaces loads of some variables by parts of a constant. */
class Rewriter {
  /** Replacements by the word of what they replace. */
  readonly replaced = new Map<number, number[]>();
  readonly #variables: ReadonlySet<number>;
  readonly #composite: number;
  /** Indices of access chains into the variables. */
  readonly #chains = new Map<number, number>();

  constructor(variables: ReadonlySet<number>, composite: number) {
    this.#variables = variables;
    this.#composite = composite;
  }

  /** Looks at an instruction; false where it does something else with a variable than load it. */
  take(instruction: Instruction): boolean {
    const { opcode, word, type, result, args } = instruction;
    const [pointer = 0, index = 0] = args;
    const isChain = opcode === Op.AccessChain || opcode === Op.InBoundsAccessChain;
    if (opcode === Op.Load && this.#variables.has(pointer)) {
      this.replaced.set(word, encoded(Op.CopyObject, type, result, this.#composite));
      return true;
    }
    const chained = this.#chains.get(pointer);
    if (opcode === Op.Load && chained !== undefined) {
      const operands = [type, result, this.#composite, chained];
      this.replaced.set(word, encoded(Op.VectorExtractDynamic, ...operands));
      return true;
    }
    if (isChain && this.#variables.has(pointer) && args.length === 2) {
      this.#chains.set(result, index);
      return true;
    }
    return !idOperands(instruction).some((id) => this.#variables.has(id) || this.#chains.has(id));
  }
}

function freshIds(taken: readonly number[]): Patch["ids"] {
  const used = new Set(taken);
  const free: number[] = [];
  for (let id = FIRST_ID; free.length < 3; id++) if (!used.has(id)) free.push(id);
  return [free[0] ?? 0, free[1] ?? 0, free[2] ?? 0];
}

/** Variables of the builtin, and the type of what they hold. */
function variablesOf(module: Module): { ids: Set<number>; vector: number; scalar: number } | null {
  const types = new Types(module);
  const ids = new Set<number>();
  let vector = 0, scalar = 0;
  for (const { opcode, result, type } of module.globals) {
    if (opcode !== Op.Variable) continue;
    const builtin = decorationArgument(module.decorations.get(result), Decorate.BuiltIn);
    if (builtin !== BuiltIn.NumWorkgroups) continue;
    const pointer = types.get(type);
    const pointee = pointer.kind === "pointer" ? types.get(pointer.pointee) : pointer;
    if (pointee.kind !== "vector" || pointee.count !== 3 || pointee.element.kind !== "int") {
      return null;
    }
    if (vector !== 0 && vector !== pointee.id) return null;
    ids.add(result);
    vector = pointee.id;
    scalar = pointee.element.id;
  }
  return vector === 0 ? null : { ids, vector, scalar };
}

function patch({ program: { module }, specializationIds }: KernelInfo): Patch | null {
  const { words, bound, annotationsEnd, functionsStart } = module;
  const variables = variablesOf(module);
  if (variables === null) return null;
  const { vector, scalar } = variables;
  const constants = [bound, bound + 1, bound + 2], composite = bound + 3;
  const rewriter = new Rewriter(variables.ids, composite);
  for (const { blocks } of module.functions.values()) {
    for (const { body } of blocks) {
      if (!body.every((instruction) => rewriter.take(instruction))) return null;
    }
  }
  const ids = freshIds(specializationIds);
  const made: number[] = [];
  const append = (part: Iterable<number>) => {
    for (const word of part) made.push(word);
  };
  append(words.subarray(0, annotationsEnd));
  made[3] = bound + 4;
  for (const [i, constant] of constants.entries()) {
    append(encoded(Op.Decorate, constant, Decorate.SpecId, ids[i] ?? 0));
  }
  append(words.subarray(annotationsEnd, functionsStart));
  for (const constant of constants) append(encoded(Op.SpecConstant, scalar, constant, 1));
  append(encoded(Op.SpecConstantComposite, vector, composite, ...constants));
  for (let at = functionsStart; at < words.length;) {
    const count = Math.max(1, (words[at] ?? 0) >>> 16);
    append(rewriter.replaced.get(at) ?? words.subarray(at, at + count));
    at += count;
  }
  return { words: new Uint32Array(made), ids };
}

const PATCHES = new WeakMap<KernelInfo, { patch: Patch | null }>();

/** The module with the number of work-groups as constants, made once; null where it asks for it otherwise. */
export function patched(kernel: KernelInfo): Patch | null {
  let known = PATCHES.get(kernel);
  if (known === undefined) PATCHES.set(kernel, known = { patch: patch(kernel) });
  return known.patch;
}
