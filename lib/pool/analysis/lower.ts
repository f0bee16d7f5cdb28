/**
 * From instructions to a {@linkcode Program}: each function-local variable becomes nodes of the graph, block by block.
 *
 * Blocks are visited in reverse postorder, so that of a block's predecessors only those that go back to the head of
 * a loop are not known yet; there each variable that the loop writes becomes a phi (M. Braun and others, "Simple and
 * Efficient Construction of Static Single Assignment Form", 2013).
 *
 * @module
 */

import { type FlatBlock, flatten, FlowError, switchCases } from "./flatten.ts";
import { moduleFindings } from "./findings.ts";
import { FORMATS } from "./instructions.ts";
import { Globals } from "./globals.ts";
import { Graph, type Phi } from "./graph.ts";
import { LoopWrites } from "./loop_writes.ts";
import { BlockLowering } from "./lower_block.ts";
import type { LoweringContext } from "./lowering_context.ts";
import { undefinedValue, unknownValue } from "./operations.ts";
import type { Access, Block, Edge, Finding, Program } from "./program.ts";
import type { FunctionCode, Instruction, Module } from "./reader.ts";
import { Decorate } from "./spirv_constants.ts";
import { hasDecoration, type Type, Types } from "./types.ts";
import { build, isPointer, leavesOf, type Value, widthOf } from "./values.ts";
import type { WholeRule } from "./verdict.ts";

/** Values of the slots of variables at the end of a block; null for what is no integer. */
export type Slots = ReadonlyMap<number, number | null>;

type Flat = FlatBlock<Value>;

/** A phi of a loop's head, to be completed once the loop is done. */
interface PendingPhi {
  phi: Phi;
  from: Flat;
  node: () => number | null;
}

/** Lowers one entry point. */
export class Lowering implements LoweringContext {
  readonly module: Module;
  readonly types: Types;
  readonly graph = new Graph();
  readonly globals: Globals;
  readonly accesses: Access[] = [];
  readonly findings: Finding[] = [];
  readonly #ends = new Map<Flat, Slots>();
  readonly #pending: PendingPhi[] = [];

  constructor(module: Module) {
    this.module = module;
    this.types = new Types(module);
    this.globals = new Globals(module, this.types, this.graph, this.report);
  }

  /** Takes note of why the kernel cannot be split. */
  readonly report = (rule: WholeRule, reason: string, instruction: Instruction | null): void => {
    this.findings.push({ rule, reason, instruction });
  };

  /** Value of an id as a block sees it. */
  valueOf(block: Flat, id: number): Value {
    const own = block.frame.values.get(id);
    return own !== undefined ? own : this.globals.get(id);
  }

