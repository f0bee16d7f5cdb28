import assert from "node:assert/strict";
import { libraryPathOf } from "../../lib/doctor/libraries.ts";
import { findLibrary, isForeign } from "../../lib/doctor/library_files.ts";
import { pciFunction, Tree, type TreeFiles } from "../sysfs/tree.ts";
import { contextOf, type DescribedLive, outcomesOf } from "./described_host.ts";

const LIB = "usr/lib/x86_64-linux-gnu";
const ICD = "usr/share/vulkan/icd.d";

const AMD: TreeFiles = {
  ...pciFunction({
    at: "pci0000:00/0000:01:00.0",
    class: "0x030000",
    vendor: "0x1002",
    device: "0x73ff",
    driver: "amdgpu",
  }),
  [`${LIB}/libc.so.6`]: "",
  "etc/os-release": 'NAME="Fedora"\nID=fedora',
};

const manifest = (library: string) =>
  JSON.stringify({ file_format_version: "1.0.0", ICD: { library_path: library } });

function says(files: TreeFiles, id: string, live: DescribedLive | null = null) {
  using tree = new Tree({ ...AMD, ...files });
  return outcomesOf(id, contextOf(tree.sysroot, live))
    .map(({ state, subject, text, fix }) => [state, subject, text, fix]);
}

Deno.test("vulkan_driver finds manifests whose library is not there", () => {
  const files = {
    [`${ICD}/radeon_icd.x86_64.json`]: manifest("libvulkan_radeon.so"),
    [`${ICD}/lvp_icd.x86_64.json`]: manifest("libvulkan_lvp.so"),
    [`${LIB}/libvulkan_radeon.so`]: "",
  };
  assert.deepEqual(says(files, "vulkan_driver"), [[
    "problem",
    `/${ICD}/lvp_icd.x86_64.json`,
    "its library libvulkan_lvp.so is not there",
    `install its package again, or remove /${ICD}/lvp_icd.x86_64.json`,
  ]]);
});

Deno.test("vulkan_driver finds libraries that need others which are missing", () => {
  const path = `/${LIB}/libvulkan_radeon.so`;
  const files = {
    [`${ICD}/radeon_icd.json`]: manifest(path),
    [path.slice(1)]: "",
  };
  assert.deepEqual(says(files, "vulkan_driver", {})[0]?.[0], "ok");
  const [outcome] = says(files, "vulkan_driver", { missing: { [path]: ["libLLVM.so.19"] } });
  assert.deepEqual(outcome?.slice(0, 3), [
    "problem",
    `/${ICD}/radeon_icd.json`,
    `${path} needs libLLVM.so.19, not found`,
  ]);
});

Deno.test("vulkan_driver says which package brings the driver of a GPU that has none", () => {
  const files = {
    [`${ICD}/lvp_icd.json`]: manifest("libvulkan_lvp.so"),
    [`${LIB}/libvulkan_lvp.so`]: "",
  };
  assert.deepEqual(says(files, "vulkan_driver"), [[
    "warning",
    "pci:0000:01:00.0",
    "no Vulkan driver is installed for it",
    "sudo dnf install mesa-vulkan-drivers",
  ]]);
});

Deno.test("vulkan_driver does not mind manifests of other processors", () => {
  const files = {
    [`${ICD}/radeon_icd.x86_64.json`]: manifest("libvulkan_radeon.so"),
    [`${ICD}/radeon_icd.i686.json`]: manifest("/usr/lib/libvulkan_radeon.so"),
    [`${LIB}/libvulkan_radeon.so`]: "",
  };
  assert.deepEqual(says(files, "vulkan_driver"), [["ok", null, "1 driver is installed", null]]);
});

Deno.test("vulkan_driver searches where VK_DRIVER_FILES says, and nowhere else", () => {
  const files = {
    [`${ICD}/radeon_icd.json`]: manifest("libgone.so"),
    "opt/mine/amd.json": manifest("./libmine.so"),
    "opt/mine/libmine.so": "",
  };
  const env = { VK_DRIVER_FILES: "/opt/mine/amd.json" };
  assert.deepEqual(says(files, "vulkan_driver", { env })[0]?.slice(0, 1), ["ok"]);
});

Deno.test("opencl_driver reads the vendors' files", () => {
  const files = { "etc/OpenCL/vendors/amdocl64.icd": "libamdocl64.so" };
  assert.equal(says(files, "opencl_driver")[0]?.[2], "its library libamdocl64.so is not there");
  const there = {
    ...files,
    "etc/ld.so.conf.d/rocm.conf": "# ROCm\n/opt/rocm-6/lib",
    "opt/rocm-6/lib/libamdocl64.so": "",
  };
  assert.equal(says(there, "opencl_driver")[0]?.[0], "ok");
});

Deno.test("hip_library takes any of its versions", () => {
  assert.deepEqual(says({}, "hip_library")[0]?.slice(0, 1), ["warning"]);
  assert.deepEqual(
    says({ "opt/rocm/lib/libamdhip64.so.6": "" }, "hip_library")[0]?.[2],
    "is /opt/rocm/lib/libamdhip64.so.6",
  );
});

Deno.test("libraries are not judged in a dump that holds none", () => {
  const { [`${LIB}/libc.so.6`]: _, ...bare } = AMD;
  using tree = new Tree(bare);
  for (const id of ["vulkan_loader", "vulkan_driver", "opencl_driver", "hip_library"]) {
    assert.deepEqual(
      outcomesOf(id, contextOf(tree.sysroot)).map(({ state, text }) => [state, text]),
      [
        ["skipped", "the dump holds no libraries"],
      ],
    );
  }
});

Deno.test("findLibrary() takes a relative path from beside the manifest", () => {
  using tree = new Tree({ "opt/a/lib/x.so": "", "x.so": "" });
  assert.equal(findLibrary(tree.sysroot, "../lib/x.so", "/opt/a/icd/m.json"), "/opt/a/lib/x.so");
  assert.equal(findLibrary(tree.sysroot, "lib/x.so"), undefined);
  assert.equal(findLibrary(tree.sysroot, "x.so"), undefined);
});

Deno.test("isForeign() tells 32-bit files by their names", () => {
  assert.equal(isForeign("/a/radeon_icd.i686.json"), true);
  assert.equal(isForeign("/usr/lib/i386-linux-gnu/x.so"), true);
  assert.equal(isForeign("/a/radeon_icd.x86_64.json"), false);
  assert.equal(isForeign("/usr/lib/x86_64-linux-gnu/x.so"), false);
});

Deno.test("libraryPathOf() gives nothing for what is no manifest", () => {
  for (const text of ["", "{", "null", "[]", '{"ICD":null}', '{"ICD":{"library_path":3}}']) {
    assert.equal(libraryPathOf(text), undefined);
  }
  assert.equal(libraryPathOf(manifest("a.so")), "a.so");
});
