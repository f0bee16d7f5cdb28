/**
 * A kernel of the logical device: one module, compiled for each member that runs it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { judge, type KernelInfo, readKernel } from "./analysis/mod.ts";
import type { LaunchFacts, SplitVerdict, Verdict } from "./analysis/verdict.ts";
import type { KernelBinding } from "./analysis/kernel_info.ts";
import { formatOfSpirv, IMAGE_FORMATS } from "./image_format.ts";
import type { Member } from "./member.ts";
import { type DescriptorKind, PoolPipeline } from "./pipeline.ts";

/** Verdicts that a kernel remembers; the oldest goes first. */
const VERDICTS_KEPT = 256;

/** What a kernel is made of. */
export interface KernelSource {
  /** SPIR-V. */
  words: Uint32Array;
  /** `main` where it is not given. */
  entryPoint?: string;
  /** 32-bit words by `SpecId`; others keep the module's defaults. */
  specialization?: ReadonlyMap<number, number>;
}

/** What a kernel is run with on a device. */
export interface KernelVariant {
  words: Uint32Array<ArrayBuffer>;
  specialization: ReadonlyMap<number, number>;
}

/** Why the logical device does not have what a kernel binds, in one line; undefined where it has. */
function whyNotBound({ set, binding, kind, count, image }: KernelBinding): string | undefined {
  const where = `(set ${set}, binding ${binding})`;
  if (kind === "storage_buffer" || kind === "uniform_buffer") return undefined;
  if (kind !== "storage_image") {
    return `the kernel binds a ${kind.replaceAll("_", " ")} ${where}: ` +
      "the logical device has buffers and storage images alone";
  }
  if (count !== 1) {
    return `the kernel binds an array of storage images ${where}: bind each by itself`;
  }
  if (image?.dimensions == null) {
    return `the kernel binds a storage image ${where} that is not plainly of two or three dimensions`;
  }
  if (image.format !== 0 && formatOfSpirv(image.format) === null) {
    return `the kernel binds a storage image ${where} of SPIR-V format ${image.format}: there are ` +
      Object.keys(IMAGE_FORMATS).join(", ");
  }
  return undefined;
}

/** A kernel. Made by `LogicalDevice.createKernel`. */
export class LogicalKernel implements Disposable {
  readonly info: KernelInfo;
  /** SHA-256 of the module and its constants: the same kernel has the same, in every run. */
  readonly hash: string;
  /** The module as it was given. */
  readonly whole: KernelVariant;
  readonly #entryPoint: string;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #parts = new WeakMap<Verdict, KernelVariant>();
  readonly #pipelines = new Map<Member, Map<string, PoolPipeline>>();

  /**
   * Reads a module.
   *
   * @throws {SpirvError} for one that is malformed; one line.
   * @throws {RangeError} for one that binds what the logical device does not have.
   */
  constructor(source: KernelSource) {
    const { entryPoint = "main", specialization = new Map() } = source;
    const words = Uint32Array.from(source.words);
    this.info = readKernel(words, entryPoint);
    this.#entryPoint = entryPoint;
    this.whole = { words, specialization };
    for (const each of this.info.bindings) {
      const why = whyNotBound(each);
      if (why !== undefined) throw new RangeError(why);
    }
    const hash = createHash("sha256").update(new Uint8Array(words.buffer));
    for (const [id, value] of specialization) hash.update(`${id}=${value};`);
    this.hash = hash.digest("hex");
  }

  /** What the analysis says of a launch; remembered. */
  judge(facts: Omit<LaunchFacts, "specialization">): Verdict {
    const { groups, push, bindings } = facts;
    const key = JSON.stringify([groups, Array.from(push), bindings]);
    let verdict = this.#verdicts.get(key);
    if (verdict === undefined) {
      verdict = judge(this.info, { ...facts, specialization: this.whole.specialization });
      const [oldest] = this.#verdicts.keys();
      if (this.#verdicts.size >= VERDICTS_KEPT && oldest !== undefined) {
        this.#verdicts.delete(oldest);
      }
      this.#verdicts.set(key, verdict);
    }
    return verdict;
  }

  /** What runs a part of a grid: with the constants of the whole, and those that the patch added. */
  partly(verdict: SplitVerdict): KernelVariant {
    const { words, specialization } = verdict;
    if (specialization.size === 0) return this.whole;
    let variant = this.#parts.get(verdict);
    if (variant === undefined) {
      const both = new Map([...this.whole.specialization, ...specialization]);
      variant = { words, specialization: both };
      this.#parts.set(verdict, variant);
    }
    return variant;
  }

  /** The kernel on a member, compiled on first use. */
  on(member: Member, variant: KernelVariant): PoolPipeline {
    const key = variant === this.whole ? "" : JSON.stringify([...variant.specialization]);
    const variants = this.#pipelines.get(member) ?? new Map<string, PoolPipeline>();
    this.#pipelines.set(member, variants);
    let pipeline = variants.get(key);
    if (pipeline === undefined) {
      pipeline = member.guard(() =>
        new PoolPipeline(member.device, {
          words: variant.words,
          entryPoint: this.#entryPoint,
          specialization: variant.specialization,
          pushBytes: this.info.pushBytes,
          bindings: this.info.bindings.map(({ set, binding, kind }) => ({
            set,
            binding,
            kind: kind as DescriptorKind,
          })),
        })
      );
      variants.set(key, pipeline);
    }
    return pipeline;
  }

  /** Destroys what was compiled. Nothing may run it any more. */
  [Symbol.dispose](): void {
    for (const variants of this.#pipelines.values()) {
      for (const pipeline of variants.values()) pipeline[Symbol.dispose]();
    }
    this.#pipelines.clear();
  }
}
