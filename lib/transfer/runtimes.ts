/**
 * The vendors' runtimes that copy: which one a GPU belongs to, and its device there.
 *
 * @module
 */

import { captureOutput } from "../../ffi/capture.ts";
import type { CopyRuntime, CopyRuntimeOutcome, RuntimeDevice } from "../../ffi/copy_runtime.ts";
import { openCudaCopies } from "../../ffi/cuda_copy.ts";
import { openHipCopies } from "../../ffi/hip_copy.ts";
import { openLevelZeroCopies } from "../../ffi/level_zero_copy.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { formatUuid } from "../gpu/uuid.ts";
import { reasonOf, UnsupportedError } from "./errors.ts";

/** A vendor whose GPUs have such a runtime. */
export type RuntimeVendor = "nvidia" | "amd" | "intel";

/** How each vendor's runtime is opened, and called. */
export type RuntimeOpeners = Readonly<
  Record<RuntimeVendor, { name: string; open: () => CopyRuntimeOutcome }>
>;

const OPENERS: RuntimeOpeners = {
  nvidia: { name: "CUDA", open: openCudaCopies },
  amd: { name: "HIP", open: openHipCopies },
  intel: { name: "Level Zero", open: openLevelZeroCopies },
};

/** Options of {@linkcode RuntimeLibraries}. */
export interface RuntimeOptions {
  /** Why no runtime may be opened; undefined where they may. */
  obstacle?: string | undefined;
  /** Others than the host's libraries. */
  openers?: RuntimeOpeners | undefined;
}

/** By what a GPU is found in its runtime. */
export type RuntimeGpu = Pick<Gpu, "vendor" | "kind" | "pci_slot" | "uuid">;

/** A GPU in its vendor's runtime. */
export interface RuntimeMember {
  runtime: CopyRuntime;
  device: RuntimeDevice;
}

/** What came of opening a vendor's runtime. */
type Opened = { state: "ok"; runtime: CopyRuntime } | { state: "absent"; reason: string };

/** The runtimes, each opened when a GPU of its vendor first needs it. */
export class RuntimeLibraries implements Disposable {
  readonly #openers: RuntimeOpeners;
  readonly #obstacle: string | undefined;
  readonly #opened = new Map<RuntimeVendor, Opened>();

  /** Opens nothing yet. */
  constructor({ obstacle, openers = OPENERS }: RuntimeOptions = {}) {
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
      return { state: "ok", runtime: value.runtime };
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
    const { runtime } = opened;
    const found = runtime.identities().find(({ pci, uuid }) =>
      pci !== null && gpu.pci_slot !== null
        ? pci === gpu.pci_slot
        : uuid !== null && gpu.uuid !== null && formatUuid(uuid) === gpu.uuid
    );
    if (found === undefined) {
      throw new UnsupportedError(
        `${runtime.name} does not show the GPU at ${gpu.pci_slot ?? gpu.uuid ?? "?"}`,
      );
    }
    return { runtime, device: found.device };
  }

  /** Closes the runtimes. What was allocated must be freed before. */
  [Symbol.dispose](): void {
    for (const opened of this.#opened.values()) {
      if (opened.state === "ok") opened.runtime[Symbol.dispose]();
    }
    this.#opened.clear();
  }
}
