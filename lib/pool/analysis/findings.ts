/**
 * What a module says of itself as a whole that keeps a kernel from being split.
 *
 * @module
 */

import type { Report } from "./globals.ts";
import type { Module } from "./reader.ts";
import {
  ADDRESS_CAPABILITIES,
  KNOWN_CAPABILITIES,
  KNOWN_DECORATIONS,
  KNOWN_EXECUTION_MODES,
  POINTER_CAPABILITIES,
} from "./spirv_constants.ts";

/** Addressing model Logical (section 3.4). */
const LOGICAL = 0;
/** Memory models GLSL450 and Vulkan (section 3.5). */
const MEMORY_MODELS: readonly number[] = [1, 3];

/** Looks at capabilities, the memory model, execution modes and decorations. */
export function moduleFindings(module: Module, entry: number, report: Report): void {
  const [addressing = LOGICAL, memory = 1] = module.memoryModel.args;
  if (addressing !== LOGICAL) {
    report(
      "physical_address",
      "buffers are reached by address, not by binding",
      module.memoryModel,
    );
  }
  if (!MEMORY_MODELS.includes(memory)) {
    report("unknown_instruction", `memory model ${memory} is not known here`, module.memoryModel);
  }
  for (const capability of module.capabilities) {
    if (KNOWN_CAPABILITIES.has(capability)) continue;
    if (ADDRESS_CAPABILITIES.has(capability)) {
      report("physical_address", "buffers may be reached by address, not by binding", null);
    } else if (POINTER_CAPABILITIES.has(capability)) {
      report("indirect_pointer", "pointers to buffers may be chosen as the kernel runs", null);
    } else {
      report("unsupported_capability", `capability ${capability} is not known here`, null);
    }
  }
  for (const mode of module.executionModes) {
    const [of, kind = 0] = mode.args;
    if (of === entry && !KNOWN_EXECUTION_MODES.has(kind)) {
      report("unknown_instruction", `execution mode ${kind} is not known here`, mode);
    }
  }
  const members = [...module.memberDecorations.values()].flatMap((each) => [...each.values()]);
  for (const decorations of [...module.decorations.values(), ...members]) {
    for (const { kind } of decorations) {
      if (KNOWN_DECORATIONS.has(kind)) continue;
      report("unknown_instruction", `decoration ${kind} is not known here`, null);
    }
  }
}
