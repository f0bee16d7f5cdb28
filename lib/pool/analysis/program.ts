/**
 * A kernel as the analysis works on it: what a launch is judged by.
 *
 * @module
 */

import type { Graph } from "./graph.ts";
import type { Instruction, Module } from "./reader.ts";
import type { Term } from "./values.ts";
import type { WholeRule } from "./verdict.ts";

/** Why a kernel cannot be split, whatever the launch. */
export interface Finding {
  rule: WholeRule;
  reason: string;
  instruction: Instruction | null;
}

/** A load or store of a buffer, or of a texel of an image. */
export interface Access {
  block: number;
  isStore: boolean;
  /** Of a texel: `terms` are its coordinates. */
  isImage: boolean;
  set: number;
  binding: number;
  /** Constant part of the place, in bytes. */
  offset: number;
  terms: readonly Term[];
  /** In bytes; null where the layout does not say, and for images. */
  size: number | null;
  instruction: Instruction;
}

/** A way from block to block. */
export interface Edge {
  from: number;
  to: number;
  /** The truth value that decides; -1 for none. */
  condition: number;
  /** What it must be. */
  isTaken: boolean;
}

/** A block, as far as control flow goes. */
export interface Block {
  /** Edges that lead here. */
  incoming: readonly Edge[];
  /** For a loop's head: nodes that are new in each round, by id. */
  variant: Uint8Array | null;
}

/** A kernel. */
export interface Program {
  module: Module;
  graph: Graph;
  blocks: readonly Block[];
  accesses: readonly Access[];
  findings: readonly Finding[];
  /** Node of each component of the local size. */
  localSize: readonly [number, number, number];
  /** Whether the number of work-groups is asked for. */
  asksForGroups: boolean;
  /** Whether values may depend on the size of subgroups. */
  usesSubgroups: boolean;
  /** Phis that something depends on, in order of their blocks. */
  livePhis: readonly number[];
}
