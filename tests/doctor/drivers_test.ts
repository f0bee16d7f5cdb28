import assert from "node:assert/strict";
import { blacklistedIn } from "../../lib/doctor/drivers.ts";
import { pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";
import { contextOf, outcomesOf } from "./described_host.ts";

const KERNEL = { "proc/sys/kernel/osrelease": "6.1.0-18-amd64" };
const MODULES = "lib/modules/6.1.0-18-amd64/modules.dep";

function gpu(vendor: string, driver?: string, device = "0x2704"): TreeFiles {
  const at = "pci0000:00/0000:01:00.0";
  const of = { at, class: "0x030000", vendor, device };
  return pciFunction(driver === undefined ? of : { ...of, driver });
}

function says(files: TreeFiles, id: string) {
  using tree = new Tree({ "etc/os-release": "ID=debian", ...files });
  return outcomesOf(id, contextOf(tree.sysroot)).map(({ state, text, fix }) => [state, text, fix]);
}

Deno.test("driver_bound says which module drives a GPU that has no driver", () => {
  assert.deepEqual(says({ ...gpu("0x1002"), ...KERNEL }, "driver_bound"), [
    ["problem", "has no driver", "sudo modprobe amdgpu; then: sudo dmesg | grep -i amdgpu"],
  ]);
});

Deno.test("driver_bound knows which of a vendor's drivers is for the device", () => {
  const module = (vendor: string, device: string) =>
    /^sudo modprobe (\w+);/.exec(`${says(gpu(vendor, undefined, device), "driver_bound")[0]?.[2]}`)
      ?.[1];
  assert.equal(module("0x8086", "0x9a49"), "i915"); // Tiger Lake
  assert.equal(module("0x8086", "0x56a0"), "i915"); // Arc A770
  assert.equal(module("0x8086", "0x64a0"), "xe"); // Lunar Lake
  assert.equal(module("0x8086", "0xe20b"), "xe"); // Battlemage
  assert.equal(module("0x1002", "0x68b8"), "radeon"); // Juniper
  assert.equal(module("0x1002", "0x9903"), "radeon"); // Trinity
  assert.equal(module("0x1002", "0x6818"), "amdgpu"); // Pitcairn
  assert.equal(module("0x1002", "0x687f"), "amdgpu"); // Vega 10
  assert.equal(module("0x10de", "0x1180"), "nouveau"); // Kepler
  assert.equal(module("0x10de", "0x1b80"), "nvidia"); // Pascal
});

Deno.test("nvidia_module names no open modules for a GPU from before Turing", () => {
  const fix = (device: string, distribution: string) =>
    says(
      { ...gpu("0x10de", "nouveau", device), "etc/os-release": `ID=${distribution}` },
      "nvidia_module",
    )[0]?.[2];
  assert.match(`${fix("0x1e04", "arch")}`, /nvidia-open/); // Turing
  for (const distribution of ["arch", "debian", "fedora", "opensuse"]) {
    const old = fix("0x1380", distribution); // Maxwell
    assert.equal(typeof old, "string");
    assert.doesNotMatch(`${old}`, /open-driver|nvidia-open/, distribution);
  }
  assert.match(`${fix("0x1380", "fedora")}`, /akmod-nvidia-580xx/);
  // Kepler: nouveau is all there is.
  assert.equal(fix("0x1180", "arch"), null);
});

Deno.test("driver_bound names the package where NVIDIA's driver is not installed", () => {
  const without = {
    ...gpu("0x10de"),
    ...KERNEL,
    [MODULES]: "kernel/drivers/gpu/drm/nouveau/nouveau.ko:",
  };
  assert.equal(
    says(without, "driver_bound")[0]?.[2],
    "sudo apt-get install nvidia-driver (from non-free)",
  );
  const installed = { ...without, [MODULES]: "updates/dkms/nvidia.ko.xz: x.ko" };
  assert.match(`${says(installed, "driver_bound")[0]?.[2]}`, /^sudo modprobe nvidia;/);
});

Deno.test("driver_bound takes a GPU that is held for virtual machines for no fault", () => {
  for (const driver of ["vfio-pci", "nvgrace-gpu-vfio-pci", "gim", "pci-pf-stub"]) {
    const [outcome] = says(gpu("0x10de", driver), "driver_bound");
    assert.equal(outcome?.[0], "ok");
    assert.match(`${outcome?.[1]}`, new RegExp(`^is held by ${driver} for virtual machines`));
  }
});

Deno.test("driver_bound does not mind a hypervisor's VGA without a driver", () => {
  const console = pciFunction({
    at: "pci0000:00/0000:00:01.0",
    class: "0x030000",
    vendor: "0x1234",
    device: "0x1111",
  });
  assert.deepEqual(says(console, "driver_bound"), [["skipped", "no GPU was found", null]]);
});

Deno.test("driver_blacklisted names the file, by modprobe's order, and the line", () => {
  const files = {
    ...gpu("0x1002"),
    "etc/modprobe.d/amd.conf": "# blacklist radeon\nblacklist amdgpu",
    "usr/lib/modprobe.d/amd.conf": "blacklist radeon",
  };
  assert.deepEqual(says(files, "driver_blacklisted"), [[
    "problem",
    "its driver amdgpu is kept from being loaded by /etc/modprobe.d/amd.conf",
    "remove the line of amdgpu from /etc/modprobe.d/amd.conf, then sudo update-initramfs -u " +
    "and reboot",
  ]]);
});

Deno.test("driver_blacklisted reads the kernel's command line", () => {
  const files = {
    ...gpu("0x8086"),
    "etc/modprobe.d/x": "",
    "proc/cmdline": "quiet modprobe.blacklist=nouveau,i915 x=1",
  };
  assert.match(
    `${says(files, "driver_blacklisted")[0]?.[1]}`,
    /its driver i915 is kept from being loaded by the kernel's command line/,
  );
});

Deno.test("driver_blacklisted does not mind a module that no GPU waits for", () => {
  const files = { ...gpu("0x10de", "nvidia"), "etc/modprobe.d/n.conf": "blacklist nouveau" };
  assert.deepEqual(says(files, "driver_blacklisted"), [["ok", "none is", null]]);
});

Deno.test("blacklistedIn() reads blacklist lines and installs of nothing", () => {
  const text =
    "blacklist nvidia-drm\n install i915 /bin/false\ninstall xe /sbin/modprobe xe\n#blacklist a";
  assert.deepEqual(blacklistedIn(text), ["nvidia_drm", "i915"]);
});

Deno.test("nvidia_module tells an installed driver that is not used from one that is missing", () => {
  const nouveau = { ...gpu("0x10de", "nouveau"), ...KERNEL };
  assert.equal(says(nouveau, "nvidia_module")[0]?.[0], "warning");
  const installed = { ...nouveau, [MODULES]: "updates/nvidia.ko: x" };
  const [outcome] = says(installed, "nvidia_module");
  assert.equal(outcome?.[0], "problem");
  assert.match(`${outcome?.[2]}`, /'blacklist nouveau' to \/etc\/modprobe\.d/);
});

Deno.test("nvidia_version finds libraries of another version than the driver", () => {
  const directory = "usr/lib/x86_64-linux-gnu";
  const host = (library: string): TreeFiles => ({
    ...gpu("0x10de", "nvidia"),
    "proc/driver/nvidia/version":
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024",
    [`${directory}/libnvidia-ml.so.${library}`]: "",
    [`${directory}/libnvidia-ml.so.1`]: { link: `libnvidia-ml.so.${library}` },
  });
  assert.deepEqual(says(host("550.54.15"), "nvidia_version"), [["ok", "both are 550.54.15", null]]);
  const [outcome] = says(host("550.90.07"), "nvidia_version");
  assert.equal(outcome?.[0], "problem");
  assert.match(`${outcome?.[1]}`, /is 550\.54\.15, the libraries are 550\.90\.07: .*mismatch/);
  assert.match(`${outcome?.[2]}`, /^sudo reboot/);
});

Deno.test("nvidia_version does not guess where a version is not known", () => {
  assert.equal(says(gpu("0x10de", "nvidia"), "nvidia_version")[0]?.[0], "skipped");
});
