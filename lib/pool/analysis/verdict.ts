/**
 * What is known of a dispatch before it runs, and what the analysis says of it.
 *
 * Plain data. All sizes and offsets are in bytes, all groups are work-groups.
 *
 * @module
 */

/** x, y, z. */
export type Triple = readonly [x: number, y: number, z: number];

/** 0 is x, 1 is y, 2 is z. */
export type Dimension = 0 | 1 | 2;

/** An image as it is bound to a dispatch. Its bytes are its texels, tightly packed row after row. */
export interface ImageFacts {
  dimensions: 2 | 3;
  /** Width, height and depth in texels; 1 for what it has not. */
  extent: Triple;
  texelBytes: number;
}

/** A buffer or an image as it is bound to a dispatch. */
export interface BindingFacts {
  set: number;
  binding: number;
  /** Size of what the shader sees. */
  size: number;
  /** Which memory is behind it: equal numbers are the same memory. */
  memory: number;
  /** Where in that memory it begins. */
  offset: number;
  /** For an image: what it is like. */
  image?: ImageFacts;
}

/** All that a dispatch is given. The verdict holds for just these. */
export interface LaunchFacts {
  groups: Triple;
  push: Uint8Array;
  /** 32-bit words of specialization constants, by `SpecId`; others keep the module's defaults. */
  specialization: ReadonlyMap<number, number>;
  bindings: readonly BindingFacts[];
}

/**
 * What each work-group touches of a buffer: group `w` of the split dimension, whatever its place in the other
 * dimensions, nothing outside `[stride * w + first, stride * w + end)`. `end - first <= stride` where it is
 * written, so that no two groups touch the same byte.
 */
export interface AccessWindow {
  stride: number;
  first: number;
  end: number;
}

/** How a dispatch uses one buffer, or the packed bytes of one image. */
export interface BindingUse {
  set: number;
  binding: number;
  /** Null where nothing is written. */
  writes: AccessWindow | null;
  /** `all`: any byte may be read. Null where nothing is read. */
  reads: AccessWindow | "all" | null;
}

/** The rules by which a dispatch runs whole; each is proved by a kernel that goes wrong without it. */
export type WholeRule =
  | "one_group"
  | "atomic"
  | "coherent"
  | "physical_address"
  | "indirect_pointer"
  | "unknown_instruction"
  | "unsupported_capability"
  | "whole_grid_builtin"
  | "aliasing"
  | "image_store"
  | "store_not_affine"
  | "store_overlaps"
  | "store_overflows"
  | "load_of_written"
  | "no_store"
  | "malformed";

/** The dispatch may be cut between any two work-groups of the dimension. */
export interface SplitVerdict {
  kind: "split";
  dimension: Dimension;
  uses: readonly BindingUse[];
  /**
   * The module to run for a part of the grid: where the kernel asks for the size of the whole grid, that is
   * patched to a specialization constant. The same array where nothing was patched.
   */
  words: Uint32Array<ArrayBuffer>;
  /** `SpecId` and value of what was patched in. */
  specialization: ReadonlyMap<number, number>;
  /**
   * Whether values may depend on the size of subgroups, which is the device's: parts on unlike devices may then
   * come to what no device alone does.
   */
  usesSubgroups: boolean;
}

/** The dispatch runs on one device. */
export interface WholeVerdict {
  kind: "whole";
  rule: WholeRule;
  /** One sentence for people: what in the kernel decided it, and what would make it splittable. */
  reason: string;
  /** The instruction that decided it, as text (`%12 = OpAtomicIAdd %6 ...`), with its place; null for none. */
  instruction: { text: string; word: number } | null;
  /** How buffers are used, as far as is known: what is not written stays valid elsewhere. */
  uses: readonly BindingUse[] | null;
}

/** What the analysis says. */
export type Verdict = SplitVerdict | WholeVerdict;
