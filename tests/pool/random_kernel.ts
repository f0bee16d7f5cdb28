/**
 * Kernels made at random: mostly safe to split, and often not quite.
 *
 * @module
 */

import { readKernel } from "../../lib/pool/analysis/mod.ts";
import type { Dimension, Triple } from "../../lib/pool/analysis/verdict.ts";
import { IMAGE_FORMATS } from "../../lib/pool/image_format.ts";
import type { KernelImage } from "../../lib/spirv/image_kernel.ts";
import type { KernelBuffer } from "../../lib/spirv/kernel.ts";
import type { ScalarType, Value } from "../../lib/spirv/module.ts";
import { Op } from "../../lib/spirv/opcodes.ts";
import { GridKernel } from "./grid_kernel.ts";
import type { Launch } from "./split_harness.ts";

/** Numbers that follow from a seed: "mulberry32" by Tommy Ettinger (public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Number = Value<ScalarType>;

/** Sizes of the images of a kernel, in texels: none in most, else one that is written and one to read. */
function randomImages(seed: number): Triple[] {
  const next = randomFrom(seed ^ 0x2545f491);
  if (next() < 0.6) return [];
  const isSolid = next() < 0.3;
  const upTo = (most: number) => 1 + Math.floor(next() * most);
  return [0, 1].map((): Triple =>
    isSolid ? [upTo(8), upTo(6), 4 + upTo(40)] : [upTo(24), 4 + upTo(60), 1]
  );
}

/** GLSL.std.450 UMin and UMax. */
const UMIN = 38, UMAX = 41;

/** Writes one kernel. */
class Author {
  readonly #next: () => number;
  readonly groups: Triple;
  readonly #local: number;
  /** Words of each buffer: powers of two, so that indices can be masked. */
  readonly sizes: number[];
  readonly pushed: number[] = [];
  /** Sizes of the images. */
  readonly images: readonly Triple[];
  /** The place by which rows or slices of the image go, and how many there are for each. */
  readonly #imagePlan: { place: number; scale: number };
  #views: KernelImage[] = [];
  #k!: GridKernel;
  #buffers: KernelBuffer<ScalarType>[] = [];
  #push: (() => Number)[] = [];
  #variables: { load(): Number; store(value: Number): void }[] = [];
  #loops: Number[] = [];
  /** How likely it is, at each turn, to do something that may not be safe. */
  readonly #risk: number;
  /** How each buffer is written: which place, how many words for each, and which of those. */
  readonly #plans: { place: number; scale: number }[];

  constructor(seed: number) {
    this.#next = randomFrom(seed);
    this.#risk = this.#one([0.02, 0.1, 0.3, 0.6]);
    this.#local = this.#one([1, 2, 4, 8]);
    this.groups = [this.#upTo(7) + 2, this.#chance(0.4) ? this.#upTo(5) + 1 : 1, 1];
    this.sizes = Array.from({ length: 2 + this.#upTo(2) }, () => this.#one([512, 1024, 4096]));
    const place = this.#upTo(10);
    this.#plans = this.sizes.map(() => ({
      place: this.#chance(0.8) ? place : this.#upTo(10),
      scale: this.#one([1, 1, 2, 3, 4]),
    }));
    this.images = randomImages(seed);
    this.#imagePlan = this.images.length > 0 && this.#chance(0.8)
      ? { place: this.#one([6, 6, 8, 9, place]), scale: this.#one([1, 1, 2, 3]) }
      : this.#plans[0] ?? { place, scale: 1 };
  }

  /** Dimensions of the images. */
  get imageDimensions(): 2 | 3 {
    return this.images.some(([, , depth]) => depth > 1) ? 3 : 2;
  }

  #upTo(most: number): number {
    return Math.floor(this.#next() * most);
  }

  #chance(probability: number): boolean {
    return this.#next() < probability;
  }

  #one<T>(of: readonly T[]): T {
    return of[this.#upTo(of.length)] as T;
  }

