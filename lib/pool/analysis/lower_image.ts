/**
 * Reads and writes of storage images, texel by texel.
 *
 * @module
 */

import type { FlatBlock } from "./flatten.ts";
import type { LoweringContext } from "./lowering_context.ts";
import { unknownValue } from "./operations.ts";
import type { Instruction } from "./reader.ts";
import { isPointer, partOf, type Value } from "./values.ts";

/** The instructions of images that are followed. */
export const ImageOp = { Read: 98, Write: 99, QuerySize: 104 } as const;

/** Section 3.14: MakeTexelAvailable, MakeTexelVisible, NonPrivateTexel, VolatileTexel. */
const SHARED_ACCESS = 0xf00;
/** SignExtend, ZeroExtend, Nontemporal: what is made of a texel, and how it is cached. */
const KNOWN_ACCESS = SHARED_ACCESS | 0x1000 | 0x2000 | 0x4000;

const AXES = [0, 1, 2] as const;

/** Lowers one of {@linkcode ImageOp}; gives its result, or null for one without. */
export function lowerImage(
  lowering: LoweringContext,
  block: FlatBlock<Value>,
  instruction: Instruction,
): Value {
  const { opcode, args: [image = 0] } = instruction;
  const pointer = lowering.valueOf(block, image);
  const root = isPointer(pointer) && pointer.root.kind === "image" ? pointer.root : undefined;
  if (opcode === ImageOp.QuerySize) {
    const type = lowering.types.get(instruction.type);
    const unknown = unknownValue(lowering.graph, type, block.index);
    if (root === undefined || type.kind !== "vector" || !Array.isArray(unknown)) return unknown;
    const { set, binding } = root;
    return unknown.map((part: Value, i) => {
      const axis = AXES[i];
      const isWord = type.element.kind === "int" && type.element.width === 32;
      if (axis === undefined || i >= root.dimensions || !isWord) return part;
      return lowering.graph.length({ set, binding, axis, offset: 0, stride: 1 });
    });
  }
  const isStore = opcode === ImageOp.Write;
  if (root === undefined || !isPointer(pointer)) {
    lowering.report(
      "image_store",
      `which texels of which image it ${isStore ? "writes" : "reads"} is not followed`,
      instruction,
    );
  } else {
    checkAccess(lowering, pointer.isShared, instruction);
    const { set, binding, dimensions } = root;
    const coordinate = lowering.valueOf(block, instruction.args[1] ?? 0);
    const terms = AXES.slice(0, dimensions).map((axis) => {
      const part = partOf(coordinate, [axis]);
      const node = typeof part === "number" ? part : lowering.graph.unknown(32, block.index);
      const width = lowering.graph.nodes[node]?.width ?? 32;
      return { node, width, stride: 0, count: null };
    });
    lowering.accesses.push({
      block: block.index,
      isStore,
      isImage: true,
      set,
      binding,
      offset: 0,
      terms,
      size: null,
      instruction,
    });
  }
  if (isStore) return null;
  return unknownValue(lowering.graph, lowering.types.get(instruction.type), block.index);
}

/** Whether image operands are those of texels that nobody else looks at. */
function checkAccess(
  { report }: LoweringContext,
  isShared: boolean,
  instruction: Instruction,
): void {
  const mask = instruction.args[instruction.opcode === ImageOp.Write ? 3 : 2] ?? 0;
  if (isShared || (mask & SHARED_ACCESS) !== 0) {
    report(
      "coherent",
      "a coherent or volatile access: work-groups may talk to each other through the image",
      instruction,
    );
  } else if ((mask & ~KNOWN_ACCESS) !== 0) {
    report("unknown_instruction", `image operands ${mask} are not known here`, instruction);
  }
}
