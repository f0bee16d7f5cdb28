/** Kernels that are not proved safe to split, for tests. */

import { ComputeKernel } from "../../lib/spirv/compute_kernel.ts";
import { Kernel } from "../../lib/spirv/kernel.ts";
import { LOCAL } from "./pool_devices.ts";

/**
 * `data[perm[i]] = data[perm[i]] * 3 + addend`; with `set`, `data[perm[i]] = addend`. Binding 0 is `perm`, 1 is
 * `data`.
 */
export function permutedKernel(how: "change" | "set" = "change"): Uint32Array {
  const kernel = new Kernel({ localSize: LOCAL, addressing: "descriptor" });
  const perm = kernel.buffer(kernel.u32), data = kernel.buffer(kernel.u32);
  const addend = kernel.push("addend", kernel.u32);
  return kernel.body((k) => {
    const at = perm.load(k.globalId());
    const value = how === "set"
      ? addend()
      : k.add(k.mul(data.load(at), k.constant(k.u32, 3)), addend());
    data.store(at, value);
  }).words;
}

/** `data[0] += addend`, counted by every invocation; with the bindings of {@linkcode permutedKernel}. */
export function atomicKernel(): Uint32Array {
  const kernel = new ComputeKernel({ localSize: LOCAL, addressing: "descriptor" });
  const perm = kernel.buffer(kernel.u32), data = kernel.buffer(kernel.u32);
  const addend = kernel.push("addend", kernel.u32);
  return kernel.body((k) => {
    const none = k.mul(perm.load(k.globalId()), k.constant(k.u32, 0));
    k.atomicAdd(data.at(none), addend());
  }).words;
}
