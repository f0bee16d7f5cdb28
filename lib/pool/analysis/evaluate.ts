/**
 * Ranges of nodes for one launch, and what a condition says of them.
 *
 * @module
 */

import { Domain, type Range, type Truth } from "./domain.ts";
import { type Node, NodeOp } from "./graph.ts";
import type { Program } from "./program.ts";
import { BuiltIn } from "./spirv_constants.ts";
import type { Dimension, LaunchFacts, Triple } from "./verdict.ts";

/** What is known at a place of the kernel. */
export interface Knowledge {
  /** Ranges of nodes that conditions on the way have narrowed. */
  readonly claims: Map<number, Range>;
  readonly memo: Map<number, Range>;
}

/** Expressions nested deeper than this are not looked into. */
const DEEPEST = 1000;

/** Comparisons as `a < b` or `a <= b`: whether operands change places, are signed, may be equal. */
const ORDERS: ReadonlyMap<number, readonly [swap: boolean, isSigned: boolean, orEqual: boolean]> =
  new Map([
    [172, [true, false, false]], // UGreaterThan
    [173, [true, true, false]], // SGreaterThan
    [174, [true, false, true]], // UGreaterThanEqual
    [175, [true, true, true]], // SGreaterThanEqual
    [176, [false, false, false]], // ULessThan
    [177, [false, true, false]], // SLessThan
    [178, [false, false, true]], // ULessThanEqual
    [179, [false, true, true]], // SLessThanEqual
  ]);

/** Nothing known yet. */
export function ignorance(): Knowledge {
  return { claims: new Map(), memo: new Map() };
}

function truthOf(value: Range): boolean | undefined {
  return value.min === value.max ? value.min === 1 : undefined;
}

/** Evaluates nodes for one launch, seen along one dimension. */
export class Evaluator {
  readonly domain: Domain;
  /** By number of the phi; undefined for one that is not reached. */
  readonly phis: (Range | undefined)[] = [];
  readonly #program: Program;
  readonly #facts: LaunchFacts;
  readonly #dimension: Dimension;
  readonly #push: DataView;
  #localSize: Triple = [1, 1, 1];
  #depth = 0;

  constructor(program: Program, facts: LaunchFacts, dimension: Dimension) {
    this.#program = program;
    this.#facts = facts;
    this.#dimension = dimension;
    this.domain = new Domain(Math.max(0, facts.groups[dimension] - 1));
    const { push } = facts;
    this.#push = new DataView(push.buffer, push.byteOffset, push.byteLength);
    const [x, y, z] = program.localSize.map((node) => {
      const { min, max } = this.evaluate(node, ignorance());
      return min === max ? min : NaN;
    });
    this.#localSize = [x ?? NaN, y ?? NaN, z ?? NaN];
  }

  /** Range of a node where `knowledge` holds. */
  evaluate(id: number, knowledge: Knowledge): Range {
    const known = knowledge.memo.get(id);
    if (known !== undefined) return known;
    const node = this.#program.graph.nodes[id];
    if (node === undefined) return this.domain.top(64);
    let range = this.domain.top(node.width);
    if (this.#depth < DEEPEST) {
      this.#depth++;
      range = this.#compute(node, knowledge);
      this.#depth--;
    }
    const claim = knowledge.claims.get(id);
    if (claim !== undefined) range = this.#both(range, claim, node.width) ?? claim;
    knowledge.memo.set(id, range);
    return range;
  }

