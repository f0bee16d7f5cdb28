/**
 * Which variables a loop writes, known before its blocks are visited.
 *
 * @module
 */

import type { FlatBlock } from "./flatten.ts";
import type { LoweringContext } from "./lowering_context.ts";
import type { Instruction } from "./reader.ts";
import { isPointer, type Value } from "./values.ts";

/** OpAccessChain, OpInBoundsAccessChain, OpCopyObject. */
const DERIVES: ReadonlySet<number> = new Set([65, 66, 83]);
const STORE = 62, VARIABLE = 59, PARAMETER = 55;
const FUNCTION_STORAGE = 7;

/** Finds the slots that loops write. */
export class LoopWrites {
  readonly #lowering: LoweringContext;

  constructor(lowering: LoweringContext) {
    this.#lowering = lowering;
  }

  /** The variable or parameter that a pointer is derived from. */
  #base(id: number): Instruction | undefined {
    const { definitions } = this.#lowering.module;
    let definition = definitions.get(id);
    for (let steps = 0; definition && DERIVES.has(definition.opcode) && steps < 1000; steps++) {
      definition = definitions.get(definition.args[0] ?? 0);
    }
    return definition;
  }

  #add(header: FlatBlock<Value>, id: number, slots: Set<number>): void {
    const base = this.#base(id);
    if (base === undefined) return;
    const own = header.frame.values.get(base.result);
    // Variables of functions that the loop calls begin anew in each round; what they get by pointer is in the call.
    const isOfCallee = own === undefined &&
      (base.opcode === PARAMETER ||
        (base.opcode === VARIABLE && base.args[0] === FUNCTION_STORAGE));
    if (isOfCallee || (own === undefined && base.opcode !== VARIABLE)) return;
    const pointer = own ?? this.#lowering.globals.get(base.result);
    if (!isPointer(pointer) || pointer.root.kind !== "local") return;
    const { slot, count } = pointer.root;
    for (let i = 0; i < count; i++) slots.add(slot + i);
  }

  /** Slots that any block of a loop may write. */
  of(header: FlatBlock<Value>): ReadonlySet<number> {
    const slots = new Set<number>();
    for (const block of header.loop ?? []) {
      for (const { opcode, args } of block.body) {
        if (opcode === STORE) this.#add(header, args[0] ?? 0, slots);
      }
      if (block.frame !== header.frame) continue;
      for (const id of block.call?.instruction.args.slice(1) ?? []) this.#add(header, id, slots);
    }
    return slots;
  }
}
