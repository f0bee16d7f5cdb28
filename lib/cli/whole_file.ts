/**
 * Writing files that people named: whole or not at all.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { fileReason } from "./file_reason.ts";

/** What a file is made of. */
export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Names of this process's own descriptors: what they are open on is written to, never replaced. */
const DESCRIPTOR = /^\/(dev\/(stdin|stdout|stderr|fd\/\d+)|proc\/(self|\d+)\/fd\/\d+)$/;

/** Whether there is something that is not to be replaced: a pipe, a terminal, `/dev/full`, `/dev/stdout`. */
export function isSpecial(path: string): boolean {
  if (DESCRIPTOR.test(resolve(path))) return true;
  try {
    return !Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The file that a path means: where it is a link, what it leads to, be it there or not. */
export function withoutLinks(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    try {
      return resolve(dirname(path), Deno.readLinkSync(path));
    } catch {
      return resolve(path);
    }
  }
}

/** The name of a file that stands for `file` until it is whole. */
function temporaryOf(file: string): string {
  return `${file}.${Deno.pid}.tmp`;
}

/** Makes the temporary file. Never one that is there: in a directory of all, others could put a link there. */
function createTemporary(temporary: string): Deno.FsFile {
  return Deno.openSync(temporary, { write: true, createNew: true });
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was never made.
  }
}

async function writeAll(file: Deno.FsFile, pieces: Pieces): Promise<void> {
  for await (const piece of pieces) {
    for (let rest = piece; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
  }
}

/** The mode of a file that is there, which its successor gets. */
function modeOf(file: string): number | null {
  try {
    return Deno.statSync(file).mode;
  } catch {
    return null;
  }
}

async function replace(file: string, pieces: Pieces): Promise<void> {
  const temporary = temporaryOf(file);
  const out = createTemporary(temporary);
  try {
    using _open = out;
    await writeAll(out, pieces);
    const mode = modeOf(file);
    if (mode !== null) Deno.chmodSync(temporary, mode & 0o7777);
    Deno.renameSync(temporary, file);
  } catch (error) {
    remove(temporary);
    throw error;
  }
}

/** Appends: a descriptor may have been given what stands there already. */
async function append(path: string, pieces: Pieces): Promise<void> {
  using out = Deno.openSync(path, { append: true });
  await writeAll(out, pieces);
}

/**
 * Writes a file whole or not at all: where it fails, what was there before stays. What is no regular file is
 * written to as it is.
 *
 * @param failure begins the error's message.
 * @throws {Error} of one line, where it cannot be written.
 */
export async function writeWhole(
  path: string,
  content: Pieces | string,
  failure = `cannot write ${path}`,
): Promise<void> {
  const pieces = typeof content === "string" ? [new TextEncoder().encode(content)] : content;
  try {
    await (isSpecial(path) ? append(path, pieces) : replace(withoutLinks(path), pieces));
  } catch (error) {
    throw new Error(`${failure}: ${fileReason(error)}`);
  }
}

/**
 * Why {@linkcode writeWhole} could not even begin, for those that work long before they write; undefined where
 * it could. Leaves no trace.
 */
export function whyNotWritable(path: string): string | undefined {
  try {
    if (isSpecial(path)) {
      // A pipe that nobody reads would be waited for.
      if (!Deno.statSync(path).isFifo) Deno.openSync(path, { append: true }).close();
      return undefined;
    }
    const temporary = temporaryOf(withoutLinks(path));
    createTemporary(temporary).close();
    Deno.removeSync(temporary);
    return undefined;
  } catch (error) {
    return fileReason(error);
  }
}
