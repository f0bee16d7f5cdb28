/**
 * What mvgal needs from a host, in one table: to run (`start`), and to run its tests.
 *
 * @module
 */

import { hasCommand, hasFile, hasLibrary, hasOpenclDriver, hasVulkanDriver } from "./probe.ts";
import type { Host } from "./probe.ts";
import type { Packaged } from "./packages.ts";

/** One thing that a host may lack. */
export interface Requirement extends Packaged {
  /** What is lost without it, as a clause: "GPUs are not measured". */
  readonly without: string;
  /** Whether it is for the program itself or for its tests alone. */
  readonly for: "start" | "tests";
  /** Looks for its files; starts nothing. */
  present(host: Host): boolean;
}

/** A package that every distribution gives the same name. */
function everywhere(name: string): Packaged["packages"] {
  return { apt: [name], dnf: [name], pacman: [name], zypper: [name] };
}

/** All requirements; those of `start` first. */
export const requirements: readonly Requirement[] = [
  {
    id: "C compiler",
    without: "the C shims are not built, and the host is not measured",
    for: "start",
    present: (host) => hasCommand(host, "cc", "gcc", "clang"),
    packages: everywhere("gcc"),
  },
  {
    id: "C library headers",
    without: "the C shims are not built, and the host is not measured",
    for: "start",
    present: (host) => hasFile(host, "/usr/include/stdio.h"),
    packages: {
      apt: ["libc6-dev"],
      dnf: ["glibc-devel"],
      pacman: ["glibc"],
      zypper: ["glibc-devel"],
    },
  },
  {
    id: "make",
    without: "the C shims are not built, and the host is not measured",
    for: "start",
    present: (host) => hasCommand(host, "make"),
    packages: everywhere("make"),
  },
  {
    id: "OpenCL headers",
    without: "the OpenCL shim is not built",
    for: "start",
    present: (host) => hasFile(host, "/usr/include/CL/cl_icd.h"),
    packages: {
      apt: ["opencl-c-headers"],
      dnf: ["opencl-headers"],
      pacman: ["opencl-headers"],
      zypper: ["opencl-headers"],
    },
  },
  {
    id: "static libzstd",
    without: "the launcher of the single executable is not built",
    for: "start",
    present: (host) => hasLibrary(host, "libzstd.a") && hasFile(host, "/usr/include/zstd.h"),
    packages: {
      apt: ["libzstd-dev"],
      dnf: ["libzstd-devel", "libzstd-static"],
      pacman: [],
      zypper: ["libzstd-devel", "libzstd-devel-static"],
    },
  },
  {
    id: "Vulkan loader",
    without: "GPUs are not measured",
    for: "start",
    present: (host) => hasLibrary(host, "libvulkan.so.1"),
    packages: {
      apt: ["libvulkan1"],
      dnf: ["vulkan-loader"],
      pacman: ["vulkan-icd-loader"],
      zypper: ["libvulkan1"],
    },
  },
  {
    id: "Vulkan driver",
    without: "GPUs are not measured",
    for: "start",
    present: (host) => hasVulkanDriver(host),
    packages: {
      apt: ["mesa-vulkan-drivers"],
      dnf: ["mesa-vulkan-drivers"],
      pacman: ["vulkan-swrast"],
      zypper: ["libvulkan_radeon", "libvulkan_intel", "libvulkan_lvp"],
    },
  },
  {
    id: "lavapipe",
    without: "tests on Mesa's software Vulkan device are skipped",
    for: "tests",
    present: (host) => hasVulkanDriver(host, /(^|\/)lvp_icd[^/]*\.json$/),
    packages: {
      apt: ["mesa-vulkan-drivers"],
      dnf: ["mesa-vulkan-drivers"],
      pacman: ["vulkan-swrast"],
      zypper: ["libvulkan_lvp"],
    },
  },
  {
    id: "SwiftShader",
    without: "tests on a second software Vulkan device, and in a browser, are skipped",
    for: "tests",
    present: (host) =>
      hasFile(
        host,
        "/usr/lib/chromium/vk_swiftshader_icd.json",
        "/usr/lib64/chromium/vk_swiftshader_icd.json",
        "/usr/lib64/chromium-browser/vk_swiftshader_icd.json",
      ),
    packages: everywhere("chromium"),
  },
  {
    id: "Vulkan headers and registry",
    without: "tests of the generated Vulkan bindings are skipped",
    for: "tests",
    present: (host) =>
      hasFile(host, "/usr/include/vulkan/vulkan.h") &&
      hasFile(host, "/usr/share/vulkan/registry/vk.xml"),
    packages: {
      apt: ["libvulkan-dev"],
      dnf: ["vulkan-headers", "vulkan-loader-devel"],
      pacman: ["vulkan-headers"],
      zypper: ["vulkan-headers", "vulkan-devel"],
    },
  },
  {
    id: "spirv-val",
    without: "assembled SPIR-V modules are not validated",
    for: "tests",
    present: (host) => hasCommand(host, "spirv-val"),
    packages: everywhere("spirv-tools"),
  },
  {
    id: "vulkaninfo",
    without: "comparisons with vulkaninfo are skipped",
    for: "tests",
    present: (host) => hasCommand(host, "vulkaninfo"),
    packages: everywhere("vulkan-tools"),
  },
  {
    id: "OpenCL loader",
    without: "tests of OpenCL are skipped",
    for: "tests",
    present: (host) => hasLibrary(host, "libOpenCL.so.1"),
    packages: {
      apt: ["ocl-icd-libopencl1"],
      dnf: ["ocl-icd"],
      pacman: ["ocl-icd"],
      zypper: ["libOpenCL1"],
    },
  },
  {
    id: "PoCL",
    without: "tests on a software OpenCL device are skipped",
    for: "tests",
    present: (host) => hasOpenclDriver(host, /^pocl.*\.icd$/),
    packages: { apt: ["pocl-opencl-icd"], dnf: ["pocl"], pacman: ["pocl"], zypper: ["pocl"] },
  },
  {
    id: "Oclgrind",
    without: "an OpenCL pool of two vendors is not tested",
    for: "tests",
    present: (host) => hasFile(host, "/usr/lib/oclgrind/liboclgrind-rt-icd.so"),
    packages: { apt: ["oclgrind"], dnf: [], pacman: [], zypper: [] },
  },
  {
    id: "LLVM 15 to SPIR-V",
    without: "OpenCL programs of SPIR-V are not tested",
    for: "tests",
    present: (host) => hasCommand(host, "clang-15") && hasCommand(host, "llvm-spirv-15"),
    packages: { apt: ["clang-15", "llvm-spirv-15"], dnf: [], pacman: [], zypper: [] },
  },
  {
    id: "rusticl",
    without: "launches are not split between OpenCL devices of two vendors",
    for: "tests",
    present: (host) => hasOpenclDriver(host, /^rusticl.*\.icd$/),
    packages: {
      apt: ["mesa-opencl-icd"],
      dnf: ["mesa-libOpenCL"],
      pacman: ["opencl-mesa"],
      zypper: [],
    },
  },
  {
    id: "clinfo",
    without: "what a pooled OpenCL device says of itself is not compared",
    for: "tests",
    present: (host) => hasCommand(host, "clinfo"),
    packages: everywhere("clinfo"),
  },
  {
    id: "ffmpeg",
    without: "its OpenCL filters are not run on a pooled device",
    for: "tests",
    present: (host) => hasCommand(host, "ffmpeg"),
    packages: { apt: ["ffmpeg"], dnf: ["ffmpeg-free"], pacman: ["ffmpeg"], zypper: ["ffmpeg"] },
  },
  {
    id: "libdrm",
    without: "tests of the DRM bindings are skipped",
    for: "tests",
    present: (host) => hasLibrary(host, "libdrm.so.2") && hasFile(host, "/usr/include/xf86drm.h"),
    packages: {
      apt: ["libdrm2", "libdrm-dev"],
      dnf: ["libdrm", "libdrm-devel"],
      pacman: ["libdrm"],
      zypper: ["libdrm2", "libdrm-devel"],
    },
  },
  {
    id: "QEMU",
    without: "tests in a virtual machine are skipped",
    for: "tests",
    present: (host) => hasCommand(host, "qemu-system-x86_64"),
    packages: {
      apt: ["qemu-system-x86"],
      dnf: ["qemu-system-x86-core"],
      pacman: ["qemu-system-x86"],
      zypper: ["qemu-x86"],
    },
  },
  {
    id: "static busybox",
    without: "tests in a virtual machine are skipped",
    for: "tests",
    present: (host) => hasCommand(host, "busybox"),
    packages: {
      apt: ["busybox-static"],
      dnf: ["busybox"],
      pacman: ["busybox"],
      zypper: ["busybox-static"],
    },
  },
  {
    id: "tmux",
    without: "the live screen is not driven by tests",
    for: "tests",
    present: (host) => hasCommand(host, "tmux"),
    packages: everywhere("tmux"),
  },
  {
    id: "clpeak",
    without: "comparisons with clpeak are skipped",
    for: "tests",
    present: (host) => hasCommand(host, "clpeak"),
    packages: { apt: ["clpeak"], dnf: ["clpeak"], pacman: [], zypper: ["clpeak"] },
  },
  {
    id: "valgrind",
    without: "the C shims are not tested under valgrind",
    for: "tests",
    present: (host) => hasCommand(host, "valgrind"),
    packages: everywhere("valgrind"),
  },
  {
    id: "promtool",
    without: "the metrics are not checked by Prometheus, nor scraped by it",
    for: "tests",
    present: (host) => hasCommand(host, "promtool"),
    packages: {
      apt: ["prometheus"],
      dnf: ["golang-github-prometheus"],
      pacman: ["prometheus"],
      zypper: ["golang-github-prometheus-prometheus"],
    },
  },
  {
    id: "openssl",
    without: "the API is not tested over TLS",
    for: "tests",
    present: (host) => hasCommand(host, "openssl"),
    packages: everywhere("openssl"),
  },
  {
    id: "libfaketime",
    without: "the host's clock is not set under the service",
    for: "tests",
    present: (host) =>
      hasFile(
        host,
        ...["x86_64", "aarch64"].map((arch) =>
          `/usr/lib/${arch}-linux-gnu/faketime/libfaketimeMT.so.1`
        ),
        "/usr/lib64/faketime/libfaketimeMT.so.1",
        "/usr/lib/faketime/libfaketimeMT.so.1",
      ),
    packages: everywhere("libfaketime"),
  },
  {
    id: "Vulkan validation layer",
    without: "the calls of the logical device are not validated",
    for: "tests",
    present: (host) =>
      hasFile(host, "/usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json"),
    packages: {
      apt: ["vulkan-validationlayers"],
      dnf: ["vulkan-validation-layers"],
      pacman: ["vulkan-validation-layers"],
      zypper: ["vulkan-validationlayers"],
    },
  },
];
