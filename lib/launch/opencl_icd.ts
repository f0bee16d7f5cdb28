/**
 * The pooled OpenCL platform for all programs of a host: its library and the file that names it to loaders.
 *
 * @module
 */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

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
 * @throws {Error} of one line, where one cannot be removed, or where the file for loaders names a library that
 * is none of mvgal's: then all stays as it is.
 */
export function uninstallIcd({ vendors, libraries }: IcdPlaces): string[] {
  const icd = join(vendors, ICD);
  const named = libraryOf(icd);
  if (named !== undefined && basename(named) !== LIBRARY) {
    throw new Error(
      `${icd} names '${named}', which is no library of mvgal: it is left as it is, remove it by hand`,
    );
  }
  const own = join(libraries, LIBRARY);
  // A file of that name may name a library that somebody else put elsewhere.
  return [icd, ...(named === undefined || named === own ? [own] : [])].filter((path) => {
    let isThere = true;
    withReason(path, "remove", () => isThere = removeFile(path));
    return isThere;
  });
}

/** Removes a file; tells whether it was there. */
function removeFile(path: string): boolean {
  try {
    rmSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}

/** The first line of a vendor's file, which names its library; undefined where there is no file. */
function libraryOf(icd: string): string | undefined {
  let named: string | undefined;
  withReason(icd, "read", () => {
    try {
      named = readFileSync(icd, "utf8").split("\n", 1)[0]?.trim() ?? "";
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  });
  return named;
}
