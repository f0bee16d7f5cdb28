/**
 * Tickets: the small files in the directory of sessions, one a program, that say where its page is.
 *
 *     sessions/4711.1234567:  mvgal-session 1 512 20993
 *
 * The name is the program's pid and start time; inside are the layout's version, the descriptor of the
 * page in that program, and the inode number of the page.
 *
 * @module
 */

import { LAYOUT_VERSION } from "./layout.ts";

/** The process that a name names. */
export interface ProcessName {
  pid: number;
  /** Field 22 of `/proc/PID/stat`: clock ticks since boot. */
  start_time: string;
}

/** Where a page is. */
export interface Ticket {
  descriptor: number;
  inode: number;
}

/** The most bytes that a ticket has. */
export const TICKET_BYTES = 96;

const NAME = /^(\.?)([1-9]\d{0,9})\.(0|[1-9]\d{0,19})(\.new)?$/;

/**
 * The process of a ticket's name, `PID.START`, or of one that is being written, `.PID.START.new`;
 * undefined for other names.
 */
export function parseTicketName(
  name: string,
): (ProcessName & { isWhole: boolean }) | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, dot, pid = "", start_time = "", end] = match;
  const isWhole = dot === "";
  if (isWhole !== (end === undefined) || Number(pid) > 0x7fff_ffff) return undefined;
  return { pid: Number(pid), start_time, isWhole };
}

/** Reads a ticket, or says why it is none. */
export function parseTicket(
  text: string,
): { state: "ticket"; ticket: Ticket } | { state: "none"; reason: string } {
  const match = /^mvgal-session (\d{1,9}) (\d{1,9}) (\d{1,15})\n$/.exec(text);
  if (match === null) return { state: "none", reason: "it is no ticket" };
  const [version, descriptor, inode] = match.slice(1).map(Number);
  if (version !== LAYOUT_VERSION || descriptor === undefined || inode === undefined) {
    return {
      state: "none",
      reason: `its layout is ${version}, and this mvgal knows ${LAYOUT_VERSION}`,
    };
  }
  return { state: "ticket", ticket: { descriptor, inode } };
}
