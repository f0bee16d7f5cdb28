/**
 * A real kernel for tests: a distribution's kernel, booted by QEMU without hardware virtualisation, on a
 * file system in memory with busybox, Deno and whatever files a test asks for.
 *
 * Kernels and busybox are looked for on the host, and below `build/guest`. On Debian, setup with `--tests`
 * puts a kernel there, without installing it. Elsewhere a distribution's packages can be unpacked into it:
 * a kernel's image is looked for in `boot`, its modules in `lib/modules` or `usr/lib/modules`.
 */

import { join } from "node:path";
import { type CpioEntry, CpioWriter } from "./cpio.ts";
import { findKernel, type KernelImage, withDependencies } from "./modules.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PACKAGE_ROOTS = [join(ROOT, "build/guest"), "/"];
const QEMU = "qemu-system-x86_64";

/** The line with which a guest's script ends. */
const END = "guest script ended with status";

/** What a guest is given. */
export interface Guest {
  /** Lines for busybox's shell, run as root in `/` with /proc, /sys, /dev and /tmp mounted. */
  script: string;
  /** Kernel modules to load before, by name; what they need is loaded too. */
  modules?: readonly string[];
  /** Files by their path in the guest; a URL is a file of the host. */
  files?: Readonly<Record<string, string | Uint8Array | URL>>;
  /** Directories of the repository to have below `/mvgal`: `lib`. */
  repository?: readonly string[];
  /** Whether Deno is there, as `deno`. */
  deno?: boolean;
  /** Further arguments of QEMU: `-device virtio-gpu-pci`. */
  devices?: readonly string[];
  /** Memory in MiB. */
  memory?: number;
  /** After so many milliseconds the guest is ended. */
  limit?: number;
}

/** What became of it. */
export interface GuestOutcome {
  /** The script's exit status; undefined where the guest did not come to its end. */
  status: number | undefined;
  /** What the script wrote, standard output and error together. */
  output: string;
  /** What the kernel wrote. */
  console: string;
}

/** What a host must have for {@linkcode runGuest}. */
interface Parts {
  kernel: KernelImage;
  busybox: string;
}

function findParts(): Parts | string {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return "not x86-64 Linux";
  if (!succeeds(QEMU, ["--version"])) return `no ${QEMU}`;
  const kernel = findKernel(PACKAGE_ROOTS);
  if (kernel === undefined) return "no kernel with modules in /boot or build/guest/boot";
  const busybox = PACKAGE_ROOTS.flatMap((
    root,
  ) => [join(root, "bin/busybox"), join(root, "usr/bin/busybox")])
    .find((path) => isFile(path) && libraries(path).length === 0);
  if (busybox === undefined) return "no static busybox";
  return { kernel, busybox };
}

const parts = findParts();

/** Why no guest can be run on this host; undefined where one can. */
export const noGuest: string | undefined = typeof parts === "string" ? parts : undefined;

/** The release of the kernel that guests run; undefined where none can. */
export const guestKernel: string | undefined = typeof parts === "string"
  ? undefined
  : parts.kernel.release;

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function succeeds(program: string, args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** The shared libraries of an executable, the loader among them; none for a static one. */
function libraries(path: string): string[] {
  const { stdout } = new Deno.Command("ldd", { args: [path], stderr: "null" }).outputSync();
  return new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const found = /^\s*(?:\S+ => )?(\/\S+) \(0x/.exec(line)?.[1];
    return found === undefined ? [] : [found];
  });
}

function file(content: string | Uint8Array | URL, executable = false): CpioEntry {
  const bytes = content instanceof URL
    ? Deno.readFileSync(content)
    : typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  return { kind: "file", content: bytes, executable };
}

/** The first program: mounts, loads modules, runs the script with its output to the second serial line. */
function init(modules: readonly string[]): string {
  return [
    "#!/bin/busybox sh",
    "/bin/busybox mkdir -p /sbin /usr/bin /usr/sbin",
    "/bin/busybox --install -s",
    "mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev",
    "mkdir -p /dev/shm; mount -t tmpfs tmpfs /dev/shm; mount -t tmpfs tmpfs /tmp",
    "stty raw -F /dev/ttyS1",
    "exec >/dev/ttyS1 2>&1 </dev/null",
    "export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/tmp NO_COLOR=1 DENO_NO_UPDATE_CHECK=1",
    ...modules.map((name) => `insmod /modules/${name}.ko`),
    "sh /script; status=$?",
    `echo; echo "${END} $status"`,
    "poweroff -f",
    "",
  ].join("\n");
}

function writeInitramfs(path: string, guest: Guest, { kernel, busybox }: Parts): void {
  using archive = new CpioWriter(path);
  const modules = withDependencies(kernel, guest.modules ?? []);
  for (const each of ["/proc", "/sys", "/dev", "/tmp", "/etc"]) {
    archive.add(each, { kind: "directory" });
  }
  archive.add("/bin/busybox", file(Deno.readFileSync(busybox), true));
  archive.add("/init", file(init(modules.map(({ name }) => name)), true));
  archive.add("/script", file(guest.script));
  for (const { name, content } of modules) archive.add(`/modules/${name}.ko`, file(content));
  if (guest.deno) {
    archive.add("/bin/deno", file(Deno.readFileSync(Deno.execPath()), true));
    for (const library of libraries(Deno.execPath())) {
      archive.add(library, file(Deno.readFileSync(library), true));
    }
  }
  for (const each of guest.repository ?? []) addTree(archive, each);
  for (const [at, content] of Object.entries(guest.files ?? {})) archive.add(at, file(content));
}

function addTree(archive: CpioWriter, path: string): void {
  const full = join(ROOT, path);
  if (Deno.statSync(full).isFile) {
    return archive.add(`/mvgal/${path}`, file(Deno.readFileSync(full)));
  }
  for (const { name } of Deno.readDirSync(full)) addTree(archive, join(path, name));
}

/**
 * Boots a guest, runs its script, and ends it.
 *
 * @throws {Error} where the host cannot run one; see {@linkcode noGuest}.
 */
export async function runGuest(guest: Guest): Promise<GuestOutcome> {
  if (typeof parts === "string") throw new Error(`cannot run a guest: ${parts}`);
  const directory = Deno.makeTempDirSync({ prefix: "mvgal-guest-" });
  try {
    const at = (name: string) => join(directory, name);
    writeInitramfs(at("initramfs"), guest, parts);
    const { stderr } = await new Deno.Command(QEMU, {
      args: [
        ...["-accel", "tcg", "-cpu", "max", "-m", String(guest.memory ?? 1024)],
        ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
        ...["-kernel", parts.kernel.image, "-initrd", at("initramfs")],
        ...["-append", "console=ttyS0 panic=-1"],
        ...["-serial", `file:${at("console")}`, "-serial", `file:${at("output")}`],
        ...(guest.devices ?? []),
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: AbortSignal.timeout(guest.limit ?? 60_000),
    }).output();
    const output = textOf(at("output"));
    const end = output.lastIndexOf(`\n${END} `);
    return {
      status: end < 0 ? undefined : Number(output.slice(end + END.length + 2)),
      output: end < 0 ? output : output.slice(0, end),
      console: textOf(at("console")) + new TextDecoder().decode(stderr),
    };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
