/** Kernels as distributions install them, and which modules need which. */

import { basename, join } from "node:path";

/** A kernel and its modules. */
export interface KernelImage {
  /** `6.12.107+deb12-amd64`. */
  release: string;
  /** The compressed image that a boot loader takes. */
  image: string;
  /** `…/lib/modules/RELEASE`. */
  modules: string;
}

/** The modules that tests load. Setup keeps these, and what they need, of a kernel that it fetches. */
export const GUEST_MODULES: readonly string[] = ["virtio-pci", "virtio-gpu", "vgem"];

const NEWEST_FIRST = new Intl.Collator("en", { numeric: true });

/** The newest kernel below one of `roots` that has modules; undefined where there is none. */
export function findKernel(roots: readonly string[]): KernelImage | undefined {
  const found = roots.flatMap((root) =>
    namesIn(join(root, "boot")).flatMap((name): KernelImage[] => {
      const release = /^vmlinuz-(.+)$/.exec(name)?.[1];
      if (release === undefined) return [];
      const modules = [join(root, "lib/modules", release), join(root, "usr/lib/modules", release)]
        .find((directory) => namesIn(directory).length > 0);
      return modules ? [{ release, image: join(root, "boot", name), modules }] : [];
    })
  );
  return found.sort((a, b) => NEWEST_FIRST.compare(b.release, a.release))[0];
}

function namesIn(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), ({ name }) => name);
  } catch {
    return [];
  }
}

/** A module, ready to be loaded. */
export interface KernelModule {
  name: string;
  /** The ELF object, decompressed. */
  content: Uint8Array;
}

/**
 * Modules and all that they need, each behind what it needs.
 *
 * @throws {Error} for a module that the kernel neither has as a file nor built in.
 */
export function withDependencies(
  kernel: KernelImage,
  names: readonly string[],
): KernelModule[] {
  const files = new Map(
    filesBelow(join(kernel.modules, "kernel"))
      .filter((path) => /\.ko(\.\w+)?$/.test(path))
      .map((path) => [normal(basename(path)), path]),
  );
  const builtIn = new Set(
    Deno.readTextFileSync(join(kernel.modules, "modules.builtin")).split("\n")
      .map((line) => normal(basename(line))),
  );
  const ordered = new Map<string, KernelModule>();
  const visit = (name: string) => {
    if (ordered.has(name) || builtIn.has(name)) return;
    const path = files.get(name);
    if (path === undefined) throw new Error(`kernel ${kernel.release} has no module ${name}`);
    const content = decompress(path);
    dependenciesOf(content).forEach((each) => visit(normal(each)));
    ordered.set(name, { name, content });
  };
  names.forEach((name) => visit(normal(name)));
  return [...ordered.values()];
}

/** `virtio-gpu.ko.xz` and `virtio_gpu` are the same module. */
function normal(name: string): string {
  return name.replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
}

function filesBelow(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory)).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory ? filesBelow(path) : [path];
  });
}

const DECOMPRESSORS: Record<string, string> = { xz: "xz", zst: "zstd", gz: "gzip" };

function decompress(path: string): Uint8Array {
  const program = DECOMPRESSORS[path.split(".").at(-1) ?? ""];
  if (program === undefined) return Deno.readFileSync(path);
  const { success, stdout, stderr } = new Deno.Command(program, { args: ["-dc", path] })
    .outputSync();
  if (!success) throw new Error(`${program} -dc ${path}: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}

/** The names in `depends=` of a module's `.modinfo` section (`include/linux/module.h`). */
function dependenciesOf(module: Uint8Array): string[] {
  const text = new TextDecoder("latin1").decode(module);
  const names = /\0depends=([\w,-]*)\0/.exec(text)?.[1] ?? "";
  return names === "" ? [] : names.split(",");
}
