/**
 * Finding the program that a name means, as a shell does.
 *
 * @module
 */

import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/** What came of looking. */
export type FoundProgram =
  | { state: "found"; path: string }
  /** 127 and 126 are what shells and env(1) end with then. */
  | { state: "missing"; reason: string; status: 127 | 126 };

/** POSIX's `_CS_PATH`, where `PATH` is unset. */
const USUAL_PATH = "/bin:/usr/bin";

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Why what is there by that path is no program; undefined where nothing is there. */
function whyNoProgram(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? "is a directory" : "may not be executed";
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Finds a program by its path, or by its name in the directories of `PATH`. */
export function findProgram(name: string, path: string = USUAL_PATH): FoundProgram {
  const places = name.includes("/")
    ? [name]
    // An empty element is the working directory.
    : path.split(":").map((directory) => join(directory === "" ? "." : directory, name));
  const files = name === "" ? [] : places.filter(isFile);
  const found = files.find(isExecutable);
  if (found !== undefined) {
    return { state: "found", path: found.includes("/") ? found : `./${found}` };
  }
  // In PATH, shells pass over what is no file.
  const there = name.includes("/") ? name : files[0];
  const why = there && whyNoProgram(there);
  if (why !== undefined) return { state: "missing", reason: `${there} ${why}`, status: 126 };
  const where = name.includes("/") ? "no such file" : "it is in no directory of PATH";
  return { state: "missing", reason: `cannot start '${name}': ${where}`, status: 127 };
}

/** Set-user-ID and set-group-ID: stat(2). */
const SET_ID = 0o6000;

/** Type of the program header that names the dynamic loader (System V ABI, "Program Header"). */
const PT_INTERP = 3;

/**
 * Why the dynamic loader will not load a shim into a program; undefined where it will, or where that cannot
 * be told. A script is as its interpreter, which is not looked at.
 */
export function whyNotPreloaded(path: string): string | undefined {
  try {
    const { mode, uid } = statSync(path);
    // Who starts a program as the user that it would become anyway gets its environment whole.
    if ((mode & SET_ID) !== 0 && uid !== Deno.uid()) return "it runs with another user's rights";
    const head = new DataView(readHead(path).buffer);
    const isElf64 = head.byteLength >= 64 && head.getUint32(0) === 0x7f454c46 &&
      head.getUint8(4) === 2 && head.getUint8(5) === 1;
    if (!isElf64) return undefined;
    const [at, size, count] = [
      Number(head.getBigUint64(32, true)),
      head.getUint16(54, true),
      head.getUint16(56, true),
    ];
    for (let i = 0; i < count; i++) {
      if (at + i * size + 4 > head.byteLength) return undefined;
      if (head.getUint32(at + i * size, true) === PT_INTERP) return undefined;
    }
    return "it is statically linked";
  } catch {
    return undefined;
  }
}

function readHead(path: string): Uint8Array<ArrayBuffer> {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(4096);
    return bytes.slice(0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}
