/**
 * The programs that run with a shim: found by their tickets, one look after the other.
 *
 * What stands in the directories is not trusted, and nothing there makes a look fail: what is no session is
 * passed over, or told in a line.
 *
 * @module
 */

import { existsSync, lstatSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { hostClock } from "../control/clock.ts";
import type { RuntimeDirectories } from "./directory.ts";
import { parsePage, type SessionPage } from "./page.ts";
import { PageFile } from "./page_file.ts";
import { type Policy, samePolicy, withLimitsOf } from "./policy.ts";
import { parseTicketName, type ProcessName } from "./ticket.ts";

/** The most programs of one directory that are looked at: each has its page open. */
export const MAX_ENTRIES = 4096;

/** A program that runs with a shim. */
export interface Session {
  /** `PID.START`. */
  id: string;
  pid: number;
  /** Who it runs as. */
  uid: number;
  /** Its page as it was read last. */
  page: SessionPage;
  /** Why the page could not be read this time, and is of an earlier look; null where it could. */
  problem: string | null;
}

/** What a look found. */
export interface SessionLook {
  /** By pid. */
  sessions: Session[];
  began: Session[];
  /** As they were last. */
  ended: Session[];
  /** What is named like a session and is none: path and reason. */
  problems: { path: string; reason: string }[];
}

/** Options of {@linkcode SessionRegistry}. */
export interface RegistryOptions {
  /** `sessions` below each is looked into, and cleaned where it is no other user's. */
  directories: RuntimeDirectories;
  /** When a process started, as `/proc/PID/stat` has it; undefined where there is none. */
  startTime?: (pid: number) => string | undefined;
  /** Whether tickets of programs that ended are removed; they are by default. */
  removes?: boolean;
  /** Which programs are looked at; all by default. */
  only?: (id: string, pid: number) => boolean;
}

/** A ticket in a directory. */
interface Entry {
  id: string;
  path: string;
  process: ProcessName;
}

interface Followed {
  file: PageFile;
  session: Session;
  /** Whether a policy was written since the page was read. */
  isPushed: boolean;
}

/** Follows sessions. Dispose it to close their pages. */
export class SessionRegistry implements Disposable {
  readonly directories: RuntimeDirectories;
  readonly #startTime: (pid: number) => string | undefined;
  readonly #removes: boolean;
  readonly #only: (id: string, pid: number) => boolean;
  readonly #followed = new Map<string, Followed>();

  /** Opens nothing yet. */
  constructor(
    { directories, startTime = hostClock.startTime, removes = true, only = () => true }:
      RegistryOptions,
  ) {
    this.directories = directories;
    this.#startTime = startTime;
    this.#removes = removes;
    this.#only = only;
  }

  /** Looks now. Removes the tickets of programs that ended, where it may. Never throws. */
  look(): SessionLook {
    const look: SessionLook = { sessions: [], began: [], ended: [], problems: [] };
    const entries = this.#entries(look);
    for (const [id, { session }] of this.#followed) {
      if (!entries.has(id)) this.#end(id, session, look);
    }
    for (const entry of entries.values()) this.#lookAt(entry, look);
    look.sessions.sort((a, b) => a.pid - b.pid || (a.id < b.id ? -1 : 1));
    return look;
  }

  /** Tickets of programs that are there, each once. */
  #entries(look: SessionLook): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    const { own, foreign } = this.directories;
    for (const directory of [...own, ...foreign]) {
      const sessions = join(directory, "sessions");
      const removes = this.#removes && own.includes(directory) && mayClean(sessions);
      const names = namesIn(sessions, look);
      if (names.length === 0) continue;
      const lives = livingProcesses(this.#startTime);
      const living = names.flatMap((name): Entry[] => {
        const process = parseTicketName(name);
        if (process === undefined) return [];
        const path = join(sessions, name);
        if (lives(process)) return process.isWhole ? [{ id: name, path, process }] : [];
        if (removes && isOver(process, this.#startTime)) removeTicket(path);
        return [];
      }).filter(({ id, process }) => this.#only(id, process.pid));
      for (const entry of firstOf(living, sessions, look)) {
        if (!entries.has(entry.id)) entries.set(entry.id, entry);
      }
    }
    return entries;
  }

  #lookAt(entry: Entry, look: SessionLook): void {
    const { id, path, process } = entry;
    let followed = this.#followed.get(id);
    if (followed !== undefined && !followed.file.isHeld) {
      // By exec a process becomes another program, with another page perhaps.
      this.#end(id, followed.session, look);
      followed = undefined;
    }
    if (followed === undefined) {
      const opened = PageFile.open(path, process);
      if (opened.state === "refused") look.problems.push({ path, reason: opened.reason });
      if (opened.state !== "open") return;
      const read = readPage(opened.file, process);
      if (typeof read === "string") {
        opened.file[Symbol.dispose]();
        look.problems.push({ path, reason: read });
        return;
      }
      const session = { id, pid: process.pid, uid: opened.file.uid, page: read, problem: null };
      this.#followed.set(id, { file: opened.file, session, isPushed: false });
      look.began.push(session);
      look.sessions.push(session);
      return;
    }
    const read = readPage(followed.file, process);
    const session = typeof read === "string"
      ? { ...followed.session, problem: read }
      : { ...followed.session, page: read, problem: null };
    followed.session = session;
    followed.isPushed = false;
    look.sessions.push(session);
  }

  #end(id: string, session: Session, look: SessionLook): void {
    this.#followed.get(id)?.file[Symbol.dispose]();
    this.#followed.delete(id);
    look.ended.push(session);
  }

  /**
   * Makes a policy that of a session, where another stands in its page.
   *
   * @param keepsLimits whether limits that were set by hand stay as they are.
   * @returns whether it was written; false where it stood there, or the session is none of the last look's.
   * @throws {Error} where it cannot be written, or a page cannot hold it; one line.
   */
  push(
    id: string,
    asked: Policy,
    { keepsLimits = false }: { keepsLimits?: boolean } = {},
  ): boolean {
    const followed = this.#followed.get(id);
    if (followed === undefined) return false;
    const { file, session: { page, problem } } = followed;
    const there = page.policy.state === "set" ? page.policy.policy : undefined;
    const policy = keepsLimits && there !== undefined ? withLimitsOf(asked, there) : asked;
    const isThere = problem === null && page.policy.state === "set" &&
      samePolicy(page.policy.policy, policy);
    // What was pushed since the last look is in the file alone.
    if (isThere && !followed.isPushed) return false;
    followed.isPushed = true;
    return file.push(asked, { keepsLimits });
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#followed.values()) file[Symbol.dispose]();
    this.#followed.clear();
  }
}

function namesIn(directory: string, look: SessionLook): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOENT") {
      const reason = error instanceof Error ? error.message : String(error);
      look.problems.push({ path: directory, reason });
    }
    return [];
  }
}

