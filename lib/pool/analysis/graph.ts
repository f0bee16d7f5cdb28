/**
 * The integers that a kernel computes, as a graph: equal expressions are one node.
 *
 * A node stands for the value at the latest execution of what it is made of: constants, ids, unknown values (one for
 * each instruction that loads them) and phis (where paths meet).
 *
 * @module
 */

/** What a node is, besides SPIR-V's own opcodes. */
export const NodeOp = {
  /** `value`. */
  Constant: -1,
  /** `value` is the `SpecId`, `a` the default. */
  Specialization: -2,
  /** `value` is the byte offset. */
  Push: -3,
  /** `value` is four times the builtin plus the component. */
  BuiltIn: -4,
  /** Elements of a runtime array, or texels of an image: `value` indexes {@linkcode Graph.lengths}. */
  Length: -5,
  /** Any value. */
  Unknown: -6,
  /** Where paths meet: `value` indexes {@linkcode Graph.phis}. */
  Phi: -7,
  /** To more bits; `value` is the width before. */
  ZeroExtend: -8,
  SignExtend: -9,
  /** To fewer bits. */
  Truncate: -10,
  UMin: -11,
  SMin: -12,
  UMax: -13,
  SMax: -14,
  UClamp: -15,
  SClamp: -16,
  SAbs: -17,
} as const;

/** A node. Operands are ids of nodes; -1 for none. */
export interface Node {
  readonly id: number;
  readonly op: number;
  /** Bits; 1 for a truth value. */
  readonly width: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly value: number;
  /** The block in which it takes a new value each time; -1 for one that has the same everywhere. */
  readonly block: number;
}

/** A value that depends on the way that was taken. */
export interface Phi {
  node: number;
  block: number;
  isHeader: boolean;
  /** By predecessor: its block and the node there. */
  incoming: { from: number; node: number }[];
}

/** What `OpArrayLength` or, with an axis, `OpImageQuerySize` asks for. */
export interface ArrayLength {
  set: number;
  binding: number;
  /** Of an image: 0 is its width, 1 its height, 2 its depth. */
  axis?: 0 | 1 | 2;
  /** Of the array in its block, in bytes. */
  offset: number;
  stride: number;
}

/** A graph under construction, and then to be read. */
export class Graph {
  readonly nodes: Node[] = [];
  readonly phis: Phi[] = [];
  readonly lengths: ArrayLength[] = [];
  /** Nodes made of undefined values, which may be another one at each use. */
  readonly undefined = new Set<number>();
  readonly #known = new Map<string, number>();

  #make(op: number, width: number, a: number, b: number, c: number, value: number, block: number) {
    const id = this.nodes.length;
    this.nodes.push({ id, op, width, a, b, c, value, block });
    return id;
  }

  /** The node of an expression. */
  node(op: number, width: number, a = -1, b = -1, c = -1, value = 0): number {
    const key = `${op},${width},${a},${b},${c},${value}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const id = this.#make(op, width, a, b, c, value, -1);
    this.#known.set(key, id);
    return id;
  }

  /** A constant. */
  constant(width: number, value: number): number {
    return this.node(NodeOp.Constant, width, -1, -1, -1, value);
  }

  /** A value of which nothing is known, new at each execution of `block`. */
  unknown(width: number, block: number): number {
    return this.#make(NodeOp.Unknown, width, -1, -1, -1, 0, block);
  }

  /** A value that may differ from use to use. */
  undefinedValue(width: number, block: number): number {
    const id = this.unknown(width, block);
    this.undefined.add(id);
    return id;
  }

  /** A phi without its operands yet. */
  phi(width: number, block: number, isHeader: boolean): Phi {
    const node = this.#make(NodeOp.Phi, width, -1, -1, -1, this.phis.length, block);
    const phi: Phi = { node, block, isHeader, incoming: [] };
    this.phis.push(phi);
    return phi;
  }

  /** Length of a runtime array. */
  length(of: ArrayLength): number {
    this.lengths.push(of);
    return this.node(NodeOp.Length, 32, -1, -1, -1, this.lengths.length - 1);
  }

  /** Value of a constant node; undefined for others. */
  constantOf(id: number): number | undefined {
    const node = this.nodes[id];
    return node?.op === NodeOp.Constant ? node.value : undefined;
  }

  /** Nodes that a node is made of. */
  operands(id: number): number[] {
    const node = this.nodes[id];
    if (node === undefined) return [];
    if (node.op === NodeOp.Phi) {
      return this.phis[node.value]?.incoming.map((each) => each.node) ?? [];
    }
    return [node.a, node.b, node.c].filter((each) => each >= 0);
  }

  /** Takes note of all that is made of undefined values. Call once the graph is whole. */
  spreadUndefined(): void {
    if (this.undefined.size === 0) return;
    for (let before = -1; before !== this.undefined.size;) {
      before = this.undefined.size;
      for (const { id } of this.nodes) {
        if (this.operands(id).some((each) => this.undefined.has(each))) this.undefined.add(id);
      }
    }
  }
}
