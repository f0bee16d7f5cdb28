/**
 * One instruction as text, in the form of `spirv-dis`.
 *
 * @module
 */

import { FORMATS } from "./instructions.ts";
import { type Instruction, literalString, type Module } from "./reader.ts";

/** `%name` where the module names it, `%12` otherwise. */
function idText(module: Module, id: number): string {
  const name = module.names.get(id);
  return name ? `%${name.replace(/[^A-Za-z0-9_]/g, "_")}` : `%${id}`;
}

function operandTexts(module: Module, { opcode, args }: Instruction): string[] {
  const id = (word: number) => idText(module, word);
  const kinds = FORMATS.get(opcode)?.operands ?? "l*";
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < kinds.length && at < args.length; i++) {
    const kind = kinds[i];
    const isRepeated = kinds[i + 1] === "*";
    do {
      const word = args[at] ?? 0;
      if (kind === "s") {
        const { text, end } = literalString(args, at);
        texts.push(JSON.stringify(text));
        at = end;
        continue;
      }
      at++;
      if (kind === "i") texts.push(id(word));
      else if (kind === "p") texts.push(String(word), id(args[at++] ?? 0));
      else if (kind === "q") texts.push(id(word), String(args[at++] ?? 0));
      else texts.push(String(word));
    } while (isRepeated && at < args.length);
    if (isRepeated) i++;
  }
  // Of memory and image operands, and of literals of more than one word.
  for (; at < args.length; at++) texts.push(String(args[at]));
  return texts;
}

/** An instruction as text: `%12 = OpIAdd %uint %a %b`. */
export function disassemble(module: Module, instruction: Instruction): string {
  const { opcode, type, result } = instruction;
  const name = FORMATS.get(opcode)?.name ?? `Code${opcode}`;
  let operands: string[];
  try {
    operands = operandTexts(module, instruction);
  } catch {
    operands = instruction.args.map(String);
  }
  const left = result === 0 ? "" : `${idText(module, result)} = `;
  return `${left}Op${name}${
    [...(type === 0 ? [] : [idText(module, type)]), ...operands].map((text) => ` ${text}`).join("")
  }`;
}
