/** Logical devices of software drivers, and small kernels, for tests. */

import { LogicalDevice, type LogicalDeviceOptions } from "../../lib/pool/logical_device.ts";

import { Kernel } from "../../lib/spirv/kernel.ts";
import { softwareEnvironment } from "../vulkan_devices.ts";

/** Set where pools here have memory of their own for each device, as GPUs do. */
export const OWN_MEMORY = "MVGAL_TEST_OWN_MEMORY";

/** Whether each device of a pool here has memory of its own. */
export const hasOwnMemory = Deno.env.get(OWN_MEMORY) === "1";

/** Opens a logical device of the software drivers alone. */
export function openSoftwarePool(options: LogicalDeviceOptions = {}): Promise<LogicalDevice> {
  for (const [name, value] of Object.entries(softwareEnvironment())) Deno.env.set(name, value);
  return LogicalDevice.open({ virtual: true, ownMemory: hasOwnMemory, ...options });
}

/** Invocations of a work-group of the kernels here. */
export const LOCAL = 64;

/** `out[i] = in[i] * 3 + addend`, with a loop of `rounds` that makes it take longer. */
export function scaleKernel(): Uint32Array {
  const kernel = new Kernel({ localSize: LOCAL, addressing: "descriptor" });
  const input = kernel.buffer(kernel.u32), out = kernel.buffer(kernel.u32);
  const addend = kernel.push("addend", kernel.u32);
  return kernel.body((k) => {
    const i = k.globalId();
    out.store(i, k.add(k.mul(input.load(i), k.constant(k.u32, 3)), addend()));
  }).words;
}

/** `data[i] = data[i] * 3 + addend`: what it reads, it writes. */
export function inPlaceKernel(): Uint32Array {
  const kernel = new Kernel({ localSize: LOCAL, addressing: "descriptor" });
  const data = kernel.buffer(kernel.u32);
  const addend = kernel.push("addend", kernel.u32);
  return kernel.body((k) => {
    const i = k.globalId();
    data.store(i, k.add(k.mul(data.load(i), k.constant(k.u32, 3)), addend()));
  }).words;
}

/** `out[0] = addend`, by every invocation: it cannot be split. */
export function sameWordKernel(): Uint32Array {
  const kernel = new Kernel({ localSize: LOCAL, addressing: "descriptor" });
  const out = kernel.buffer(kernel.u32);
  const addend = kernel.push("addend", kernel.u32);
  return kernel.body((k) => {
    out.store(k.constant(k.u32, 0), addend());
  }).words;
}

/** `out[i] = number of invocations`: it asks for the size of the whole grid. */
export function gridSizeKernel(): Uint32Array {
  const kernel = new Kernel({ localSize: LOCAL, addressing: "descriptor" });
  const out = kernel.buffer(kernel.u32);
  return kernel.body((k) => out.store(k.globalId(), k.globalSize())).words;
}

/** Push constants of one word. */
export function word(value: number): { push: Uint8Array } {
  return { push: new Uint8Array(Uint32Array.of(value).buffer) };
}

/** Bytes of 32-bit words. */
export function words(count: number, value: (i: number) => number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint32Array.from({ length: count }, (_, i) => value(i)).buffer);
}