/** As many as are looked at; that there are more is told. */
function firstOf(living: readonly Entry[], path: string, { problems }: SessionLook): Entry[] {
  if (living.length > MAX_ENTRIES) {
    const reason = `${living.length} programs have sessions there: ${MAX_ENTRIES} are looked at`;
    problems.push({ path, reason });
  }
  return living.slice(0, MAX_ENTRIES);
}

/** Pids of all processes; null where /proc does not tell. */
function processIds(): Set<string> | null {
  try {
    return new Set(readdirSync("/proc"));
  } catch {
    return null;
  }
}

/**
 * Whether processes live, of names that were read before: tickets of killed programs may be many, and anybody may
 * write names, so that each process is asked for once, and none that /proc does not list.
 */
function livingProcesses(
  startTime: (pid: number) => string | undefined,
): (process: ProcessName) => boolean {
  const listed = processIds();
  const started = new Map<number, string | undefined>();
  return ({ pid, start_time }) => {
    if (listed !== null && !listed.has(`${pid}`)) return false;
    if (!started.has(pid)) started.set(pid, startTime(pid));
    return started.get(pid) === start_time;
  };
}

/** Whether a process has ended for sure: what cannot be read now (no more open files) may live. */
function isOver(
  { pid, start_time }: ProcessName,
  startTime: (pid: number) => string | undefined,
): boolean {
  const started = startTime(pid);
  if (started !== undefined) return started !== start_time;
  return existsSync("/proc/self") && !existsSync(`/proc/${pid}`);
}

/** Whether tickets may be removed there: root does so in no directory that another could exchange. */
function mayClean(directory: string): boolean {
  try {
    const info = lstatSync(directory);
    return info.isDirectory() && (Deno.uid() !== 0 || info.uid === 0);
  } catch {
    return false;
  }
}

/** Removes a ticket of this user's; root any. A link is removed, not what it leads to. */
function removeTicket(path: string): void {
  try {
    const uid = Deno.uid();
    if (uid === 0 || lstatSync(path).uid === uid) unlinkSync(path);
  } catch {
    // Another looked at the same time.
  }
}

/** The page of a process, or why there is none. */
function readPage(file: PageFile, { pid, start_time }: ProcessName): SessionPage | string {
  try {
    const parsed = parsePage(file.read());
    if (parsed.state === "none") return parsed.reason;
    const { page } = parsed;
    return page.pid === pid && page.start_time === start_time
      ? page
      : `it says that it is of ${page.pid}.${page.start_time}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
