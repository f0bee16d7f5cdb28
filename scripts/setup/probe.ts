/**
 * Looking for commands, libraries and drivers by the files that they install: no process is started.
 *
 * @module
 */

import { join } from "node:path";

/** Where to look: the file system's root and the environment of the process. */
export interface Host {
  /** The root directory: `"/"`, or a tree of files in tests. */
  readonly root: string;
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The directories in which distributions keep shared and static libraries. */
const LIBRARY_DIRECTORIES = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"];

/**
 * The directories in which the Vulkan loader looks for drivers, system-wide.
 * Source: Vulkan-Loader, docs/LoaderDriverInterface.md, "Driver Discovery on Linux".
 */
const ICD_DIRECTORIES = [
  "/etc/xdg/vulkan/icd.d",
  "/usr/local/etc/vulkan/icd.d",
  "/etc/vulkan/icd.d",
  "/usr/local/share/vulkan/icd.d",
  "/usr/share/vulkan/icd.d",
];

/** The host that this process runs on. */
export function thisHost(): Host {
  return { root: "/", env: Deno.env.toObject() };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Names of the entries of a directory; none where it cannot be read. */
function entries(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), (entry) => entry.name);
  } catch {
    return [];
  }
}

/** Whether any of `paths` (absolute) is a file. */
export function hasFile(host: Host, ...paths: string[]): boolean {
  return paths.some((path) => isFile(join(host.root, path)));
}

/** Whether a command of any of these names is on `PATH`. */
export function hasCommand(host: Host, ...names: string[]): boolean {
  const directories = (host.env["PATH"] ?? "").split(":").filter((path) => path.startsWith("/"));
  return directories.some((directory) =>
    names.some((name) => isFile(join(host.root, directory, name)))
  );
}

/**
 * Whether a library file of this exact name (`libvulkan.so.1`, `libzstd.a`) is in `LD_LIBRARY_PATH`, in
 * one of the system's library directories, or in a directory of an architecture below them
 * (`/usr/lib/x86_64-linux-gnu`).
 */
export function hasLibrary(host: Host, name: string): boolean {
  const own = (host.env["LD_LIBRARY_PATH"] ?? "").split(":").filter((path) => path.startsWith("/"));
  const direct = [...own, ...LIBRARY_DIRECTORIES];
  if (direct.some((directory) => isFile(join(host.root, directory, name)))) return true;
  return LIBRARY_DIRECTORIES.some((directory) =>
    entries(join(host.root, directory))
      .filter((entry) => entry.includes("-linux-"))
      .some((entry) => isFile(join(host.root, directory, entry, name)))
  );
}

/**
 * Whether the Vulkan loader would find a driver manifest: one named by `VK_DRIVER_FILES` or
 * `VK_ICD_FILENAMES`, or any `*.json` in its search path.
 *
 * @param pattern only manifests whose file name matches count.
 */
export function hasVulkanDriver(host: Host, pattern = /\.json$/): boolean {
  const named = host.env["VK_DRIVER_FILES"] ?? host.env["VK_ICD_FILENAMES"];
  if (named !== undefined && named !== "") {
    return named.split(":").some((path) => pattern.test(path) && isFile(join(host.root, path)));
  }
  const home = host.env["HOME"];
  const config = host.env["XDG_CONFIG_HOME"] ?? (home && join(home, ".config"));
  const data = host.env["XDG_DATA_HOME"] ?? (home && join(home, ".local/share"));
  const own = [config, data].filter((path) => path !== undefined && path !== "")
    .map((path) => join(path as string, "vulkan/icd.d"));
  return [...own, ...ICD_DIRECTORIES].some((directory) =>
    entries(join(host.root, directory)).some((name) => name.endsWith(".json") && pattern.test(name))
  );
}

/** Whether an OpenCL driver whose file name matches is registered in `/etc/OpenCL/vendors`. */
export function hasOpenclDriver(host: Host, pattern: RegExp): boolean {
  return entries(join(host.root, "/etc/OpenCL/vendors")).some((name) => pattern.test(name));
}
