/**
 * Whether a launch may be cut, and along which dimension.
 *
 * @module
 */

import { disassemble } from "./disassemble.ts";
import { Evaluator } from "./evaluate.ts";
import type { KernelInfo } from "./kernel_info.ts";
import { patched } from "./patch.ts";
import {
  hasUnknownIndex,
  isWithin,
  type Place,
  placeOf,
  texelPlaceOf,
  windowOf,
} from "./places.ts";
import type { Access, Program } from "./program.ts";
import type { Instruction } from "./reader.ts";
import { solve } from "./solve.ts";
import type {
  AccessWindow,
  BindingFacts,
  BindingUse,
  Dimension,
  LaunchFacts,
  Verdict,
  WholeRule,
  WholeVerdict,
} from "./verdict.ts";

/** A reason to run whole, before it is put into words. */
interface Refusal {
  rule: WholeRule;
  reason: string;
  instruction: Instruction | null;
}

/** An access with its place. */
interface Placed extends Place {
  access: Access;
}

/** The closer to a proof, the later. */
const PROGRESS: readonly WholeRule[] = [
  "unknown_instruction",
  "store_not_affine",
  "image_store",
  "store_overlaps",
  "store_overflows",
  "load_of_written",
  "whole_grid_builtin",
];

function keyOf({ set, binding }: { set: number; binding: number }): string {
  return `${set}.${binding}`;
}

/** Accesses of one buffer or image. */
interface Group {
  set: number;
  binding: number;
  isImage: boolean;
  stores: Access[];
  loads: Access[];
}

function groupsOf(accesses: readonly Access[]): Group[] {
  const groups = new Map<string, Group>();
  for (const access of accesses) {
    const { set, binding, isImage } = access;
    let group = groups.get(keyOf(access));
    if (!group) {
      groups.set(keyOf(access), group = { set, binding, isImage, stores: [], loads: [] });
    }
    (access.isStore ? group.stores : group.loads).push(access);
  }
  return [...groups.values()];
}

/** Judges launches of one kernel; `without` leaves rules out, to show by tests what they are for. */
export class Judge {
  readonly #kernel: KernelInfo;
  readonly #program: Program;
  readonly #facts: LaunchFacts;
  readonly #without: ReadonlySet<WholeRule>;

  constructor(kernel: KernelInfo, facts: LaunchFacts, without: ReadonlySet<WholeRule> = new Set()) {
    this.#kernel = kernel;
    this.#program = kernel.program;
    this.#facts = facts;
    this.#without = without;
  }

