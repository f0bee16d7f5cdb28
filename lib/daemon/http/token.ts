/**
 * The token that changes over TCP need.
 *
 * @module
 */

import { dirname } from "node:path";
import { oneLine } from "../one_line.ts";

/** Bits of a new token. */
const BITS = 256;

/** What a token looks like: that of other programs may be put there. */
const FORM = /^[\w.~+/-]{16,512}=*$/;

/** A token, or why there is none: then nothing is allowed that needs it. */
export type TokenOutcome =
  | { readonly state: "ok"; readonly token: string }
  | { readonly state: "absent"; readonly reason: string };

/**
 * Reads the token, or makes the file with a new one, which its owner alone may read. Absent where there is
 * none and none can be written: a token that nobody can read would be of no use.
 *
 * @throws {Error} for a file that others may read, or that is no token; one line.
 */
export function loadToken(path: string): TokenOutcome {
  try {
    const { mode } = Deno.statSync(path);
    if (mode !== null && (mode & 0o077) !== 0) {
      throw new Error(`${path}: others may read the token: chmod 600 ${path}`);
    }
    const token = Deno.readTextFileSync(path).trim();
    if (!FORM.test(token)) {
      throw new Error(`${path} holds no token: remove the file, and a new one is made`);
    }
    return { state: "ok", token };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const token = Array.from(
    crypto.getRandomValues(new Uint8Array(BITS / 8)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  try {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, `${token}\n`, { mode: 0o600, createNew: true });
  } catch (error) {
    return { state: "absent", reason: `no token can be kept: ${oneLine(error)}` };
  }
  return { state: "ok", token };
}
