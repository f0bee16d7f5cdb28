/**
 * Which blocks of a kernel a launch reaches, and what is known there: abstract interpretation, with widening at the
 * heads of loops and two rounds of narrowing (P. Cousot and R. Cousot, "Abstract interpretation", 1977).
 *
 * @module
 */

import { contains, type Range } from "./domain.ts";
import { type Evaluator, ignorance, type Knowledge } from "./evaluate.ts";
import { NodeOp, type Phi } from "./graph.ts";
import type { Edge, Program } from "./program.ts";

/** Rounds in which the head of a loop grows step by step. */
const PATIENT_ROUNDS = 2;
/** After these, what still grows is given up. */
const WIDENING_ROUNDS = 16;
const NARROWING_ROUNDS = 2;
const MOST_ROUNDS = 200;

/** What is known at the start of each block; undefined for one that is not reached. */
export type Solution = readonly (Knowledge | undefined)[];

class Solver {
  readonly #program: Program;
  readonly #evaluator: Evaluator;
  /** Live phis by block. */
  readonly #phis = new Map<number, Phi[]>();
  #at: (Knowledge | undefined)[] = [];
  #edges = new Map<Edge, Knowledge | undefined>();
  /** Of the round before: for edges that go back. */
  #edgesBefore = new Map<Edge, Knowledge | undefined>();

  constructor(program: Program, evaluator: Evaluator) {
    this.#program = program;
    this.#evaluator = evaluator;
    for (const index of program.livePhis) {
      const phi = program.graph.phis[index];
      if (phi === undefined) continue;
      const list = this.#phis.get(phi.block);
      if (list) list.push(phi);
      else this.#phis.set(phi.block, [phi]);
    }
  }

  get hasLoops(): boolean {
    return [...this.#phis.values()].some((phis) => phis.some(({ isHeader }) => isHeader));
  }

  get solution(): Solution {
    return this.#at;
  }

  /** What is known on an edge: at the end of its block, with the condition that leads along it. */
  #onEdge(edge: Edge): Knowledge | undefined {
    const before = this.#at[edge.from];
    if (before === undefined || edge.condition < 0) return before;
    return this.#conditional(edge, before);
  }

  #conditional({ from, condition, isTaken }: Edge, before: Knowledge): Knowledge | undefined {
    const { graph, blocks } = this.#program;
    let id = condition, isTrue = isTaken;
    while (graph.nodes[id]?.op === 168) {
      id = graph.nodes[id]?.a ?? -1;
      isTrue = !isTrue;
    }
    const node = graph.nodes[id];
    const phi = node?.op === NodeOp.Phi ? graph.phis[node.value] : undefined;
    // `a && b` as compilers write it: each way into the block says something else.
    if (phi === undefined || phi.block !== from || phi.isHeader || graph.undefined.has(id)) {
      return this.#evaluator.assume(condition, isTaken, before);
    }
    const ways: (Knowledge | undefined)[] = [];
    for (const edge of blocks[from]?.incoming ?? []) {
      const known = this.#edges.get(edge);
      const value = phi.incoming.find((each) => each.from === edge.from)?.node;
      if (known === undefined) continue;
      ways.push(value === undefined ? known : this.#evaluator.assume(value, isTrue, known));
    }
    const joined = this.#join(ways);
    return joined && this.#evaluator.assume(condition, isTaken, joined);
  }

  /** What holds whichever way was taken. */
  #join(all: readonly (Knowledge | undefined)[]): Knowledge | undefined {
    const [first, ...others] = all.filter((each) => each !== undefined);
    if (first === undefined || others.length === 0) return first;
    const joined = ignorance();
    for (const [id, range] of first.claims) {
      let all: Range | undefined = range;
      for (const { claims } of others) {
        const other: Range | undefined = claims.get(id);
        all = all && other && this.#evaluator.domain.join(all, other);
      }
      if (all !== undefined) joined.claims.set(id, all);
    }
    return joined;
  }

  #enter(block: number): Knowledge | undefined {
    const { incoming, variant } = this.#program.blocks[block] ?? { incoming: [], variant: null };
    if (block === 0) return ignorance();
    const entering = incoming.filter(({ from }) => from < block);
    for (const edge of entering) this.#edges.set(edge, this.#onEdge(edge));
    const joined = this.#join(entering.map((edge) => this.#edges.get(edge)));
    if (joined === undefined || variant === null) return joined;
    // What was known of an earlier round does not hold in this one.
    const claims = new Map([...joined.claims].filter(([id]) => variant[id] !== 1));
    return { claims, memo: new Map() };
  }

  /** What a phi may be; undefined where no way leads to it yet. */
  #valueOf(phi: Phi): Range | undefined {
    const { blocks, graph } = this.#program;
    const { domain } = this.#evaluator;
    let joined: Range | undefined;
    for (const { from, node } of phi.incoming) {
      const edge = blocks[phi.block]?.incoming.find((each) => each.from === from);
      if (edge === undefined) return domain.top(graph.nodes[phi.node]?.width ?? 64);
      const known = from < phi.block ? this.#edges.get(edge) : this.#edgesBefore.get(edge);
      if (known === undefined) continue;
      const range = this.#evaluator.evaluate(node, known);
      joined = joined === undefined ? range : domain.join(joined, range);
    }
    return joined;
  }

  /** Goes through all blocks once; says whether the head of a loop has grown. */
  round(number: number, isNarrowing: boolean): boolean {
    const { blocks, graph } = this.#program;
    const { domain, phis } = this.#evaluator;
    let hasGrown = false;
    this.#at = [];
    this.#edges = new Map();
    for (const block of blocks.keys()) {
      const known = this.#enter(block);
      this.#at.push(known);
      if (known === undefined) continue;
      const values = (this.#phis.get(block) ?? []).map((phi) => ({
        phi,
        value: this.#valueOf(phi),
      }));
      for (const { phi, value } of values) {
        const index = graph.nodes[phi.node]?.value ?? -1;
        const old = phis[index];
        if (value === undefined) continue;
        if (!phi.isHeader || old === undefined) {
          if (phi.isHeader) hasGrown = true;
          phis[index] = value;
        } else if (isNarrowing) {
          if (contains(old, value)) phis[index] = value;
        } else if (!contains(old, value)) {
          const width = graph.nodes[phi.node]?.width ?? 64;
          const top = domain.top(width);
          if (old === top) continue;
          hasGrown = true;
          phis[index] = number < PATIENT_ROUNDS
            ? domain.join(old, value)
            : number < WIDENING_ROUNDS
            ? domain.widen(old, value, width)
            : top;
        }
      }
    }
    for (const block of blocks) {
      for (const edge of block.incoming) {
        if (edge.from >= edge.to) this.#edges.set(edge, this.#onEdge(edge));
      }
    }
    this.#edgesBefore = this.#edges;
    return hasGrown;
  }
}

/** Solves for one launch; undefined where that takes too long. */
export function solve(program: Program, evaluator: Evaluator): Solution | undefined {
  const solver = new Solver(program, evaluator);
  let hasGrown = solver.round(0, false);
  if (!solver.hasLoops) return solver.solution;
  for (let number = 1; hasGrown; number++) {
    if (number > MOST_ROUNDS) return undefined;
    hasGrown = solver.round(number, false);
  }
  for (let i = 0; i < NARROWING_ROUNDS; i++) solver.round(MOST_ROUNDS, true);
  return solver.solution;
}
