/**
 * Whose turn it was last: kept between starts of programs, under a lock.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** The longest name of a GPU or MIG instance. */
const NAME_BYTES = 256;

function read(file: Deno.FsFile): string | null {
  const bytes = new Uint8Array(NAME_BYTES);
  const got = file.readSync(bytes) ?? 0;
  const text = new TextDecoder().decode(bytes.subarray(0, got)).trim();
  // Whatever else stands there is nobody's turn.
  return /^(GPU|MIG)-[\w/-]+$/.test(text) ? text : null;
}

/**
 * Takes a turn: nobody else does meanwhile.
 *
 * @param runtime the runtime directory of this user.
 * @param take gets who was on last, null for nobody, and says who is now; null changes nothing.
 * @throws {Error} where the file cannot be made or written; one line.
 */
export function takeTurn<T extends { turn: string | null }>(
  runtime: string,
  take: (last: string | null) => T,
): T {
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  using file = Deno.openSync(join(runtime, "turn"), {
    read: true,
    write: true,
    create: true,
    mode: 0o600,
  });
  file.lockSync(true);
  const taken = take(read(file));
  if (taken.turn !== null) {
    file.truncateSync(0);
    file.seekSync(0, Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode(`${taken.turn}\n`));
  }
  return taken;
}
