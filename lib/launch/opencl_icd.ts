/**
 * The pooled OpenCL platform for all programs of a host: its library and the file that names it to loaders.
 *
 * @module
 */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where loaders look for vendors. */
export const VENDORS = "/etc/OpenCL/vendors";

/** Where the library is put. */
export const LIBRARIES = "/usr/local/lib/mvgal";

const LIBRARY = "libmvgal_opencl.so";
const ICD = "mvgal.icd";

/** Directories of an installation. */
export interface IcdPlaces {
  /** Of files that name libraries: {@linkcode VENDORS}. */
  vendors: string;
  /** Of the library: {@linkcode LIBRARIES}. */
  libraries: string;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function withReason(path: string, what: string, change: () => void): void {
  try {
    change();
  } catch (error) {
    const code = codeOf(error);
    const why = code === "EACCES" || code === "EPERM"
      ? "permission denied; run it as root"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new Error(`cannot ${what} ${path}: ${why}`);
  }
}

/** Puts a file in place in one step: programs that read it meanwhile have the one or the other. */
function put(path: string, bytes: Uint8Array): void {
  withReason(path, "write", () => {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${Deno.pid}`;
    try {
      writeFileSync(temporary, bytes, { mode: 0o644 });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/**
 * Shows all programs the pooled platform, beside those of the vendors.
 *
 * @param library bytes of the OpenCL shim.
 * @returns the files that were written.
 * @throws {Error} of one line, where one cannot be written.
 */
export function installIcd(library: Uint8Array, { vendors, libraries }: IcdPlaces): string[] {
  const [path, icd] = [join(libraries, LIBRARY), join(vendors, ICD)];
  put(path, library);
  put(icd, new TextEncoder().encode(`${path}\n`));
  return [path, icd];
}

/**
 * Takes it away again; other files stay.
 *
 * @returns the files that were there.
 * @throws {Error} of one line, where one cannot be removed.
 */
export function uninstallIcd({ vendors, libraries }: IcdPlaces): string[] {
  const icd = join(vendors, ICD);
  const named = libraryOf(icd);
  const own = join(libraries, LIBRARY);
  // A file of that name may name a library that somebody else put elsewhere.
  return [icd, ...(named === undefined || named === own ? [own] : [])].filter((path) => {
    let isThere = true;
    withReason(path, "remove", () => {
      try {
        rmSync(path);
      } catch (error) {
        if (codeOf(error) !== "ENOENT") throw error;
        isThere = false;
      }
    });
    return isThere;
  });
}

/** The library that a vendor's file names. */
function libraryOf(icd: string): string | undefined {
  try {
    return readFileSync(icd, "utf8").trim();
  } catch {
    return undefined;
  }
}
