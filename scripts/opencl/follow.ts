/**
 * What programs with a shim counted, to their last launch: their pages are kept open until after their end.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parsePage, type SessionPage } from "../../lib/session/page.ts";
import { PageFile } from "../../lib/session/page_file.ts";
import { parseTicketName } from "../../lib/session/ticket.ts";

/** What the programs of a run counted together. */
export interface Counts {
  /** Kernels that ran whole, and in parts. */
  whole: number;
  parted: number;
  /** Parts that each GPU ran: other devices have no names. */
  parts: Record<string, number>;
  /** Why kernels ran whole, the most frequent first. */
  reasons: [reason: string, count: number][];
}

/** Pages of the programs that began below a directory of `MVGAL_RUNTIME_DIR`. */
export class Follower implements Disposable {
  readonly #sessions: string;
  readonly #pages = new Map<string, PageFile>();

  constructor(directory: string) {
    this.#sessions = join(directory, "sessions");
  }

  /** Opens the pages of programs that began since the look before. */
  look(): void {
    for (const name of namesIn(this.#sessions)) {
      const process = parseTicketName(name);
      if (process === undefined || !process.isWhole || this.#pages.has(name)) continue;
      const opened = PageFile.open(join(this.#sessions, name), process);
      if (opened.state === "open") this.#pages.set(name, opened.file);
    }
  }

  /** What stands in all pages; null where none was seen: a program may be over too soon. */
  counts(): Counts | null {
    if (this.#pages.size === 0) return null;
    const pages: SessionPage[] = [];
    for (const file of this.#pages.values()) {
      const read = parsePage(file.read());
      if (read.state === "page") pages.push(read.page);
    }
    const reasons = new Map<string, number>();
    const parts: Record<string, number> = {};
    let whole = 0, parted = 0;
    for (const page of pages) {
      whole += page.kernels.whole ?? 0;
      parted += page.kernels.parted ?? 0;
      for (const { reason, count } of page.whole) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + count);
      }
      for (const { gpu, splits } of page.counters) parts[gpu] = (parts[gpu] ?? 0) + (splits ?? 0);
    }
    return { whole, parted, parts, reasons: [...reasons].sort(([, a], [, b]) => b - a) };
  }

  [Symbol.dispose](): void {
    for (const file of this.#pages.values()) file[Symbol.dispose]();
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
