/**
 * Reading sysfs, procfs and devtmpfs, of this host or of a dump of another.
 *
 * Every read is total: a missing, unreadable, oversized or absurd file is `undefined`, never an
 * exception and never a made-up value. Reads go through {@linkcode Sysroot}, so that `--sysroot DIR`
 * holds for all of mvgal.
 *
 * @module
 */

import { dirname, join, normalize } from "node:path";
import { Buffer } from "node:buffer";

/** Attributes are at most one page (sysfs documentation); tables such as `gpu_metrics` fit in 64 KiB. */
const MAX_ATTRIBUTE_BYTES = 64 * 1024;

/** Longest chain of links followed, as in the kernel (`MAXSYMLINKS`). */
const MAX_LINKS = 40;

/** What a path below the root is. */
export type EntryKind = "file" | "directory" | "other";

/** A root below which `sys`, `proc` and `dev` lie. */
export class Sysroot {
  /** Directory on this machine that stands for `/`. */
  readonly directory: string;

  /** Takes the directory: `/` for this host. */
  constructor(directory: string = "/") {
    this.directory = normalize(directory);
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
    const pending = path.split("/").filter((part) => part !== "");
    let at = "/";
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
      if (!info.isFile || info.size === 0 || info.size > 4096) return undefined;
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
        .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    } catch {
      return [];
    }
  }

  /** Last component of what the link `path` leads to, e.g. the driver's name for `device/driver`. */
  linkName(path: string): string | undefined {
    const real = this.resolve(path);
    if (real !== undefined) return real.split("/").at(-1);
    // A dump may hold the link and not what it leads to: the name is still in the link.
    const parent = this.resolve(dirname(path));
    if (parent === undefined) return undefined;
    const link = join(parent, path.split("/").at(-1) ?? "");
    const info = this.#lstat(link);
    return info && this.#linkTarget(link, info)?.split("/").at(-1);
  }

  /** Up to 64 KiB of a file; undefined where it cannot be read. */
  bytes(path: string, limit: number = MAX_ATTRIBUTE_BYTES): Uint8Array | undefined {
    const real = this.resolve(path);
    if (real === undefined) return undefined;
    try {
      using file = Deno.openSync(this.#onDisk(real), { read: true });
      const buffer = new Uint8Array(limit);
      let used = 0;
      while (used < limit) {
        const got = file.readSync(buffer.subarray(used));
        if (got === null || got === 0) break;
        used += got;
      }
      return buffer.subarray(0, used);
    } catch {
      return undefined;
    }
  }

  /**
   * An attribute's text without the NULs and white space around it. Undefined where the file cannot be
   * read, is empty, or is not UTF-8 text without control characters.
   */
  text(path: string, limit?: number): string | undefined {
    const bytes = this.bytes(path, limit);
    if (bytes === undefined) return undefined;
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
  if (end >= 0 && Buffer.from(bytes.subarray(end)).some((byte) => byte !== 0)) return "";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(used).trim();
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
  return negative ? -value : value;
}
