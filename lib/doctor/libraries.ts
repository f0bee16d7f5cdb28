/**
 * Checks of the libraries through which programs reach GPUs.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import {
  bad,
  type DoctorCheck,
  type DoctorContext,
  fine,
  INTEL_DRIVERS,
  needsDriver,
  needsGpu,
  type Outcome,
  warn,
} from "./check.ts";
import { installCommand, type PackageKey } from "./distribution.ts";
import { findLibrary, holdsLibraries, isForeign } from "./library_files.ts";

/** What is wrong with a library; undefined where nothing is. */
function whyNotLoadable(context: DoctorContext, path: string): string | undefined {
  const missing = context.live?.missingDependencies(path) ?? [];
  return missing.length === 0 ? undefined : `${path} needs ${missing.join(", ")}, not found`;
}

/** Why libraries cannot be looked for; null where they can. */
function needsLibraries({ sysroot }: DoctorContext): string | null {
  return holdsLibraries(sysroot) ? null : "the dump holds no libraries";
}

/** A library that programs open by its soname. */
function sonameCheck(of: {
  id: string;
  title: string;
  /** Its names, the newest first. */
  sonames: readonly [string, ...string[]];
  drivers: readonly string[] | null;
  packages: PackageKey | null;
  /** What does not work without it. */
  without: string;
}): DoctorCheck {
  return {
    id: of.id,
    title: of.title,
    applies: (context) =>
      (of.drivers === null ? needsGpu(context) : needsDriver(context, ...of.drivers)) ??
        needsLibraries(context),
    run(context) {
      const path = of.sonames.map((name) => findLibrary(context.sysroot, name))
        .find((each) => each !== undefined);
      const fix = of.packages === null
        ? "install the driver package of the GPU's maker"
        : installCommand(context.distribution, of.packages);
      if (path === undefined) {
        return [warn(`no ${of.sonames[0]} in the usual directories: ${of.without}`, fix)];
      }
      const why = whyNotLoadable(context, path);
      return [why === undefined ? fine(`is ${path}`) : bad(`${why}: ${of.without}`, fix)];
    },
  };
}

/** A file that names a driver's library to a loader. */
interface Manifest {
  path: string;
  /** The library that it names; undefined where it names none. */
  library: string | undefined;
}

/** Directories of manifests, as the Vulkan loader searches them (LoaderDriverInterface.md). */
function vulkanManifests({ sysroot, live }: DoctorContext): Manifest[] {
  const only = live?.env("VK_DRIVER_FILES") ?? live?.env("VK_ICD_FILENAMES");
  const home = live?.env("HOME");
  const directories = only?.split(":") ?? [
    ...(home === undefined ? [] : [`${home}/.local/share/vulkan/icd.d`]),
    "/etc/xdg/vulkan/icd.d",
    "/usr/local/etc/vulkan/icd.d",
    "/etc/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
    "/usr/share/vulkan/icd.d",
  ];
  const files = directories.flatMap((path) =>
    path.endsWith(".json")
      ? [path]
      : sysroot.list(path).filter((name) => name.endsWith(".json")).map((name) => `${path}/${name}`)
  );
  return files.map((path) => ({ path, library: libraryPathOf(sysroot.text(path) ?? "") }));
}

/** `ICD.library_path` of a manifest's text; undefined where there is none. */
export function libraryPathOf(text: string): string | undefined {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== "object" || document === null || !("ICD" in document)) return undefined;
    const { ICD: icd } = document;
    if (typeof icd !== "object" || icd === null || !("library_path" in icd)) return undefined;
    return typeof icd.library_path === "string" ? icd.library_path : undefined;
  } catch {
    return undefined;
  }
}

/** What an interface's drivers for a kernel driver are called, and the packages that bring them. */
interface UserDriver {
  drivers: readonly string[];
  named: RegExp;
  packages: PackageKey | null;
}

const VULKAN_DRIVERS: readonly UserDriver[] = [
  { drivers: ["amdgpu", "radeon"], named: /radeon|amd|amdvlk/i, packages: "vulkan_amd" },
  { drivers: INTEL_DRIVERS, named: /intel/i, packages: "vulkan_intel" },
  { drivers: ["nvidia"], named: /nvidia/i, packages: "vulkan_nvidia" },
  { drivers: ["nouveau"], named: /nouveau/i, packages: "vulkan_nouveau" },
  { drivers: ["virtio-pci", "virtio_gpu"], named: /virtio|gfxstream/i, packages: "vulkan_virtio" },
  { drivers: ["mtgpu"], named: /mt(gpu|hreads)|musa/i, packages: null },
];

const OPENCL_DRIVERS: readonly UserDriver[] = [
  { drivers: ["amdgpu"], named: /amd|rocm|rusticl|mesa/i, packages: "opencl_amd" },
  { drivers: INTEL_DRIVERS, named: /intel|rusticl|mesa/i, packages: "opencl_intel" },
  { drivers: ["nvidia"], named: /nvidia/i, packages: "opencl_nvidia" },
  { drivers: ["mtgpu"], named: /mt(gpu|hreads|cl)|musa/i, packages: null },
];

