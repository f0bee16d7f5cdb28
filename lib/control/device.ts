/**
 * Carrying out single steps: the one place that writes to GPUs.
 *
 * @module
 */

import { join } from "node:path";
import { whyNotWritable } from "../../ffi/access.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { type NvmlOpener } from "./nvml_calls.ts";
import { readPaddedText } from "./padded_text.ts";
import { pickValue } from "./pick.ts";
import { ControlError } from "./setting.ts";
import { type Action, describeAction, type Query } from "./step.ts";

/** What steps are carried out on. */
export interface ControlDevice {
  /**
   * Writes, or calls.
   *
   * @throws {ControlError} in one line, where that fails.
   */
  perform(action: Action): void;
  /** Reads a value; undefined where it cannot be read. */
  read(query: Query): string | undefined;
  /** Whether there still is what the query reads: its driver may have been unloaded, its GPU unplugged. */
  exists(query: Query): boolean;
}

/** What the kernel means by refusing a write to a setting. */
function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.PermissionDenied || /os error (1|13)\)/.test(message)) {
    return "permission denied (sudo)";
  }
  if (error instanceof Deno.errors.NotFound) return "no such file: was the driver unloaded?";
  if (/os error 22\)/.test(message)) return "the driver refuses this value (EINVAL)";
  if (/os error 16\)/.test(message)) return "the GPU is busy (EBUSY)";
  if (/os error 30\)/.test(message)) return "the file system is mounted read-only";
  return message;
}

/** Files below a root, and NVML. */
export class HostDevice implements ControlDevice {
  readonly #sysroot: Sysroot;
  readonly #nvml: NvmlOpener | undefined;

  /** Takes the root, and what opens NVML; without that its calls fail. */
  constructor(sysroot: Sysroot, nvml?: NvmlOpener) {
    this.#sysroot = sysroot;
    this.#nvml = nvml;
  }

  perform(action: Action): void {
    if (action.kind === "call") {
      const nvml = this.#nvml?.open() ?? "NVML is of this host, and these are another's files";
      if (typeof nvml === "string") throw new ControlError(`${describeAction(action)}: ${nvml}`);
      nvml.perform(action);
      return;
    }
    const { path, text } = action;
    try {
      // Settings are in sysfs: nothing else is ever written, whatever a journal says.
      const real = path.startsWith("/sys/") ? this.#sysroot.resolve(path) : undefined;
      if (real === undefined || !real.startsWith("/sys/")) throw new Deno.errors.NotFound();
      using file = Deno.openSync(join(this.#sysroot.directory, real), {
        write: true,
        // A no-op in sysfs.
        truncate: true,
      });
      const bytes = new TextEncoder().encode(`${text}\n`);
      // One call: each is a whole setting to the kernel.
      if (file.writeSync(bytes) !== bytes.length) throw new Error("written in part");
    } catch (error) {
      throw new ControlError(`${describeAction(action)}: ${explain(error)}`);
    }
  }

  exists(query: Query): boolean {
    if (query.kind === "file") return this.#sysroot.kind(query.path) !== undefined;
    const nvml = this.#nvml?.open();
    return nvml !== undefined && typeof nvml !== "string" &&
      nvml.telemetry.deviceAt(query.gpu).ok;
  }

  read(query: Query): string | undefined {
    if (query.kind === "file") {
      const { path, pick } = query;
      const padded = typeof pick === "object" && "table" in pick;
      const text = padded ? readPaddedText(this.#sysroot, path) : this.#sysroot.text(path);
      return text === undefined ? undefined : pickValue(text, pick);
    }
    const nvml = this.#nvml?.open();
    if (nvml === undefined || typeof nvml === "string") return undefined;
    try {
      return nvml.read(query);
    } catch (error) {
      if (error instanceof ControlError) return undefined;
      throw error;
    }
  }
}

/** Why this user cannot write a file below a root; null for a dump, whose settings are never changed. */
export function writableIn(sysroot: Sysroot): (path: string) => string | undefined | null {
  return (path) => sysroot.isHost ? whyNotWritable(path) : null;
}
