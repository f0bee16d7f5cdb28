import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { aptInstall, listsAgeDays, rootPrivilege, type Runner } from "../../scripts/setup/apt.ts";
import {
  installLines,
  managers,
  nativeManager,
  type PackageManager,
  packagesFor,
} from "../../scripts/setup/packages.ts";
import { hasCommand, hasLibrary, hasVulkanDriver, type Host } from "../../scripts/setup/probe.ts";
import { requirements } from "../../scripts/setup/requirements.ts";

/** A root directory that holds the given files, empty ones; removed when disposed. */
function rootWith(paths: readonly string[], env: Host["env"] = {}): Host & Disposable {
  const root = Deno.makeTempDirSync();
  for (const path of paths) {
    Deno.mkdirSync(join(root, dirname(path)), { recursive: true });
    Deno.writeTextFileSync(join(root, path), "");
  }
  return { root, env, [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }) };
}

/** Files that bring each requirement, as the distributions lay them out. */
const FILES: Record<string, string[][]> = {
  "C compiler": [["/usr/bin/cc"], ["/usr/bin/clang"]],
  "C library headers": [["/usr/include/stdio.h"]],
  "make": [["/usr/bin/make"]],
  "static libzstd": [
    ["/usr/lib/x86_64-linux-gnu/libzstd.a", "/usr/include/zstd.h"],
    ["/usr/lib64/libzstd.a", "/usr/include/zstd.h"],
  ],
  "Vulkan loader": [
    ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1"],
    ["/usr/lib/aarch64-linux-gnu/libvulkan.so.1"],
    ["/usr/lib64/libvulkan.so.1"],
    ["/usr/lib/libvulkan.so.1"],
  ],
  "Vulkan driver": [
    ["/usr/share/vulkan/icd.d/radeon_icd.x86_64.json"],
    ["/etc/vulkan/icd.d/nvidia_icd.json"],
  ],
  "lavapipe": [["/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"]],
  "SwiftShader": [
    ["/usr/lib/chromium/vk_swiftshader_icd.json"],
    ["/usr/lib64/chromium-browser/vk_swiftshader_icd.json"],
  ],
  "Vulkan headers and registry": [
    ["/usr/include/vulkan/vulkan.h", "/usr/share/vulkan/registry/vk.xml"],
  ],
  "spirv-val": [["/usr/bin/spirv-val"]],
  "vulkaninfo": [["/usr/bin/vulkaninfo"]],
  "OpenCL loader": [["/usr/lib/x86_64-linux-gnu/libOpenCL.so.1"]],
  "PoCL": [["/etc/OpenCL/vendors/pocl.icd"], ["/etc/OpenCL/vendors/pocl-x86_64.icd"]],
  "OpenCL headers": [["/usr/include/CL/cl_icd.h"]],
  "libdrm": [["/usr/lib/x86_64-linux-gnu/libdrm.so.2", "/usr/include/xf86drm.h"]],
  "QEMU": [["/usr/bin/qemu-system-x86_64"]],
  "static busybox": [["/usr/bin/busybox"]],
  "tmux": [["/usr/bin/tmux"]],
  "clpeak": [["/usr/bin/clpeak"]],
  "Oclgrind": [["/usr/lib/oclgrind/liboclgrind-rt-icd.so"]],
  "LLVM 15 to SPIR-V": [["/usr/bin/clang-15", "/usr/bin/llvm-spirv-15"]],
  "rusticl": [["/etc/OpenCL/vendors/rusticl.icd"]],
  "clinfo": [["/usr/bin/clinfo"]],
  "ffmpeg": [["/usr/bin/ffmpeg"]],
  "valgrind": [["/usr/bin/valgrind"]],
  "libfaketime": [["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"]],
  "promtool": [["/usr/bin/promtool"]],
  "openssl": [["/usr/bin/openssl"]],
  "Vulkan validation layer": [
    ["/usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json"],
  ],
};

Deno.test("requirements: each is found by its files, and missing where any of them is", () => {
  assert.deepEqual(requirements.map(({ id }) => id).sort(), Object.keys(FILES).sort());
  for (const requirement of requirements) {
    for (const files of FILES[requirement.id] ?? []) {
      using complete = rootWith(files, { PATH: "/usr/bin" });
      assert.equal(requirement.present(complete), true, `${requirement.id}: ${files}`);
      for (const left of files) {
        using partial = rootWith(files.filter((file) => file !== left), { PATH: "/usr/bin" });
        assert.equal(requirement.present(partial), false, `${requirement.id} without ${left}`);
      }
    }
  }
});

