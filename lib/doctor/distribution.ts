/**
 * What packages are called, and how they are installed.
 *
 * @module
 */

import type { Sysroot } from "../sysfs/sysroot.ts";

/** The families of distributions for which fixes are known. */
export type Family = "debian" | "ubuntu" | "fedora" | "arch" | "suse";

/** Those whose packages have names of their own: Ubuntu's are Debian's, NVIDIA's driver apart. */
type Naming = Exclude<Family, "ubuntu">;

/** A distribution. */
export interface Distribution {
  /** Null for one of no family that is known. */
  readonly family: Family | null;
}

/** What is missing, and the packages that bring it; empty where the distribution has none. */
const PACKAGES = {
  vulkan_loader: {
    debian: "libvulkan1",
    fedora: "vulkan-loader",
    arch: "vulkan-icd-loader",
    suse: "libvulkan1",
  },
  vulkan_amd: {
    debian: "mesa-vulkan-drivers",
    fedora: "mesa-vulkan-drivers",
    arch: "vulkan-radeon",
    suse: "libvulkan_radeon",
  },
  vulkan_intel: {
    debian: "mesa-vulkan-drivers",
    fedora: "mesa-vulkan-drivers",
    arch: "vulkan-intel",
    suse: "libvulkan_intel",
  },
  vulkan_nvidia: {
    debian: "nvidia-vulkan-icd",
    fedora: "xorg-x11-drv-nvidia-libs",
    arch: "nvidia-utils",
    suse: "nvidia-gl-G06",
  },
  vulkan_nouveau: {
    debian: "mesa-vulkan-drivers",
    fedora: "mesa-vulkan-drivers",
    arch: "vulkan-nouveau",
    suse: "libvulkan_nouveau",
  },
  vulkan_virtio: {
    debian: "mesa-vulkan-drivers",
    fedora: "mesa-vulkan-drivers",
    arch: "vulkan-virtio",
    suse: "",
  },
  opencl_loader: {
    debian: "ocl-icd-libopencl1",
    fedora: "ocl-icd",
    arch: "ocl-icd",
    suse: "libOpenCL1",
  },
  opencl_amd: {
    debian: "mesa-opencl-icd",
    fedora: "rocm-opencl",
    arch: "rocm-opencl-runtime",
    suse: "Mesa-libRusticlOpenCL",
  },
  opencl_intel: {
    debian: "intel-opencl-icd",
    fedora: "intel-compute-runtime",
    arch: "intel-compute-runtime",
    suse: "intel-opencl",
  },
  opencl_nvidia: {
    debian: "nvidia-opencl-icd",
    fedora: "xorg-x11-drv-nvidia-cuda-libs",
    arch: "opencl-nvidia",
    suse: "nvidia-compute-G06",
  },
  level_zero: {
    debian: "libze1",
    fedora: "oneapi-level-zero intel-level-zero",
    arch: "level-zero-loader intel-compute-runtime",
    suse: "libze_loader1 libze_intel_gpu1",
  },
  hip: { debian: "libamdhip64-5", fedora: "rocm-hip", arch: "hip-runtime-amd", suse: "" },
  cuda: {
    debian: "libcuda1",
    fedora: "xorg-x11-drv-nvidia-cuda-libs",
    arch: "nvidia-utils",
    suse: "nvidia-compute-G06",
  },
  nvml: {
    debian: "libnvidia-ml1",
    fedora: "xorg-x11-drv-nvidia-cuda-libs",
    arch: "nvidia-utils",
    suse: "nvidia-compute-G06",
  },
  nvidia_driver: {
    debian: "nvidia-driver",
    fedora: "akmod-nvidia",
    arch: "nvidia-open",
    suse: "nvidia-open-driver-G06-signed-kmp-default",
  },
  // The last branch with the closed modules: the open ones are for Turing and later.
  nvidia_driver_580: {
    debian: "nvidia-driver",
    fedora: "akmod-nvidia-580xx",
    arch: "",
    suse: "nvidia-driver-G06-kmp-default",
  },
  nvidia_persistenced: {
    debian: "nvidia-persistenced",
    fedora: "nvidia-persistenced",
    arch: "nvidia-utils",
    suse: "nvidia-persistenced",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<Naming, string>>>>;

/** Something that packages bring. */
export type PackageKey = keyof typeof PACKAGES;

const INSTALL: Readonly<Record<Naming, string>> = {
  debian: "apt-get install",
  fedora: "dnf install",
  arch: "pacman -S --needed",
  suse: "zypper install",
};

/** The `ID` and `ID_LIKE` values of os-release(5) that mean a family. */
const IDS: Readonly<Record<Family, readonly string[]>> = {
  ubuntu: ["ubuntu"],
  debian: ["debian"],
  fedora: ["fedora", "rhel", "centos"],
  arch: ["arch", "archlinux"],
  suse: ["suse", "opensuse", "sles"],
};

const FAMILIES = Object.keys(IDS) as Family[];
const NAMINGS = Object.keys(INSTALL) as Naming[];

/** What comes with NVIDIA's driver, of which Ubuntu has a package a version. */
const WITH_NVIDIA: readonly PackageKey[] = [
  "vulkan_nvidia",
  "opencl_nvidia",
  "cuda",
  "nvml",
  "nvidia_driver",
  "nvidia_driver_580",
  "nvidia_persistenced",
];

/** The family of a distribution by the text of `/etc/os-release`; null for any other. */
export function familyOf(osRelease: string): Family | null {
  const field = (name: string) =>
    new RegExp(`^${name}=(["']?)(.*)\\1\\s*$`, "m").exec(osRelease)?.[2]?.toLowerCase() ?? "";
  for (const id of `${field("ID")} ${field("ID_LIKE")}`.split(/\s+/)) {
    const family = FAMILIES.find((name) =>
      IDS[name].some((known) => id === known || id.startsWith(`${known}-`))
    );
    if (family !== undefined) return family;
  }
  return null;
}

/** The distribution of a host, from its files. */
export function readDistribution(sysroot: Sysroot): Distribution {
  const text = sysroot.text("/etc/os-release") ?? sysroot.text("/usr/lib/os-release") ?? "";
  return { family: familyOf(text) };
}

/** The command that installs it: the distribution's own, or one a family. */
export function installCommand({ family }: Distribution, key: PackageKey): string {
  const packages = PACKAGES[key];
  const line = (each: Naming) => `sudo ${INSTALL[each]} ${packages[each]}`;
  if (family === "ubuntu") {
    return WITH_NVIDIA.includes(key) ? "sudo ubuntu-drivers install" : line("debian");
  }
  if (family === "debian" && WITH_NVIDIA.includes(key)) return `${line(family)} (from non-free)`;
  if (family !== null) {
    return packages[family] !== "" ? line(family) : "install it by hand: no package has it here";
  }
  return NAMINGS.filter((each) => packages[each] !== "")
    .map((each) => `${line(each)} (${each})`).join("; ");
}

/** The command that makes the image anew with which the kernel starts, after modprobe's files changed. */
export function initramfsCommand({ family }: Distribution): string {
  switch (family) {
    case "debian":
    case "ubuntu":
      return "sudo update-initramfs -u";
    case "arch":
      return "sudo mkinitcpio -P";
    case "fedora":
    case "suse":
      return "sudo dracut --force";
    case null:
      return "make the initramfs anew";
  }
}

/** How to add a parameter to the kernel's command line. */
export function kernelParameterFix({ family }: Distribution, parameter: string): string {
  if (family === "fedora") {
    return `sudo grubby --update-kernel=ALL --args=${parameter}, then reboot`;
  }
  const make = family === "debian" || family === "ubuntu"
    ? "sudo update-grub"
    : family === "suse"
    ? "sudo grub2-mkconfig -o /boot/grub2/grub.cfg"
    : "sudo grub-mkconfig -o /boot/grub/grub.cfg";
  return `add ${parameter} to GRUB_CMDLINE_LINUX in /etc/default/grub, then ${make} and reboot`;
}
