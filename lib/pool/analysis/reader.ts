/**
 * Reads the words of a SPIR-V module into instructions, functions and what is said of ids.
 *
 * Source: SPIR-V specification 1.6, sections 2.3 (layout of a module) and 2.4 (order of its parts).
 *
 * @module
 */

import { FORMATS } from "./instructions.ts";
import { SpirvError } from "./spirv_error.ts";

/** One instruction. */
export interface Instruction {
  opcode: number;
  /** Where it begins, in words. */
  word: number;
  /** Id of its type; 0 for none. */
  type: number;
  /** Id that it defines; 0 for none. */
  result: number;
  /** The words after those. */
  args: readonly number[];
}

/** A decoration of an id, or of a member of a structure. */
export interface Decoration {
  kind: number;
  args: readonly number[];
}

/** A block of a function; phis and merge instructions are in the body, the terminator is its last. */
export interface BlockCode {
  label: number;
  body: readonly Instruction[];
}

/** A function with a body. */
export interface FunctionCode {
  id: number;
  parameters: readonly number[];
  blocks: readonly BlockCode[];
}

/** A module, read. */
export interface Module {
  words: Uint32Array<ArrayBuffer>;
  /** All ids are below. */
  bound: number;
  definitions: ReadonlyMap<number, Instruction>;
  names: ReadonlyMap<number, string>;
  decorations: ReadonlyMap<number, readonly Decoration[]>;
  /** By id of a structure, then by member. */
  memberDecorations: ReadonlyMap<number, ReadonlyMap<number, readonly Decoration[]>>;
  /** Extended instruction sets by id. */
  imports: ReadonlyMap<number, string>;
  capabilities: readonly number[];
  memoryModel: Instruction;
  entryPoints: readonly Instruction[];
  executionModes: readonly Instruction[];
  /** Outside functions, in order. */
  globals: readonly Instruction[];
  functions: ReadonlyMap<number, FunctionCode>;
  /** Word after the last decoration, where one more may stand. */
  annotationsEnd: number;
  /** Word of the first function. */
  functionsStart: number;
}

const MAGIC = 0x07230203;
const HEADER_WORDS = 5;
/** Far above what compilers make; keeps tables small for wrong headers. */
const MOST_IDS = 1 << 22;

/** Ends a block (section 2.2.5). */
export const TERMINATORS: ReadonlySet<number> = new Set([249, 250, 251, 252, 253, 254, 255]);

/** What stands before types, constants and global variables. */
const BEFORE_DECLARATIONS: ReadonlySet<number> = new Set([
  ...[2, 3, 4, 5, 6, 7, 10, 11, 14, 15, 16, 17, 71, 72, 73, 74, 75, 330, 331, 332, 5632, 5633],
]);

/** Text of a NUL-terminated literal, and the words that it takes (section 2.2.1). */
export function literalString(args: readonly number[], at: number): { text: string; end: number } {
  const bytes: number[] = [];
  for (let i = at; i < args.length; i++) {
    const word = args[i] ?? 0;
    for (let shift = 0; shift < 32; shift += 8) {
      const byte = (word >>> shift) & 0xff;
      if (byte === 0) return { text: new TextDecoder().decode(new Uint8Array(bytes)), end: i + 1 };
      bytes.push(byte);
    }
  }
  throw new SpirvError("malformed SPIR-V: a string has no end");
}