Deno.test("requirements: each has packages for apt, and none is listed twice", () => {
  for (const { id, packages } of requirements) assert.notEqual(packages.apt.length, 0, id);
  assert.equal(new Set(requirements.map(({ id }) => id)).size, requirements.length);
});

Deno.test("hasCommand() looks in every directory of PATH, and not in relative ones", () => {
  using host = rootWith(["/opt/bin/cc"], { PATH: "bin:/usr/bin:/opt/bin" });
  assert.equal(hasCommand(host, "cc"), true);
  assert.equal(hasCommand({ ...host, env: { PATH: "opt/bin" } }, "cc"), false);
  assert.equal(hasCommand({ ...host, env: {} }, "cc"), false);
});

Deno.test("hasLibrary() looks in LD_LIBRARY_PATH", () => {
  using host = rootWith(["/opt/lib/libvulkan.so.1"]);
  assert.equal(hasLibrary(host, "libvulkan.so.1"), false);
  const env = { LD_LIBRARY_PATH: "/none:/opt/lib" };
  assert.equal(hasLibrary({ ...host, env }, "libvulkan.so.1"), true);
});

Deno.test("hasVulkanDriver() takes VK_DRIVER_FILES for the whole list", () => {
  using host = rootWith(["/usr/share/vulkan/icd.d/lvp_icd.json", "/opt/swiftshader.json"]);
  const withFiles = (files: string) => ({ ...host, env: { VK_DRIVER_FILES: files } });
  assert.equal(hasVulkanDriver(withFiles("/opt/swiftshader.json")), true);
  assert.equal(hasVulkanDriver(withFiles("/opt/swiftshader.json"), /lvp/), false);
  assert.equal(hasVulkanDriver(withFiles("/none.json")), false);
  assert.equal(hasVulkanDriver({ ...host, env: { VK_ICD_FILENAMES: "/none.json" } }), false);
  assert.equal(hasVulkanDriver(withFiles("")), true);
});

Deno.test("hasVulkanDriver() finds a driver of the user's own", () => {
  using host = rootWith(["/home/ada/.local/share/vulkan/icd.d/mine.json"], { HOME: "/home/ada" });
  assert.equal(hasVulkanDriver(host), true);
  assert.equal(hasVulkanDriver({ ...host, env: {} }), false);
});

const DISTRIBUTIONS: [osRelease: string, manager: PackageManager | null][] = [
  ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n', "apt"],
  ["ID=linuxmint\nID_LIKE='ubuntu debian'\n", "apt"],
  ["ID=fedora\nVERSION_ID=42\n", "dnf"],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf"],
  ["ID=manjaro\nID_LIKE=arch\n", "pacman"],
  ['ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', "zypper"],
  ["ID=nixos\n", null],
  ["", null],
];

for (const [osRelease, manager] of DISTRIBUTIONS) {
  Deno.test(`nativeManager() takes ${JSON.stringify(osRelease)} for ${manager}`, () => {
    assert.equal(nativeManager(osRelease), manager);
  });
}

const MISSING = [
  { id: "a", packages: { apt: ["a1", "a2"], dnf: ["a"], pacman: [], zypper: ["a"] } },
  { id: "b", packages: { apt: ["a2", "b"], dnf: ["b"], pacman: [], zypper: [] } },
];

Deno.test("packagesFor() names each package once", () => {
  assert.deepEqual(packagesFor(MISSING, "apt"), ["a1", "a2", "b"]);
});

Deno.test("installLines() puts the host's own package manager first and says what is unpackaged", () => {
  const lines = installLines(MISSING, "zypper", false);
  assert.equal(lines.length, Object.keys(managers).length);
  assert.deepEqual(lines[0], {
    distributions: "openSUSE",
    command: "sudo zypper install --no-recommends a",
    unpackaged: ["b"],
  });
  assert.equal(lines[1]?.command, "sudo apt-get install --no-install-recommends a1 a2 b");
  assert.equal(lines.at(-1)?.command, "(nothing to install)");
});

Deno.test("installLines() asks root for no sudo", () => {
  const commands = installLines(MISSING, null, true).map(({ command }) => command);
  assert.equal(commands[0], "apt-get install --no-install-recommends a1 a2 b");
});

