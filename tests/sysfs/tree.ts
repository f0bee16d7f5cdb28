/** Small trees of files for tests of what reads sysfs. */

import { dirname, join } from "node:path";
import { Sysroot } from "../../lib/sysfs/sysroot.ts";

/** Paths of a tree below its root, with a file's content or a link's target. */
export type TreeFiles = Record<string, string | Uint8Array | { link: string }>;

/** A directory with a tree in it, removed on disposal. */
export class Tree implements Disposable {
  readonly directory: string;

  constructor(files: TreeFiles = {}) {
    this.directory = Deno.makeTempDirSync({ prefix: "mvgal-tree-" });
    this.add(files);
  }

  get sysroot(): Sysroot {
    return new Sysroot(this.directory);
  }

  /** Adds files and links. Text gets the line feed that sysfs puts behind it. */
  add(files: TreeFiles): void {
    for (const [path, content] of Object.entries(files)) {
      const full = join(this.directory, path);
      Deno.mkdirSync(dirname(full), { recursive: true });
      if (content instanceof Uint8Array) Deno.writeFileSync(full, content);
      else if (typeof content === "string") Deno.writeTextFileSync(full, `${content}\n`);
      else Deno.symlinkSync(content.link, full);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

/** The files of a PCI function, by attribute, below its directory. */
export interface PciFunctionFiles {
  /** Directory below `/sys/devices`: `pci0000:00/0000:00:01.0/0000:01:00.0`. */
  at: string;
  class: string;
  vendor: string;
  device: string;
  driver?: string;
  /** Other attributes, or links. */
  more?: TreeFiles;
}

/** A PCI function as the kernel shows it: its directory, and the link in the list of the bus. */
export function pciFunction(of: PciFunctionFiles): TreeFiles {
  const directory = `sys/devices/${of.at}`;
  const address = of.at.split("/").at(-1) ?? "";
  const up = "../".repeat(of.at.split("/").length + 1);
  return {
    [`${directory}/class`]: of.class,
    [`${directory}/vendor`]: of.vendor,
    [`${directory}/device`]: of.device,
    [`sys/bus/pci/devices/${address}`]: { link: `../../../devices/${of.at}` },
    ...(of.driver && { [`${directory}/driver`]: { link: `${up}bus/pci/drivers/${of.driver}` } }),
    ...Object.fromEntries(
      Object.entries(of.more ?? {}).map(([name, content]) => [`${directory}/${name}`, content]),
    ),
  };
}

/** A card or render node of a device, as `/sys/class/drm` lists it. */
export function drmNode(at: string, name: string, minor: number): TreeFiles {
  return {
    [`sys/devices/${at}/drm/${name}/dev`]: `226:${minor}`,
    [`sys/devices/${at}/drm/${name}/device`]: { link: "../.." },
    [`sys/class/drm/${name}`]: { link: `../../devices/${at}/drm/${name}` },
  };
}

/** The real dumps, with links as small text files. */
export const DUMPS = new URL("../fixtures/sysroots/", import.meta.url).pathname;