  /** A small number: written in the code, or pushed. */
  #small(): Number {
    if (this.#chance(0.7)) return this.#k.number(this.#one([0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 64]));
    return this.#one(this.#push)();
  }

  /** The place of an invocation, or of a work-group, in all of the grid or a dimension of it. */
  #place(which = this.#upTo(10)): Number {
    const k = this.#k;
    const [x, y] = [k.id("GlobalInvocationId", 0), k.id("GlobalInvocationId", 1)];
    const local = k.number(this.#local);
    const flat = this.groups[1] === 1 ? 0 : k.number(this.groups[0] * this.#local);
    switch (which) {
      case 0:
      case 1:
      case 2:
        return flat === 0 ? x : k.add(k.mul(y, flat), x);
      case 3:
      case 4:
        return k.add(k.mul(k.id("WorkgroupId", 0), local), k.id("LocalInvocationId", 0));
      case 5:
        // The row length, by the number of work-groups.
        return k.add(k.mul(y, k.mul(k.id("NumWorkgroups", 0), local)), x);
      case 6:
        return k.id("WorkgroupId", this.groups[1] > 1 ? 1 : 0);
      case 7:
        return k.sub(k.add(x, k.number(5)), k.number(5));
      case 8:
        return k.divide(k.binary(Op.ShiftLeftLogical, x, k.number(2)), k.number(4));
      default:
        return x;
    }
  }

  /** Coordinates of a texel: the last one by plan, or with some risk another one. */
  #texel(isOwn: boolean): Number[] {
    const dimensions = this.imageDimensions;
    const inner = Array.from(
      { length: dimensions - 1 },
      () => this.#chance(0.5) ? this.#place() : this.#chance(0.5) ? this.#small() : this.#value(2),
    );
    return [...inner, isOwn ? this.#planned(0, this.#imagePlan) : this.#index()];
  }

  /** Runs `body` where coordinates are in an image, or with some risk without a look. */
  #inImage(at: readonly Number[], extent: Triple, view: KernelImage, body: () => void): void {
    const k = this.#k;
    at.reduce<() => void>((inside, each, i) => {
      const axis = i as Dimension;
      if (this.#chance(this.#risk / 4)) return inside;
      const isAsked = this.#chance(0.5);
      return () => k.ifLess(each, isAsked ? view.size(axis) : k.number(extent[axis]), inside);
    }, body)();
  }

  #writeImage(): void {
    const k = this.#k;
    const which = this.#chance(this.#risk / 2) ? 1 : 0;
    const view = this.#views[which], extent = this.images[which];
    if (view === undefined || extent === undefined) return;
    const at = this.#texel(true);
    this.#inImage(at, extent, view, () => {
      view.write(at, k.splat(k.vector(k.u32, 4), this.#value()));
    });
  }