function split(words: Uint32Array<ArrayBuffer>): Instruction[] {
  const [magic, , , bound = 0] = words;
  if (words.length < HEADER_WORDS) {
    throw new SpirvError(`malformed SPIR-V: ${words.length} words are less than a header`);
  }
  if (magic !== MAGIC) {
    throw new SpirvError(`not SPIR-V: it begins with 0x${(magic ?? 0).toString(16)}`);
  }
  if (bound > MOST_IDS) throw new SpirvError(`malformed SPIR-V: ${bound} ids`);
  const all: Instruction[] = [];
  for (let at = HEADER_WORDS; at < words.length;) {
    const first = words[at] ?? 0;
    const opcode = first & 0xffff, count = first >>> 16;
    if (count === 0 || at + count > words.length) {
      throw new SpirvError(`malformed SPIR-V: the instruction at word ${at} is cut off`);
    }
    const format = FORMATS.get(opcode);
    let next = at + 1;
    const take = (has: boolean | undefined) => {
      if (!has) return 0;
      const id = next < at + count ? words[next] ?? 0 : 0;
      next++;
      if (id === 0 || id >= bound) {
        throw new SpirvError(`malformed SPIR-V: the instruction at word ${at} has no valid id`);
      }
      return id;
    };
    const type = take(format?.hasType), result = take(format?.hasResult);
    all.push({
      opcode,
      word: at,
      type,
      result,
      args: Array.from(words.subarray(next, at + count)),
    });
    at += count;
  }
  return all;
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

class ModuleReader {
  readonly definitions = new Map<number, Instruction>();
  readonly names = new Map<number, string>();
  readonly decorations = new Map<number, Decoration[]>();
  readonly memberDecorations = new Map<number, Map<number, Decoration[]>>();
  readonly imports = new Map<number, string>();
  readonly capabilities: number[] = [];
  readonly entryPoints: Instruction[] = [];
  readonly executionModes: Instruction[] = [];
  readonly globals: Instruction[] = [];
  readonly functions = new Map<number, FunctionCode>();
  memoryModel: Instruction | undefined;
  annotationsEnd = HEADER_WORDS;
  functionsStart = 0;
  #function: { id: number; parameters: number[]; blocks: BlockCode[] } | undefined;
  #block: { label: number; body: Instruction[] } | undefined;

  #decorateMember(id: number, member: number, decoration: Decoration): void {
    let members = this.memberDecorations.get(id);
    if (!members) this.memberDecorations.set(id, members = new Map());
    pushTo(members, member, decoration);
  }

  #declare(instruction: Instruction): void {
    const { opcode, args } = instruction;
    const [a = 0, b = 0, c = 0] = args;
    switch (opcode) {
      case 5:
        this.names.set(a, literalString(args, 1).text);
        break;
      case 11:
        this.imports.set(instruction.result, literalString(args, 0).text);
        break;
      case 14:
        this.memoryModel = instruction;
        break;
      case 15:
        this.entryPoints.push(instruction);
        break;
      case 16:
      case 331:
        this.executionModes.push(instruction);
        break;
      case 17:
        this.capabilities.push(a);
        break;
      case 71:
      case 332:
        pushTo(this.decorations, a, { kind: b, args: args.slice(2) });
        break;
      case 72:
        this.#decorateMember(a, b, { kind: c, args: args.slice(3) });
        break;
      case 74:
        for (const target of args.slice(1)) {
          for (const each of this.decorations.get(a) ?? []) pushTo(this.decorations, target, each);
        }
        break;
      case 75:
        for (let i = 1; i + 1 < args.length; i += 2) {
          for (const each of this.decorations.get(a) ?? []) {
            this.#decorateMember(args[i] ?? 0, args[i + 1] ?? 0, each);
          }
        }
        break;
      default:
        this.globals.push(instruction);
    }
  }

  /** An instruction from `OpFunction` to `OpFunctionEnd`. */
  #inside(instruction: Instruction): void {
    const { opcode, word, result } = instruction;
    const fail = (what: string) => new SpirvError(`malformed SPIR-V: ${what} at word ${word}`);
    if (this.#function === undefined) throw fail("an instruction outside functions");
    if (opcode === 54) throw fail("a function in a function");
    if (opcode === 55) this.#function.parameters.push(result);
    else if (opcode === 56) {
      if (this.#block) throw fail("a block without an end");
      this.functions.set(this.#function.id, this.#function);
      this.#function = undefined;
    } else if (opcode === 248) {
      if (this.#block) throw fail("a block in a block");
      this.#block = { label: result, body: [] };
    } else if (opcode === 8 || opcode === 317) {
      // Places in the source text.
    } else if (!this.#block) throw fail("an instruction outside blocks");
    else {
      this.#block.body.push(instruction);
      if (!TERMINATORS.has(opcode)) return;
      this.#function.blocks.push(this.#block);
      this.#block = undefined;
    }
  }

  take(instruction: Instruction): void {
    const { opcode, word, result } = instruction;
    if (result !== 0) {
      if (this.definitions.has(result)) {
        throw new SpirvError(`malformed SPIR-V: %${result} is defined twice, at word ${word}`);
      }
      this.definitions.set(result, instruction);
    }
    if (this.#function === undefined && opcode === 54) {
      if (this.functionsStart === 0) this.functionsStart = word;
      this.#function = { id: result, parameters: [], blocks: [] };
    } else if (this.functionsStart !== 0) this.#inside(instruction);
    else this.#declare(instruction);
  }

  finish(): void {
    if (this.#function) throw new SpirvError("malformed SPIR-V: a function has no end");
  }
}

/**
 * Reads a module.
 *
 * @throws {SpirvError} for words that are none.
 */
export function readModule(words: Uint32Array<ArrayBuffer>): Module {
  const reader = new ModuleReader();
  const all = split(words);
  for (const [i, instruction] of all.entries()) {
    reader.take(instruction);
    if (reader.functionsStart === 0 && BEFORE_DECLARATIONS.has(instruction.opcode)) {
      reader.annotationsEnd = all[i + 1]?.word ?? words.length;
    }
  }
  reader.finish();
  const { memoryModel } = reader;
  if (memoryModel === undefined) throw new SpirvError("malformed SPIR-V: no memory model");
  const { definitions, names, decorations, memberDecorations, imports, capabilities } = reader;
  const { entryPoints, executionModes, globals, functions } = reader;
  return {
    words,
    bound: words[3] ?? 0,
    definitions,
    names,
    decorations,
    memberDecorations,
    imports,
    capabilities,
    memoryModel,
    entryPoints,
    executionModes,
    globals,
    functions,
    annotationsEnd: reader.annotationsEnd,
    functionsStart: reader.functionsStart || words.length,
  };
}
