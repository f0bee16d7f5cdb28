/**
 * What the lowering of a block takes from the lowering of the kernel around it.
 *
 * @module
 */

import type { FlatBlock } from "./flatten.ts";
import type { Globals, Report } from "./globals.ts";
import type { Graph } from "./graph.ts";
import type { Access } from "./program.ts";
import type { Instruction, Module } from "./reader.ts";
import type { Types } from "./types.ts";
import type { Value } from "./values.ts";

/** A kernel that is being lowered. */
export interface LoweringContext {
  readonly module: Module;
  readonly types: Types;
  readonly graph: Graph;
  readonly globals: Globals;
  readonly accesses: Access[];
  /** Takes note of why the kernel cannot be split. */
  readonly report: Report;
  /** Value of an id as a block sees it. */
  valueOf(block: FlatBlock<Value>, id: number): Value;
  /** `OpPhi`. */
  phi(block: FlatBlock<Value>, instruction: Instruction): void;
  /** Whether an id's value may have fewer bits than its type. */
  isVague(id: number): boolean;
}
