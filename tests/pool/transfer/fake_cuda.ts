/** A fake CUDA that imports the memory of software Vulkan devices. */

import type { CopyRuntime } from "../../../ffi/copy_runtime.ts";
import { openCudaCopies } from "../../../ffi/cuda_copy.ts";
import type { RuntimeOpeners } from "../../../lib/transfer/runtimes.ts";
import type { TransferMember } from "../../../lib/pool/transfer/types.ts";

const SLOTS = ["0000:06:00.0", "0000:0a:00.0"] as const;

/**
 * Two devices that reach each other. Memory that llvmpipe exports is a file that begins with a page about it;
 * SwiftShader's is the data alone.
 *
 * @param more lines of the second device.
 */
export function cudaDescription(more = ""): string {
  return `driver_version 13000
device
pci 0000:06:00.0
peers 1
import_offset 4096
device
pci 0000:0A:00.0
peers 0
${more}
`;
}

/** llvmpipe and SwiftShader as GPUs of NVIDIA. */
export function asNvidia(members: readonly TransferMember[]): TransferMember[] {
  return members.slice(0, 2).map((member, i) => ({
    ...member,
    gpu: { vendor: "nvidia", kind: "discrete", pci_slot: SLOTS[i] ?? null, uuid: null },
  }));
}

/** A runtime whose copies between devices fail, from the first behind so many. */
export function failingAfter(copies: number): (runtime: CopyRuntime) => CopyRuntime {
  return (runtime) => {
    let left = copies;
    const start: CopyRuntime["start"] = (lanes) => {
      const crosses = lanes.some((lane) => lane.from.device !== lane.to.device);
      if (crosses && left-- <= 0) throw new Error("cuMemcpyPeerAsync: CUDA_ERROR_ILLEGAL_ADDRESS");
      return runtime.start(lanes);
    };
    return new Proxy(runtime, {
      get: (target, name) => {
        if (name === "start") return start;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
}

/** Opens the fake library, and no other vendor's. */
export function fakeCuda(
  path: string,
  change: (runtime: CopyRuntime) => CopyRuntime = (runtime) => runtime,
): RuntimeOpeners {
  const never = {
    name: "none",
    open: () => {
      throw new Error("not to be opened");
    },
  };
  const open = () => {
    const opened = openCudaCopies({ sonames: [path] });
    return opened.state === "ok" ? { ...opened, runtime: change(opened.runtime) } : opened;
  };
  return { nvidia: { name: "CUDA", open }, amd: never, intel: never };
}
