/**
 * The Vulkan loader, `libvulkan`.
 *
 * @module
 */

import { type LibraryOutcome, openLibrary, type Symbols } from "../library.ts";
import { CORE_SYMBOLS, EXTENSION_FUNCTIONS } from "./generated/commands.ts";
import { VkResult } from "./generated/enums.ts";

/** The functions of the loader. Those newer than Vulkan 1.1 are null where the loader is older. */
export type VulkanSymbols = Symbols<typeof CORE_SYMBOLS>;

/** Name of an extension function that mvgal calls. */
export type ExtensionFunctionName = keyof typeof EXTENSION_FUNCTIONS;

/** An extension function, bound. Slow to call (about 0.7 µs): keep it out of hot loops. */
export type ExtensionFunction<N extends ExtensionFunctionName> = Deno.UnsafeFnPointer<
  typeof EXTENSION_FUNCTIONS[N]
>["call"];

const RESULT_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(VkResult)
    .map(([name, value]): [number, string] => [value, name])
    .reverse(),
);

/** The name of a `VkResult`: `VK_ERROR_DEVICE_LOST`. */
export function resultName(result: number): string {
  return RESULT_NAMES.get(result) ?? `VkResult ${result}`;
}

/** A Vulkan command returned an error. */
export class VulkanError extends Error {
  /** Name of the result, e.g. `VK_ERROR_OUT_OF_DEVICE_MEMORY`. */
  readonly result: string;
  /** The command that failed. */
  readonly command: string;

  /** Takes the command's name and its `VkResult`. */
  constructor(command: string, result: number) {
    super(`${command}: ${resultName(result)}`);
    this.name = "VulkanError";
    this.command = command;
    this.result = resultName(result);
  }

  /** The device is gone: nothing more can be done with it. */
  get isDeviceLost(): boolean {
    return this.result === "VK_ERROR_DEVICE_LOST";
  }

  /** Host or device memory did not suffice. */
  get isOutOfMemory(): boolean {
    return this.result.startsWith("VK_ERROR_OUT_OF_") ||
      this.result === "VK_ERROR_TOO_MANY_OBJECTS";
  }
}

/**
 * Passes a successful `VkResult` through.
 *
 * @throws {VulkanError} for a negative one.
 */
export function check(command: string, result: number): number {
  if (result < 0) throw new VulkanError(command, result);
  return result;
}

/** Opens the Vulkan loader; the drivers that it loads stay mapped, as they own threads. */
export function openVulkan(
  sonames: readonly string[] = ["libvulkan.so.1", "libvulkan.so"],
): LibraryOutcome<typeof CORE_SYMBOLS> {
  return openLibrary(sonames, CORE_SYMBOLS, { resident: true });
}

/** A function that an instance or a device has beyond the loader's exports; undefined where it has not. */
export function extensionFunction<N extends ExtensionFunctionName>(
  name: N,
  lookup: (name: Uint8Array<ArrayBuffer>) => Deno.PointerValue,
): ExtensionFunction<N> | undefined {
  const pointer = lookup(cstring(name));
  if (pointer === null) return undefined;
  const bound = new Deno.UnsafeFnPointer(pointer as never, EXTENSION_FUNCTIONS[name]);
  return bound.call.bind(bound) as ExtensionFunction<N>;
}

/** NUL-terminated UTF-8. */
export function cstring(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** `VK_MAKE_API_VERSION(0, major, minor, 0)`. */
export function apiVersion(major: number, minor: number): number {
  return (major << 22) | (minor << 12);
}

/** `1.3.260` for a packed version number. */
export function formatApiVersion(version: number): string {
  return `${(version >>> 22) & 0x7f}.${(version >>> 12) & 0x3ff}.${version & 0xfff}`;
}
