import assert from "node:assert/strict";
import {
  familyOf,
  initramfsCommand,
  installCommand,
  kernelParameterFix,
} from "../../lib/doctor/distribution.ts";

Deno.test("familyOf() takes the id first, then what it is like", () => {
  assert.equal(familyOf("ID=debian"), "debian");
  assert.equal(familyOf('ID=ubuntu\nID_LIKE="debian"'), "ubuntu");
  assert.equal(familyOf('NAME=Mint\nID=linuxmint\nID_LIKE="ubuntu debian"'), "ubuntu");
  assert.equal(familyOf('ID="rocky"\nID_LIKE="rhel centos fedora"'), "fedora");
  assert.equal(familyOf("ID=cachyos\nID_LIKE=arch"), "arch");
  assert.equal(familyOf("ID=opensuse-tumbleweed"), "suse");
  assert.equal(familyOf("VARIANT_ID=debian\nID=nixos"), null);
  assert.equal(familyOf(""), null);
});

Deno.test("installCommand() gives the distribution's command, or all", () => {
  assert.equal(
    installCommand({ family: "arch" }, "vulkan_amd"),
    "sudo pacman -S --needed vulkan-radeon",
  );
  assert.equal(
    installCommand({ family: "ubuntu" }, "vulkan_loader"),
    "sudo apt-get install libvulkan1",
  );
  assert.equal(installCommand({ family: "ubuntu" }, "cuda"), "sudo ubuntu-drivers install");
  assert.match(installCommand({ family: "suse" }, "hip"), /by hand/);
  const all = installCommand({ family: null }, "hip");
  assert.match(all, /^sudo apt-get install \S+ \(debian\); sudo dnf .*\(arch\)$/);
});

Deno.test("initramfsCommand() and kernelParameterFix() are the distribution's own", () => {
  assert.equal(initramfsCommand({ family: "arch" }), "sudo mkinitcpio -P");
  assert.equal(initramfsCommand({ family: "fedora" }), "sudo dracut --force");
  assert.match(kernelParameterFix({ family: "ubuntu" }, "iommu=pt"), /sudo update-grub/);
  assert.match(kernelParameterFix({ family: "suse" }, "iommu=pt"), /grub2-mkconfig/);
});
