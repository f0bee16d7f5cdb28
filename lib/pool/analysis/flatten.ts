/**
 * The control flow of an entry point: one graph of blocks, with the functions that it calls put in place.
 *
 * @module
 */

import type { FunctionCode, Instruction, Module } from "./reader.ts";
import { SpirvError } from "./spirv_error.ts";

/** One activation of a function: what its ids are bound to belongs to it. */
export interface Frame<V> {
  readonly code: FunctionCode;
  readonly parent: Frame<V> | null;
  readonly values: Map<number, V>;
  /** The first part of each block, by label: what a branch leads to. */
  readonly starts: Map<number, FlatBlock<V>>;
  /** The last part of each block, by label: what a phi calls its predecessor. */
  readonly ends: Map<number, FlatBlock<V>>;
}

/** A block, or the part of one between calls. */
export interface FlatBlock<V> {
  /** In reverse postorder; -1 where it cannot be reached. */
  index: number;
  readonly frame: Frame<V>;
  readonly body: readonly Instruction[];
  readonly successors: FlatBlock<V>[];
  readonly predecessors: FlatBlock<V>[];
  /** The call that leads on to the successor. */
  call: { instruction: Instruction; callee: Frame<V> } | null;
  /** The call that comes back here, and the blocks that return with what they return. */
  returned: { instruction: Instruction; exits: { from: FlatBlock<V>; value: number }[] } | null;
  /** For a loop's first block: all blocks of the loop. */
  loop: ReadonlySet<FlatBlock<V>> | null;
}

/** The whole graph. */
export interface FlatCode<V> {
  /** In reverse postorder: predecessors first, but for those that go back to a loop's head. */
  blocks: readonly FlatBlock<V>[];
  entry: Frame<V>;
}

/** Something that makes the control flow too much for the analysis. */
export class FlowError extends Error {
  override name = "FlowError";
  readonly instruction: Instruction | null;

  constructor(message: string, instruction: Instruction | null = null) {
    super(message);
    this.instruction = instruction;
  }
}

const MOST_BLOCKS = 4096;
const DEEPEST_CALL = 24;

const Op = {
  Call: 57,
  Branch: 249,
  BranchConditional: 250,
  Switch: 251,
  Return: 253,
  ReturnValue: 254,
};

/** Labels that a terminator leads to, in the order of its operands; a label may be there twice. */
export function targetsOf(module: Module, end: Instruction): number[] {
  const { opcode, args } = end;
  if (opcode === Op.Branch) return [args[0] ?? 0];
  if (opcode === Op.BranchConditional) return [args[1] ?? 0, args[2] ?? 0];
  if (opcode !== Op.Switch) return [];
  return [args[1] ?? 0, ...switchCases(module, end).map(({ label }) => label)];
}

/** The cases of a switch, without the default. Literals are as wide as the selector (section 3.49.17). */
export function switchCases(
  module: Module,
  { args }: Instruction,
): { literal: number | null; label: number }[] {
  const selector = module.definitions.get(args[0] ?? 0);
  const type = module.definitions.get(selector?.type ?? 0);
  const wide = type?.opcode === 21 && (type.args[0] ?? 32) > 32;
  const cases: { literal: number | null; label: number }[] = [];
  for (let i = 2; i < args.length; i += wide ? 3 : 2) {
    cases.push({ literal: wide ? null : args[i] ?? 0, label: args[i + (wide ? 2 : 1)] ?? 0 });
  }
  return cases;
}

class Flattener<V> {
  readonly #module: Module;
  readonly all: FlatBlock<V>[] = [];

  constructor(module: Module) {
    this.#module = module;
  }

