/**
 * Reading sysfs, procfs and devtmpfs, of this host or of a dump of another.
 *
 * Every read is total: a missing, unreadable, oversized or absurd file is `undefined`, never an
 * exception and never a made-up value. Reads go through {@linkcode Sysroot}, so that `--sysroot DIR`
 * holds for all of mvgal.
 *
 * @module
 */

import { basename, dirname, join, resolve as absolute } from "node:path";

/** Attributes are at most one page (sysfs documentation); tables such as `gpu_metrics` fit in 64 KiB. */
const MAX_ATTRIBUTE_BYTES = 64 * 1024;

/** Longest chain of links followed, as in the kernel (`MAXSYMLINKS`). */
const MAX_LINKS = 40;

/** Sorts `card2` before `card10`. */
const BY_NUMBER = new Intl.Collator("en", { numeric: true });

/** One buffer for all reads: an allocation of 64 KiB an attribute costs more than the read. */
const scratch = new Uint8Array(MAX_ATTRIBUTE_BYTES + 1);

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** What a path below the root is. */
export type EntryKind = "file" | "directory" | "other";

/** A root below which `sys`, `proc` and `dev` lie. */
export class Sysroot {
  /** Directory on this machine that stands for `/`. */
  readonly directory: string;

  /** Where directories of a dump lead. Links of a dump do not change under a reader. */
  readonly #resolved = new Map<string, string>();

  /** Takes the directory: `/` for this host. */
  constructor(directory: string = "/") {
    this.directory = absolute(directory);
  }

  /** Whether this is the running host and not a dump. */
  get isHost(): boolean {
    return this.directory === "/";
  }

  /**
   * The path, below the root, that `path` leads to once all links are followed; undefined where it
   * leads nowhere. Links never lead out of the root: an absolute target, or too many `..`, start again
   * at the root, as under chroot(2).
   *
   * In a dump a link may also be a small text file that holds the target, which is how archives and
   * version control keep links on systems without them.
   */
  resolve(path: string): string | undefined {
    if (this.isHost) {
      try {
        return Deno.realPathSync(path);
      } catch {
        return undefined;
      }
    }
    const parent = this.#directory(dirname(path));
    return parent === undefined ? undefined : this.#walk(parent, basename(path));
  }

