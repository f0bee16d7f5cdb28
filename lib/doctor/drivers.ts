/**
 * Checks of kernel drivers.
 *
 * @module
 */

import { parseNvidiaVersion } from "../discovery/nvidia.ts";
import type { Gpu } from "../gpu/gpu.ts";
import {
  bad,
  type DoctorCheck,
  type DoctorContext,
  fine,
  needsDriver,
  needsGpu,
  type Outcome,
  warn,
} from "./check.ts";
import { initramfsCommand, installCommand } from "./distribution.ts";
import { libraryTarget } from "./library_files.ts";
import { modulesOf, nvidiaPackage } from "./modules.ts";

/** Drivers that hold a device for virtual machines; `nvgrace-gpu-vfio-pci` and the like beside them. */
const FOR_GUESTS: readonly string[] = ["xen-pciback", "pci-stub", "pci-pf-stub", "gim"];

const isForGuests = (driver: string) => FOR_GUESTS.includes(driver) || driver.endsWith("vfio-pci");

/** Where modprobe.d(5) looks, the first that has a file of a name counts. */
const MODPROBE_DIRECTORIES: readonly string[] = [
  "/etc/modprobe.d",
  "/run/modprobe.d",
  "/usr/local/lib/modprobe.d",
  "/usr/lib/modprobe.d",
  "/lib/modprobe.d",
];

const DRIVER_BOUND: DoctorCheck = {
  id: "driver_bound",
  title: "A driver for each GPU",
  applies: needsGpu,
  run: (context) =>
    context.gpus.filter(({ pci_slot }) => pci_slot !== null).map((gpu) => boundTo(context, gpu)),
};

function boundTo(context: DoctorContext, gpu: Gpu): Outcome {
  const { id, driver } = gpu;
  if (driver !== null && isForGuests(driver)) {
    return fine(
      `is held by ${driver} for virtual machines: programs of the host cannot use it`,
      id,
    );
  }
  if (driver !== null) return fine(`is driven by ${driver}`, id);
  const [module] = modulesOf(gpu);
  if (module === undefined) return warn("has no driver, and none is known for its maker", null, id);
  const brings = module === "nvidia" ? nvidiaPackage(gpu) : null;
  if (brings !== null && isInstalled(context, module) === false) {
    return bad("has no driver", installCommand(context.distribution, brings), id);
  }
  return bad("has no driver", `sudo modprobe ${module}; then: sudo dmesg | grep -i ${module}`, id);
}

/** Whether a module is among those of the running kernel; undefined where that is not known. */
function isInstalled({ sysroot, kernel }: DoctorContext, module: string): boolean | undefined {
  if (kernel === null) return undefined;
  const directory = `/lib/modules/${kernel}`;
  // Several thousand lines of text: more than an attribute.
  const bytes = sysroot.bytes(`${directory}/modules.dep`, 4 * 2 ** 20);
  if (bytes === undefined) return undefined;
  const name = module.replaceAll("_", "[_-]");
  return new RegExp(`(^|/)${name}\\.ko(\\.\\w+)?:`, "m").test(new TextDecoder().decode(bytes));
}

/** A line that keeps a module from being loaded, and where it is. */
interface Blacklisting {
  module: string;
  where: string;
}

/** The modules that a file of modprobe.d(5) keeps from being loaded. */
export function blacklistedIn(text: string): string[] {
  return text.split("\n").flatMap((line) =>
    /^\s*(?:blacklist\s+(\S+)|install\s+(\S+)\s+\/(?:usr\/)?bin\/(?:true|false))\s*$/.exec(line)
      ?.slice(1)
      .find((name) => name !== undefined) ?? []
  ).map((name) => name.replaceAll("-", "_"));
}

