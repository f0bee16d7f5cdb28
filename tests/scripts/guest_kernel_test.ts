import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { Runner } from "../../scripts/setup/apt.ts";
import { fetchGuestKernel } from "../../scripts/setup/guest_kernel.ts";
import { GUEST_MODULES, withDependencies } from "../kernel/modules.ts";

const COMMANDS = ["apt-get", "apt-cache", "dpkg-deb", "qemu-system-x86_64"];
const RELEASE = "6.1.0-99-amd64";
const MODULES = `lib/modules/${RELEASE}`;

/** A package's files; `virtio_gpu` needs `drm`, `vgem` is built in. */
const WHOLE: Record<string, string> = {
  [`boot/vmlinuz-${RELEASE}`]: "image",
  [`boot/config-${RELEASE}`]: "",
  [`${MODULES}/modules.builtin`]: "kernel/drivers/gpu/drm/vgem/vgem.ko\n",
  [`${MODULES}/kernel/drivers/virtio/virtio_pci.ko`]: "\0depends=\0",
  [`${MODULES}/kernel/drivers/gpu/drm/virtio/virtio-gpu.ko`]: "\0depends=drm\0",
  [`${MODULES}/kernel/drivers/gpu/drm/drm.ko`]: "\0depends=\0",
  [`${MODULES}/kernel/drivers/gpu/drm/amd/amdgpu.ko`]: "\0depends=drm\0",
};

const DEPENDS = `linux-image-amd64\n  Depends: linux-image-${RELEASE}\n`;

