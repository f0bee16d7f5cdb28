/**
 * A dump as a tar archive.
 *
 * @module
 */

import { pack } from "tar-stream";
import type { DumpEntry } from "./collect.ts";

/** All entries carry the same time, so that equal hosts give equal archives. */
const TIME = new Date(0);

/** The archive (POSIX ustar, pax for long names) in pieces. */
export async function* tarOf(entries: readonly DumpEntry[]): AsyncGenerator<Uint8Array> {
  const archive = pack();
  for (const entry of entries) {
    if (entry.type === "file") {
      archive.entry({ name: entry.path, mode: 0o644, mtime: TIME }, entry.content);
    } else {
      archive.entry({
        name: entry.path,
        type: "symlink",
        linkname: entry.target,
        mode: 0o777,
        mtime: TIME,
      });
    }
  }
  archive.finalize();
  for await (const piece of archive) if (piece instanceof Uint8Array) yield piece;
}