  #block(frame: Frame<V>, body: readonly Instruction[]): FlatBlock<V> {
    if (this.all.length >= MOST_BLOCKS) throw new FlowError(`more than ${MOST_BLOCKS} blocks`);
    const block: FlatBlock<V> = {
      index: -1,
      frame,
      body,
      successors: [],
      predecessors: [],
      call: null,
      returned: null,
      loop: null,
    };
    this.all.push(block);
    return block;
  }

  static link<V>(from: FlatBlock<V>, to: FlatBlock<V>): void {
    from.successors.push(to);
    to.predecessors.push(from);
  }

  expand(code: FunctionCode, parent: Frame<V> | null, depth: number) {
    if (depth > DEEPEST_CALL) throw new FlowError(`calls nested deeper than ${DEEPEST_CALL}`);
    const frame: Frame<V> = { code, parent, values: new Map(), starts: new Map(), ends: new Map() };
    const { starts } = frame;
    const exits: { from: FlatBlock<V>; value: number }[] = [];
    let entry: FlatBlock<V> | undefined;
    for (const { label, body } of code.blocks) {
      let from = 0;
      let returned: FlatBlock<V>["returned"] = null;
      let before: FlatBlock<V>[] = [];
      const part = (to: number) => {
        const block = this.#block(frame, body.slice(from, to));
        block.returned = returned;
        for (const each of before) Flattener.link(each, block);
        if (!starts.has(label)) starts.set(label, block);
        entry ??= block;
        return block;
      };
      for (const [i, instruction] of body.entries()) {
        if (instruction.opcode !== Op.Call) continue;
        const callee = this.#module.functions.get(instruction.args[0] ?? 0);
        if (callee === undefined || callee.blocks.length === 0) {
          throw new FlowError("a function without a body is called");
        }
        const block = part(i);
        const inner = this.expand(callee, frame, depth + 1);
        Flattener.link(block, inner.entry);
        block.call = { instruction, callee: inner.frame };
        returned = { instruction, exits: inner.exits };
        before = inner.exits.map((exit) => exit.from);
        from = i + 1;
      }
      const last = part(body.length);
      frame.ends.set(label, last);
      const end = body.at(-1);
      if (end?.opcode === Op.Return) exits.push({ from: last, value: 0 });
      if (end?.opcode === Op.ReturnValue) exits.push({ from: last, value: end.args[0] ?? 0 });
    }
    for (const { label, body } of code.blocks) {
      const end = body.at(-1), last = frame.ends.get(label);
      if (end === undefined || last === undefined) continue;
      for (const target of new Set(targetsOf(this.#module, end))) {
        const to = starts.get(target);
        if (to === undefined) {
          throw new SpirvError(`malformed SPIR-V: %${target} at word ${end.word} is no block`);
        }
        Flattener.link(last, to);
      }
    }
    if (entry === undefined) throw new FlowError("a function without blocks");
    return { frame, entry, exits };
  }
}

/** Numbers the blocks that can be reached in reverse postorder. */
function order<V>(entry: FlatBlock<V>): FlatBlock<V>[] {
  const postorder: FlatBlock<V>[] = [];
  const seen = new Set([entry]);
  const stack = [{ block: entry, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const successor = top.block.successors[top.next++];
    if (successor === undefined) {
      postorder.push(top.block);
      stack.pop();
    } else if (!seen.has(successor)) {
      seen.add(successor);
      stack.push({ block: successor, next: 0 });
    }
  }
  const blocks = postorder.reverse();
  for (const [i, block] of blocks.entries()) block.index = i;
  return blocks;
}

/** Finds the loop of each block that is gone back to. */
function findLoops<V>(blocks: readonly FlatBlock<V>[]): void {
  for (const header of blocks) {
    const back = header.predecessors.filter(({ index }) => index >= header.index);
    if (back.length === 0) continue;
    const loop = new Set([header]);
    const work = [...back];
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      if (loop.has(block)) continue;
      // A way into the loop that does not lead through its head.
      if (block.index <= header.index) throw new FlowError("control flow is not structured");
      loop.add(block);
      work.push(...block.predecessors);
    }
    header.loop = loop;
  }
}

/**
 * Flattens a function.
 *
 * @throws {FlowError} for what the analysis does not follow.
 * @throws {SpirvError} for a module that is not valid.
 */
export function flatten<V>(module: Module, code: FunctionCode): FlatCode<V> {
  const flattener = new Flattener<V>(module);
  const { frame, entry } = flattener.expand(code, null, 0);
  const blocks = order(entry);
  for (const block of blocks) {
    const reached = block.predecessors.filter(({ index }) => index >= 0);
    block.predecessors.splice(0, block.predecessors.length, ...reached);
  }
  findLoops(blocks);
  return { blocks, entry: frame };
}
