/**
 * Archives in cpio's "newc" format, from which the kernel makes its first file system.
 *
 * Format: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;

/** One entry of an archive. */
export type CpioEntry =
  | { kind: "directory" }
  | { kind: "file"; content: Uint8Array; executable: boolean }
  | { kind: "link"; target: string };

/** Writes archives entry by entry, so that none has to fit into memory twice. */
export class CpioWriter implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #directories = new Set<string>();
  #inode = 1;

  /** Starts an archive in a new file. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, createNew: true });
  }

  /** Adds an entry, and the directories above it. `path` is absolute in the guest. */
  add(path: string, entry: CpioEntry): void {
    const parts = path.split("/").filter((part) => part !== "");
    for (let depth = 1; depth < parts.length; depth++) {
      this.#directory(parts.slice(0, depth).join("/"));
    }
    const name = parts.join("/");
    if (entry.kind === "directory") this.#directory(name);
    else if (entry.kind === "link") {
      this.#write(name, S_IFLNK | 0o777, new TextEncoder().encode(entry.target));
    } else this.#write(name, S_IFREG | (entry.executable ? 0o755 : 0o644), entry.content);
  }

  #directory(name: string): void {
    if (name === "" || this.#directories.has(name)) return;
    this.#directories.add(name);
    this.#write(name, S_IFDIR | 0o755, new Uint8Array());
  }

  #write(name: string, mode: number, content: Uint8Array): void {
    const path = new TextEncoder().encode(`${name}\0`);
    // Magic, then: inode, mode, uid, gid, links, mtime, size, device, the device that it is, name, checksum.
    const fields = [this.#inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, path.length, 0];
    const head = "070701" + fields.map((field) => field.toString(16).padStart(8, "0")).join("");
    this.#padded(new TextEncoder().encode(head), path);
    this.#padded(content);
  }

  /** Writes blocks, and zeros up to the next multiple of four. */
  #padded(...blocks: Uint8Array[]): void {
    const size = blocks.reduce((sum, block) => sum + block.length, 0);
    for (const block of [...blocks, new Uint8Array((4 - size % 4) % 4)]) {
      for (let done = 0; done < block.length;) {
        done += this.#file.writeSync(block.subarray(done));
      }
    }
  }

  /** Ends the archive. */
  [Symbol.dispose](): void {
    this.#write("TRAILER!!!", 0, new Uint8Array());
    this.#file.close();
  }
}