/** What is to be said of manifests whose library does not load, and of GPUs without a manifest. */
function manifestOutcomes(
  context: DoctorContext,
  manifests: readonly Manifest[],
  table: readonly UserDriver[],
  what: string,
): Outcome[] {
  const outcomes: Outcome[] = [];
  const usable: Manifest[] = [];
  for (const manifest of manifests) {
    const { path, library } = manifest;
    if (isForeign(path) || isForeign(library ?? "")) continue;
    const why = library === undefined
      ? "names no library"
      : whyLibraryMissing(context, library, path);
    if (why === undefined) usable.push(manifest);
    else outcomes.push(bad(why, `install its package again, or remove ${path}`, path));
  }
  for (const { drivers, named, packages } of table) {
    const gpus = context.gpus.filter((gpu: Gpu) =>
      gpu.driver !== null && drivers.includes(gpu.driver)
    );
    if (gpus.length === 0 || usable.some((each) => named.test(each.path + (each.library ?? "")))) {
      continue;
    }
    const fix = packages === null
      ? "install the driver package of the GPU's maker"
      : installCommand(context.distribution, packages);
    outcomes.push(...gpus.map(({ id }) => warn(`no ${what} driver is installed for it`, fix, id)));
  }
  if (outcomes.length > 0) return outcomes;
  return [fine(`${usable.length} ${usable.length === 1 ? "driver is" : "drivers are"} installed`)];
}

function whyLibraryMissing(
  context: DoctorContext,
  library: string,
  beside: string,
): string | undefined {
  const path = findLibrary(context.sysroot, library, beside);
  if (path === undefined) return `its library ${library} is not there`;
  return whyNotLoadable(context, path);
}

const VULKAN_DRIVER: DoctorCheck = {
  id: "vulkan_driver",
  title: "Vulkan drivers",
  applies: (context) => needsGpu(context) ?? needsLibraries(context),
  run: (context) => manifestOutcomes(context, vulkanManifests(context), VULKAN_DRIVERS, "Vulkan"),
};

const OPENCL_DRIVER: DoctorCheck = {
  id: "opencl_driver",
  title: "OpenCL drivers",
  applies: (context) => needsGpu(context) ?? needsLibraries(context),
  run(context) {
    const { sysroot } = context;
    const directory = "/etc/OpenCL/vendors";
    const manifests = sysroot.list(directory).filter((name) => name.endsWith(".icd")).map((
      name,
    ) => ({
      path: `${directory}/${name}`,
      library: sysroot.text(`${directory}/${name}`)?.split("\n")[0]?.trim(),
    }));
    return manifestOutcomes(context, manifests, OPENCL_DRIVERS, "OpenCL");
  },
};

/** Checks of libraries. */
export const LIBRARY_CHECKS: readonly DoctorCheck[] = [
  sonameCheck({
    id: "vulkan_loader",
    title: "Vulkan's loader",
    sonames: ["libvulkan.so.1"],
    drivers: null,
    packages: "vulkan_loader",
    without: "no program can use Vulkan, and mvgal bench measures no GPU",
  }),
  VULKAN_DRIVER,
  sonameCheck({
    id: "opencl_loader",
    title: "OpenCL's loader",
    sonames: ["libOpenCL.so.1"],
    drivers: null,
    packages: "opencl_loader",
    without: "no program can use OpenCL",
  }),
  OPENCL_DRIVER,
  sonameCheck({
    id: "nvml_library",
    title: "NVIDIA's management library",
    sonames: ["libnvidia-ml.so.1"],
    drivers: ["nvidia"],
    packages: "nvml",
    without: "NVIDIA's GPUs have no telemetry and no settings",
  }),
  sonameCheck({
    id: "cuda_library",
    title: "CUDA's driver library",
    sonames: ["libcuda.so.1"],
    drivers: ["nvidia"],
    packages: "cuda",
    without: "no program can use CUDA",
  }),
  sonameCheck({
    id: "level_zero_library",
    title: "Level Zero's loader",
    sonames: ["libze_loader.so.1"],
    drivers: INTEL_DRIVERS,
    packages: "level_zero",
    without: "no program can use Level Zero (oneAPI, SYCL)",
  }),
  sonameCheck({
    id: "hip_library",
    title: "HIP's runtime",
    sonames: ["libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"],
    drivers: ["amdgpu"],
    packages: "hip",
    without: "no program can use HIP (ROCm), unless it brings its own",
  }),
  sonameCheck({
    id: "mtml_library",
    title: "Moore Threads' management library",
    sonames: ["libmtml.so.2", "libmtml.so.1", "libmtml.so"],
    drivers: ["mtgpu"],
    packages: null,
    without: "Moore Threads' GPUs have no telemetry",
  }),
];
