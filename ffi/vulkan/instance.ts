/**
 * A Vulkan instance.
 *
 * @module
 */

import { encode, struct } from "../struct.ts";
import * as vk from "./generated/structs.ts";
import {
  apiVersion,
  check,
  type ExtensionFunction,
  extensionFunction,
  type ExtensionFunctionName,
  openVulkan,
  type VulkanSymbols,
} from "./loader.ts";
import { enumerate, type PhysicalDevice, readPhysicalDevice } from "./physical_device.ts";

/** An array element that is a dispatchable handle. */
const HANDLE = struct<{ handle?: bigint }>("VkPhysicalDevice", [{ name: "handle", type: "u64" }]);

/** A Vulkan instance. Dispose it (`using`) after everything made from it. */
export class Instance implements Disposable {
  readonly symbols: VulkanSymbols;
  readonly handle: bigint;
  #open = true;

  private constructor(symbols: VulkanSymbols, handle: bigint) {
    this.symbols = symbols;
    this.handle = handle;
  }

  /**
   * Creates an instance without extensions; layers are those that the user's environment enables.
   *
   * @returns an instance, or why there is none: no loader, or no driver that it could load.
   */
  static open(): { state: "ok"; instance: Instance } | { state: "absent"; reason: string } {
    // Mesa says on stderr that llvmpipe is not conformant: mvgal marks software devices itself.
    Deno.env.set("MESA_VK_IGNORE_CONFORMANCE_WARNING", "1");
    const opened = openVulkan();
    if (opened.state === "absent") return opened;
    const symbols = opened.library.symbols;
    const created = new BigUint64Array(1);
    const info = encode(vk.VkInstanceCreateInfo, {
      pApplicationInfo: {
        pApplicationName: "mvgal",
        pEngineName: "mvgal",
        apiVersion: apiVersion(1, 3),
      },
    });
    const result = symbols.vkCreateInstance(info.bytes, null, new Uint8Array(created.buffer));
    try {
      check("vkCreateInstance", result);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return {
        state: "absent",
        reason: `${opened.library.soname} found no usable driver: ${text}`,
      };
    }
    return { state: "ok", instance: new Instance(symbols, created[0] ?? 0n) };
  }

  /** Version of the loader and instance-level functionality, packed. */
  get version(): number {
    const version = new Uint32Array(1);
    check(
      "vkEnumerateInstanceVersion",
      this.symbols.vkEnumerateInstanceVersion(new Uint8Array(version.buffer)),
    );
    return version[0] ?? 0;
  }

  /** The physical devices of all drivers, in the loader's order. */
  physicalDevices(): PhysicalDevice[] {
    const handles = enumerate(
      "vkEnumeratePhysicalDevices",
      HANDLE,
      (count, elements) => this.symbols.vkEnumeratePhysicalDevices(this.handle, count, elements),
    );
    return handles.map(({ handle }, index) => readPhysicalDevice(this.symbols, handle, index));
  }

  /** Names of the layers that the loader offers. */
  layers(): string[] {
    return enumerate(
      "vkEnumerateInstanceLayerProperties",
      vk.VkLayerProperties,
      (count, elements) => this.symbols.vkEnumerateInstanceLayerProperties(count, elements),
    ).map((layer) => layer.layerName);
  }

  /** An extension function of this instance; undefined where no driver has it. */
  extension<N extends ExtensionFunctionName>(name: N): ExtensionFunction<N> | undefined {
    return extensionFunction(
      name,
      (text) => this.symbols.vkGetInstanceProcAddr(this.handle, text),
    );
  }

  /** Leaves the instance as it is until the process ends: a device of it cannot be destroyed. */
  keepOpen(): void {
    this.#open = false;
  }

  /** Destroys the instance. */
  [Symbol.dispose](): void {
    if (this.#open) this.symbols.vkDestroyInstance(this.handle, null);
    this.#open = false;
  }
}