Deno.test("rootPrivilege() is root's own, sudo's where it asks nothing, or none", () => {
  const succeed: Runner = () => ({ code: 0, output: "" });
  const fail: Runner = () => ({ code: 1, output: "sudo: a password is required" });
  assert.deepEqual(rootPrivilege(0, fail)?.prefix, []);
  assert.deepEqual(rootPrivilege(1000, succeed)?.prefix, ["sudo", "-n"]);
  assert.equal(rootPrivilege(1000, fail), null);
});

/** An apt-get that knows some packages, and knows them only once its lists were fetched. */
function fakeApt(known: readonly string[], { fetched }: { fetched: boolean }) {
  const calls: string[] = [];
  const run: Runner = (argv) => {
    const verb = argv.findIndex((word) => word === "update" || word === "install");
    const call = argv.slice(verb).filter((word) => !word.startsWith("--"));
    calls.push(call.join(" "));
    if (call[0] === "update") {
      fetched = true;
      return { code: 0, output: "" };
    }
    const unknown = call.slice(1).filter((name) => !fetched || !known.includes(name));
    const output = unknown.map((name) => `Reading…\nE: Unable to locate package ${name}\n`).join(
      "",
    );
    return { code: unknown.length === 0 ? 0 : 100, output };
  };
  return { calls, run };
}

const ROOT = { prefix: [], words: "as root" };

Deno.test("aptInstall() installs everything at once where it can", () => {
  const { calls, run } = fakeApt(["a", "b"], { fetched: true });
  assert.equal(aptInstall(["a", "b"], ROOT, 3, run).size, 0);
  assert.deepEqual(calls, ["install a b"]);
});

Deno.test("aptInstall() fetches the lists first where they are stale", () => {
  const { calls, run } = fakeApt(["a"], { fetched: false });
  assert.equal(aptInstall(["a"], ROOT, 8, run).size, 0);
  assert.deepEqual(calls, ["update", "install a"]);
});

Deno.test("aptInstall() fetches the lists where an installation fails", () => {
  const { calls, run } = fakeApt(["a"], { fetched: false });
  assert.equal(aptInstall(["a"], ROOT, 3, run).size, 0);
  assert.deepEqual(calls, ["install a", "update", "install a"]);
});

Deno.test("aptInstall() does not fetch lists of today again", () => {
  const { calls, run } = fakeApt([], { fetched: true });
  assert.deepEqual([...aptInstall(["a"], ROOT, 0.5, run).keys()], ["a"]);
  assert.equal(calls.includes("update"), false);
});

Deno.test("aptInstall() lets no package stop the others, and reports it with apt's reason", () => {
  const { calls, run } = fakeApt(["a", "c"], { fetched: true });
  const failures = aptInstall(["a", "b", "c"], ROOT, 8, run);
  assert.deepEqual([...failures], [["b", "Unable to locate package b"]]);
  assert.deepEqual(calls.slice(-3), ["install a", "install b", "install c"]);
});

Deno.test("aptInstall() asks nothing and takes no recommended packages", () => {
  const seen: string[] = [];
  const run: Runner = (argv) => {
    seen.push(argv.join(" "));
    return { code: 0, output: "" };
  };
  aptInstall(["a"], { prefix: ["sudo", "-n"], words: "through sudo" }, 0, run);
  assert.match(
    seen[0] ?? "",
    /^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get .*-y .*install --no-install-recommends a$/,
  );
});

Deno.test("listsAgeDays() counts from when lists were fetched; without lists it has no end", () => {
  using host = rootWith(["/lists/lock"]);
  const directory = join(host.root, "lists");
  assert.equal(listsAgeDays(join(host.root, "none"), Date.now()), Infinity);
  assert.equal(listsAgeDays(directory, Date.now()), Infinity);
  Deno.writeTextFileSync(join(directory, "deb.debian.org_main_binary-amd64_Packages.lz4"), "");
  assert.ok(listsAgeDays(directory, Date.now()) < 0.1);
  assert.ok(Math.abs(listsAgeDays(directory, Date.now() + 8 * 86_400_000) - 8) < 0.1);
});

Deno.test("scripts/setup.ts says what is missing, what that costs and how to get it, and ends with 0", async () => {
  const script = new URL("../../scripts/setup.ts", import.meta.url).pathname;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, "--no-install"],
    env: { PATH: "/nonexistent" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.match(text, /^setup: missing: make: the C shims are not built/m);
  assert.match(text, /apt-get install .*\bmake\b/);
  assert.match(text, /dnf install .*\bmake\b/);
  assert.equal(code, 0);
});
