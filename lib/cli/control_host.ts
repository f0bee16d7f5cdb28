/**
 * What the commands that change settings use of the host.
 *
 * @module
 */

import type { ApplyWith } from "../control/apply.ts";
import { writableIn } from "../control/device.ts";
import { type HostControl, openHostControl, settleOverdue } from "../control/host.ts";
import type { ControlContext } from "../control/surface.ts";
import { startWatcher } from "../control/watcher.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { askOnTerminal } from "./ask.ts";
import type { CommandContext } from "./command.ts";

/** What the commands use of the host. Tests pass their own. */
export interface ControlHost {
  /** What changes are made with: the host's own. */
  open(context: CommandContext): ApplyWith & Disposable & { nvml?: HostControl["nvml"] };
  /** Why a file cannot be written, in this root. */
  whyNotWritable(sysroot: Sysroot): ControlContext["whyNotWritable"];
  /** Whether changes may be made to files below this root. */
  mayChange(sysroot: Sysroot): boolean;
  ask: typeof askOnTerminal;
  /** Starts the process that takes changes back. */
  startWatcher(): void;
  /** Takes back what is due; a line each. */
  settleOverdue(context: CommandContext): string[];
}

/** This host. */
export const hostControl: ControlHost = {
  open: (context) => openHostControl(context.env),
  whyNotWritable: writableIn,
  mayChange: (sysroot) => sysroot.isHost,
  ask: askOnTerminal,
  startWatcher,
  settleOverdue: (context) => settleOverdue(context.env),
};
