/**
 * Sends a signal to the program that was pointed at, and to no other.
 *
 * @module
 */

import type { SignalName } from "../render/status_state.ts";

/** When a process started, in the kernel's ticks: with the number, what tells it from all others. */
function startOf(pid: number): string | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name in brackets may hold anything, brackets too. Field 22 (proc(5)) is the 20th behind it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Remembers which process a number meant when it was chosen. */
export class SignalAim {
  readonly #startOf: (pid: number) => string | undefined;
  #pid: number | undefined;
  #start: string | undefined;

  /** Takes what tells processes of the same number apart. */
  constructor({ start = startOf }: { start?: (pid: number) => string | undefined } = {}) {
    this.#startOf = start;
  }

  /** Points at a process. */
  take(pid: number): void {
    this.#pid = pid;
    this.#start = this.#startOf(pid);
  }

  /**
   * Sends the signal, where the number still means the same process.
   *
   * @returns one line: what came of it.
   */
  send(pid: number, signal: SignalName, title: string): string {
    const start = this.#startOf(pid);
    if (pid !== this.#pid || start === undefined || start !== this.#start) {
      return `process ${pid} (${title}) has ended: no signal sent`;
    }
    try {
      Deno.kill(pid, signal);
      return `${signal} sent to ${pid} (${title})`;
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) {
        return `may not send ${signal} to ${pid} (${title}): it is another user's; root may`;
      }
      const why = error instanceof Error ? error.message : String(error);
      return `could not send ${signal} to ${pid} (${title}): ${why}`;
    }
  }
}