  #applies(rule: WholeRule): boolean {
    return !this.#without.has(rule);
  }

  #bound({ set, binding }: { set: number; binding: number }): BindingFacts | undefined {
    return this.#facts.bindings.find((each) => each.set === set && each.binding === binding);
  }

  /** The verdict. */
  run(): Verdict {
    const { groups } = this.#facts;
    const early = this.#beforeAll();
    if (early) return this.#whole(early);
    let best: Refusal | undefined;
    for (const dimension of [2, 1, 0] as const) {
      if (groups[dimension] < 2 && this.#applies("one_group")) continue;
      const found = this.#along(dimension);
      if (!("rule" in found)) return found;
      if (best === undefined || PROGRESS.indexOf(found.rule) > PROGRESS.indexOf(best.rule)) {
        best = found;
      }
    }
    return this.#whole(
      best ?? { rule: "one_group", reason: "there are not two work-groups", instruction: null },
    );
  }

  #beforeAll(): Refusal | undefined {
    const { groups } = this.#facts;
    const { accesses, findings } = this.#program;
    const finding = findings.find(({ rule }) => this.#applies(rule));
    if (finding) return finding;
    if ((groups.every((count) => count < 2) || groups.includes(0)) && this.#applies("one_group")) {
      return { rule: "one_group", reason: "there are not two work-groups", instruction: null };
    }
    const stores = accesses.filter(({ isStore }) => isStore);
    if (stores.length === 0 && this.#applies("no_store")) {
      return { rule: "no_store", reason: "it writes no buffer or image", instruction: null };
    }
    return this.#aliasing();
  }

  #aliasing(): Refusal | undefined {
    const { accesses } = this.#program;
    const seen = new Set<string>();
    const images = this.#kernel.bindings.filter(({ kind }) =>
      kind !== "storage_buffer" && kind !== "uniform_buffer" && kind !== "sampler"
    ).map(({ set, binding }) => ({ set, binding, isStore: false, instruction: null }));
    const used = [...accesses, ...images].filter((each) => {
      const key = `${keyOf(each)} ${each.isStore}`;
      return seen.has(key) ? false : seen.add(key);
    });
    for (const access of used) {
      if (this.#bound(access)) continue;
      const { set, binding, instruction } = access;
      const reason = `nothing is known of the memory behind binding ${binding} of set ${set}`;
      return { rule: "malformed", reason, instruction };
    }
    if (!this.#applies("aliasing")) return undefined;
    for (const store of used.filter(({ isStore }) => isStore)) {
      const written = this.#bound(store);
      for (const other of used) {
        if (keyOf(other) === keyOf(store)) continue;
        const facts = this.#bound(other);
        if (!written || !facts || written.memory !== facts.memory) continue;
        const isApart = written.offset + written.size <= facts.offset ||
          facts.offset + facts.size <= written.offset;
        if (isApart) continue;
        return {
          rule: "aliasing",
          reason:
            `binding ${store.binding} of set ${store.set} is written and shares memory with ` +
            `binding ${other.binding} of set ${other.set}: bind buffers that do not overlap`,
          instruction: store.instruction,
        };
      }
    }
    return undefined;
  }

  #along(dimension: Dimension): Refusal | Verdict & { kind: "split" } {
    const evaluator = new Evaluator(this.#program, this.#facts, dimension);
    const solution = solve(this.#program, evaluator);
    if (solution === undefined) {
      const reason = "its loops are too deep for the analysis";
      return { rule: "unknown_instruction", reason, instruction: null };
    }
    const uses: BindingUse[] = [];
    // As far as this launch goes.
    const live = this.#program.accesses.filter(({ block }) => solution[block] !== undefined);
    if (this.#applies("no_store") && !live.some(({ isStore }) => isStore)) {
      return {
        rule: "no_store",
        reason: "with these constants it writes no buffer or image",
        instruction: null,
      };
    }
    for (const group of groupsOf(live)) {
      const { set, binding, isImage, stores, loads } = group;
      const bound = this.#bound(group);
      const size = bound?.size ?? 0;
      const place = (access: Access, isUnchecked = false) => {
        const knowledge = solution[access.block] ?? { claims: new Map(), memo: new Map() };
        return isImage
          ? texelPlaceOf(this.#program, evaluator, knowledge, access, bound?.image)
          : placeOf(this.#program, evaluator, knowledge, access, isUnchecked);
      };
      let writes: AccessWindow | null = null;
      if (stores.length > 0) {
        const written = this.#writes(stores, isImage, size, place);
        if ("rule" in written) return written;
        writes = written;
      }
      const placed: Place[] = [];
      for (const access of loads) {
        const at = place(access);
        const isKnown = !("rule" in at) && isWithin(at, size);
        if (isKnown) placed.push(at);
        if (writes === null || !this.#applies("load_of_written")) continue;
        const isOwn = isKnown && at.range.k === writes.stride && at.range.lo >= writes.first &&
          at.range.hi + at.size <= writes.end;
        if (isOwn) continue;
        return {
          rule: "load_of_written",
          reason:
            `binding ${binding} of set ${set} is written, and this may load what another work-group ` +
            `writes: load from another ${isImage ? "image" : "buffer"} than is written`,
          instruction: access.instruction,
        };
      }
      const window = placed.length === loads.length ? windowOf(placed) : null;
      const reads = loads.length === 0
        ? null
        : window === null || window.stride <= 0
        ? "all"
        : window;
      uses.push({ set, binding, writes, reads });
    }
    return this.#split(dimension, uses);
  }

  #writes(
    stores: readonly Access[],
    isImage: boolean,
    size: number,
    place: (access: Access, isUnchecked?: boolean) => ReturnType<typeof placeOf>,
  ): AccessWindow | Refusal {
    const everything = { stride: 0, first: 0, end: size };
    // Of images one rule says it all.
    const named = (rule: WholeRule): WholeRule => isImage ? "image_store" : rule;
    const placed: Placed[] = [];
    for (const access of stores) {
      const { instruction } = access;
      let at = place(access);
      if ("rule" in at && at.rule === "store_overflows" && !this.#applies("store_overflows")) {
        at = place(access, true);
      }
      if ("rule" in at) {
        if (!this.#applies(at.rule)) return everything;
        return { ...at, instruction };
      }
      if (!isWithin(at, size) && this.#applies(named("store_overflows"))) {
        return {
          rule: named("store_overflows"),
          reason:
            `a store may lie outside the ${size} bytes that are bound: guard it by the size of the buffer`,
          instruction,
        };
      }
      placed.push({ ...at, access });
    }
    const first = placed[0];
    const window = windowOf(placed);
    if (first === undefined || window === null) {
      if (!this.#applies(named("store_not_affine"))) return everything;
      const odd = placed.find(({ range }) => range.k !== first?.range.k) ?? first;
      return {
        rule: named("store_not_affine"),
        reason: `stores to one ${isImage ? "image" : "buffer"} move by different steps from ` +
          "work-group to work-group",
        instruction: odd?.access.instruction ?? null,
      };
    }
    if (window.stride <= 0) {
      const isLoaded = placed.some(({ access }) => hasUnknownIndex(this.#program, access));
      const rule = named(window.stride < 0 || isLoaded ? "store_not_affine" : "store_overlaps");
      if (!this.#applies(rule)) return { ...window, stride: 0 };
      return {
        rule,
        reason: window.stride < 0
          ? "stores move down as the work-group's id goes up"
          : isLoaded
          ? "where it stores depends on what it loads"
          : `every work-group may store to the same ${isImage ? "rows or slices" : "bytes"}`,
        instruction: first.access.instruction,
      };
    }
    if (window.end - window.first > window.stride && this.#applies(named("store_overlaps"))) {
      const last = placed.find(({ range, size: bytes }) => range.hi + bytes === window.end) ??
        first;
      return {
        rule: named("store_overlaps"),
        reason:
          `a work-group stores within ${
            window.end - window.first
          } bytes, and the next one begins ` +
          `${window.stride} bytes on`,
        instruction: last.access.instruction,
      };
    }
    return window;
  }

  #split(dimension: Dimension, uses: readonly BindingUse[]): Refusal | Verdict & { kind: "split" } {
    const { words } = this.#kernel;
    const { groups } = this.#facts;
    const { asksForGroups, usesSubgroups } = this.#program;
    if (!asksForGroups || !this.#applies("whole_grid_builtin")) {
      return { kind: "split", dimension, uses, words, specialization: new Map(), usesSubgroups };
    }
    const patch = patched(this.#kernel);
    if (patch === null) {
      return {
        rule: "whole_grid_builtin",
        reason:
          "it asks for the number of work-groups in a way that cannot be replaced by constants",
        instruction: null,
      };
    }
    return {
      kind: "split",
      dimension,
      uses,
      words: patch.words,
      specialization: new Map(patch.ids.map((id, i) => [id, groups[i] ?? 1])),
      usesSubgroups,
    };
  }

  #whole({ rule, reason, instruction }: Refusal): WholeVerdict {
    const { module, accesses, findings } = this.#program;
    // With pointers that are not followed, any buffer may be used in any way.
    const isKnown = findings.every(({ rule: each }) => each === "atomic" || each === "coherent");
    const hasAtomics = findings.some(({ rule: each }) => each === "atomic");
    const uses = groupsOf(accesses).map(({ set, binding, stores, loads }): BindingUse => ({
      set,
      binding,
      writes: stores.length === 0
        ? null
        : { stride: 0, first: 0, end: this.#bound({ set, binding })?.size ?? 0 },
      reads: loads.length === 0 ? null : "all",
    }));
    return {
      kind: "whole",
      rule,
      reason,
      instruction: instruction &&
        { text: disassemble(module, instruction), word: instruction.word },
      uses: isKnown && !hasAtomics ? uses : null,
    };
  }
}
