/**
 * Names of users, from `/etc/passwd` itself: name services may ask the network.
 *
 * Format: passwd(5).
 *
 * @module
 */

import { join } from "node:path";

/** The names in the text of a passwd file, by numeric user id. The first of several names counts. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name = "", , id = ""] = line.split(":");
    if (name === "" || !/^\d{1,10}$/.test(id)) continue;
    if (!names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

/** Looks names up, and reads the file again when it has changed. */
export class UserNames {
  readonly #path: string;
  #version = "";
  #names = new Map<number, string>();

  /** @param directory what stands for `/`. */
  constructor(directory: string) {
    this.#path = join(directory, "etc/passwd");
  }

  /** Looks whether the file has changed. */
  refresh(): void {
    try {
      const { mtime, size, ino, isFile } = Deno.lstatSync(this.#path);
      const version = `${mtime?.getTime()} ${size} ${ino}`;
      if (version === this.#version) return;
      // In a dump, a link or a device of that name is not followed.
      this.#names = isFile ? parsePasswd(Deno.readTextFileSync(this.#path)) : new Map();
      this.#version = version;
    } catch {
      this.#names = new Map();
      this.#version = "";
    }
  }

  /** The name of a user; null where the id has none. */
  name(uid: number): string | null {
    return this.#names.get(uid) ?? null;
  }
}
