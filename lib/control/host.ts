/**
 * Control of this host: its files, its NVML, its journal.
 *
 * @module
 */

import { join } from "node:path";
import { Sysroot } from "../sysfs/sysroot.ts";
import type { ApplyWith } from "./apply.ts";
import { hostClock } from "./clock.ts";
import { HostDevice } from "./device.ts";
import { FileJournal, stateDirectory } from "./journal.ts";
import { NvmlOpener } from "./nvml_calls.ts";
import { revertOverdue } from "./revert.ts";

/** What changes settings of this host. Dispose it to close NVML. */
export interface HostControl extends ApplyWith, Disposable {
  readonly journal: FileJournal;
  readonly nvml: NvmlOpener;
}

/** Opens nothing yet. */
export function openHostControl(env: (name: string) => string | undefined): HostControl {
  const nvml = new NvmlOpener();
  return {
    device: new HostDevice(new Sysroot(), nvml),
    journal: new FileJournal(join(stateDirectory(env), "control")),
    clock: hostClock,
    nvml,
    [Symbol.dispose]: () => nvml[Symbol.dispose](),
  };
}

/**
 * Takes back changes of this user that are due: to be called at the start of commands. Reads one directory
 * where there is nothing to do.
 *
 * @returns a line for each change that was taken back or could not be. Never throws: what else the command
 * is to do does not depend on it.
 */
export function settleOverdue(env: (name: string) => string | undefined): string[] {
  try {
    using control = openHostControl(env);
    return control.journal.empty ? [] : revertOverdue(control).map(({ message }) => message);
  } catch (error) {
    return [`the journal of settings: ${error instanceof Error ? error.message : String(error)}`];
  }
}
