/**
 * The vendors' runtimes that copy, with the host's blocks page-locked by them.
 *
 * @module
 */

import type { CopyRuntime, RuntimeDevice, RuntimeMemory } from "../../../ffi/copy_runtime.ts";
import { type RuntimeGpu, RuntimeLibraries, type RuntimeOptions } from "../../transfer/runtimes.ts";
import type { HostBlocks } from "./blocks.ts";

export type { RuntimeOpeners, RuntimeOptions } from "../../transfer/runtimes.ts";

/** A runtime and the host's blocks in memory that it has page-locked. */
export class OpenRuntime implements Disposable {
  readonly runtime: CopyRuntime;
  readonly #blocks: HostBlocks;
  readonly #pinned = new Map<"pattern" | "sink", RuntimeMemory>();

  /** Takes a runtime, and the blocks. */
  constructor(runtime: CopyRuntime, blocks: HostBlocks) {
    this.runtime = runtime;
    this.#blocks = blocks;
  }

  /** A block, page-locked and, for the pattern, filled. `device` is one that shall reach it. */
  block(device: RuntimeDevice, which: "pattern" | "sink"): RuntimeMemory & { bytes: Uint8Array } {
    let memory = this.#pinned.get(which);
    if (memory === undefined) {
      memory = this.runtime.hostMemory(device, this.#blocks.size);
      if (which === "pattern") memory.bytes?.set(this.#blocks.pattern);
      this.#pinned.set(which, memory);
    }
    return memory as RuntimeMemory & { bytes: Uint8Array<ArrayBuffer> };
  }

  [Symbol.dispose](): void {
    for (const memory of this.#pinned.values()) memory[Symbol.dispose]();
    this.#pinned.clear();
  }
}

/** A GPU in its vendor's runtime. */
export interface RuntimeMember {
  open: OpenRuntime;
  device: RuntimeDevice;
}

/** The runtimes of a run, each opened when a GPU of its vendor first needs it. */
export class Runtimes implements Disposable {
  readonly #blocks: HostBlocks;
  readonly #libraries: RuntimeLibraries;
  readonly #opened = new Map<CopyRuntime, OpenRuntime>();

  /** Takes what goes into page-locked memory. */
  constructor(blocks: HostBlocks, options: RuntimeOptions = {}) {
    this.#blocks = blocks;
    this.#libraries = new RuntimeLibraries(options);
  }

  /** The name of the runtime for a GPU; undefined for a GPU of a vendor without one, or no hardware. */
  nameFor(gpu: RuntimeGpu): string | undefined {
    return this.#libraries.nameFor(gpu);
  }

  /**
   * A GPU's device in its vendor's runtime.
   *
   * @throws {UnsupportedError} where the runtime is not there, does not start, or does not show the GPU.
   */
  member(gpu: RuntimeGpu): RuntimeMember {
    const { runtime, device } = this.#libraries.member(gpu);
    let open = this.#opened.get(runtime);
    if (open === undefined) {
      this.#opened.set(runtime, open = new OpenRuntime(runtime, this.#blocks));
    }
    return { open, device };
  }

  /** Frees what was page-locked and closes the runtimes. */
  [Symbol.dispose](): void {
    for (const open of this.#opened.values()) open[Symbol.dispose]();
    this.#opened.clear();
    this.#libraries[Symbol.dispose]();
  }
}