  /** One value of several, as they come from the predecessors of a block. */
  #merge(block: Flat, width: number, from: readonly { block: Flat; node: number | null }[]) {
    const [first] = from;
    if (first === undefined || from.every(({ node }) => node === first.node)) {
      return first?.node ?? null;
    }
    const phi = this.graph.phi(width, block.index, block.loop !== null);
    for (const { block: { index }, node } of from) {
      phi.incoming.push({ from: index, node: node ?? this.graph.undefinedValue(width, index) });
    }
    return phi.node;
  }

  /** Slots at the start of a block. */
  #enter(block: Flat, writes: LoopWrites): Map<number, number | null> {
    if (block.index === 0) return new Map(this.globals.firstSlots);
    const before = block.predecessors.filter(({ index }) => index < block.index);
    const [first, ...others] = before.map((each) => ({ block: each, slots: this.#ends.get(each) }));
    const slots = new Map<number, number | null>();
    const written = block.loop === null ? null : writes.of(block);
    for (const [slot, node] of first?.slots ?? []) {
      const from = [{ block: first?.block ?? block, node }];
      for (const other of others) {
        const value = other.slots?.get(slot);
        if (value !== undefined) from.push({ block: other.block, node: value });
      }
      // A slot that a predecessor does not have holds nothing defined.
      if (from.length !== before.length) continue;
      const width = this.#widthOf(from.map((each) => each.node));
      if (width === null) slots.set(slot, null);
      else if (written === null || !written.has(slot)) {
        slots.set(slot, this.#merge(block, width, from));
      } else slots.set(slot, this.#headerPhi(block, width, from, slot));
    }
    return slots;
  }

  #widthOf(nodes: readonly (number | null)[]): number | null {
    const node = nodes.find((each) => each !== null);
    return node === undefined || node === null ? null : this.graph.nodes[node]?.width ?? null;
  }

  #headerPhi(
    block: Flat,
    width: number,
    entering: readonly { block: Flat; node: number | null }[],
    slot: number,
  ): number {
    const phi = this.graph.phi(width, block.index, true);
    const { graph } = this;
    for (const { block: { index }, node } of entering) {
      phi.incoming.push({ from: index, node: node ?? graph.undefinedValue(width, index) });
    }
    for (const back of block.predecessors.filter(({ index }) => index >= block.index)) {
      this.#pending.push({
        phi,
        from: back,
        node: () => this.#ends.get(back)?.get(slot) ?? null,
      });
    }
    return phi.node;
  }

  /** `OpPhi`. */
  phi(block: Flat, instruction: Instruction): void {
    const { result, args } = instruction;
    const type = this.types.get(instruction.type);
    if (type.kind === "pointer") {
      this.report("indirect_pointer", "a pointer depends on the way taken", instruction);
      block.frame.values.set(result, unknownValue(this.graph, type, block.index));
      return;
    }
    const from: { block: Flat; id: number }[] = [];
    for (let i = 0; i + 1 < args.length; i += 2) {
      const end = block.frame.ends.get(args[i + 1] ?? 0);
      if (end !== undefined && end.index >= 0) from.push({ block: end, id: args[i] ?? 0 });
    }
    const value = this.#phiOf(block, instruction, from);
    block.frame.values.set(result, this.#firm(result, type, value, block));
  }

  /** Whether an id's value may have fewer bits than its type. */
  isVague(id: number): boolean {
    return hasDecoration(this.module.decorations.get(id), Decorate.RelaxedPrecision);
  }

  /** A value; or, where it may have fewer bits than its type, one of which nothing is known. */
  #firm(id: number, type: Type, value: Value, block: Flat): Value {
    if (!this.isVague(id)) return value;
    return isPointer(value)
      ? { ...value, isVague: true }
      : undefinedValue(this.graph, type, block.index);
  }

  #phiOf(
    block: Flat,
    instruction: Instruction,
    from: readonly { block: Flat; id: number }[],
  ): Value {
    const type = this.types.get(instruction.type);
    if (from.length !== block.predecessors.length) {
      return unknownValue(this.graph, type, block.index);
    }
    let leaf = 0;
    return build(type, (part) => {
      const at = leaf++;
      const width = widthOf(part);
      if (width === null) return null;
      const node = (each: { block: Flat; id: number }): number | null => {
        const found = leavesOf(type, this.valueOf(each.block, each.id))[at] ?? null;
        return found !== null && this.graph.nodes[found]?.width === width ? found : null;
      };
      const before = from.filter((each) => each.block.index < block.index);
      const entering = before.map((each) => ({ block: each.block, node: node(each) }));
      if (block.loop === null) return this.#merge(block, width, entering);
      const phi = this.graph.phi(width, block.index, true);
      for (const { block: { index }, node: value } of entering) {
        phi.incoming.push({ from: index, node: value ?? this.graph.unknown(width, index) });
      }
      for (const each of from.filter(({ block: { index } }) => index >= block.index)) {
        this.#pending.push({ phi, from: each.block, node: () => node(each) });
      }
      return phi.node;
    });
  }

  /** What a call returns, by way of all blocks that return. */
  #returned(block: Flat): void {
    const { returned } = block;
    if (returned === null) return;
    const { instruction } = returned;
    const exits = returned.exits.filter(({ from, value }) => from.index >= 0 && value !== 0)
      .map(({ from, value }) => ({ block: from, id: value }));
    if (exits.length === 0) return;
    const { result, type } = instruction;
    const value = this.#phiOf(block, instruction, exits);
    block.frame.values.set(result, this.#firm(result, this.types.get(type), value, block));
  }

  #bindParameters(block: Flat): void {
    if (block.call === null) return;
    const { instruction, callee } = block.call;
    for (const [i, parameter] of callee.code.parameters.entries()) {
      const value = this.valueOf(block, instruction.args[1 + i] ?? 0);
      const type = this.types.get(this.module.definitions.get(parameter)?.type ?? 0);
      callee.values.set(parameter, this.#firm(parameter, type, value, block));
    }
  }

  /** Lowers a function and all that it calls. */
  run(code: FunctionCode, localSize: Program["localSize"]): Program {
    const { blocks } = flatten<Value>(this.module, code);
    const writes = new LoopWrites(this);
    for (const block of blocks) {
      const slots = this.#enter(block, writes);
      this.#returned(block);
      new BlockLowering(this, block, slots).run();
      this.#bindParameters(block);
      this.#ends.set(block, slots);
    }
    for (const { phi, from, node } of this.#pending) {
      const width = this.graph.nodes[phi.node]?.width ?? 32;
      phi.incoming.push({
        from: from.index,
        node: node() ?? this.graph.unknown(width, from.index),
      });
    }
    this.graph.spreadUndefined();
    const incoming = blocks.map((block) => this.#incoming(block));
    const flow = blocks.map((block, i): Block => ({
      incoming: incoming[i] ?? [],
      variant: this.#variant(block),
    }));
    return {
      module: this.module,
      graph: this.graph,
      blocks: flow,
      accesses: this.accesses,
      findings: this.findings,
      localSize,
      asksForGroups: this.globals.asksForGroups,
      usesSubgroups: this.globals.usesSubgroups,
      livePhis: this.#livePhis(flow, localSize),
    };
  }

  #incoming(block: Flat): Edge[] {
    return block.predecessors.map((from) => ({
      from: from.index,
      to: block.index,
      ...this.#condition(from, block),
    }));
  }

  /** Nodes that are new in each round of a loop. Call once there are no more nodes to come. */
  #variant(block: Flat): Uint8Array | null {
    if (block.loop === null) return null;
    const { nodes } = this.graph;
    const inside = new Set(Array.from(block.loop, ({ index }) => index));
    const variant = new Uint8Array(nodes.length);
    // Operands come before what is made of them.
    for (const { id, a, b, c, block: own } of nodes) {
      const depends = [a, b, c].some((each) => each >= 0 && variant[each] === 1);
      if (inside.has(own) || depends) variant[id] = 1;
    }
    return variant;
  }

  #condition(from: Flat, to: Flat): { condition: number; isTaken: boolean } {
    const none = { condition: -1, isTaken: true };
    const end = from.body.at(-1);
    if (from.call !== null || end === undefined) return none;
    const { starts } = from.frame;
    const [selector = 0, first = 0, second = 0] = end.args;
    if (end.opcode === 250 && first !== second) {
      const condition = this.valueOf(from, selector);
      if (typeof condition !== "number") return none;
      return { condition, isTaken: starts.get(first) === to };
    }
    if (end.opcode === 251) {
      const cases = switchCases(this.module, end).filter(({ label }) => starts.get(label) === to);
      const literal = cases[0]?.literal ?? null;
      const node = this.valueOf(from, selector);
      if (cases.length !== 1 || literal === null || starts.get(first) === to) return none;
      if (typeof node !== "number") return none;
      const width = this.graph.nodes[node]?.width ?? 32;
      const equal = this.graph.node(170, 1, node, this.graph.constant(width, literal));
      return { condition: equal, isTaken: true };
    }
    return none;
  }

  /** Phis that places in memory, conditions and the local size depend on, in order of their blocks. */
  #livePhis(blocks: readonly Block[], localSize: readonly number[]): number[] {
    const { graph } = this;
    const work = [
      ...localSize,
      ...this.accesses.flatMap(({ terms }) => terms.map(({ node }) => node)),
      ...blocks.flatMap(({ incoming }) => incoming.map(({ condition }) => condition)),
    ].filter((node) => node >= 0);
    const seen = new Set<number>();
    for (let node = work.pop(); node !== undefined; node = work.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      work.push(...graph.operands(node));
    }
    return graph.phis.map((_, i) => i)
      .filter((i) => seen.has(graph.phis[i]?.node ?? -1))
      .sort((a, b) => (graph.phis[a]?.block ?? 0) - (graph.phis[b]?.block ?? 0));
  }
}

/**
 * Lowers an entry point; where the analysis cannot follow it, the findings alone are there.
 *
 * @param sizeOf gives the nodes of the local size.
 */
export function lower(
  module: Module,
  code: FunctionCode,
  sizeOf: (lowering: Lowering) => Program["localSize"],
): Program {
  const lowering = new Lowering(module);
  let localSize: Program["localSize"] = [-1, -1, -1];
  try {
    moduleFindings(module, code.id, lowering.report);
    const unknown = module.globals.find(({ opcode }) => !FORMATS.has(opcode));
    if (unknown) throw new FlowError("the analysis does not know what this declares", unknown);
    localSize = sizeOf(lowering);
    return lowering.run(code, localSize);
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    lowering.report("unknown_instruction", error.message, error.instruction);
    const { graph, findings } = lowering;
    const nothing = { blocks: [], accesses: [], livePhis: [] };
    const { asksForGroups, usesSubgroups } = lowering.globals;
    return { module, graph, findings, localSize, asksForGroups, usesSubgroups, ...nothing };
  }
}