  /** {@linkcode resolve} for the directory of a file, remembered: its other files are read next. */
  #directory(path: string): string | undefined {
    if (path === "/" || path === ".") return "/";
    const known = this.#resolved.get(path);
    if (known !== undefined) return known;
    const parent = this.#directory(dirname(path));
    const real = parent === undefined ? undefined : this.#walk(parent, basename(path));
    if (real !== undefined) this.#resolved.set(path, real);
    return real;
  }

  /** Follows `path` from the directory `from`, itself without links. */
  #walk(from: string, path: string): string | undefined {
    const pending = path.split("/").filter((part) => part !== "");
    let at = from;
    for (let links = 0; pending.length > 0;) {
      const part = pending.shift();
      if (part === undefined || part === ".") continue;
      if (part === "..") {
        at = dirname(at);
        continue;
      }
      const next = join(at, part);
      const info = this.#lstat(next);
      if (info === undefined) return undefined;
      const target = this.#linkTarget(next, info);
      if (target === undefined) {
        at = next;
        continue;
      }
      if (++links > MAX_LINKS) return undefined;
      if (target.startsWith("/")) at = "/";
      pending.unshift(...target.split("/").filter((step) => step !== ""));
    }
    return at;
  }

  #onDisk(path: string): string {
    return this.isHost ? path : join(this.directory, path);
  }

  #lstat(path: string): Deno.FileInfo | undefined {
    try {
      return Deno.lstatSync(this.#onDisk(path));
    } catch {
      return undefined;
    }
  }

  #linkTarget(path: string, info: Deno.FileInfo): string | undefined {
    try {
      if (info.isSymlink) return Deno.readLinkSync(this.#onDisk(path));
      if (this.isHost || !info.isFile || info.size === 0 || info.size > 4096) return undefined;
      if (!mayBeFlattenedLink(path)) return undefined;
      const text = Deno.readTextFileSync(this.#onDisk(path)).replace(/\n$/, "");
      return /^(\.\.\/)+[\x21-\x7e]+$/.test(text) ? text : undefined;
    } catch {
      return undefined;
    }
  }

  /** What `path` is, links followed; undefined where there is nothing. */
  kind(path: string): EntryKind | undefined {
    const real = this.resolve(path);
    if (real === undefined) return undefined;
    const info = this.#lstat(real);
    if (info === undefined) return undefined;
    return info.isDirectory ? "directory" : info.isFile ? "file" : "other";
  }

  /** Names in a directory, sorted with numbers in order (`card2` before `card10`); empty where there is none. */
  list(path: string): string[] {
    const real = this.resolve(path);
    if (real === undefined) return [];
    try {
      return Array.from(Deno.readDirSync(this.#onDisk(real)), (entry) => entry.name)
        .sort(BY_NUMBER.compare);
    } catch {
      return [];
    }
  }

  /** The target of a link as it is written; undefined for what is no link. `path` itself is not followed. */
  readLink(path: string): string | undefined {
    const parent = this.#parentOf(path);
    if (parent === undefined) return undefined;
    const link = join(parent, basename(path));
    const info = this.#lstat(link);
    return info && this.#linkTarget(link, info);
  }

  #parentOf(path: string): string | undefined {
    return this.isHost ? this.resolve(dirname(path)) : this.#directory(dirname(path));
  }

  /**
   * Last component of a link's target, e.g. the driver's name for `device/driver`; undefined for what
   * is no link. The target need not be there: a dump may hold the link alone.
   */
  linkName(path: string): string | undefined {
    const name = this.readLink(path)?.split("/").at(-1);
    return name === "" || name === "." || name === ".." ? undefined : name;
  }

  /**
   * The first `limit` bytes of a file, 64 KiB where no limit is given; undefined where it cannot be
   * read. In a dump, a FIFO, a socket or a device node is not opened: it would block, or be real.
   */
  bytes(path: string, limit: number = MAX_ATTRIBUTE_BYTES): Uint8Array | undefined {
    try {
      let onDisk = path;
      if (!this.isHost) {
        const real = this.resolve(path);
        if (real === undefined || !this.#lstat(real)?.isFile) return undefined;
        onDisk = this.#onDisk(real);
      }
      using file = Deno.openSync(onDisk, { read: true });
      const buffer = limit <= scratch.length ? scratch.subarray(0, limit) : new Uint8Array(limit);
      let used = 0;
      while (used < limit) {
        const got = file.readSync(buffer.subarray(used));
        if (got === null || got === 0) break;
        used += got;
      }
      return buffer.slice(0, used);
    } catch {
      return undefined;
    }
  }

  /**
   * An attribute's text without the NULs and white space around it. Undefined where the file cannot be
   * read, is empty, is longer than `limit` bytes (the start of a number is another number), or is not
   * UTF-8 text without control characters.
   */
  text(path: string, limit: number = MAX_ATTRIBUTE_BYTES): string | undefined {
    const bytes = this.bytes(path, limit + 1);
    if (bytes === undefined || bytes.length > limit) return undefined;
    const text = decodeAttribute(bytes);
    return text === "" ? undefined : text;
  }

  /** A decimal or 0x-prefixed integer that a double holds exactly; undefined for anything else. */
  integer(path: string): number | undefined {
    const text = this.text(path);
    return text === undefined ? undefined : parseInteger(text);
  }
}

/**
 * Which paths can be links in sysfs. A regular attribute elsewhere is never taken for a link, so that
 * no attribute's text can lead a reader astray.
 */
function mayBeFlattenedLink(path: string): boolean {
  return /^\/sys\/(class|bus|dev|block|module|kernel\/iommu_groups)\//.test(path) ||
    /\/(driver|subsystem|device|iommu_group|iommu|physfn|virtfn\d+|firmware_node|consumer:[^/]+|supplier:[^/]+|of_node|hwmon)$/
      .test(path);
}

/**
 * The text of an attribute: trailing NULs (some drivers pad to a page) and surrounding white space
 * removed; empty where the bytes are not text.
 */
export function decodeAttribute(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const used = end < 0 ? bytes : bytes.subarray(0, end);
  if (end >= 0 && bytes.subarray(end).some((byte) => byte !== 0)) return "";
  try {
    const text = UTF8.decode(used).trim();
    // deno-lint-ignore no-control-regex
    return /[\x00-\x08\x0b-\x1f\x7f]/.test(text) ? "" : text;
  } catch {
    return "";
  }
}

/** A whole decimal or 0x-prefixed integer of at most 2^53-1; undefined for anything else. */
export function parseInteger(text: string): number | undefined {
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(text)) return undefined;
  const negative = text.startsWith("-");
  const value = Number(negative ? text.slice(1) : text);
  if (!Number.isSafeInteger(value)) return undefined;
  return negative && value !== 0 ? -value : value;
}
