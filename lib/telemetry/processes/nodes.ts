/**
 * Which GPU a device file, or a PCI address, belongs to. Pure.
 *
 * @module
 */

import type { Gpu, GpuId } from "../../gpu/gpu.ts";

/** What is needed of a GPU to recognise it. */
export type GpuNodes = Pick<Gpu, "id" | "pci_slot" | "drm_node" | "render_node" | "device_nodes">;

/** Device files of GPUs: of the kernel's direct rendering manager, NVIDIA's and Moore Threads' drivers. */
const NODE = /\/(?:dri\/(renderD\d+|card\d+)|dev\/(nvidia\d+|mtgpu\.\d+))$/;

/** What the kernel puts behind the path of a file that was removed. */
const DELETED = " (deleted)";

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const CLOSING_BRACKET = 0x29;

const ASCII = new TextDecoder("latin1");

/**
 * The name of the GPU's device file to which a link of `/proc/PID/fd` leads: `renderD128`, `nvidia0`;
 * undefined for any other path. What stands before `dri/` or `dev/` may be anything: in a container, or a
 * mount namespace, it is.
 *
 * @param target the link's bytes, of which `length` count. Most links are sorted out by their last byte.
 */
export function gpuNodeName(target: Uint8Array, length: number): string | undefined {
  const last = target[length - 1] ?? 0;
  if ((last < DIGIT_0 || last > DIGIT_9) && last !== CLOSING_BRACKET) return undefined;
  const text = ASCII.decode(target.subarray(0, length));
  const path = text.endsWith(DELETED) ? text.slice(0, -DELETED.length) : text;
  const match = NODE.exec(path);
  return match?.[1] ?? match?.[2];
}

/** Finds GPUs by what the kernel tells of a client. */
export class GpuFinder {
  readonly #byNode = new Map<string, GpuId>();
  readonly #byPci = new Map<string, GpuId>();

  constructor(gpus: readonly GpuNodes[]) {
    for (const gpu of gpus) {
      if (gpu.pci_slot !== null) this.#byPci.set(gpu.pci_slot, gpu.id);
      for (const path of [gpu.drm_node, gpu.render_node, ...gpu.device_nodes]) {
        const name = path === null ? "" : path.slice(path.lastIndexOf("/") + 1);
        if (name !== "") this.#byNode.set(name, gpu.id);
      }
    }
  }

  /** By the name of a device file, as {@linkcode gpuNodeName} gives it. */
  node(name: string): GpuId | undefined {
    return this.#byNode.get(name);
  }

  /** By a full PCI address in lower case: functions of one card are not one another. */
  pci(address: string): GpuId | undefined {
    return this.#byPci.get(address);
  }
}
