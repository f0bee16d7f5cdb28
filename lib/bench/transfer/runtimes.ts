/**
 * The vendors' runtimes that copy: which one a GPU belongs to, and its device there.
 *
 * @module
 */

import { captureOutput } from "../../../ffi/capture.ts";
import type {
  CopyRuntime,
  CopyRuntimeOutcome,
  RuntimeDevice,
  RuntimeMemory,
} from "../../../ffi/copy_runtime.ts";
import { openCudaCopies } from "../../../ffi/cuda_copy.ts";
import { openHipCopies } from "../../../ffi/hip_copy.ts";
import { openLevelZeroCopies } from "../../../ffi/level_zero_copy.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { formatUuid } from "../../gpu/uuid.ts";
import { UnsupportedError } from "../benchmark.ts";
import { reasonOf } from "../errors.ts";
import type { HostBlocks } from "./blocks.ts";

/** A vendor whose GPUs have such a runtime. */
type RuntimeVendor = "nvidia" | "amd" | "intel";

/** How each vendor's runtime is opened, and called. */
export type RuntimeOpeners = Readonly<
  Record<RuntimeVendor, { name: string; open: () => CopyRuntimeOutcome }>
>;

const OPENERS: RuntimeOpeners = {
  nvidia: { name: "CUDA", open: openCudaCopies },
  amd: { name: "HIP", open: openHipCopies },
  intel: { name: "Level Zero", open: openLevelZeroCopies },
};

/** Options of {@linkcode Runtimes}. */
export interface RuntimeOptions {
  /** Why no runtime may be opened; undefined where they may. */
  obstacle?: string | undefined;
  /** Others than the host's libraries. */
  openers?: RuntimeOpeners | undefined;
}

/** By what a GPU is found in its runtime. */
export type RuntimeGpu = Pick<Gpu, "vendor" | "kind" | "pci_slot" | "uuid">;

/** A runtime and the host's blocks in memory that it has page-locked. */
export class OpenRuntime implements Disposable {
  readonly runtime: CopyRuntime;
  readonly #blocks: HostBlocks;
  readonly #pinned = new Map<"pattern" | "sink", RuntimeMemory>();

  /** Takes a runtime, which it disposes, and the blocks. */
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
    this.runtime[Symbol.dispose]();
  }
}

/** A GPU in its vendor's runtime. */
export interface RuntimeMember {
  open: OpenRuntime;
  device: RuntimeDevice;
}

/** What came of opening a vendor's runtime. */
type Opened = { state: "ok"; open: OpenRuntime } | { state: "absent"; reason: string };

/** The runtimes of a run, each opened when a GPU of its vendor first needs it. */
export class Runtimes implements Disposable {
  readonly #blocks: HostBlocks;
  readonly #openers: RuntimeOpeners;
  readonly #obstacle: string | undefined;
  readonly #opened = new Map<RuntimeVendor, Opened>();

  /** Takes what goes into page-locked memory. */
  constructor(blocks: HostBlocks, { obstacle, openers = OPENERS }: RuntimeOptions = {}) {
    this.#blocks = blocks;
    this.#obstacle = obstacle;
    this.#openers = openers;
  }

  /** The name of the runtime for a GPU; undefined for a GPU of a vendor without one, or no hardware. */
  nameFor(gpu: RuntimeGpu): string | undefined {
    const vendor = this.#vendorOf(gpu);
    return vendor && this.#openers[vendor].name;
  }

  #vendorOf({ vendor, kind }: RuntimeGpu): RuntimeVendor | undefined {
    if (kind === "software" || kind === "virtual" || kind === "display") return undefined;
    return vendor === "nvidia" || vendor === "amd" || vendor === "intel" ? vendor : undefined;
  }

  #open(vendor: RuntimeVendor): Opened {
    const { name, open } = this.#openers[vendor];
    if (this.#obstacle !== undefined) {
      return { state: "absent", reason: `${name}: ${this.#obstacle}` };
    }
    try {
      const { value } = captureOutput(open);
      if (value.state === "absent") return { state: "absent", reason: `${name}: ${value.reason}` };
      return { state: "ok", open: new OpenRuntime(value.runtime, this.#blocks) };
    } catch (error) {
      return { state: "absent", reason: `${name}: ${reasonOf(error)}` };
    }
  }

  /**
   * A GPU's device in its vendor's runtime.
   *
   * @throws {UnsupportedError} where the runtime is not there, does not start, or does not show the GPU.
   */
  member(gpu: RuntimeGpu): RuntimeMember {
    const vendor = this.#vendorOf(gpu);
    if (vendor === undefined) throw new UnsupportedError("no vendor's runtime is for this device");
    let opened = this.#opened.get(vendor);
    if (opened === undefined) {
      opened = this.#open(vendor);
      this.#opened.set(vendor, opened);
    }
    if (opened.state === "absent") throw new UnsupportedError(opened.reason);
    const { open } = opened;
    const found = open.runtime.identities().find(({ pci, uuid }) =>
      pci !== null && gpu.pci_slot !== null
        ? pci === gpu.pci_slot
        : uuid !== null && gpu.uuid !== null && formatUuid(uuid) === gpu.uuid
    );
    if (found === undefined) {
      throw new UnsupportedError(
        `${open.runtime.name} does not show the GPU at ${gpu.pci_slot ?? gpu.uuid ?? "?"}`,
      );
    }
    return { open, device: found.device };
  }

  /** Frees what was page-locked and closes the runtimes. */
  [Symbol.dispose](): void {
    for (const opened of this.#opened.values()) {
      if (opened.state === "ok") opened.open[Symbol.dispose]();
    }
    this.#opened.clear();
  }
}