  /** A component of a texel: of the image that is written at the own place, of the other one anywhere. */
  #readImage(): Number {
    const k = this.#k;
    const which = this.#chance(0.25) ? 0 : 1;
    const view = this.#views[which], extent = this.images[which];
    if (view === undefined || extent === undefined) return this.#small();
    const isOwn = which === 0 && !this.#chance(this.#risk);
    const at = this.#texel(isOwn).map((each, axis) =>
      k.extended(UMIN, each, k.number((extent[axis] ?? 1) - 1))
    );
    return k.extract(view.read(at), 0);
  }

  /** The index by which a buffer is written: by plan, or with some risk by another one. */
  #planned(which: number, plan = this.#plans[which] ?? { place: 0, scale: 1 }): Number {
    const k = this.#k;
    if (this.#chance(this.#risk)) return this.#index();
    const place = this.#place(plan.place);
    if (plan.scale === 1) return place;
    const inner = this.#loops.at(-1);
    const within = inner !== undefined && this.#chance(0.7)
      ? k.modulo(inner, k.number(plan.scale))
      : this.#chance(0.3)
      ? k.extended(UMIN, this.#small(), k.number(plan.scale - 1))
      : k.number(this.#upTo(plan.scale));
    return k.add(k.mul(place, k.number(plan.scale)), within);
  }

  /** An index that is likely another one for each invocation. */
  #index(depth = 0): Number {
    const k = this.#k;
    const inner = this.#loops.at(-1);
    const place = this.#place();
    switch (this.#upTo(depth > 1 ? 4 : 12)) {
      case 4:
      case 5:
        return k.add(
          k.mul(place, k.number(this.#one([1, 2, 3, 4, 8]))),
          inner ?? k.number(this.#upTo(4)),
        );
      case 6:
        return k.add(place, this.#small());
      case 7:
        return k.modulo(this.#index(depth + 1), this.#small());
      case 8:
        return k.divide(this.#index(depth + 1), this.#small());
      case 9:
        return k.extended(this.#one([UMIN, UMAX]), this.#index(depth + 1), this.#small());
      case 10:
        return this.#chance(0.5) ? this.#value(1) : k.sub(this.#small(), place);
      case 11:
        return k.mul(k.shiftRight(place, k.number(this.#upTo(3))), k.number(this.#one([1, 2, 4])));
      default:
        return place;
    }
  }

  /** Any number. */
  #value(depth = 0): Number {
    const k = this.#k;
    const leaf = depth > 2;
    switch (this.#upTo(leaf ? 5 : 13)) {
      case 0:
        return this.#small();
      case 1:
        return this.#place();
      case 2:
        return k.id("NumWorkgroups", 0);
      case 3:
        return this.#one(this.#variables).load();
      case 4:
        return this.#loops.at(-1) ?? k.id("LocalInvocationId", 0);
      case 5:
      case 6: {
        if (this.#views.length > 0 && depth < 2 && this.#chance(0.4)) return this.#readImage();
        const isWritten = this.#chance(0.1) && depth < 2;
        const which = isWritten ? 0 : 1 + this.#upTo(this.#buffers.length - 1);
        const mask = k.number((this.sizes[which] ?? 1) - 1);
        // What is written is loaded where it is stored, or with some risk elsewhere.
        const at = this.#chance(this.#risk) || which > 0
          ? k.and(this.#chance(0.4) ? this.#index() : this.#value(depth + 1), mask)
          : k.extended(UMIN, this.#planned(0), mask);
        return this.#buffers[which]?.load(at) ?? this.#small();
      }
      case 7:
        return k.chooseLess(
          this.#value(depth + 1),
          this.#small(),
          this.#value(depth + 1),
          this.#place(),
        );
      default:
        return k.binary(
          this.#one([
            Op.IAdd,
            Op.IAdd,
            Op.ISub,
            Op.IMul,
            Op.BitwiseXor,
            Op.BitwiseAnd,
            Op.BitwiseOr,
          ]),
          this.#value(depth + 1),
          this.#value(depth + 1),
        );
    }
  }

  #store(): void {
    const k = this.#k;
    // Most stores go to one buffer, so that the others are only read.
    const which = this.#chance(this.#risk) ? this.#upTo(this.#buffers.length) : 0;
    const buffer = this.#buffers[which];
    const size = this.sizes[which] ?? 0;
    const index = this.#planned(which);
    const write = () => {
      const value = this.#chance(0.2) && buffer
        ? k.add(buffer.load(index), this.#value(1))
        : this.#value();
      buffer?.store(index, value);
    };
    // A store that may be out of bounds is not judged as split, and so never runs.
    if (this.#chance(this.#risk)) write();
    else k.ifLess(index, k.number(this.#chance(this.#risk) ? size * 2 : size), write);
  }

  #statement(depth: number): void {
    const k = this.#k;
    switch (this.#upTo(depth > 1 ? 4 : 8)) {
      case 4:
        return k.ifLess(this.#value(1), this.#value(1), () => this.#block(depth + 1));
      case 5:
      case 6: {
        const from = this.#chance(0.6) ? k.number(0) : this.#small();
        const to = this.#chance(0.8) ? k.number(this.#upTo(5)) : this.#small();
        return k.loop(from, to, k.number(this.#chance(0.8) ? 1 : 2), (i) => {
          this.#loops.push(i as Number);
          this.#block(depth + 1);
          this.#loops.pop();
        });
      }
      case 3:
        return this.#one(this.#variables).store(this.#chance(0.5) ? this.#index() : this.#value(1));
      default:
        if (this.#views.length > 0 && this.#chance(0.5)) return this.#writeImage();
        return this.#store();
    }
  }

  #block(depth: number): void {
    for (let i = this.#upTo(2); i >= 0; i--) this.#statement(depth);
  }

  #sharedPart(): void {
    const k = this.#k;
    const lane = k.id("LocalInvocationId", 0);
    const at = k.shared(lane);
    k.effect(Op.Store, at.id, this.#value(1).id);
    k.meet();
    const other = k.shared(k.and(k.add(lane, k.number(1)), k.number(this.#local - 1)));
    this.#one(this.#variables).store(k.unsigned(Op.Load, other.id));
  }

  /** The kernel's words. */
  write(): Uint32Array<ArrayBuffer> {
    const k = this.#k = new GridKernel({ localSize: this.#local, addressing: "descriptor" });
    this.#buffers = this.sizes.map(() => k.buffer(k.u32));
    this.#views = this.images.map((_, i) =>
      k.image(k.u32, {
        binding: this.sizes.length + i,
        format: IMAGE_FORMATS.r32uint.spirv,
        dimensions: this.imageDimensions,
      })
    );
    this.#push = [0, 1, 2].map((i) => {
      this.pushed.push(this.#one([0, 1, 2, 3, 8, 16, 100, 1000]));
      return k.push(`p${i}`, k.u32);
    });
    return k.body(() => {
      this.#variables = [0, 1].map(() => k.variable(this.#small()));
      if (this.#chance(0.2)) this.#sharedPart();
      this.#block(0);
      this.#store();
      if (this.#views.length > 0) this.#writeImage();
    }).words;
  }
}

/** A launch that follows from a seed. */
export function randomLaunch(seed: number): Launch {
  const author = new Author(seed);
  const words = author.write();
  const kernel = readKernel(words);
  const next = randomFrom(seed ^ 0x5bd1e995);
  const texels = author.images.map(([width, height, depth]) => width * height * depth);
  const memories = new Map([...author.sizes, ...texels].map((size, i) => [
    i,
    new Uint8Array(
      Uint32Array.from({ length: size }, () =>
        // Small numbers make indices that hit something.
        next() < 0.7 ? Math.floor(next() * 64) : Math.floor(next() * 2 ** 32)).buffer,
    ),
  ]));
  return {
    kernel,
    facts: {
      groups: author.groups,
      push: new Uint8Array(Uint32Array.from(author.pushed).buffer),
      specialization: new Map(),
      bindings: [...author.sizes, ...texels].map((size, binding) => {
        const extent = author.images[binding - author.sizes.length];
        return {
          set: 0,
          binding,
          size: 4 * size,
          memory: binding,
          offset: 0,
          ...(extent && {
            image: { dimensions: author.imageDimensions, extent, texelBytes: 4 },
          }),
        };
      }),
    },
    memories,
  };
}

/** Where to cut a number of groups: one to three places. */
export function randomCuts(seed: number, groups: number): number[] {
  const next = randomFrom(seed ^ 0x27d4eb2f);
  const cuts = new Set<number>();
  for (let i = Math.floor(next() * 3); i >= 0; i--) cuts.add(1 + Math.floor(next() * (groups - 1)));
  return [...cuts].filter((cut) => cut < groups).sort((a, b) => a - b);
}