  /** What two claims on the same bits say together, where they speak of the same integer; else the second. */
  #both(a: Range, b: Range, width: number): Range | undefined {
    const size = width > 32 ? 2 ** 51 : 2 ** width;
    const isIn = ({ min, max }: Range, from: number, to: number) => min >= from && max < to;
    const isSame = (isIn(a, 0, size) && isIn(b, 0, size)) ||
      (isIn(a, -size / 2, size / 2) && isIn(b, -size / 2, size / 2));
    return isSame ? this.domain.meet(a, b) : b;
  }

  #compute(node: Node, knowledge: Knowledge): Range {
    const { domain } = this;
    const { op, width, value } = node;
    switch (op) {
      case NodeOp.Constant:
        return Number.isSafeInteger(value) && Math.abs(value) < 2 ** 51
          ? domain.constant(value)
          : domain.top(width);
      case NodeOp.Specialization: {
        const given = this.#facts.specialization.get(value);
        if (given === undefined) return this.evaluate(node.a, knowledge);
        if (width > 32) return domain.top(width);
        const bits = given >>> 0;
        return domain.constant(width === 1 ? Number(bits !== 0) : bits % 2 ** width);
      }
      case NodeOp.Push:
        return this.#pushed(value, width);
      case NodeOp.BuiltIn:
        return this.#builtin(value >> 2, value & 3);
      case NodeOp.Length:
        return this.#length(value);
      case NodeOp.Unknown:
        return domain.top(width);
      case NodeOp.Phi:
        return this.phis[value] ?? domain.top(width);
      default:
        return this.#operation(node, knowledge);
    }
  }

  #pushed(offset: number, width: number): Range {
    const { domain } = this;
    const bytes = width / 8;
    if (offset + bytes > this.#push.byteLength) return domain.top(width);
    if (width === 8) return domain.constant(this.#push.getUint8(offset));
    if (width === 16) return domain.constant(this.#push.getUint16(offset, true));
    if (width === 32) return domain.constant(this.#push.getUint32(offset, true));
    const value = Number(this.#push.getBigUint64(offset, true));
    return value < 2 ** 51 ? domain.constant(value) : domain.top(width);
  }

  #builtin(builtin: number, component: number): Range {
    const { domain } = this;
    const groups = this.#facts.groups[component] ?? 1, local = this.#localSize[component] ?? NaN;
    const isSplit = component === this.#dimension;
    if (builtin === BuiltIn.NumWorkgroups) return domain.constant(groups);
    if (builtin === BuiltIn.WorkgroupId) {
      return isSplit ? domain.affine(1, 0, 0) : domain.interval(0, Math.max(0, groups - 1));
    }
    const [x, y, z] = this.#localSize;
    const last = builtin === BuiltIn.LocalInvocationIndex ? x * y * z - 1 : local - 1;
    // A local size that is not known.
    if (!(last >= 0)) return domain.top(32);
    if (builtin !== BuiltIn.GlobalInvocationId) return domain.interval(0, last);
    const range = isSplit
      ? domain.affine(local, 0, last)
      : domain.interval(0, Math.max(0, groups * local - 1));
    return range.max < 2 ** 32 ? range : domain.top(32);
  }

  #length(index: number): Range {
    const { domain } = this;
    const length = this.#program.graph.lengths[index];
    const bound = this.#facts.bindings.find(({ set, binding }) =>
      set === length?.set && binding === length.binding
    );
    if (length === undefined || bound === undefined) return domain.top(32);
    if (length.axis !== undefined) {
      const texels = bound.image?.extent[length.axis];
      return texels === undefined ? domain.top(32) : domain.constant(texels);
    }
    return domain.constant(Math.max(0, Math.floor((bound.size - length.offset) / length.stride)));
  }

  #truth(truth: Truth | boolean | undefined): Range {
    const { domain } = this;
    if (truth === "sometimes" || truth === undefined) return domain.interval(0, 1);
    return domain.constant(truth === "always" || truth === true ? 1 : 0);
  }

  #operation(node: Node, knowledge: Knowledge): Range {
    const { domain } = this;
    const { op, width } = node;
    const of = (id: number) => this.evaluate(id, knowledge);
    const widthOf = (id: number) => this.#program.graph.nodes[id]?.width ?? 64;
    const unsigned = (id: number) => domain.windowed(of(id), widthOf(id), false);
    const signed = (id: number) => domain.windowed(of(id), widthOf(id), true);
    const { a, b, c } = node;
    const order = ORDERS.get(op);
    if (order !== undefined) {
      const [swap, isSigned, orEqual] = order;
      const read = isSigned ? signed : unsigned;
      return this.#truth(domain.compare(read(swap ? b : a), read(swap ? a : b), orEqual));
    }
    switch (op) {
      case 126:
        return domain.negate(of(a), width);
      case 128:
        return domain.add(of(a), of(b), width);
      case 130:
        return domain.sub(of(a), of(b), width);
      case 132:
        return domain.mul(of(a), of(b), width);
      case 134:
        return domain.divide(unsigned(a), unsigned(b), width);
      case 135:
        return domain.divide(signed(a), signed(b), width);
      case 137:
        return domain.remainder(unsigned(a), unsigned(b), width);
      case 138:
      case 139:
        return domain.remainder(signed(a), signed(b), width);
      case 164:
      case 165: {
        const x = truthOf(of(a)), y = truthOf(of(b));
        return this.#truth(
          x === undefined || y === undefined ? undefined : (x === y) === (op === 164),
        );
      }
      case 166:
      case 167: {
        const decides = op === 166;
        const x = truthOf(of(a)), y = truthOf(of(b));
        if (x === decides || y === decides) return this.#truth(decides);
        return this.#truth(x === undefined || y === undefined ? undefined : !decides);
      }
      case 168: {
        const x = truthOf(of(a));
        return this.#truth(x === undefined ? undefined : !x);
      }
      case 169: {
        const which = truthOf(of(a));
        return which === undefined ? domain.join(of(b), of(c)) : of(which ? b : c);
      }
      case 170:
        return this.#truth(domain.equal(unsigned(a), unsigned(b)));
      case 171: {
        const equal = domain.equal(unsigned(a), unsigned(b));
        return this.#truth(equal === "sometimes" ? undefined : equal === "never");
      }
      case 194:
        return domain.shiftRight(unsigned(a), unsigned(b), width);
      case 195:
        return domain.shiftRight(signed(a), unsigned(b), width);
      case 196:
        return domain.shiftLeft(of(a), unsigned(b), width);
      case 197:
        return domain.or(unsigned(a), unsigned(b), width, false);
      case 198:
        return domain.or(unsigned(a), unsigned(b), width, true);
      case 199:
        return domain.and(unsigned(a), unsigned(b), width);
      case 200:
        return domain.sub(domain.constant(-1), of(a), width);
      case NodeOp.ZeroExtend:
        return unsigned(a);
      case NodeOp.SignExtend:
        return signed(a);
      case NodeOp.Truncate:
        return Number.isFinite(of(a).min) && Number.isFinite(of(a).max) ? of(a) : domain.top(width);
      case NodeOp.UMin:
        return domain.least(unsigned(a), unsigned(b), width);
      case NodeOp.SMin:
        return domain.least(signed(a), signed(b), width);
      case NodeOp.UMax:
        return domain.greatest(unsigned(a), unsigned(b), width);
      case NodeOp.SMax:
        return domain.greatest(signed(a), signed(b), width);
      case NodeOp.UClamp:
        return this.#clamp(unsigned(a), unsigned(b), unsigned(c), width);
      case NodeOp.SClamp:
        return this.#clamp(signed(a), signed(b), signed(c), width);
      case NodeOp.SAbs: {
        const value = signed(a);
        return value.min >= 0 ? value : domain.top(width);
      }
      default:
        return domain.top(width);
    }
  }

  /** Undefined behaviour of a shader where the least is above the most. */
  #clamp(value: Range, least: Range, most: Range, width: number): Range {
    const { domain } = this;
    if (!(least.max <= most.min)) return domain.top(width);
    return domain.least(domain.greatest(value, least, width), most, width);
  }

  /** What is known once a condition holds, or does not; undefined where that cannot be. */
  assume(id: number, isTrue: boolean, before: Knowledge): Knowledge | undefined {
    const after: Knowledge = { claims: new Map(before.claims), memo: new Map() };
    return this.#assume(id, isTrue, after) ? after : undefined;
  }

  #assume(id: number, isTrue: boolean, after: Knowledge): boolean {
    const { graph } = this.#program;
    const node = graph.nodes[id];
    if (node === undefined || graph.undefined.has(id)) return true;
    const known = truthOf(this.evaluate(id, after));
    if (known !== undefined) {
      if (known !== isTrue) return false;
    } else this.#claim(id, this.domain.constant(isTrue ? 1 : 0), after);
    const { op, a, b } = node;
    if (op === 168) return this.#assume(a, !isTrue, after);
    if (op === 166 || op === 167) return this.#assumeBoth(a, b, op === 167, isTrue, after);
    if (op === 170 || op === 171) {
      return (op === 170) === isTrue
        ? this.#narrow(
          a,
          b,
          after,
          false,
          (x, y) => this.domain.meet(x, y),
          (x, y) => this.domain.meet(y, x),
        )
        : this.#narrow(
          a,
          b,
          after,
          false,
          (x, y) => this.domain.otherThan(x, y),
          (x, y) => this.domain.otherThan(y, x),
        );
    }
    const order = ORDERS.get(op);
    if (order === undefined) return true;
    const [swap, isSigned, orEqual] = order;
    const [left, right] = swap ? [b, a] : [a, b];
    const by = orEqual === isTrue ? 0 : 1;
    // a < b is b >= a + 1; its contrary is a >= b.
    return isTrue
      ? this.#narrow(
        left,
        right,
        after,
        isSigned,
        (x, y) => this.domain.atMost(x, y, -by),
        (x, y) => this.domain.atLeast(y, x, by),
      )
      : this.#narrow(
        left,
        right,
        after,
        isSigned,
        (x, y) => this.domain.atLeast(x, y, by),
        (x, y) => this.domain.atMost(y, x, -by),
      );
  }

  #assumeBoth(a: number, b: number, isAnd: boolean, isTrue: boolean, after: Knowledge): boolean {
    if (isAnd === isTrue) return this.#assume(a, isTrue, after) && this.#assume(b, isTrue, after);
    // One of the two decides; where the other does not, it is this one.
    if (truthOf(this.evaluate(a, after)) === isAnd) return this.#assume(b, isTrue, after);
    if (truthOf(this.evaluate(b, after)) === isAnd) return this.#assume(a, isTrue, after);
    return true;
  }

  /** Narrows both sides of a comparison. */
  #narrow(
    a: number,
    b: number,
    after: Knowledge,
    isSigned: boolean,
    left: (a: Range, b: Range) => Range | undefined,
    right: (a: Range, b: Range) => Range | undefined,
  ): boolean {
    const width = this.#program.graph.nodes[a]?.width ?? 64;
    const x = this.domain.windowed(this.evaluate(a, after), width, isSigned);
    const y = this.domain.windowed(this.evaluate(b, after), width, isSigned);
    const newX = left(x, y), newY = right(x, y);
    if (newX === undefined || newY === undefined) return false;
    if (newX !== x) this.#claim(a, newX, after);
    if (newY !== y) this.#claim(b, newY, after);
    return true;
  }

  /** Takes note of a node's range, and of what follows for what it is made of. */
  #claim(id: number, range: Range, after: Knowledge): void {
    const { graph } = this.#program;
    const { domain } = this;
    for (let at = id, claim = range;;) {
      const node = graph.nodes[at];
      if (node === undefined || graph.undefined.has(at)) return;
      after.claims.set(at, claim);
      const { op, a, b, width } = node;
      let inner = -1;
      if (op === 128 || op === 130) {
        const added = graph.constantOf(b);
        const first = op === 128 ? graph.constantOf(a) : undefined;
        if (added !== undefined) {
          inner = a;
          const by = domain.constant(added);
          claim = op === 128 ? domain.sub(claim, by, width) : domain.add(claim, by, width);
        } else if (first !== undefined) {
          inner = b;
          claim = domain.sub(claim, domain.constant(first), width);
        }
      } else if (op === NodeOp.ZeroExtend || op === NodeOp.SignExtend) inner = a;
      if (inner < 0) break;
      after.memo.clear();
      const before = this.evaluate(inner, after);
      const both = this.#both(claim, before, graph.nodes[inner]?.width ?? 64);
      if (both === undefined || both === before) break;
      at = inner;
      claim = both;
    }
    after.memo.clear();
  }
}
