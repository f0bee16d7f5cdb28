/**
 * The page of a running program, read and written by plain file I/O.
 *
 * The page is sealed memory of the program's (memfd_create(2)), reached as `/proc/PID/fd/N`; the ticket
 * says which N. Who wrote the ticket is not trusted: nothing is opened before it is known to be that
 * memory, and to belong to whom the ticket belongs to. So neither a device nor a FIFO is opened, and
 * nothing is written to a file that the ticket's owner could not write to.
 *
 * @module
 */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { POLICY } from "./layout.ts";
import { PAGE_BYTES } from "./page.ts";
import {
  decodePolicy,
  type Policy,
  POLICY_OFFSET,
  policyGeneration,
  policyWrites,
  samePolicy,
  withLimitsOf,
} from "./policy.ts";
import { parseTicket, type ProcessName, type Ticket, TICKET_BYTES } from "./ticket.ts";

/** Flags of open(2) that `node:fs` has no names for (`asm-generic/fcntl.h`; `asm/fcntl.h` of arm64). */
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0o100000 : 0o400000;

/** What the kernel calls the memory: `place.c` gives it the name. */
const MEMORY = "/memfd:mvgal-session (deleted)";

/** What became of opening a page. */
export type PageOpening =
  | { state: "open"; file: PageFile }
  /** The program does not have that memory: it ended, became another by exec, or closed it. */
  | { state: "gone" }
  /** Why it cannot be had; one line. */
  | { state: "refused"; reason: string };

class Refusal extends Error {}

/** An open page. Dispose it to close it. */
export class PageFile implements Disposable {
  /** Who the program runs as. */
  readonly uid: number;
  readonly #descriptor: number;
  readonly #path: string;
  readonly #inode: number;

  /** For {@linkcode PageFile.open} alone: what is opened has been looked at. */
  private constructor(descriptor: number, path: string, inode: number, uid: number) {
    this.#descriptor = descriptor;
    this.#path = path;
    this.#inode = inode;
    this.uid = uid;
  }

  /** Opens the page that a ticket leads to. Never throws. */
  static open(ticketPath: string, { pid }: ProcessName): PageOpening {
    try {
      const { ticket, uid } = readTicket(ticketPath);
      const path = `/proc/${pid}/fd/${ticket.descriptor}`;
      return { state: "open", file: openMemory(path, ticket, uid) };
    } catch (error) {
      if (isCode(error, "ENOENT") || isCode(error, "ESRCH")) return { state: "gone" };
      const reason = isCode(error, "EACCES") || isCode(error, "EPERM")
        ? "this user may not look into that program (sudo)"
        : error instanceof Error
        ? error.message
        : String(error);
      return { state: "refused", reason };
    }
  }

  /** For {@linkcode PageFile.open} alone. */
  static of(descriptor: number, path: string, inode: number, uid: number): PageFile {
    return new PageFile(descriptor, path, inode, uid);
  }

  /** Whether the program still has this page. */
  get isHeld(): boolean {
    try {
      return statSync(this.#path).ino === this.#inode;
    } catch (error) {
      // Rights may be lost meanwhile (prctl PR_SET_DUMPABLE), the program is there.
      return isCode(error, "EACCES") || isCode(error, "EPERM");
    }
  }

  /**
   * The bytes of the page: fewer than there should be where it was cut.
   *
   * @throws {Error} where it cannot be read.
   */
  read(): Uint8Array<ArrayBuffer> {
    return this.#readAt(0, PAGE_BYTES);
  }

  #readAt(position: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    let used = 0;
    while (used < length) {
      const got = readSync(this.#descriptor, bytes, used, length - used, position + used);
      if (got === 0) break;
      used += got;
    }
    return bytes.subarray(0, used);
  }

  /**
   * Makes a policy that of the page, where another stands there. The shim sees the one or the other.
   *
   * @param keepsLimits whether limits that were set by hand stay as they are.
   * @returns whether anything was written.
   * @throws {Error} where it cannot be written.
   * @throws {RangeError} for a policy that a page cannot hold; nothing is written then.
   */
  push(asked: Policy, { keepsLimits = false }: { keepsLimits?: boolean } = {}): boolean {
    const block = this.#readAt(POLICY_OFFSET, POLICY.size);
    if (block.length < POLICY.size) throw new Error("the page was cut");
    const now = decodePolicy(block);
    const policy = keepsLimits && now.state === "set" ? withLimitsOf(asked, now.policy) : asked;
    if (now.state === "set" && samePolicy(now.policy, policy)) return false;
    for (const { at, bytes } of policyWrites(policy, policyGeneration(block))) {
      for (let used = 0; used < bytes.length;) {
        used += writeSync(this.#descriptor, bytes, used, bytes.length - used, at + used);
      }
    }
    return true;
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function readTicket(path: string): { ticket: Ticket; uid: number } {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
  let descriptor: number;
  try {
    descriptor = openSync(path, flags);
  } catch (error) {
    if (isCode(error, "ELOOP")) throw new Refusal("it is a link");
    if (isCode(error, "ENXIO")) throw new Refusal("it is no regular file");
    throw error;
  }
  try {
    const info = fstatSync(descriptor);
    if (!info.isFile()) throw new Refusal("it is no regular file");
    if (info.size > TICKET_BYTES) throw new Refusal(`it has ${info.size} bytes: it is no ticket`);
    const bytes = new Uint8Array(TICKET_BYTES);
    const got = readSync(descriptor, bytes, 0, bytes.length, 0);
    const parsed = parseTicket(new TextDecoder().decode(bytes.subarray(0, got)));
    if (parsed.state === "none") throw new Refusal(parsed.reason);
    return { ticket: parsed.ticket, uid: info.uid };
  } finally {
    closeSync(descriptor);
  }
}

function openMemory(path: string, { inode }: Ticket, uid: number): PageFile {
  const gone = () => Object.assign(new Error("no such memory"), { code: "ENOENT" });
  if (readlinkSync(path) !== MEMORY) throw gone();
  // Another file may stand there by now. O_PATH opens without asking what it is.
  const found = openSync(path, O_PATH | O_CLOEXEC);
  try {
    const info = fstatSync(found);
    if (!info.isFile() || info.nlink !== 0 || info.ino !== inode) throw gone();
    if (info.uid !== uid) {
      throw new Refusal(`the ticket is user ${uid}'s, and the page user ${info.uid}'s`);
    }
    if (info.size !== PAGE_BYTES) {
      throw new Refusal(`the page has ${info.size} bytes, not ${PAGE_BYTES}`);
    }
    const descriptor = openSync(`/proc/self/fd/${found}`, constants.O_RDWR | O_CLOEXEC);
    return PageFile.of(descriptor, path, inode, uid);
  } finally {
    closeSync(found);
  }
}