function blacklistings({ sysroot }: DoctorContext): Blacklisting[] {
  const seen = new Set<string>();
  const found: Blacklisting[] = [];
  for (const directory of MODPROBE_DIRECTORIES) {
    for (const file of sysroot.list(directory)) {
      if (!file.endsWith(".conf") || seen.has(file)) continue;
      seen.add(file);
      const where = `${directory}/${file}`;
      for (const module of blacklistedIn(sysroot.text(where) ?? "")) found.push({ module, where });
    }
  }
  const line = sysroot.text("/proc/cmdline") ?? "";
  for (const [, names = ""] of line.matchAll(/(?:^|\s)(?:modprobe|module)[._]blacklist=(\S+)/g)) {
    for (const module of names.split(",")) {
      found.push({ module: module.replaceAll("-", "_"), where: "the kernel's command line" });
    }
  }
  return found;
}

const DRIVER_BLACKLISTED: DoctorCheck = {
  id: "driver_blacklisted",
  title: "No driver of a GPU is kept from being loaded",
  applies: (context) =>
    needsGpu(context) ??
      (MODPROBE_DIRECTORIES.some((path) => context.sysroot.kind(path) !== undefined)
        ? null
        : "no directory of modprobe.d(5) is there"),
  run(context) {
    const listed = blacklistings(context);
    const outcomes = context.gpus.filter(({ driver }) => driver === null).flatMap((gpu) =>
      listed.filter(({ module }) => modulesOf(gpu).includes(module)).map(
        ({ module, where }) =>
          bad(
            `its driver ${module} is kept from being loaded by ${where}`,
            where.startsWith("/")
              ? `remove the line of ${module} from ${where}, then ` +
                `${initramfsCommand(context.distribution)} and reboot`
              : `remove it there (/etc/default/grub), and reboot`,
            gpu.id,
          ),
      )
    );
    return outcomes.length > 0 ? outcomes : [fine("none is")];
  },
};

const NVIDIA_MODULE: DoctorCheck = {
  id: "nvidia_module",
  title: "NVIDIA's own driver where it is installed",
  applies: (context) => needsDriver(context, "nouveau"),
  run: (context) =>
    context.gpus.filter(({ driver }) => driver === "nouveau").map((gpu) => byNouveau(context, gpu)),
};

function byNouveau(context: DoctorContext, gpu: Gpu): Outcome {
  const { distribution } = context;
  if (isInstalled(context, "nvidia") === true) {
    return bad(
      "is driven by nouveau, though NVIDIA's driver is installed: no CUDA, and little telemetry",
      "write 'blacklist nouveau' to /etc/modprobe.d/mvgal-nouveau.conf, then " +
        `${initramfsCommand(distribution)} and reboot`,
      gpu.id,
    );
  }
  const brings = nvidiaPackage(gpu);
  return brings === null
    ? fine("is driven by nouveau, and too old for the drivers that NVIDIA maintains", gpu.id)
    : warn(
      "is driven by nouveau: no CUDA, and little telemetry",
      installCommand(distribution, brings),
      gpu.id,
    );
}

const NVIDIA_VERSION: DoctorCheck = {
  id: "nvidia_version",
  title: "NVIDIA's libraries are of the version of its driver",
  applies: (context) => needsDriver(context, "nvidia"),
  run({ sysroot }) {
    const module = parseNvidiaVersion(sysroot.text("/proc/driver/nvidia/version") ?? "");
    const file = libraryTarget(sysroot, "libnvidia-ml.so.1");
    const library = /\.so\.(\d{3}\.[\d.]+)$/.exec(file ?? "")?.[1];
    if (module === undefined || library === undefined) {
      const what = module === undefined
        ? "/proc/driver/nvidia/version does not say the driver's"
        : "no libnvidia-ml.so.1 that says its version is in the usual directories";
      return [{ state: "skipped", subject: null, text: what, fix: null }];
    }
    if (module === library) return [fine(`both are ${module}`)];
    return [bad(
      `the driver that is loaded is ${module}, the libraries are ${library}: every program fails ` +
        'with "Driver/library version mismatch"',
      "sudo reboot (or, with no program on the GPUs: sudo rmmod nvidia_uvm nvidia_drm " +
        "nvidia_modeset nvidia && sudo modprobe nvidia)",
    )];
  },
};

/** Checks of kernel drivers. */
export const DRIVER_CHECKS: readonly DoctorCheck[] = [
  DRIVER_BOUND,
  DRIVER_BLACKLISTED,
  NVIDIA_MODULE,
  NVIDIA_VERSION,
];
