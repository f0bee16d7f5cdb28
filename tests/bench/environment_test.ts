import assert from "node:assert/strict";
import { hostEnvironment } from "../../lib/bench/environment.ts";
import { Tree } from "../sysfs/tree.ts";

Deno.test("hostEnvironment() finds the hypervisor, the IOMMU and Vulkan's surroundings", () => {
  using tree = new Tree({
    "proc/cpuinfo": "processor : 0\nflags\t\t: fpu hypervisor lahf_lm",
    "proc/cmdline": "root=/dev/sda quiet intel_iommu=on iommu=pt pcie_aspm=off",
    "sys/class/dmi/id/sys_vendor": "QEMU",
    "sys/class/dmi/id/product_name": "Standard PC",
    "sys/class/iommu/dmar0/devices": "",
    "etc/vulkan/icd.d/nvidia_icd.json": "{}",
    "usr/share/vulkan/icd.d/README": "",
  });
  const environment = hostEnvironment(
    tree.sysroot,
    (name) => name === "RADV_PERFTEST" ? "x" : undefined,
    { version: "1.3.290", layers: ["VK_LAYER_a"] },
  );
  assert.deepEqual(environment, {
    vulkan_loader: "1.3.290",
    vulkan_layers: ["VK_LAYER_a"],
    vulkan_variables: { RADV_PERFTEST: "x" },
    vulkan_drivers: ["/etc/vulkan/icd.d/nvidia_icd.json"],
    virtual_machine: "QEMU Standard PC",
    iommus: ["dmar0"],
    kernel_options: ["intel_iommu=on", "iommu=pt", "pcie_aspm=off"],
  });
});

Deno.test("hostEnvironment() takes the drivers that a variable names, and claims no machine it sees not", () => {
  using tree = new Tree({ "proc/cpuinfo": "flags : fpu" });
  const environment = hostEnvironment(
    tree.sysroot,
    (name) => name === "VK_ICD_FILENAMES" ? "/a.json:/b.json" : undefined,
    null,
  );
  assert.deepEqual(environment.vulkan_drivers, ["/a.json", "/b.json"]);
  assert.equal(environment.virtual_machine, null);
  assert.equal(environment.vulkan_loader, null);
});