/** A host without a kernel, and apt's programs as they would answer. */
class Machine implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "mvgal-guest-kernel-" });
  readonly directory = join(this.root, "build/guest");
  readonly calls: string[] = [];
  depends = DEPENDS;
  download: ReturnType<Runner> = { code: 0, output: "" };
  unpack: ReturnType<Runner> = { code: 0, output: "" };
  /** What is in the package. */
  files = WHOLE;

  constructor() {
    for (const name of COMMANDS) this.write(join(this.root, "usr/bin", name), "");
    this.write(join(this.directory, "bin/busybox"), "");
  }

  write(path: string, text: string): void {
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }

  readonly run: Runner = (argv) => {
    this.calls.push(argv.find((word) => COMMANDS.includes(word)) ?? "");
    if (argv[0] === "apt-cache") return { code: 0, output: this.depends };
    if (argv[0] === "env") {
      // Broken off in the middle, it leaves a part of the file.
      this.write(join(argv[2] ?? "", `linux-image-${RELEASE}_1_amd64.deb`), "");
      return this.download;
    }
    const files = Object.entries(this.files);
    const unpacked = this.unpack.code === 0 ? files : files.slice(0, 4);
    for (const [path, text] of unpacked) this.write(join(argv.at(-1) ?? "", path), text);
    return this.unpack;
  };

  fetch(arch = "x86_64") {
    const host = { root: this.root, env: { PATH: "/usr/bin" } };
    return fetchGuestKernel({ directory: this.directory, host, run: this.run, arch });
  }

  /** Files of `build`. */
  get left(): string[] {
    const walk = (at: string): string[] =>
      Array.from(Deno.readDirSync(join(this.root, "build", at))).flatMap((entry) => {
        const path = join(at, entry.name);
        return entry.isDirectory ? [path, ...walk(path)] : [path];
      });
    return walk("").sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

const NOTHING = ["guest", "guest/bin", "guest/bin/busybox"];

Deno.test("fetchGuestKernel() keeps the image, and the modules that tests load with what they need", () => {
  using machine = new Machine();
  assert.deepEqual(machine.fetch(), { state: "fetched", release: RELEASE });
  assert.deepEqual(
    machine.left.filter((path) => /\.ko$|vmlinuz|builtin|busybox|partial/.test(path)),
    [
      "guest/bin/busybox",
      `guest/boot/vmlinuz-${RELEASE}`,
      `guest/${MODULES}/kernel/drm.ko`,
      `guest/${MODULES}/kernel/virtio_gpu.ko`,
      `guest/${MODULES}/kernel/virtio_pci.ko`,
      `guest/${MODULES}/modules.builtin`,
    ],
  );
  const modules = join(machine.directory, MODULES);
  const kept = withDependencies({ release: RELEASE, image: "", modules }, GUEST_MODULES);
  assert.deepEqual(kept.map(({ name }) => name), ["virtio_pci", "drm", "virtio_gpu"]);
});

Deno.test("fetchGuestKernel() fetches nothing where there is a kernel, here or installed", () => {
  using machine = new Machine();
  machine.fetch();
  const calls = machine.calls.length;
  assert.deepEqual(machine.fetch(), { state: "present", release: RELEASE });
  assert.equal(machine.calls.length, calls);
  using installed = new Machine();
  for (const [path, text] of Object.entries(WHOLE)) {
    installed.write(join(installed.root, path), text);
  }
  assert.deepEqual(installed.fetch(), { state: "present", release: RELEASE });
  assert.deepEqual(installed.calls, []);
});

Deno.test("fetchGuestKernel() fetches one where that which is there lacks a module", () => {
  using machine = new Machine();
  machine.fetch();
  Deno.removeSync(join(machine.directory, MODULES, "kernel/drm.ko"));
  assert.deepEqual(machine.fetch(), { state: "fetched", release: RELEASE });
  assert.deepEqual(machine.fetch(), { state: "present", release: RELEASE });
});

const BROKEN: [what: string, change: (machine: Machine) => void, reason: RegExp][] = [
  [
    "a download that breaks off",
    (machine) =>
      machine.download = { code: 100, output: "Get:1 …\nE: Failed to fetch http://x 404\n" },
    /^apt-get download linux-image-6\.1\.0-99-amd64: Failed to fetch http:\/\/x 404$/,
  ],
  [
    "a package that ends too early",
    (machine) => machine.unpack = { code: 2, output: "dpkg-deb: error: unexpected end of file\n" },
    /^dpkg-deb -x linux-image-.*: dpkg-deb: error: unexpected end of file$/,
  ],
  [
    "a kernel without a module",
    (machine) =>
      machine.files = Object.fromEntries(
        Object.entries(WHOLE).filter(([path]) => !path.includes("virtio-gpu")),
      ),
    /has no module virtio_gpu$/,
  ],
  [
    "a package without a kernel",
    (machine) => machine.files = { "usr/share/doc/readme": "" },
    /^linux-image-6\.1\.0-99-amd64 holds no kernel with modules$/,
  ],
];

for (const [what, change, reason] of BROKEN) {
  Deno.test(`fetchGuestKernel() leaves nothing of ${what}`, () => {
    using machine = new Machine();
    change(machine);
    const outcome = machine.fetch();
    assert.match(outcome.state === "absent" ? outcome.reason : outcome.state, reason);
    assert.deepEqual(machine.left, NOTHING);
  });
}

Deno.test("fetchGuestKernel() removes what a run that was killed has left", () => {
  using machine = new Machine();
  machine.write(join(machine.root, "build/guest.partial/whole/boot/vmlinuz-1"), "");
  machine.fetch();
  assert.ok(!machine.left.some((path) => path.startsWith("guest.partial")));
});

Deno.test("fetchGuestKernel() says in one line why it fetches none", () => {
  using machine = new Machine();
  machine.depends = "N: Unable to locate package linux-image-amd64\n";
  assert.deepEqual(machine.fetch(), {
    state: "absent",
    reason: "apt has no package linux-image-amd64",
  });
  assert.equal(machine.fetch("aarch64").state, "absent");
  for (const name of COMMANDS) {
    using other = new Machine();
    Deno.removeSync(join(other.root, "usr/bin", name));
    assert.deepEqual(other.fetch(), { state: "absent", reason: `no ${name}` });
    assert.deepEqual(other.calls, []);
  }
});
