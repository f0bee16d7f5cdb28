/**
 * Software Vulkan devices for tests.
 *
 * @module
 */

import { Instance } from "../ffi/vulkan/instance.ts";
import { VulkanTarget } from "../lib/bench/vulkan/target.ts";

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const LAVAPIPE = [
  `/usr/share/vulkan/icd.d/lvp_icd.${Deno.build.arch}.json`,
  "/usr/share/vulkan/icd.d/lvp_icd.json",
].find(isFile);

const SWIFTSHADER = [
  Deno.env.get("MVGAL_TEST_SWIFTSHADER_ICD") ?? "",
  "/usr/lib/chromium/vk_swiftshader_icd.json",
].find(isFile);

/** Manifests of the software drivers that this host has, by the name of the device. */
export const SOFTWARE_DRIVERS: ReadonlyMap<string, string> = new Map(
  [["llvmpipe", LAVAPIPE], ["SwiftShader", SWIFTSHADER]]
    .filter((pair): pair is [string, string] => pair[1] !== undefined),
);

/** Environment that shows a program the software drivers alone. */
export function softwareEnvironment(): Record<string, string> {
  const list = [...SOFTWARE_DRIVERS.values()].join(":");
  return { VK_DRIVER_FILES: list, VK_ICD_FILENAMES: list };
}

/**
 * Opens an instance with the software drivers alone.
 *
 * @param environment others, in the form of {@linkcode softwareEnvironment}.
 */
export function openSoftwareInstance(environment = softwareEnvironment()): Instance {
  for (const [name, value] of Object.entries(environment)) Deno.env.set(name, value);
  const opened = Instance.open();
  if (opened.state === "absent") throw new Error(opened.reason);
  return opened.instance;
}

/** A test on each software device; skipped by name for a driver that is not there. */
export function deviceTest(
  name: string,
  test: (target: VulkanTarget) => void | Promise<void>,
): void {
  for (const driver of ["llvmpipe", "SwiftShader"]) {
    const missing = !SOFTWARE_DRIVERS.has(driver);
    Deno.test({
      name: `${name} on ${driver}${missing ? " (skipped: the driver is not installed)" : ""}`,
      ignore: missing,
      fn: async () => {
        using instance = openSoftwareInstance();
        const physical = instance.physicalDevices().find((each) => each.name.includes(driver));
        if (physical === undefined) throw new Error(`the loader does not show ${driver}`);
        using target = new VulkanTarget(driver, instance, physical);
        await test(target);
      },
    });
  }
}

/** A test that needs every software device at once. */
export function allDevicesTest(name: string, test: () => void | Promise<void>): void {
  const missing = ["llvmpipe", "SwiftShader"].filter((driver) => !SOFTWARE_DRIVERS.has(driver));
  Deno.test({
    name: missing.length === 0 ? name : `${name} (skipped: ${missing.join(", ")} not installed)`,
    ignore: missing.length > 0,
    fn: test,
  });
}
